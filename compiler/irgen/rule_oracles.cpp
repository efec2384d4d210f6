// Whom a rule asks for f, its gradient and curvature: the level around it, a query before the step,
// or the objective in its middle.
#include "irgen/rule_builder.h"

#include "ir/rewrite.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

std::string RuleBuilder::query_name(size_t k) { return fmt::format("query{}", k); }

// The gradient at a level's point, through its transforms; made once a step.
std::optional<Value> RuleBuilder::gradient(size_t depth) {
  if (active_[depth].transformed) return active_[depth].transformed;
  const RuleTree::Level& l = level(active_[depth].level);
  std::optional<Value> g = active_[depth].handed;
  if (!g && depth == 0) {
    unit_.demands.gradient_at_x = true;
    g = Value::tensor(gradient_);
  }
  if (!g && active_[depth].slope.valid()) g = Value::tensor(active_[depth].slope);
  if (!g) {
    // The inner rule asks for itself what the outer one could have handed over.
    Expr place{active_[depth].span, 0, {}};
    g = ask(depth - 1, 1, active_[depth].x, place);
    if (!g->is_tensor()) return std::nullopt;
  }
  // The transforms run once a step, wherever the gradient is asked for first.
  std::vector<ValueId> around = std::exchange(e_->path, active_[depth].path);
  for (int at : l.transforms) {
    Elaborator::Scope outer = e_->scope();
    active_[depth].waits_for = {};
    if (const Ident& point = node(at).call->decl->as<TransformDecl>()->point)
      e_->bind(u_.program.symbol_of(point), Value::tensor(active_[depth].x));
    Value behind;
    behind.kind = Value::Kind::rule;
    behind.level = active_[depth].level;
    for (size_t k = 0; k < u_.program.symbols.size(); ++k)
      if (u_.program.symbols[k].kind == sema::SymbolKind::rule)
        e_->bind(sema::SymbolId(static_cast<uint32_t>(k)), behind);
    if (!step_node(active_[depth], at, *g)) return std::nullopt;
    Value next = this->next(node(at), "the gradient");
    if (!next.is_tensor()) return std::nullopt;
    g = next;
    if (!move_point(depth, node(at))) return std::nullopt;
    leave(at);
    if (active_[depth].waits_for.valid()) {
      advance(node(at).clock);
      // Everything behind it moves only then.
      around.push_back(active_[depth].waits_for);
      e_->path.push_back(active_[depth].waits_for);
    }
    e_->restore(std::move(outer));
  }
  e_->path = std::move(around);
  active_[depth].transformed = g;
  return g;
}

// Where a transform says so, the rule behind it steps from another point than it is at: by the
// gradient at its own.
bool RuleBuilder::move_point(size_t depth, const RuleTree::Node& transform) {
  const Ident& point = transform.call->decl->as<TransformDecl>()->point;
  if (!point || !e_->primes.contains(u_.program.symbol_of(point).value)) return true;
  Value moved = next(transform, point, "the parameter");
  if (!moved.is_tensor()) return false;
  active_[depth].x = moved.id;
  return true;
}

Value RuleBuilder::oracle(const ObjectiveRef& objective, const std::vector<Value>& arguments,
                          const Expr& at) {
  if (objective.part == "residuals" && objective.order == 0)
    return squares(OracleKind::residuals, arguments[0], at);
  if (!objective.part.empty())
    return e_->not_lowered(at.span, fmt::format("'f.{}'", objective.part));
  if (objective.order > 2) return e_->not_lowered(at.span, "a derivative of f beyond the second");
  ValueId point = e_->to_precision(arguments[0].id);
  if (before_ && objective.order > 1)
    return e_->not_lowered(at.span, "an initial value from the Hessian of f");
  if (before_) {
    if (point != x_)
      return e_->not_lowered(at.span, "an initial value from f at points other than x");
    return Value::tensor(objective.order == 1 ? gradient_ : arg("value"));
  }
  int running = active_.back().node;
  if (running >= 0 && node(running).call->decl->as<TransformDecl>())
    return e_->not_lowered(at.span, "an oracle inside a transform");
  if (e_->builder().type(point) != x_type_) {
    e_->error(DiagKind::shape_mismatch, at.span,
              fmt::format("the objective takes a point of the shape of {}; this is {}",
                          node(running).variable().name.view(), e_->type_text(point)))
        .note("every parameter's own point is formed, then the objective is asked once");
    return {};
  }
  if (objective.order == 2) return curvature(OracleKind::hessian, {point}, at);
  return ask(active_.size() - 1, objective.order, point, at);
}

Value RuleBuilder::product(const std::vector<Value>& arguments, const Expr& at) {
  int running = active_.empty() ? -1 : active_.back().node;
  if (running >= 0 && node(running).call->decl->as<TransformDecl>())
    return e_->not_lowered(at.span, "an oracle inside a transform");
  if (before_) return e_->not_lowered(at.span, "an initial value from the Hessian of f");
  std::vector<ValueId> operands;
  for (const Value& v : arguments) {
    ValueId id = e_->to_precision(e_->real(v.id));
    if (e_->builder().shape(id).empty()) id = e_->builder().broadcast_scalar(id, x_type_.shape);
    if (e_->builder().type(id) != x_type_) {
      e_->error(DiagKind::shape_mismatch, at.span,
                fmt::format("'hvp' takes a point and a direction of the shape of x; this is {}",
                            e_->type_text(id)));
      return {};
    }
    operands.push_back(id);
  }
  return curvature(OracleKind::hvp, operands, at);
}

// The Hessian, or its product with a direction: of f, whatever becomes of its gradient at x. The
// step of a rule on the vector asks in its middle, one for single tensors before it.
Value RuleBuilder::curvature(OracleKind kind, std::vector<ValueId> operands, const Expr& at) {
  bool product = kind == OracleKind::hvp;
  if (!unit_.demands.vector && !product) {
    e_->error(DiagKind::wrong_kind, at.span,
              "'∇²f' is over all parameters end to end, this rule is for single tensors")
        .help("write the rule 'on vector', or take products: hvp(f, x, v)");
    return {};
  }
  for (size_t depth = active_.size(); depth-- > 0;) {
    if (operands[0] == active_[depth].x) operands[0] = active_[depth].origin;
    if (!may_ask(depth, operands[0], product ? "products with ∇²f" : "∇²f", at)) return {};
    if (active_[depth].minimized) return ask_minimized(depth, kind, operands, at);
  }
  (product ? unit_.demands.products : unit_.demands.hessians) = true;
  if (!unit_.demands.vector) return query(operands[0], 2, at, operands[1]);
  Type type = x_type_;
  if (!product) type.shape.push_back(type.shape[0]);
  Attr attr;
  attr.name = "f";
  attr.ints = {static_cast<int64_t>(kind)};
  ValueId asked = u_.graph.add(Op::oracle, type, std::move(operands), std::move(attr));
  u_.graph.set_origin(asked, at.span);
  return Value::tensor(asked);
}

// Where it is known in the run alone whether, how often or where the objective is asked: the step
// itself does, in the middle.
bool RuleBuilder::asks_in_step(ValueId point) const {
  if (e_->in_region()) return true;
  std::vector<ValueId> made_of = reachable_deep(u_.graph, std::span(&point, 1));
  return std::any_of(made_of.begin(), made_of.end(),
                     [&](ValueId id) { return u_.graph.node(id).op == Op::oracle; });
}

// f or ∇f for the rule of a level: at its own point the value or the gradient that it has,
// elsewhere from the level around it, at last a query.
Value RuleBuilder::ask(size_t depth, int order, ValueId point, const Expr& at) {
  const Active& active = active_[depth];
  if (point == active.x && order == 1) {
    active_[depth].asked = true;
    std::optional<Value> g = gradient(depth);
    return g ? *g : Value{};
  }
  if (point == active.x) point = active.origin;
  if (!active.handed && depth == 0 && point == x_) {
    unit_.demands.value = true;
    return Value::tensor(arg("value"));
  }
  if (!may_ask(depth, point, order == 1 ? "∇f at another point" : "f", at)) return {};
  if (active.minimized)
    return ask_minimized(depth, order == 1 ? OracleKind::gradient : OracleKind::value, {point}, at);
  return depth > 0 ? ask(depth - 1, order, point, at) : query(point, order, at);
}

// For more than the gradient at its point.
bool RuleBuilder::may_ask(size_t depth, ValueId point, std::string_view what, const Expr& at) {
  const Active& active = active_[depth];
  const RuleTree::Level& l = level(active.level);
  const RuleTree::Node& asking = node(l.rule >= 0 ? l.rule : l.transforms.back());
  const Ident& name = name_of(*asking.call->decl);
  if (active.handed) {
    e_->error(DiagKind::wrong_kind, active.span,
              fmt::format("'{}' asks for more than the gradient that it is handed here",
                          name.name.view()))
        .label(at.span, fmt::format("it asks for {}", what))
        .help("without the gradient, inner.step(x), it asks for what it needs by itself");
    return false;
  }
  if (l.transforms.empty() || point == active.origin) return true;
  e_->error(DiagKind::transform_mismatch, l.chain->transforms[0].span,
            fmt::format("'{}' asks for the objective at points other than {}, so it is not clear "
                        "what '|>' transforms",
                        name.name.view(), asking.variable().name.view()))
      .label(at.span, "asked here")
      .help("put the transform around the inner rule of a wrapper instead");
  return false;
}

// It is made of placeholders, of which the parameters know nothing.
bool RuleBuilder::stands_for_many(ValueId point) const {
  std::vector<ValueId> made_of = reachable(u_.graph, std::span(&point, 1));
  return std::any_of(made_of.begin(), made_of.end(), [&](ValueId id) {
    const Node& node = u_.graph.node(id);
    return node.op == Op::arg && node.attr.ints[0] >= static_cast<int64_t>(parameters_.size());
  });
}

// Queries keep the order of their first appearance; the same question is asked once.
Value RuleBuilder::query(ValueId point, int order, const Expr& at, ValueId direction) {
  if (unit_.demands.vector && asks_in_step(point)) {
    Attr attr;
    attr.name = "f";
    attr.ints = {static_cast<int64_t>(order == 1 ? OracleKind::gradient : OracleKind::value)};
    Type type = order == 1 ? x_type_ : Type::scalar(u_.precision);
    ValueId asked = u_.graph.add(Op::oracle, type, {point}, std::move(attr));
    u_.graph.set_origin(asked, at.span);
    (order == 1 ? unit_.demands.gradients_in_step : unit_.demands.values_in_step) = true;
    return Value::tensor(asked);
  }
  // At a point that a loop changes, or the variable of a function that is differentiated.
  if (e_->in_loop() || stands_for_many(point)) {
    e_->error(
          DiagKind::not_lowered, at.span,
          e_->in_loop()
              ? "asking the objective in a loop of a rule for single tensors is not compiled yet"
              : "a derivative of a function that asks the objective, in a rule for single "
                "tensors, is not compiled yet")
        .help("write the rule 'on vector'");
    return {};
  }
  // A condition that differs from element to element decides nothing for all.
  ValueId asked;
  for (ValueId around : e_->path)
    if (e_->builder().type(around).is_scalar())
      asked = asked.valid() ? e_->builder().make(Op::logical_and, {asked, around}) : around;
  for (size_t k = 0; k < points_.size(); ++k) {
    Point& known = points_[k];
    if (known.point != point || known.order != order || known.direction != direction) continue;
    if (known.asked.valid() && known.asked != asked)
      known.asked =
          asked.valid() ? e_->builder().make(Op::logical_or, {known.asked, asked}) : ValueId{};
    return Value::tensor(arg(query_name(k)));
  }
  points_.push_back({point, order, direction, asked});
  return Value::tensor(parameter(query_name(points_.size() - 1),
                                 order > 0 ? x_type_ : Type::scalar(u_.precision), order > 0));
}

} // namespace thalweg::irgen
