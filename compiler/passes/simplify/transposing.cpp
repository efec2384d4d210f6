// Rules by which a transpose disappears into what it transposes, if everything there can take it.
#include "passes/simplify/rule.h"

#include <algorithm>
#include <map>
#include <utility>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;
using Axes = std::vector<int64_t>;

constexpr int kDepth = 12; // of elementwise operators looked through

// The axes of a broadcast's operand in the order they have after the transpose, and where they go.
struct Turned {
  Axes permutation, map;
};
Turned through_broadcast(C& c, ValueId id, const Axes& order) {
  const Axes& map = c.node(id).attr.ints;
  Turned out;
  for (size_t k = 0; k < order.size(); ++k)
    if (auto it = std::find(map.begin(), map.end(), order[k]); it != map.end()) {
      out.permutation.push_back(it - map.begin());
      out.map.push_back(static_cast<int64_t>(k));
    }
  return out;
}

// Rewrites a value into its transpose without a transpose: contracts reorder their result,
// broadcasts and counts name other axes, elementwise operators pass it on.
class Turner {
public:
  explicit Turner(C& context) : c_(context) {}

  bool takes(ValueId id, const Axes& order, int depth = 0) {
    const Node& n = c_.node(id);
    met_transpose_ |= n.op == Op::transpose;
    if (n.op == Op::contract || n.op == Op::iota || n.op == Op::transpose) return true;
    if (n.op == Op::broadcast) {
      Turned t = through_broadcast(c_, id, order);
      return std::is_sorted(t.permutation.begin(), t.permutation.end()) ||
             (depth < kDepth && takes(n.operands[0], t.permutation, depth + 1));
    }
    if (!is_elementwise(n.op) || depth == kDepth || !budget_--) return false;
    return std::all_of(n.operands.begin(), n.operands.end(),
                       [&](ValueId operand) { return takes(operand, order, depth + 1); });
  }

  bool met_transpose() const { return met_transpose_; }

  ValueId turn(ValueId id, const Axes& order) {
    if (std::is_sorted(order.begin(), order.end())) return id;
    const Node& n = c_.node(id);
    Shape shape;
    for (int64_t axis : order)
      shape.push_back(n.type.shape[axis]);
    switch (n.op) {
    case Op::transpose: {
      Axes both;
      for (int64_t axis : order)
        both.push_back(n.attr.ints[axis]);
      return c_.b.transpose(n.operands[0], std::move(both));
    }
    case Op::iota: {
      auto axis = std::find(order.begin(), order.end(), n.attr.ints[0]);
      return c_.b.iota(std::move(shape), axis - order.begin());
    }
    case Op::contract: {
      ContractLabels l = contract_labels(n.attr);
      Axes out;
      for (int64_t axis : order)
        out.push_back(l.out[axis]);
      return c_.b.contract(n.operands[0], l.a, n.operands[1], l.b, std::move(out));
    }
    case Op::broadcast: {
      Turned t = through_broadcast(c_, id, order);
      return c_.b.broadcast(turn(n.operands[0], t.permutation), std::move(shape), std::move(t.map));
    }
    default: break;
    }
    if (auto it = turned_.find({id, order}); it != turned_.end()) return it->second;
    std::vector<ValueId> operands;
    for (ValueId operand : n.operands)
      operands.push_back(turn(operand, order));
    ValueId out = n.op == Op::cast ? c_.b.cast(operands[0], n.type.dtype)
                                   : c_.b.make(n.op, std::move(operands));
    turned_.emplace(std::pair{id, order}, out);
    return out;
  }

private:
  C& c_;
  bool met_transpose_ = false;
  int budget_ = 200; // shared values are looked at once per path
  std::map<std::pair<ValueId, Axes>, ValueId> turned_;
};

Maybe absorbed(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (!is_elementwise(c.op(x)) && c.op(x) != Op::contract && c.op(x) != Op::iota)
    return std::nullopt;
  const Axes order = c.node(id).attr.ints;
  Turner turner(c);
  if (!turner.takes(x, order)) return std::nullopt;
  return turner.turn(x, order);
}

// A contract reads its operands in any order of axes: an elementwise value made of transposes (and
// of broadcasts) is better read the other way round.
Maybe read_turned(C& c, ValueId id) {
  static const Axes kTurn{1, 0};
  ContractLabels l = contract_labels(c.node(id).attr);
  for (size_t side = 0; side < 2; ++side) {
    ValueId x = c.operand(id, side);
    Turner turner(c);
    if (c.type(x).rank() != 2 || !is_elementwise(c.op(x)) || !turner.takes(x, kTurn) ||
        !turner.met_transpose())
      continue;
    Axes& labels = side == 0 ? l.a : l.b;
    std::swap(labels[0], labels[1]);
    ValueId turned = turner.turn(x, kTurn);
    return side == 0 ? c.b.contract(turned, l.a, c.operand(id, 1), l.b, l.out)
                     : c.b.contract(c.operand(id, 0), l.a, turned, l.b, l.out);
  }
  return std::nullopt;
}

const Rule kRules[] = {
    {"transpose(op(a, b)) = op(a', b') without a transpose", {Op::transpose}, rounding, absorbed},
    {"contract(op(transpose(a), …), b) = contract(op(a, …), b)",
     {Op::contract},
     rounding,
     read_turned},
};

} // namespace

std::span<const Rule> transposing_rules() { return kRules; }

} // namespace thalweg::simplify
