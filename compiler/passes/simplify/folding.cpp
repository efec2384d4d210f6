// Rules for reductions: factors and signs leave them, what is constant along the axis is not
// summed.
#include "passes/simplify/rule.h"

#include <algorithm>
#include <numeric>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;
using Axes = std::vector<int64_t>;

Axes reduced(C& c, ValueId id) {
  const Axes& ints = c.node(id).attr.ints;
  return {ints.begin() + 1, ints.end()};
}
bool contains(const Axes& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

Maybe sum_negated(C& c, ValueId id) {
  Maybe x = c.under(c.operand(id, 0), Op::neg);
  return x ? Maybe(c.b.neg(c.b.reduce(Op::reduce_sum, *x, reduced(c, id)))) : std::nullopt;
}
Maybe sum_scaled(C& c, ValueId id) {
  auto s = c.scaled(c.operand(id, 0));
  if (!s || !c.is_real(id)) return std::nullopt;
  return c.scale(s->scalar, c.b.reduce(Op::reduce_sum, s->rest, reduced(c, id)));
}
// Axes along which a broadcast repeats its operand: a product by their sizes.
Maybe sum_broadcast(C& c, ValueId id) {
  ValueId spread = c.operand(id, 0);
  if (c.op(spread) != Op::broadcast || !c.is_real(id)) return std::nullopt;
  const Axes& map = c.node(spread).attr.ints;
  ValueId x = c.operand(spread, 0);
  Dim count(1);
  Axes left; // axes of x that are still summed
  bool any = false;
  for (int64_t axis : reduced(c, id)) {
    auto it = std::find(map.begin(), map.end(), axis);
    const Dim& size = c.type(spread).shape[axis];
    if (it == map.end()) {
      count = count * size;
      any = true;
    } else if (c.type(x).shape[it - map.begin()] != size) {
      return std::nullopt; // stretched: another rule drops it first
    } else {
      left.push_back(it - map.begin());
    }
  }
  if (!any) return std::nullopt;
  ValueId part = c.b.reduce(Op::reduce_sum, x, left);
  // Axes of x that stay, in the numbering of the result.
  Axes axes;
  for (size_t k = 0; k < map.size(); ++k) {
    if (contains(left, static_cast<int64_t>(k))) continue;
    Axes summed = reduced(c, id);
    int64_t below =
        std::count_if(summed.begin(), summed.end(), [&](int64_t a) { return a < map[k]; });
    axes.push_back(map[k] - below);
  }
  ValueId factor = c.b.cast(c.b.dim(count), DType::f64);
  factor = c.b.cast(factor, c.type(id).dtype);
  return c.scale(factor, c.b.broadcast(part, c.type(id).shape, std::move(axes)));
}
// min and max along repeated axes: the axes are left out, unless the fold may be empty (the
// identity would come out), so only literal sizes.
Maybe choice_broadcast(C& c, ValueId id) {
  ValueId spread = c.operand(id, 0);
  if (c.op(spread) != Op::broadcast) return std::nullopt;
  ValueId x = c.operand(spread, 0);
  if (!c.type(x).is_scalar() || !c.type(id).is_scalar()) return std::nullopt;
  Dim count = element_count(c.type(spread).shape);
  return count.is_constant() && count.constant() > 0 ? Maybe(x) : std::nullopt;
}
Maybe of_transpose(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::transpose) return std::nullopt;
  const Axes& order = c.node(x).attr.ints;
  Axes axes, kept;
  for (int64_t axis = 0; axis < static_cast<int64_t>(order.size()); ++axis)
    (contains(reduced(c, id), axis) ? axes : kept).push_back(order[axis]);
  std::sort(axes.begin(), axes.end());
  ValueId folded = c.b.reduce(c.op(id), c.operand(x, 0), axes);
  // The kept axes come out ascending; the result wants them in the order of `kept`.
  Axes sorted = kept, permutation;
  std::sort(sorted.begin(), sorted.end());
  for (int64_t axis : kept)
    permutation.push_back(std::find(sorted.begin(), sorted.end(), axis) - sorted.begin());
  return c.b.transpose(folded, std::move(permutation));
}
// All axes of a reshape: the same elements in the same order.
Maybe all_of_reshape(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::reshape || !c.type(id).is_scalar()) return std::nullopt;
  ValueId from = c.operand(x, 0);
  if (c.type(from).is_scalar()) return std::nullopt;
  return c.b.reduce_all(c.op(id), from);
}
Maybe sum_of_sum(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != c.op(id)) return std::nullopt;
  Axes inner = reduced(c, x), outer = reduced(c, id), axes = inner, kept;
  for (int64_t axis = 0; axis < static_cast<int64_t>(c.type(c.operand(x, 0)).rank()); ++axis)
    if (!contains(inner, axis)) kept.push_back(axis);
  for (int64_t axis : outer)
    axes.push_back(kept[axis]);
  std::sort(axes.begin(), axes.end());
  return c.b.reduce(c.op(id), c.operand(x, 0), axes);
}
// Nothing is summed.
Maybe no_axes(C& c, ValueId id) {
  return c.node(id).attr.ints.size() == 1 ? Maybe(c.operand(id, 0)) : std::nullopt;
}
// Σ a*b over all axes is an inner product.
Maybe sum_product(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::mul || !c.type(id).is_scalar() || !c.is_real(id)) return std::nullopt;
  if (c.scaled(x)) return std::nullopt; // the factor goes outside first
  Axes labels(c.type(x).rank());
  std::iota(labels.begin(), labels.end(), 0);
  return c.b.contract(c.operand(x, 0), labels, c.operand(x, 1), labels, {});
}

// Σ a*v along axes that v has, where v is spread over others: a matrix times a vector.
Maybe sum_spread_product(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::mul || !c.is_real(id) || c.scaled(x)) return std::nullopt;
  Axes axes = reduced(c, id);
  for (size_t k = 0; k < 2; ++k) {
    ValueId v = c.operand(x, k);
    if (c.op(v) != Op::broadcast || c.type(c.operand(v, 0)).is_scalar()) continue;
    const Axes& map = c.node(v).attr.ints;
    if (!std::all_of(axes.begin(), axes.end(), [&](int64_t a) { return contains(map, a); }))
      continue;
    Axes labels(c.type(x).rank()), out;
    std::iota(labels.begin(), labels.end(), 0);
    for (int64_t label : labels)
      if (!contains(axes, label)) out.push_back(label);
    return c.b.contract(c.operand(x, 0), labels, c.operand(x, 1), labels, out);
  }
  return std::nullopt;
}

const std::vector<Op> kFolds{Op::reduce_sum, Op::reduce_prod, Op::reduce_min, Op::reduce_max};

const Rule kRules[] = {
    {"sum(x, no axes) = x", kFolds, rounding, no_axes},
    {"sum(-x) = -sum(x)", {Op::reduce_sum}, rounding, sum_negated},
    {"sum(s*x) = s*sum(x)", {Op::reduce_sum}, rounding, sum_scaled},
    {"sum(broadcast(x)) = n*x", {Op::reduce_sum}, rounding, sum_broadcast},
    {"max(broadcast(x)) = x", {Op::reduce_min, Op::reduce_max}, exact, choice_broadcast},
    {"sum(transpose(x)) = sum(x)", kFolds, rounding, of_transpose},
    {"sum(reshape(x)) = sum(x)", kFolds, rounding, all_of_reshape},
    {"sum(sum(x)) = sum(x)", kFolds, rounding, sum_of_sum},
    {"sum(a*b) = dot(a, b)", {Op::reduce_sum}, rounding, sum_product},
    {"sum(a*broadcast(v)) = a @ v", {Op::reduce_sum}, rounding, sum_spread_product},
};

} // namespace

std::span<const Rule> folding_rules() { return kRules; }

} // namespace thalweg::simplify
