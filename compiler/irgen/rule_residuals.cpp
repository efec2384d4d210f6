// Rules that ask for the residuals of a sum of squares, and for their Jacobian.
#include "irgen/rule_builder.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// Residuals come as a vector of a size that the objective gives; always asked in the step.
Value RuleBuilder::squares(OracleKind kind, const Value& given, const Expr& at) {
  int running = active_.empty() ? -1 : active_.back().node;
  if (running >= 0 && node(running).call->decl->as<TransformDecl>())
    return e_->not_lowered(at.span, "an oracle inside a transform");
  if (before_) return e_->not_lowered(at.span, "an initial value from residuals");
  if (!unit_.demands.vector) {
    e_->error(DiagKind::wrong_kind, at.span,
              "residuals depend on all parameters end to end, this rule is for single tensors")
        .help("write the rule 'on vector'");
    return {};
  }
  ValueId point = e_->to_precision(e_->real(given.id));
  if (e_->builder().type(point) != x_type_) {
    e_->error(DiagKind::shape_mismatch, at.span,
              fmt::format("residuals are taken at a point of the shape of x; this is {}",
                          e_->type_text(given.id)));
    return {};
  }
  const bool jacobian = kind == OracleKind::jacobian;
  for (size_t depth = active_.size(); depth-- > 0;) {
    if (!may_ask(depth, point, jacobian ? "the Jacobian of residuals" : "residuals", at)) return {};
    if (active_[depth].minimized) return ask_minimized(depth, kind, {point}, at);
  }
  (jacobian ? unit_.demands.jacobians : unit_.demands.residuals) = true;
  if (!unit_.demands.residuals_at.valid()) unit_.demands.residuals_at = at.span;
  Type type = Type::tensor(u_.precision, {Dim::symbol(kResiduals)});
  if (jacobian) type.shape.push_back(x_type_.shape[0]);
  Attr attr;
  attr.name = "f";
  attr.ints = {static_cast<int64_t>(kind)};
  ValueId asked = u_.graph.add(Op::oracle, type, {point}, std::move(attr));
  u_.graph.set_origin(asked, at.span);
  return Value::tensor(asked);
}

// Differentiated, f becomes ∇f, and ∇f becomes products with ∇²f, or all of it.
void RuleBuilder::derives(DerivativeKind kind, const std::vector<OracleKind>& orders) {
  const bool second = kind == DerivativeKind::hessian || kind == DerivativeKind::product;
  for (OracleKind order : orders) {
    unit_.demands.gradients_in_step = true;
    if (order == OracleKind::gradient || second) unit_.demands.products = true;
    if (second || kind == DerivativeKind::jacobian) unit_.demands.hessians = true;
  }
}

} // namespace thalweg::irgen
