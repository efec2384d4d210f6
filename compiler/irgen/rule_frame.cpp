// Hyperparameters and states of a rule (see rule_frame.h).
#include "irgen/rule_frame.h"

#include "support/check.h"

#include <algorithm>
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

// ── hyperparameters ──────────────────────────────────────────────────────────────────────────────

void RuleFrame::add_hyper(const std::string& name, const Argument& a) {
  if (a.kind == Argument::Kind::number) unit_.hypers.push_back({name, a.number, a.span});
  if (a.kind == Argument::Kind::schedule)
    for (size_t k = 0; k < a.arguments.size(); ++k)
      add_hyper(name + "." + a.schedule->params[k].name.name.str(), a.arguments[k]);
}

void RuleFrame::collect_hypers() {
  for (const auto& [name, a] : tree_.routing_hypers)
    add_hyper(name, a);
  for (const RuleTree::Node& node : tree_.nodes)
    for (size_t k = 0; k < node.params().size(); ++k)
      add_hyper(node.prefix + node.params()[k].name.name.str(), node.call->arguments[k]);
}

Value RuleFrame::hyper_value(const std::string& name, const Argument& a) {
  switch (a.kind) {
  case Argument::Kind::number: return Value::tensor(arg("hyper " + name));
  case Argument::Kind::boolean:
    return Value::tensor(e_->builder().constant(a.number, DType::boolean));
  case Argument::Kind::text: {
    Value v;
    v.kind = Value::Kind::text;
    v.text = a.text;
    return v;
  }
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

// `ring(k, like x)` makes a state of three tensors.
static bool is_ring(const StateDecl& state) {
  const auto* call = state.init ? state.init->as<Call>() : nullptr;
  const auto* callee = call ? call->callee->as<NameRef>() : nullptr;
  return callee && callee->name == std::string_view("ring");
}

void RuleFrame::collect_states() {
  const Type number = Type::scalar(DType::f64);
  for (const RuleTree::Clock& clock : tree_.clocks)
    if (!clock.state.empty())
      states_.push_back({clock.state, nullptr, number, false, -1, 0, "", nullptr, false, {}, {}});
  auto from = [&](const Block& body, const std::string& prefix, int node,
                  const std::string& schedule, const Argument* argument) {
    for (const Stmt* s : body)
      if (const auto* states = s->as<StateStmt>())
        for (const StateDecl& state : states->states)
          for (int part = is_ring(state) ? 1 : 0; part >= 0;
               part = part == 0 || part == 3 ? -1 : part + 1) {
            static constexpr const char* kParts[] = {"", "", ".count", ".newest"};
            states_.push_back({prefix + state.name.name.str() + kParts[part],
                               &state,
                               number,
                               argument == nullptr,
                               node,
                               part,
                               schedule,
                               argument,
                               false,
                               {},
                               {}});
          }
  };
  std::function<void(int, const std::string&, const std::vector<Param>&,
                     const std::vector<Argument>&)>
      schedules = [&](int node, const std::string& where, const std::vector<Param>& params,
                      const std::vector<Argument>& arguments) {
        for (size_t k = 0; k < params.size(); ++k)
          if (arguments[k].kind == Argument::Kind::schedule) {
            std::string name = where + params[k].name.name.str();
            from(arguments[k].schedule->body, name + ".", node, name, &arguments[k]);
            schedules(node, name + ".", arguments[k].schedule->params, arguments[k].arguments);
          }
      };
  for (size_t n = 0; n < tree_.nodes.size(); ++n)
    schedules(static_cast<int>(n), tree_.nodes[n].prefix, tree_.nodes[n].params(),
              tree_.nodes[n].call->arguments);
  for (size_t n = 0; n < tree_.nodes.size(); ++n)
    from(tree_.nodes[n].body(), tree_.nodes[n].prefix, static_cast<int>(n), "", nullptr);
}

void RuleFrame::begin() {
  u_.graph.begin_round();
  e_.emplace(u_);
  e_->hooks = this;
  e_->draw_shape = x_type_.shape;
  parameters_.clear();
  unit_.names.clear();
  e_->step = parameter("t", Type::scalar(DType::f64), false);
  e_->loss = parameter("loss", Type::scalar(DType::f64), false);
  e_->epoch = parameter("epoch", Type::scalar(DType::f64), false);
  e_->batch = parameter("batch", Type::scalar(DType::f64), false);
  parameter("value", Type::scalar(u_.precision), false);
  ValueId seed = parameter("seed", Type::scalar(DType::i64), false);
  for (const RuleUnit::Hyper& hyper : unit_.hypers)
    parameter("hyper " + hyper.name, Type::scalar(DType::f64), false);
  for (const StateDef& state : states_)
    if (!state.per_tensor && !state.fresh) parameter("state " + state.name, state.type, false);
  x_ = parameter("x", x_type_, true);
  gradient_ = parameter("gradient", x_type_, true);
  e_->draw_key = {seed, parameter("name", Type::scalar(DType::i64), true)};
  if (before_) e_->draw_step = e_->builder().integer(0);
  for (const StateDef& state : states_)
    if (state.per_tensor && !state.fresh) parameter("state " + state.name, state.type, true);
  if (body_) e_->bind(u_.program.symbol_of(body_->variable), Value::tensor(x_));
  schedule_states_.clear();
  recorded_.clear();
  for (StateDef& state : states_) {
    state.current = state.fresh ? ValueId{} : arg("state " + state.name);
    state.told = {};
    if (state.argument) schedule_states_[state.name] = {state.current, state.current};
  }
  e_->schedule_states = &schedule_states_;
  Value f;
  f.kind = Value::Kind::objective;
  for (size_t k = 0; k < u_.program.symbols.size(); ++k)
    if (u_.program.symbols[k].kind == sema::SymbolKind::objective)
      e_->bind(sema::SymbolId(static_cast<uint32_t>(k)), f);
}

ValueId RuleFrame::step_of(int clock) {
  const std::string& name = tree_.clocks[static_cast<size_t>(clock)].state;
  if (name.empty() || before_) return arg("t");
  for (const StateDef& state : states_)
    if (!state.decl && state.name == name)
      return e_->builder().add(state.current, e_->builder().constant(1));
  TW_CHECK(false, "no count {}", name);
}

void RuleFrame::enter(int at) {
  const RuleTree::Node& n = node(at);
  e_->step = step_of(n.clock);
  // A rule around another one, and a transform before one, do not know which it is.
  const bool around =
      n.call->decl->as<TransformDecl>() ||
      std::any_of(n.inner.begin(), n.inner.end(), [](int level) { return level >= 0; });
  for (size_t k = 0; k < n.params().size(); ++k) {
    const Argument::Kind kind = n.call->arguments[k].kind;
    Value v = hyper_value(n.prefix + n.params()[k].name.name.str(), n.call->arguments[k]);
    if (n.inner[k] >= 0) {
      v.kind = Value::Kind::rule;
      v.level = n.inner[k];
    }
    v.decides = around && (kind == Argument::Kind::boolean || kind == Argument::Kind::text);
    e_->bind(u_.program.symbol_of(n.params()[k].name), v);
  }
  for (size_t k = 0; k < states_.size(); ++k)
    if (const StateDef& state = states_[k]; state.per_tensor && state.node == at && state.ring <= 1)
      e_->bind(u_.program.symbol_of(state.decl->name), value_of_state(k));
}

Value RuleFrame::value_of_state(size_t k) const {
  if (states_[k].ring == 0) return Value::tensor(states_[k].current);
  return Value::ring(states_[k].current, states_[k + 1].current, states_[k + 2].current);
}

std::optional<Dim> RuleFrame::size_of(ValueId id) {
  const thalweg::Node& node = u_.graph.node(id);
  if (node.op != Op::arg) return std::nullopt;
  size_t index = static_cast<size_t>(node.attr.ints[0]);
  if (index >= parameters_.size() || !parameters_[index].name.starts_with("hyper "))
    return std::nullopt;
  std::string name = parameters_[index].name.substr(6);
  for (size_t k = 0; k < unit_.hypers.size(); ++k)
    if (unit_.hypers[k].name == name &&
        std::none_of(unit_.sizes.begin(), unit_.sizes.end(),
                     [&](const RuleUnit::Size& size) { return size.hyper == k; }))
      unit_.sizes.push_back({"capacity_" + name, k});
  return Dim::symbol("capacity_" + name);
}

ValueId RuleFrame::moved(ValueId current, ValueId next) {
  Builder& b = e_->builder();
  ValueId holds = e_->path_condition();
  if (!holds.valid()) return next;
  // The narrower of the two takes the other's type; what fits neither way is told by widen().
  if (b.type(next).dtype == DType::i64) next = e_->real(next);
  if (is_real(b.type(current).dtype) && b.type(current).dtype != b.type(next).dtype) {
    current = e_->to_precision(current);
    next = e_->to_precision(next);
  }
  if (b.shape(current).empty()) current = b.broadcast_scalar(current, b.shape(next));
  if (b.shape(next).empty()) next = b.broadcast_scalar(next, b.shape(current));
  if (b.type(current) != b.type(next)) return next;
  return b.select(b.broadcast_scalar(holds, b.shape(next)), next, current);
}

void RuleFrame::record_schedule(const std::string& name, const Argument& a) {
  Value v = e_->schedule_at(hyper_value(name, a).schedule, e_->step);
  if (!v.is_tensor()) return;
  std::erase_if(recorded_, [&](const Recorded& known) { return known.name == name; });
  auto schedules = std::count_if(a.arguments.begin(), a.arguments.end(), [](const Argument& x) {
    return x.kind == Argument::Kind::schedule;
  });
  recorded_.push_back({name, e_->builder().cast(v.id, DType::f64), {a.span, schedules > 1}});
}

void RuleFrame::leave(int at) {
  const RuleTree::Node& n = node(at);
  // The schedules' states advance even where the rule does not read the rate.
  for (size_t k = 0; k < n.params().size(); ++k) {
    const Argument& a = n.call->arguments[k];
    if (a.kind != Argument::Kind::schedule || to_the_end_ > 0) continue;
    record_schedule(n.prefix + n.params()[k].name.name.str(), a);
  }
  for (StateDef& state : states_) {
    if (state.node != at) continue;
    if (state.per_tensor) {
      auto it = e_->primes.find(u_.program.symbol_of(state.decl->name).value);
      state.told = {};
      if (it != e_->primes.end() && !it->second.is_poison())
        state.told = state.ring == 2   ? it->second.low
                     : state.ring == 3 ? it->second.high
                                       : it->second.id;
    } else {
      state.told = schedule_states_[state.name].next;
    }
    if (state.told.valid()) state.current = moved(state.current, state.told);
    if (!state.per_tensor) schedule_states_[state.name] = {state.current, state.current};
  }
  // Stepped once more, the rule finds its schedules a step ahead.
  for (const Param& param : n.params())
    e_->forget_schedules(n.prefix + param.name.name.str());
}

void RuleFrame::advance(int clock) {
  const std::string& name = tree_.clocks[static_cast<size_t>(clock)].state;
  for (StateDef& state : states_)
    if (!name.empty() && !state.decl && state.name == name) {
      state.told = step_of(clock);
      state.current = moved(state.current, state.told);
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
  for (int k = static_cast<int>(tree_.nodes.size()); k-- > 0;)
    enter(k);
  for (StateDef& state : states_) {
    if (state.fresh) continue;
    ValueId value = initial_value(state, x_, first);
    if (!value.valid()) return;
    results.push_back({state.name, value, state.per_tensor, -1});
  }
  unit_.initial.results = std::move(results);
}

ValueId RuleFrame::initial_value(StateDef& state, ValueId x, bool first) {
  if (!state.decl) return e_->builder().constant(0);
  if (state.argument)
    bind_schedule(state);
  else {
    enter(state.node);
    e_->bind(u_.program.symbol_of(node(state.node).variable()), Value::tensor(x));
  }
  Value v = state.decl->init ? (state.ring ? e_->tensor_or_ring(*state.decl->init)
                                           : e_->tensor(*state.decl->init))
                             : Value::tensor(e_->builder().constant(0));
  if (v.kind == Value::Kind::ring)
    v = Value::tensor(state.ring == 2 ? v.low : state.ring == 3 ? v.high : v.id);
  if (!v.is_tensor()) return {};
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
    if (!shape) return {};
    v.id = e_->to_precision(v.id);
    v = e_->broadcast_to(v, *shape, *state.decl->init, "the state");
    if (!v.is_tensor()) return {};
  }
  if (first)
    state.type = e_->builder().type(v.id);
  else
    v.id = fit(v.id, state.type);
  return v.id;
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
    if (state.fresh) continue;
    if (!state.current.valid()) return false; // its line had an error, which was told
    if (e_->builder().type(state.current).dtype == DType::i64)
      state.current = e_->real(state.current);
    Type found = e_->builder().type(state.current);
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
