// Rules for operators that only move elements: chains merge, broadcasts travel outward so that
// work is done once on the smaller value. All exact: no element is computed differently.
#include "passes/simplify/rule.h"

#include <algorithm>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;
using Axes = std::vector<int64_t>;

std::span<const Dim> half(const std::vector<Dim>& dims, size_t which) {
  size_t rank = dims.size() / 2;
  return std::span(dims).subspan(which * rank, rank);
}

Maybe broadcast_broadcast(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::broadcast) return std::nullopt;
  Axes axes;
  for (int64_t axis : c.node(inner).attr.ints)
    axes.push_back(c.node(id).attr.ints[axis]);
  return c.b.broadcast(c.operand(inner, 0), c.type(id).shape, std::move(axes));
}
Maybe same_shape(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  return c.type(x).shape == c.type(id).shape ? Maybe(x) : std::nullopt;
}
// An operand axis of size 1 that stretches is dropped, so that one form of broadcast remains.
Maybe broadcast_unit(C& c, ValueId id) {
  const Node& node = c.node(id);
  const Shape& from = c.type(node.operands[0]).shape;
  Shape kept;
  Axes axes;
  for (size_t k = 0; k < from.size(); ++k)
    if (from[k] == node.type.shape[node.attr.ints[k]]) {
      kept.push_back(from[k]);
      axes.push_back(node.attr.ints[k]);
    }
  if (kept.size() == from.size()) return std::nullopt;
  return c.b.broadcast(c.b.reshape(node.operands[0], kept), node.type.shape, std::move(axes));
}

// op(broadcast(a), broadcast(b), …): computed on the axes that some operand really has.
std::vector<Op> elementwise_ops() {
  std::vector<Op> out;
  for (int k = 0; k < kOpCount; ++k)
    if (is_elementwise(static_cast<Op>(k))) out.push_back(static_cast<Op>(k));
  return out;
}
Maybe hoist(C& c, ValueId id) {
  const Node& node = c.node(id);
  std::vector<bool> used(node.type.rank(), false);
  for (ValueId operand : node.operands) {
    if (c.op(operand) != Op::broadcast) return std::nullopt;
    for (int64_t axis : c.node(operand).attr.ints)
      used[axis] = true;
  }
  Shape small;
  Axes axes, place(node.type.rank(), -1);
  for (size_t axis = 0; axis < used.size(); ++axis)
    if (used[axis]) {
      place[axis] = static_cast<int64_t>(small.size());
      small.push_back(node.type.shape[axis]);
      axes.push_back(static_cast<int64_t>(axis));
    }
  if (small.size() == node.type.rank()) return std::nullopt;
  std::vector<ValueId> operands;
  for (ValueId operand : node.operands) {
    const Node& spread = c.node(operand);
    if (c.type(spread.operands[0]).rank() == 0 && small.empty()) {
      operands.push_back(spread.operands[0]);
      continue;
    }
    Axes map;
    for (int64_t axis : spread.attr.ints)
      map.push_back(place[axis]);
    operands.push_back(c.b.broadcast(spread.operands[0], small, std::move(map)));
  }
  ValueId computed = node.op == Op::cast ? c.b.cast(operands[0], node.type.dtype)
                                         : c.b.make(node.op, std::move(operands));
  return c.b.broadcast(computed, node.type.shape, std::move(axes));
}

Maybe transpose_transpose(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::transpose) return std::nullopt;
  Axes order;
  for (int64_t axis : c.node(id).attr.ints)
    order.push_back(c.node(inner).attr.ints[axis]);
  return c.b.transpose(c.operand(inner, 0), std::move(order));
}
Maybe transpose_identity(C& c, ValueId id) {
  const Axes& order = c.node(id).attr.ints;
  return std::is_sorted(order.begin(), order.end()) ? Maybe(c.operand(id, 0)) : std::nullopt;
}
// The result's axis k is axis order[k] of the broadcast; an axis of the broadcast's operand goes
// where its axis goes, and those are sorted again.
Maybe transpose_broadcast(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::broadcast) return std::nullopt;
  const Axes& order = c.node(id).attr.ints;
  const Axes& map = c.node(inner).attr.ints;
  Axes permutation, axes;
  for (size_t k = 0; k < order.size(); ++k) {
    auto it = std::find(map.begin(), map.end(), order[k]);
    if (it == map.end()) continue;
    permutation.push_back(it - map.begin());
    axes.push_back(static_cast<int64_t>(k));
  }
  return c.b.broadcast(c.b.transpose(c.operand(inner, 0), permutation), c.type(id).shape, axes);
}

Maybe reshape_reshape(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::reshape) return std::nullopt;
  return c.b.reshape(c.operand(inner, 0), c.type(id).shape);
}
// reshape of a spread scalar, and of a broadcast that only puts axes in front or behind which the
// reshape keeps or drops as literal ones.
Maybe reshape_broadcast(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::broadcast) return std::nullopt;
  ValueId x = c.operand(inner, 0);
  if (c.type(x).is_scalar()) return c.b.broadcast_scalar(x, c.type(id).shape);
  // The same axes but for literal ones: match them in order.
  const Shape& wide = c.type(inner).shape;
  const Shape& to = c.type(id).shape;
  Axes place(wide.size(), -1);
  size_t at = 0;
  for (size_t k = 0; k < wide.size(); ++k) {
    if (wide[k].is_constant(1)) continue;
    while (at < to.size() && to[at].is_constant(1))
      ++at;
    if (at == to.size() || to[at] != wide[k]) return std::nullopt;
    place[k] = static_cast<int64_t>(at++);
  }
  Shape kept;
  Axes axes;
  for (size_t k = 0; k < c.type(x).rank(); ++k) {
    int64_t axis = c.node(inner).attr.ints[k];
    const Dim& dim = c.type(x).shape[k];
    if (wide[axis].is_constant(1)) continue;
    if (dim != wide[axis]) return std::nullopt; // stretched: another rule drops it first
    kept.push_back(dim);
    axes.push_back(place[axis]);
  }
  return c.b.broadcast(c.b.reshape(x, kept), to, std::move(axes));
}

Maybe slice_slice(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::slice) return std::nullopt;
  auto outer_start = half(c.node(id).attr.dims, 0), inner_start = half(c.node(inner).attr.dims, 0);
  std::vector<Dim> start;
  for (size_t k = 0; k < outer_start.size(); ++k)
    start.push_back(outer_start[k] + inner_start[k]);
  return c.b.slice(c.operand(inner, 0), std::move(start), c.type(id).shape);
}
Maybe slice_whole(C& c, ValueId id) {
  auto start = half(c.node(id).attr.dims, 0);
  bool zero =
      std::all_of(start.begin(), start.end(), [](const Dim& d) { return d.is_constant(0); });
  return zero ? same_shape(c, id) : std::nullopt;
}
Maybe slice_broadcast(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::broadcast) return std::nullopt;
  ValueId x = c.operand(inner, 0);
  auto start = half(c.node(id).attr.dims, 0), size = half(c.node(id).attr.dims, 1);
  std::vector<Dim> x_start, x_size;
  for (size_t k = 0; k < c.type(x).rank(); ++k) {
    int64_t axis = c.node(inner).attr.ints[k];
    if (c.type(x).shape[k] != c.type(inner).shape[axis]) return std::nullopt; // stretched
    x_start.push_back(start[axis]);
    x_size.push_back(size[axis]);
  }
  ValueId part = c.b.slice(x, std::move(x_start), std::move(x_size));
  return c.b.broadcast(part, c.type(id).shape, c.node(inner).attr.ints);
}
// slice(pad(x)) that cuts out x again.
Maybe slice_pad(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::pad) return std::nullopt;
  ValueId x = c.operand(inner, 0);
  auto start = half(c.node(id).attr.dims, 0), before = half(c.node(inner).attr.dims, 0);
  bool same = std::equal(start.begin(), start.end(), before.begin()) && c.type(x) == c.type(id);
  return same ? Maybe(x) : std::nullopt;
}
// slice(concat(…)) that cuts out one part.
Maybe slice_concat(C& c, ValueId id) {
  ValueId inner = c.operand(id, 0);
  if (c.op(inner) != Op::concat) return std::nullopt;
  int64_t axis = c.node(inner).attr.ints[0];
  auto start = half(c.node(id).attr.dims, 0);
  Dim at;
  for (ValueId part : c.node(inner).operands) {
    bool here = c.type(part) == c.type(id);
    for (size_t k = 0; here && k < start.size(); ++k)
      here = start[k] == (static_cast<int64_t>(k) == axis ? at : Dim(0));
    if (here) return part;
    at = at + c.type(part).shape[axis];
  }
  return std::nullopt;
}
Maybe concat_single(C& c, ValueId id) {
  return c.node(id).operands.size() == 1 ? Maybe(c.operand(id, 0)) : std::nullopt;
}

const Rule kRules[] = {
    {"broadcast(broadcast(x)) = broadcast(x)", {Op::broadcast}, exact, broadcast_broadcast},
    {"broadcast(x) = x", {Op::broadcast}, exact, same_shape},
    {"broadcast(x[1]) = broadcast(x)", {Op::broadcast}, exact, broadcast_unit},
    {"op(broadcast(a), broadcast(b)) = broadcast(op(a, b))", elementwise_ops(), exact, hoist},
    {"transpose(transpose(x)) = transpose(x)", {Op::transpose}, exact, transpose_transpose},
    {"transpose(x) = x", {Op::transpose}, exact, transpose_identity},
    {"transpose(broadcast(x)) = broadcast(transpose(x))",
     {Op::transpose},
     exact,
     transpose_broadcast},
    {"reshape(reshape(x)) = reshape(x)", {Op::reshape}, exact, reshape_reshape},
    {"reshape(x) = x", {Op::reshape}, exact, same_shape},
    {"reshape(broadcast(x)) = broadcast(x)", {Op::reshape}, exact, reshape_broadcast},
    {"slice(slice(x)) = slice(x)", {Op::slice}, exact, slice_slice},
    {"slice(x) = x", {Op::slice}, exact, slice_whole},
    {"slice(broadcast(x)) = broadcast(slice(x))", {Op::slice}, exact, slice_broadcast},
    {"slice(pad(x)) = x", {Op::slice}, exact, slice_pad},
    {"slice(concat(…, x, …)) = x", {Op::slice}, exact, slice_concat},
    {"concat(x) = x", {Op::concat}, exact, concat_single},
};

} // namespace

std::span<const Rule> moving_rules() { return kRules; }

} // namespace thalweg::simplify
