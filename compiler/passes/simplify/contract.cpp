// Rules for contracts: what only renames, repeats or scales elements is absorbed or taken out.
#include "passes/simplify/rule.h"

#include <algorithm>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;
using Axes = std::vector<int64_t>;

bool contains(const Axes& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// A contract being rewritten.
struct Einsum {
  ValueId value[2];
  Axes labels[2];
  Axes out;
};
Einsum einsum(C& c, ValueId id) {
  ContractLabels l = contract_labels(c.node(id).attr);
  return {{c.operand(id, 0), c.operand(id, 1)}, {l.a, l.b}, l.out};
}
ValueId make(C& c, const Einsum& e) {
  return c.b.contract(e.value[0], e.labels[0], e.value[1], e.labels[1], e.out);
}
// The value with axes labelled `from`, as a value with axes labelled `to`, a permutation of them.
ValueId reordered(C& c, ValueId value, const Axes& from, const Axes& to) {
  Axes permutation;
  for (int64_t label : to)
    permutation.push_back(std::find(from.begin(), from.end(), label) - from.begin());
  return c.b.transpose(value, std::move(permutation));
}

Maybe absorb_transpose(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    ValueId x = e.value[side];
    if (c.op(x) != Op::transpose) continue;
    const Axes& order = c.node(x).attr.ints;
    Axes labels(order.size());
    for (size_t k = 0; k < order.size(); ++k)
      labels[order[k]] = e.labels[side][k];
    e.value[side] = c.operand(x, 0);
    e.labels[side] = labels;
    return make(c, e);
  }
  return std::nullopt;
}

// A broadcast axis that the other side has too is dropped; one that only the result has is spread
// after the contract.
Maybe drop_broadcast(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    ValueId x = e.value[side];
    if (c.op(x) != Op::broadcast) continue;
    const Axes& map = c.node(x).attr.ints;
    const Shape& from = c.type(c.operand(x, 0)).shape;
    Axes labels, spread;
    bool fits = true;
    for (size_t k = 0; k < map.size(); ++k) {
      fits &= from[k] == c.type(x).shape[map[k]];
      labels.push_back(e.labels[side][map[k]]);
    }
    for (int64_t label : e.labels[side]) {
      if (contains(labels, label) || contains(e.labels[1 - side], label)) continue;
      fits &= contains(e.out, label);
      spread.push_back(label);
    }
    if (!fits) continue;
    e.value[side] = c.operand(x, 0);
    e.labels[side] = labels;
    Axes out, axes;
    for (size_t k = 0; k < e.out.size(); ++k)
      if (!contains(spread, e.out[k])) {
        out.push_back(e.out[k]);
        axes.push_back(static_cast<int64_t>(k));
      }
    e.out = out;
    return c.b.broadcast(make(c, e), c.type(id).shape, std::move(axes));
  }
  return std::nullopt;
}

// Where the result is no larger than the operand: a scale or a sign costs less outside.
Maybe scale_outside(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    if (C::extent(c.type(id)) > C::extent(c.type(e.value[side]))) continue;
    if (auto s = c.scaled(e.value[side])) {
      e.value[side] = s->rest;
      return c.scale(s->scalar, make(c, e));
    }
    if (Maybe x = c.under(e.value[side], Op::neg)) {
      e.value[side] = *x;
      return c.b.neg(make(c, e));
    }
  }
  return std::nullopt;
}

// A factor of the larger side that only has axes of the smaller one moves there: (v*A) @ u = A @
// (v*u).
Maybe factor_across(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    ValueId x = e.value[side], u = e.value[1 - side];
    if (c.op(x) != Op::mul || C::extent(c.type(u)) >= C::extent(c.type(x))) continue;
    for (size_t k = 0; k < 2; ++k) {
      ValueId spread = c.operand(x, k);
      if (c.op(spread) != Op::broadcast) continue;
      ValueId v = c.operand(spread, 0);
      Axes map;
      bool fits = true;
      for (size_t axis = 0; axis < c.type(v).rank(); ++axis) {
        int64_t label = e.labels[side][c.node(spread).attr.ints[axis]];
        auto it = std::find(e.labels[1 - side].begin(), e.labels[1 - side].end(), label);
        fits &= it != e.labels[1 - side].end();
        if (fits) map.push_back(it - e.labels[1 - side].begin());
        fits &= std::is_sorted(map.begin(), map.end());
      }
      if (!fits || c.type(v).is_scalar()) continue;
      e.value[side] = c.operand(x, 1 - k);
      e.value[1 - side] = c.b.mul(c.b.broadcast(v, c.type(u).shape, std::move(map)), u);
      return make(c, e);
    }
  }
  return std::nullopt;
}

// Pairs of axes that an identity tensor select(i == j and …, 1, 0) ties together; empty if it is
// none.
std::vector<std::pair<int64_t, int64_t>> identity_pairs(C& c, ValueId id) {
  if (c.op(id) != Op::select || !c.is(c.operand(id, 1), 1) || !c.is(c.operand(id, 2), 0)) return {};
  std::vector<std::pair<int64_t, int64_t>> pairs;
  std::vector<ValueId> tests{c.operand(id, 0)};
  for (size_t k = 0; k < tests.size(); ++k) {
    const Node& test = c.node(tests[k]);
    if (test.op == Op::logical_and) {
      tests.insert(tests.end(), test.operands.begin(), test.operands.end());
      continue;
    }
    if (test.op != Op::eq || c.op(test.operands[0]) != Op::iota ||
        c.op(test.operands[1]) != Op::iota)
      return {};
    pairs.emplace_back(c.node(test.operands[0]).attr.ints[0],
                       c.node(test.operands[1]).attr.ints[0]);
  }
  Axes axes;
  for (auto [i, j] : pairs)
    axes.insert(axes.end(), {i, j});
  std::sort(axes.begin(), axes.end());
  bool once = std::adjacent_find(axes.begin(), axes.end()) == axes.end();
  bool all = once && axes.size() == c.type(id).rank();
  return all ? pairs : std::vector<std::pair<int64_t, int64_t>>{};
}
// Each pair has one axis summed against the other operand and one that stays: a renaming.
Maybe with_identity(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    auto pairs = identity_pairs(c, e.value[side]);
    if (pairs.empty()) continue;
    Axes labels = e.labels[1 - side];
    bool fits = true;
    for (auto [i, j] : pairs) {
      int64_t inner = e.labels[side][i], outer = e.labels[side][j];
      if (contains(e.out, inner)) std::swap(inner, outer);
      auto it = std::find(labels.begin(), labels.end(), inner);
      fits &= it != labels.end() && !contains(e.out, inner) && contains(e.out, outer) &&
              !contains(e.labels[1 - side], outer) &&
              c.type(e.value[side]).shape[i] == c.type(e.value[side]).shape[j];
      if (!fits) break;
      *it = outer;
    }
    if (!fits || labels.size() != e.out.size()) continue;
    bool all =
        std::all_of(labels.begin(), labels.end(), [&](int64_t l) { return contains(e.out, l); });
    if (all) return reordered(c, e.value[1 - side], labels, e.out);
  }
  return std::nullopt;
}

// Nothing is summed: a product of broadcasts.
Maybe no_sum(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  ValueId factor[2];
  for (size_t side = 0; side < 2; ++side) {
    Axes order, axes;
    for (size_t k = 0; k < e.out.size(); ++k)
      if (contains(e.labels[side], e.out[k])) {
        order.push_back(e.out[k]);
        axes.push_back(static_cast<int64_t>(k));
      }
    if (order.size() != e.labels[side].size()) return std::nullopt;
    ValueId ordered = reordered(c, e.value[side], e.labels[side], order);
    factor[side] = c.b.broadcast(ordered, c.type(id).shape, std::move(axes));
  }
  return c.b.mul(factor[0], factor[1]);
}
// One side is a scalar: a sum, scaled.
Maybe with_scalar(C& c, ValueId id) {
  Einsum e = einsum(c, id);
  for (size_t side = 0; side < 2; ++side) {
    if (!e.labels[side].empty()) continue;
    Axes axes, kept;
    for (size_t k = 0; k < e.labels[1 - side].size(); ++k)
      if (contains(e.out, e.labels[1 - side][k]))
        kept.push_back(e.labels[1 - side][k]);
      else
        axes.push_back(static_cast<int64_t>(k));
    ValueId sum = c.b.reduce(Op::reduce_sum, e.value[1 - side], axes);
    return c.scale(e.value[side], reordered(c, sum, kept, e.out));
  }
  return std::nullopt;
}

const Rule kRules[] = {
    {"contract(transpose(a), b) = contract(a, b)", {Op::contract}, rounding, absorb_transpose},
    {"contract(broadcast(a), b) = contract(a, b)", {Op::contract}, rounding, drop_broadcast},
    {"contract(s*a, b) = s*contract(a, b)", {Op::contract}, rounding, scale_outside},
    {"contract(v*a, u) = contract(a, v*u)", {Op::contract}, rounding, factor_across},
    {"contract(identity, a) = a", {Op::contract}, rounding, with_identity},
    {"contract(a, b) with nothing summed = a*b", {Op::contract}, rounding, no_sum},
    {"contract(s, a) = s*sum(a)", {Op::contract}, rounding, with_scalar},
};

} // namespace

std::span<const Rule> contract_rules() { return kRules; }

} // namespace thalweg::simplify
