// Derivatives through oracles: ∂f(p) is ∇f(p), ∂∇f(p) the Hessian there.
#include "passes/diff/forward.h"
#include "passes/diff/reverse.h"

namespace thalweg::diff {
namespace {

ValueId ask(Builder& b, const Node& node, OracleKind kind, std::vector<ValueId> operands,
            Type type) {
  Attr attr = node.attr;
  attr.ints = {static_cast<int64_t>(kind)};
  ValueId asked = b.graph().add(Op::oracle, std::move(type), std::move(operands), std::move(attr));
  if (b.origin().valid() && !b.graph().origin(asked).valid())
    b.graph().set_origin(asked, b.origin());
  return asked;
}

} // namespace

void Reverse::oracle(ValueId id, ValueId d) {
  const Node node = graph_.node(id);
  const auto kind = static_cast<OracleKind>(node.attr.ints[0]);
  const ValueId point = node.operands[0];
  const Type& type = graph_.type(point);
  if (kind == OracleKind::value) {
    ValueId slope = ask(builder_, node, OracleKind::gradient, {point}, type);
    return send(id, point, builder_.mul(builder_.broadcast_scalar(d, type.shape), slope));
  }
  if (kind == OracleKind::gradient)
    return send(id, point, ask(builder_, node, OracleKind::hvp, {point, d}, type));
  fail(id, "a derivative of f beyond the second");
}

Maybe Forward::oracle(ValueId id, std::span<const ValueId> operands, const Tangents& tangents) {
  const Node node = graph_.node(id);
  const auto kind = static_cast<OracleKind>(node.attr.ints[0]);
  const ValueId point = operands[0], t = *tangents[0];
  const Type type = graph_.type(point);
  // Labels: the batch, then the point's one axis.
  std::vector<int64_t> batch, whole;
  for (size_t k = 0; k < batch_.size(); ++k)
    batch.push_back(static_cast<int64_t>(k) + 2);
  whole = batch;
  whole.push_back(0);
  if (type.rank() != 1 || (kind != OracleKind::value && kind != OracleKind::gradient)) {
    fail(id, "a derivative of f beyond the second");
    return std::nullopt;
  }
  if (kind == OracleKind::value) {
    ValueId slope = ask(builder_, node, OracleKind::gradient, {point}, type);
    return builder_.contract(t, whole, slope, {0}, batch);
  }
  if (batch.empty()) return ask(builder_, node, OracleKind::hvp, {point, t}, type);
  Type square = Type::tensor(type.dtype, {type.shape[0], type.shape[0]});
  ValueId hessian = ask(builder_, node, OracleKind::hessian, {point}, square);
  std::vector<int64_t> out = batch;
  out.push_back(1);
  return builder_.contract(t, whole, hessian, {0, 1}, out);
}

} // namespace thalweg::diff
