// Forward differentiation of one region (see forward.h); control flow is in control.cpp.
#include "passes/diff/forward.h"

#include "passes/diff/factorizations.h"
#include "passes/diff/folds.h"
#include "passes/diff/partials.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::diff {

Maybe Forward::tangent(ValueId value) const {
  auto it = tangents_.find(value);
  return it == tangents_.end() ? Maybe{} : Maybe{it->second};
}

ValueId Forward::primal(ValueId value) const {
  auto it = primal_.find(value);
  return it == primal_.end() ? value : it->second;
}

Type Forward::tangent_type(const Type& type) const {
  Shape shape = batch_;
  shape.insert(shape.end(), type.shape.begin(), type.shape.end());
  return Type::tensor(type.dtype, std::move(shape));
}

void Forward::fail(ValueId id, std::string text) {
  if (!error_) error_ = DiffError{id, std::move(text), graph_.origin(id)};
}

std::optional<DiffError> Forward::run(std::span<const ValueId> roots) {
  for (ValueId id : reachable(graph_, roots)) {
    if (tangents_.contains(id) || primal_.contains(id)) continue;
    builder_.set_origin(graph_.origin(id));
    visit(id);
    if (error_) return error_;
  }
  return std::nullopt;
}

void Forward::visit(ValueId id) {
  const Node& node = graph_.node(id);
  if (node.op == Op::while_loop) return visit_while(id);
  if (node.op == Op::if_else) return visit_if(id);

  std::vector<ValueId> operands;
  for (ValueId operand : node.operands)
    operands.push_back(primal(operand));
  if (operands != node.operands) primal_[id] = graph_.add(node.op, node.type, operands, node.attr);

  if (node.op == Op::get) {
    auto it = tuple_tangents_.find(node.operands[0]);
    if (it == tuple_tangents_.end()) return;
    if (Maybe t = it->second[node.attr.ints[0]]) tangents_[id] = *t;
    return;
  }
  Tangents tangents;
  bool any = false;
  for (ValueId operand : node.operands) {
    tangents.push_back(tangent(operand));
    any |= tangents.back().has_value();
  }
  if (!any) return;

  Maybe result;
  if (node.op == Op::oracle) {
    if (Maybe t = oracle(id, operands, tangents)) tangents_[id] = *t;
    return;
  }
  switch (op_info(node.op).derivative) {
  case Derivative::leaf:
  case Derivative::zero:
  case Derivative::control: return;
  case Derivative::elementwise: result = elementwise(id, tangents); break;
  case Derivative::linear:
    if (node.op == Op::across_sum && !batch_.empty())
      return fail(id, "a Jacobian through a sum over all parameters");
    result = forward_linear(builder_, node, operands, tangents, batch_);
    break;
  case Derivative::factorization:
    result = forward_factorization(builder_, node, operands, primal(id), tangents, batch_);
    break;
  case Derivative::piecewise:
  case Derivative::product: result = fold(id, tangents); break;
  case Derivative::none:
    return fail(id, fmt::format("the derivative of '{}' is not known", op_info(node.op).name));
  }
  if (result) tangents_[id] = *result;
}

Maybe Forward::elementwise(ValueId id, const Tangents& tangents) {
  const Node& node = graph_.node(id);
  if (!is_real(node.type.dtype)) return std::nullopt; // a cast to an integer is locally constant
  std::vector<ValueId> operands;
  for (ValueId operand : node.operands)
    operands.push_back(primal(operand));
  const PartialRow& row = partial_row(node.op);
  Maybe sum;
  for (size_t k = 0; k < operands.size(); ++k) {
    if (!tangents[k]) continue;
    Partial partial = row.partial(builder_, {operands, primal(id)}, k);
    if (partial.form == Partial::Form::zero) continue;
    ValueId part = apply_partial(builder_, partial, *tangents[k], batch_, node.type.dtype);
    sum = sum ? builder_.add(*sum, part) : part;
  }
  return sum;
}

Maybe Forward::fold(ValueId id, const Tangents& tangents) {
  const Node& node = graph_.node(id);
  if (!is_real(node.type.dtype)) return std::nullopt;
  FoldPartial partial = fold_partial(builder_, node, primal(node.operands[0]), primal(id));
  ValueId d = *tangents[0];
  ValueId factor = with_batch(builder_, partial.factor, batch_);
  std::vector<int64_t> axes;
  for (size_t k = 1; k < node.attr.ints.size(); ++k)
    axes.push_back(node.attr.ints[k] + static_cast<int64_t>(batch_.size()));
  ValueId part = partial.choice ? builder_.select(factor, d, builder_.full(0, builder_.type(d)))
                                : builder_.mul(d, factor);
  ValueId sum = builder_.reduce(Op::reduce_sum, part, axes);
  return partial.choice ? builder_.div(sum, with_batch(builder_, partial.ties, batch_)) : sum;
}

} // namespace thalweg::diff
