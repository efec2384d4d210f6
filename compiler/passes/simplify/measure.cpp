// The measure of values (see measure.h).
#include "passes/simplify/measure.h"

#include "passes/simplify/rule.h"

#include <algorithm>

namespace thalweg::simplify {
namespace {

using Number = Measurer::Number;

// Price of an elementwise operator per unit of extent.
Number price(Op op) {
  switch (op) {
  case Op::neg:
  case Op::abs:
  case Op::cast:
  case Op::logical_not: return 2;
  case Op::fma: return 6;
  case Op::div:
  case Op::sqrt:
  case Op::mod: return 8;
  case Op::sigmoid:
  case Op::softplus: return 24;
  case Op::pow: return 48;
  case Op::exp:
  case Op::expm1:
  case Op::log:
  case Op::log1p:
  case Op::sin:
  case Op::cos:
  case Op::tan:
  case Op::asin:
  case Op::acos:
  case Op::atan:
  case Op::atan2:
  case Op::sinh:
  case Op::cosh:
  case Op::tanh:
  case Op::erf: return 20;
  default: return 4;
  }
}

} // namespace

const Measurer::Measure& Measurer::of(ValueId root) {
  std::vector<ValueId> roots{root};
  if (!known_.contains(root))
    for (ValueId id : reachable(graph_, roots))
      if (!known_.contains(id)) known_.emplace(id, compute(id));
  return known_.at(root);
}

Measurer::Measure Measurer::compute(ValueId id) {
  const Node& node = graph_.node(id);
  Context context(const_cast<Graph&>(graph_)); // read only here
  Number extent = static_cast<Number>(Context::extent(node.type));
  Number inside = 0, order = 0, widest = 0;
  for (ValueId operand : node.operands) {
    inside += known_.at(operand).cost;
    order += known_.at(operand).order;
    widest = std::max(widest, static_cast<Number>(Context::extent(graph_.type(operand))));
  }
  Measure m;
  m.order = 2 * order + 1;
  if (node.op == Op::neg || context.scaled(id)) m.order = order + 1;
  switch (node.op) {
  case Op::constant: m.cost = node.type.dtype == DType::f32 ? 2 : 1; break;
  case Op::broadcast: {
    const Shape& from = graph_.type(node.operands[0]).shape;
    bool stretches = false;
    for (size_t k = 0; k < from.size(); ++k)
      stretches |= from[k] != node.type.shape[node.attr.ints[k]];
    m.cost = inside + 1 + (stretches ? 2 * widest + 6 * widest * widest : 0);
    break;
  }
  case Op::reshape: m.cost = inside + 2 * extent + 6 * widest * widest; break;
  case Op::transpose:
  case Op::slice:
  case Op::pad:
  case Op::concat: m.cost = inside + 2 * extent; break;
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max: m.cost = 2 * inside + 40 + 12 * widest * widest; break;
  case Op::contract: m.cost = 2 * inside + 40 + 8 * extent + 12 * widest * widest; break;
  case Op::pow: m.cost = 4 * inside + price(node.op) * extent; break;
  default:
    if (!is_elementwise(node.op)) {
      m.cost = inside + 4;
    } else {
      bool wider = node.type.dtype == DType::f32 && node.op != Op::cast;
      m.cost = inside + (price(node.op) + (wider ? 1 : 0)) * extent;
    }
  }
  m.cost = std::min(m.cost, kLimit);
  m.order = std::min(m.order, kLimit);
  return m;
}

} // namespace thalweg::simplify
