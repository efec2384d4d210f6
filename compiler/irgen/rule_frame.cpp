// Hyperparameters and states of a rule (see rule_frame.h).
#include "irgen/rule_frame.h"

#include "support/check.h"

#include <fmt/format.h>
#include <functional>

namespace thalweg::irgen {

using namespace ast;

ValueId RuleFrame::arg(std::string_view name) {
  for (size_t k = 0; k < parameters_.size(); ++k)
    if (parameters_[k].name == name)
      return e_->builder().arg(static_cast<int64_t>(k), parameters_[k].type);
  TW_CHECK(false, "no parameter {}", name);
}

ValueId RuleFrame::parameter(std::string name, Type type, bool per_tensor) {
  parameters_.push_back({std::move(name), type, per_tensor});
  return e_->builder().arg(static_cast<int64_t>(parameters_.size()) - 1, type);
}

// ── the chain ────────────────────────────────────────────────────────────────────────────────────

void RuleFrame::for_calls(const std::function<void(const RuleCall&)>& visit) const {
  for (const RuleCall& call : chain_.transforms)
    visit(call);
  if (chain_.rule.decl) visit(chain_.rule);
}

std::string RuleFrame::prefix(const RuleCall& call) const {
  if (&call == &chain_.rule) return "";
  int copy = 1;
  for (const RuleCall& other : chain_.transforms) {
    if (&other == &call) break;
    copy += other.decl == call.decl;
  }
  return fmt::format("{}{}.", name_of(*call.decl).name.view(),
                     copy == 1 ? "" : std::to_string(copy));
}

const std::vector<Param>& RuleFrame::params_of(const Decl& decl) {
  if (const auto* t = decl.as<TransformDecl>()) return t->params;
  return decl.as<OptimizerDecl>()->params;
}

const Block* RuleFrame::body_of(const Decl& decl) {
  if (const auto* t = decl.as<TransformDecl>()) return &t->body;
  const auto* rule = std::get_if<RuleBody>(&decl.as<OptimizerDecl>()->body);
  return rule ? &rule->body : nullptr;
}

// ── hyperparameters ──────────────────────────────────────────────────────────────────────────────

void RuleFrame::add_hyper(const std::string& name, const Argument& a) {
  if (a.kind == Argument::Kind::number) unit_.hypers.push_back({name, a.number, a.span});
  if (a.kind == Argument::Kind::schedule)
    for (size_t k = 0; k < a.arguments.size(); ++k)
      add_hyper(name + "." + a.schedule->params[k].name.name.str(), a.arguments[k]);
  if (a.kind == Argument::Kind::rule)
    u_.diags.report(DiagKind::not_lowered, a.span.valid() ? a.span : name_.span,
                    "an optimizer inside an optimizer is not compiled yet");
}

void RuleFrame::collect_hypers() {
  for_calls([&](const RuleCall& call) {
    const std::vector<Param>& params = params_of(*call.decl);
    for (size_t k = 0; k < params.size(); ++k)
      add_hyper(prefix(call) + params[k].name.name.str(), call.arguments[k]);
  });
}

Value RuleFrame::hyper_value(const std::string& name, const Argument& a) {
  switch (a.kind) {
  case Argument::Kind::number: return Value::tensor(arg("hyper " + name));
  case Argument::Kind::boolean:
    return Value::tensor(e_->builder().constant(a.number, DType::boolean));
  case Argument::Kind::schedule: {
    Value v;
    v.kind = Value::Kind::schedule;
    v.schedule.decl = a.schedule;
    v.schedule.prefix = name;
    v.schedule.arguments = std::make_shared<std::vector<Value>>();
    for (size_t k = 0; k < a.arguments.size(); ++k)
      v.schedule.arguments->push_back(
          hyper_value(name + "." + a.schedule->params[k].name.name.str(), a.arguments[k]));
    return v;
  }
  case Argument::Kind::rule: return {};
  }
  return {};
}

// ── states ───────────────────────────────────────────────────────────────────────────────────────

void RuleFrame::collect_states() {
  auto from = [&](const Block& body, const std::string& prefix, bool per_tensor,
                  const std::string& schedule, const Argument* argument) {
    for (const Stmt* s : body)
      if (const auto* states = s->as<StateStmt>())
        for (const StateDecl& state : states->states)
          states_.push_back({prefix + state.name.name.str(),
                             &state,
                             Type::scalar(DType::f64),
                             per_tensor,
                             schedule,
                             argument,
                             {}});
  };
  std::function<void(const std::string&, const std::vector<Param>&, const std::vector<Argument>&)>
      schedules = [&](const std::string& where, const std::vector<Param>& params,
                      const std::vector<Argument>& arguments) {
        for (size_t k = 0; k < params.size(); ++k)
          if (arguments[k].kind == Argument::Kind::schedule) {
            std::string name = where + params[k].name.name.str();
            from(arguments[k].schedule->body, name + ".", false, name, &arguments[k]);
            schedules(name + ".", arguments[k].schedule->params, arguments[k].arguments);
          }
      };
  for_calls([&](const RuleCall& call) {
    schedules(prefix(call), params_of(*call.decl), call.arguments);
  });
  for_calls(
      [&](const RuleCall& call) { from(*body_of(*call.decl), prefix(call), true, "", nullptr); });
}

void RuleFrame::begin() {
  e_.emplace(u_);
  e_->hooks = this;
  e_->draw_shape = x_type_.shape;
  parameters_.clear();
  unit_.names.clear();
  e_->step = parameter("t", Type::scalar(DType::f64), false);
  e_->loss = parameter("loss", Type::scalar(DType::f64), false);
  parameter("value", Type::scalar(u_.precision), false);
  for (const RuleUnit::Hyper& hyper : unit_.hypers)
    parameter("hyper " + hyper.name, Type::scalar(DType::f64), false);
  for (const StateDef& state : states_)
    if (!state.per_tensor) parameter("state " + state.name, state.type, false);
  x_ = parameter("x", x_type_, true);
  gradient_ = parameter("gradient", x_type_, true);
  for (const StateDef& state : states_)
    if (state.per_tensor) parameter("state " + state.name, state.type, true);
  if (body_) e_->bind(u_.program.symbol_of(body_->variable), Value::tensor(x_));
  schedule_states_.clear();
  for (const StateDef& state : states_)
    if (!state.per_tensor) {
      ValueId id = arg("state " + state.name);
      schedule_states_[state.name] = {id, id};
    }
  e_->schedule_states = &schedule_states_;
  Value f;
  f.kind = Value::Kind::objective;
  for (size_t k = 0; k < u_.program.symbols.size(); ++k)
    if (u_.program.symbols[k].kind == sema::SymbolKind::objective)
      e_->bind(sema::SymbolId(static_cast<uint32_t>(k)), f);
}

void RuleFrame::enter(const RuleCall& call) {
  const std::vector<Param>& params = params_of(*call.decl);
  std::string own = prefix(call);
  for (size_t k = 0; k < params.size(); ++k)
    e_->bind(u_.program.symbol_of(params[k].name),
             hyper_value(own + params[k].name.name.str(), call.arguments[k]));
  for (const StateDef& state : states_)
    if (state.per_tensor && state.name == own + state.decl->name.name.str())
      e_->bind(u_.program.symbol_of(state.decl->name), Value::tensor(arg("state " + state.name)));
}

void RuleFrame::leave(const RuleCall& call) {
  std::string own = prefix(call);
  for (StateDef& state : states_) {
    if (!state.per_tensor || state.name != own + state.decl->name.name.str()) continue;
    auto it = e_->primes.find(u_.program.symbol_of(state.decl->name).value);
    bool known = it != e_->primes.end() && it->second.is_tensor();
    state.next = known ? it->second.id : ValueId{};
  }
}

// The initial value of a schedule's state may mention the schedule's own arguments.
void RuleFrame::bind_schedule(const StateDef& state) {
  Value schedule = hyper_value(state.schedule, *state.argument);
  for (size_t k = 0; k < schedule.schedule.arguments->size(); ++k)
    e_->bind(u_.program.symbol_of(state.argument->schedule->params[k].name),
             (*schedule.schedule.arguments)[k]);
}

void RuleFrame::initial_states(bool first) {
  std::vector<Result> results;
  for_calls([&](const RuleCall& call) { enter(call); });
  for (StateDef& state : states_) {
    if (state.argument)
      bind_schedule(state);
    else
      for_calls([&](const RuleCall& call) {
        if (state.name == prefix(call) + state.decl->name.name.str()) enter(call);
      });
    Value v =
        state.decl->init ? e_->tensor(*state.decl->init) : Value::tensor(e_->builder().constant(0));
    if (!v.is_tensor()) return;
    if (e_->builder().type(v.id).dtype != DType::boolean) v.id = e_->real(v.id);
    if (!state.schedule.empty()) v.id = e_->builder().cast(v.id, DType::f64);
    if (const std::optional<TypeSpec>& type = state.decl->type) {
      std::optional<Shape> shape;
      if (type->like) {
        Value like = e_->tensor(*type->like);
        if (like.is_tensor()) shape = e_->builder().shape(like.id);
      } else if (type->has_dims) {
        shape = e_->shape(type->dims);
      }
      if (!shape) return;
      v.id = e_->to_precision(v.id);
      v = e_->broadcast_to(v, *shape, *state.decl->init, "the state");
      if (!v.is_tensor()) return;
    }
    if (first)
      state.type = e_->builder().type(v.id);
    else
      v.id = fit(v.id, state.type);
    results.push_back({state.name, v.id, state.per_tensor, -1});
  }
  unit_.initial.results = std::move(results);
}

ValueId RuleFrame::fit(ValueId id, const Type& type) {
  Builder& b = e_->builder();
  if (is_real(type.dtype)) id = b.cast(id, type.dtype);
  std::vector<int64_t> axes;
  size_t rank = b.type(id).rank();
  for (size_t k = 0; k < rank; ++k)
    axes.push_back(static_cast<int64_t>(type.rank() - rank + k));
  return b.broadcast(id, type.shape, axes);
}

bool RuleFrame::widen() {
  bool changed = false;
  for (StateDef& state : states_) {
    if (!state.per_tensor) state.next = schedule_states_[state.name].next;
    if (!state.next.valid()) return false; // its line had an error, which was told
    if (e_->builder().type(state.next).dtype == DType::i64) state.next = e_->real(state.next);
    Type found = e_->builder().type(state.next);
    Type wide = state.type;
    bool reals = is_real(found.dtype) && is_real(wide.dtype);
    if (reals && (found.dtype != wide.dtype || found.rank() > 0)) wide.dtype = u_.precision;
    if (found.dtype != wide.dtype && !reals) {
      u_.diags.report(DiagKind::wrong_kind, state.decl->name.span,
                      fmt::format("state '{}' starts as {}, its next value is {}", state.name,
                                  e_->kind_text(state.type.dtype), e_->kind_text(found.dtype)));
      return false;
    }
    if (wide.shape.empty()) wide.shape = found.shape;
    if (!found.shape.empty() && found.shape != wide.shape) {
      u_.diags.report(DiagKind::state_shape, state.decl->name.span,
                      fmt::format("state '{}' starts as {}, its next value is {}", state.name,
                                  shape_str(state.type.shape), shape_str(found.shape)));
      return false;
    }
    changed = changed || !(wide == state.type);
    state.type = wide;
  }
  return changed;
}

} // namespace thalweg::irgen
