// Reverse differentiation of one region (see reverse.h); control flow is in control.cpp.
#include "passes/diff/reverse.h"

#include "passes/diff/factorizations.h"
#include "passes/diff/folds.h"
#include "passes/diff/partials.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::diff {

Reverse::Reverse(Graph& graph, std::span<const ValueId> wrt)
    : graph_(graph), builder_(graph), wrt_(wrt.begin(), wrt.end()) {}

Maybe Reverse::cotangent(ValueId value) const {
  auto it = cotangents_.find(value);
  return it == cotangents_.end() ? Maybe{} : Maybe{it->second};
}

void Reverse::fail(ValueId id, std::string text) {
  if (!error_) error_ = DiffError{id, std::move(text), graph_.origin(id)};
}

// Active: real, and computed from `wrt` through operators that are not locally constant.
void Reverse::mark_active(std::span<const ValueId> order) {
  for (ValueId id : order) {
    const Node& node = graph_.node(id);
    bool any = std::any_of(node.operands.begin(), node.operands.end(),
                           [&](ValueId operand) { return active(operand); });
    bool carries = node.type.is_tuple || is_real(node.type.dtype);
    bool constant = op_info(node.op).derivative == Derivative::zero;
    if (wrt_.contains(id) || (any && carries && !constant)) active_.insert(id);
  }
}

std::optional<DiffError> Reverse::run(std::span<const ValueId> roots) {
  std::vector<ValueId> order = reachable(graph_, roots);
  mark_active(order);
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    if (!active(*it) || wrt_.contains(*it)) continue;
    builder_.set_origin(graph_.origin(*it));
    visit(*it);
    if (error_) return error_;
  }
  return std::nullopt;
}

void Reverse::accumulate(ValueId value, ValueId contribution) {
  auto [it, fresh] = cotangents_.emplace(value, contribution);
  if (!fresh) it->second = builder_.add(it->second, contribution);
}

void Reverse::send(ValueId from, ValueId operand, ValueId contribution) {
  if (!per_tensor_.empty() && per_tensor_[from.value] && !per_tensor_[operand.value]) {
    if (!builder_.type(contribution).is_scalar())
      return fail(operand, "the gradient of a shared tensor in a rule over many tensors");
    contribution = builder_.make(Op::across_sum, {contribution});
  }
  accumulate(operand, contribution);
}

void Reverse::visit(ValueId id) {
  const Node& node = graph_.node(id);
  if (node.op == Op::if_else) return visit_if(id);
  if (node.op == Op::while_loop) {
    if (tuple_cotangents_.contains(id))
      fail(id, "the gradient through a loop whose number of rounds is not known, or large");
    return;
  }
  Maybe cotangent_here = cotangent(id);
  if (node.op == Op::oracle && cotangent_here) return oracle(id, *cotangent_here);
  if (op_info(node.op).derivative == Derivative::none &&
      (cotangent_here || tuple_cotangents_.contains(id)))
    return fail(id, fmt::format("the derivative of '{}' is not known", op_info(node.op).name));
  if (!cotangent_here) return;
  ValueId d = *cotangent_here;
  if (node.op == Op::get) {
    std::vector<Maybe>& slots = tuple_cotangents_[node.operands[0]];
    slots.resize(graph_.type(node.operands[0]).elements.size());
    slots[node.attr.ints[0]] = d; // `get` is interned: one per position
    return;
  }
  switch (op_info(node.op).derivative) {
  case Derivative::leaf:
  case Derivative::zero:
  case Derivative::control: return;
  case Derivative::elementwise: return elementwise(id, d);
  case Derivative::linear:
    for (size_t k = 0; k < node.operands.size(); ++k)
      if (active(node.operands[k]))
        send(id, node.operands[k], transpose_linear(builder_, node, k, d));
    return;
  case Derivative::factorization:
    for (size_t k = 0; k < node.operands.size(); ++k)
      if (active(node.operands[k]))
        send(id, node.operands[k], reverse_factorization(builder_, node, id, k, d));
    return;
  case Derivative::piecewise:
  case Derivative::product: return fold(id, d);
  case Derivative::none: return; // refused above
  }
}

void Reverse::elementwise(ValueId id, ValueId d) {
  const Node& node = graph_.node(id);
  const PartialRow& row = partial_row(node.op);
  for (size_t k = 0; k < node.operands.size(); ++k) {
    ValueId operand = node.operands[k];
    if (!active(operand)) continue;
    Partial partial = row.partial(builder_, {node.operands, id}, k);
    if (partial.form == Partial::Form::zero) continue;
    send(id, operand, apply_partial(builder_, partial, d, {}, graph_.type(operand).dtype));
  }
}

void Reverse::fold(ValueId id, ValueId d) {
  const Node& node = graph_.node(id);
  ValueId operand = node.operands[0];
  FoldPartial partial = fold_partial(builder_, node, operand, id);
  if (partial.choice) d = builder_.div(d, partial.ties);
  ValueId wide = spread(builder_, node, d, graph_.type(operand).shape, 0);
  ValueId none = builder_.full(0, graph_.type(operand));
  send(id, operand,
       partial.choice ? builder_.select(partial.factor, wide, none)
                      : builder_.mul(wide, partial.factor));
}

} // namespace thalweg::diff
