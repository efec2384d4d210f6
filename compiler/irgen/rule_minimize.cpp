// inner.minimize: an inner optimizer run to a stop on an objective inside a step, as a loop of the
// graph whose states are the inner rule's.
#include "irgen/rule_builder.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// Draws of a round are those of the outer step and the round together.
constexpr int64_t kRoundsOfDraws = int64_t{1} << 24;

// A level and those inside it.
std::vector<int> RuleBuilder::levels_in(int at) const {
  std::vector<int> levels{at};
  for (size_t k = 0; k < levels.size(); ++k)
    for (int n : nodes_of(levels[k]))
      for (int inner : node(n).inner)
        if (inner >= 0) levels.push_back(inner);
  return levels;
}

std::vector<int> RuleBuilder::nodes_of(int at) const {
  std::vector<int> nodes = level(at).transforms;
  if (level(at).rule >= 0) nodes.push_back(level(at).rule);
  return nodes;
}

// The states of a level and of those inside it, counts of steps first.
std::vector<size_t> RuleBuilder::states_of(int at) const {
  std::vector<size_t> found;
  auto belongs = [&](const StateDef& state, int n) {
    return state.decl ? state.node == n
                      : tree_.clocks[static_cast<size_t>(node(n).clock)].state == state.name;
  };
  std::vector<int> nodes;
  for (int inside : levels_in(at))
    for (int n : nodes_of(inside))
      nodes.push_back(n);
  for (size_t k = 0; k < states_.size(); ++k)
    if (std::any_of(nodes.begin(), nodes.end(), [&](int n) { return belongs(states_[k], n); }))
      found.push_back(k);
  return found;
}

std::optional<RuleBuilder::MinimizeCall> RuleBuilder::minimize_call(const Call& call,
                                                                    const Expr& e) {
  constexpr std::array<std::string_view, 4> kNames{"h", "from", "steps", "tolerance"};
  std::array<const Expr*, 4> given{};
  size_t next = 0;
  for (const Arg& a : call.args) {
    size_t k = next;
    if (a.style == ArgStyle::positional)
      ++next;
    else
      k = static_cast<size_t>(std::find(kNames.begin(), kNames.end(), a.name.name.view()) -
                              kNames.begin());
    if (k >= given.size() || given[k]) {
      e_->error(DiagKind::unknown_argument, a.span,
                "'minimize' takes a function, from, steps and tolerance");
      return std::nullopt;
    }
    given[k] = a.value;
  }
  if (!given[0] || !given[1] || !given[2]) {
    e_->error(DiagKind::argument_count, e.span,
              "'minimize' takes a function, the point to begin from and the most steps")
        .help("write inner.minimize(h, from = x, steps = 100, tolerance = 1e-8)");
    return std::nullopt;
  }
  MinimizeCall out;
  out.objective = e_->expr(*given[0]);
  if (out.objective.is_poison()) return std::nullopt;
  const bool function = out.objective.kind == Value::Kind::function &&
                        out.objective.derivative == 0 && !out.objective.function->params.empty();
  const bool f = out.objective.kind == Value::Kind::objective &&
                 out.objective.objective.part.empty() && out.objective.objective.order == 0;
  if (!function && !f) {
    e_->error(DiagKind::wrong_kind, given[0]->span,
              fmt::format("'minimize' takes the objective or a function of one tensor; '{}' is "
                          "neither",
                          e_->source_text(*given[0])));
    return std::nullopt;
  }
  std::optional<ValueId> from = point_of(*given[1], "a point");
  std::optional<ValueId> rounds = e_->rounds(*given[2], "the most steps");
  Value tolerance = given[3] ? e_->scalar(*given[3]) : Value::tensor(e_->builder().constant(0));
  if (!from || !rounds || !tolerance.is_tensor()) return std::nullopt;
  out.from = *from;
  out.rounds = *rounds;
  out.tolerance = e_->real(tolerance.id);
  return out;
}

// What a level that is run to its end asks of its objective: that stands in the scope of the rule
// around it, and what it asks in turn that one answers.
Value RuleBuilder::ask_minimized(size_t depth, OracleKind kind, std::vector<ValueId> operands,
                                 const Expr& at) {
  const bool squares_asked = kind == OracleKind::residuals || kind == OracleKind::jacobian;
  if (squares_asked && active_[depth].minimized->objective.kind != Value::Kind::objective)
    return e_->not_lowered(at.span, "residuals of a function that 'minimize' minimizes");
  std::vector<Active> suspended(
      std::make_move_iterator(active_.begin() + static_cast<ptrdiff_t>(depth)),
      std::make_move_iterator(active_.end()));
  active_.resize(depth);
  const Minimized& minimized = *suspended[0].minimized;
  Elaborator::Scope inside = e_->scope();
  e_->restore(minimized.scope);
  const bool curved = kind == OracleKind::hessian || kind == OracleKind::hvp;
  Value v;
  if (minimized.objective.kind == Value::Kind::objective) {
    v = squares_asked ? squares(kind, Value::tensor(operands[0]), at)
        : curved      ? curvature(kind, std::move(operands), at)
                      : ask(depth - 1, kind == OracleKind::gradient ? 1 : 0, operands[0], at);
  } else {
    std::vector<Value> arguments;
    for (ValueId operand : operands)
      arguments.push_back(Value::tensor(operand));
    const FunctionDecl& h = *minimized.objective.function;
    if (kind == OracleKind::value) {
      std::optional<std::vector<Value>> all = e_->with_defaults(h, arguments[0], at);
      if (all) v = e_->tensor(e_->call_function(h, *all, at), at);
      if (v.is_tensor() && !e_->builder().type(v.id).is_scalar()) {
        e_->error(DiagKind::not_scalar, at.span,
                  fmt::format("what is minimized is one number; '{}' is {}", h.name.name.view(),
                              e_->type_text(v.id)));
        v = {};
      }
      if (v.is_tensor()) v.id = e_->to_precision(e_->real(v.id));
    } else {
      v = e_->derivative(kind == OracleKind::gradient  ? DerivativeKind::gradient
                         : kind == OracleKind::hessian ? DerivativeKind::hessian
                                                       : DerivativeKind::product,
                         minimized.objective, std::move(arguments), at);
    }
  }
  e_->restore(std::move(inside));
  active_.insert(active_.end(), std::make_move_iterator(suspended.begin()),
                 std::make_move_iterator(suspended.end()));
  return v;
}

// A `fail` or `done` of the inner rule ends its run, where it was before that step.
ValueId RuleBuilder::ended_by_itself(size_t first_check) {
  Builder& b = e_->builder();
  ValueId ended = b.constant(0, DType::boolean);
  std::vector<PendingCheck> ranges;
  for (size_t k = first_check; k < e_->checks.size(); ++k) {
    PendingCheck& check = e_->checks[k];
    if (check.kind == PendingCheck::Kind::require) {
      ranges.push_back(std::move(check));
      continue;
    }
    ValueId holds = check.condition;
    if (check.within.valid()) holds = b.make(Op::logical_and, {check.within, holds});
    ended = b.make(Op::logical_or, {ended, holds});
  }
  e_->checks.resize(first_check);
  for (PendingCheck& range : ranges)
    e_->checks.push_back(std::move(range));
  return ended;
}

Value RuleBuilder::inner_minimize(int at, const Call& call, const Expr& e) {
  if (before_ || active_.empty())
    return e_->poison(DiagKind::wrong_kind, e.span, "nothing is minimized before step 1");
  if (!unit_.demands.vector) {
    e_->error(DiagKind::wrong_kind, e.span,
              "'minimize' asks for the objective in a loop, which rules for single tensors do not")
        .help("write the rule 'on vector'");
    return {};
  }
  for (const Active& active : active_)
    if (active.level == at)
      return e_->poison(DiagKind::wrong_kind, e.span,
                        "the rule behind a transform steps by itself, once the gradient is ready");
  const std::vector<size_t> own = states_of(at);
  if (std::any_of(own.begin(), own.end(), [&](size_t k) { return !states_[k].fresh; })) {
    for (size_t k : own)
      states_[k].fresh = true;
    again_ = true;
    return {};
  }
  std::optional<MinimizeCall> given = minimize_call(call, e);
  if (!given) return {};
  Builder& b = e_->builder();
  const Minimized minimized{given->objective, e_->scope()};
  const size_t depth = active_.size();
  const std::vector<ValueId> path = std::exchange(e_->path, {});
  const ValueId draws = e_->draw_step, step = e_->step;
  ++to_the_end_;
  auto forget = [&] {
    for (int inside : levels_in(at))
      outcomes_.erase(inside);
  };
  auto finish = [&](Value v) {
    --to_the_end_;
    active_.resize(depth);
    e_->restore(minimized.scope);
    e_->path = path;
    e_->draw_step = draws;
    forget();
    return v;
  };
  auto draw_at = [&](ValueId round) {
    ValueId outer = draws.valid() ? draws : b.cast(step, DType::i64);
    e_->draw_step = b.add(b.mul(outer, b.integer(kRoundsOfDraws)), round);
  };
  auto slope_at = [&](ValueId z) {
    active_.push_back({.level = at, .x = z, .origin = z, .minimized = &minimized, .span = e.span});
    Value g = ask_minimized(depth, OracleKind::gradient, {z}, e);
    active_.resize(depth);
    return g;
  };

  auto length_of = [&](ValueId g) { return b.make(Op::sqrt, {b.contract(g, {0}, g, {0}, {})}); };
  bool has_answer = false;

  // The start: the point, the gradient there, its answer, whether it ended, then the states.
  std::vector<Elaborator::Carried> carried;
  auto carry = [&](ValueId start, std::string text) {
    carried.push_back(
        {static_cast<uint32_t>(carried.size()), start, b.type(start), e.span, std::move(text)});
  };
  Value slope = slope_at(given->from);
  if (!slope.is_tensor()) return finish({});
  carry(given->from, "the point");
  carry(slope.id, "the gradient");
  carry(given->from, "the answer");
  carry(b.constant(0, DType::boolean), "the end");
  const size_t first = carried.size();
  draw_at(b.integer(0));
  active_.push_back({.level = at,
                     .node = level(at).rule,
                     .x = given->from,
                     .origin = given->from,
                     .minimized = &minimized,
                     .slope = slope.id,
                     .span = e.span});
  for (size_t k : own) {
    StateDef& state = states_[k];
    state.current = initial_value(state, given->from, true);
    if (!state.current.valid()) return finish({});
    if (state.argument) schedule_states_[state.name] = {state.current, state.current};
  }
  active_.resize(depth);
  for (size_t k : own)
    carry(states_[k].current, fmt::format("state '{}'", states_[k].name));

  auto round = [&](ValueId number, const std::vector<ValueId>& now) -> Elaborator::Round {
    const size_t first_check = e_->checks.size();
    e_->restore(minimized.scope);
    draw_at(b.add(number, b.integer(1)));
    for (size_t k = 0; k < own.size(); ++k) {
      StateDef& state = states_[own[k]];
      state.current = now[first + k];
      if (state.argument) schedule_states_[state.name] = {state.current, state.current};
    }
    e_->forget_schedules(level(at).prefix);
    forget();
    std::optional<Outcome> outcome = step_level(
        {.level = at, .x = now[0], .minimized = &minimized, .slope = now[1], .span = e.span});
    ValueId ended = ended_by_itself(first_check);
    Value after = outcome ? slope_at(outcome->next) : Value{};
    Elaborator::Round made{{}, {now.begin(), now.begin() + static_cast<ptrdiff_t>(first)}, false};
    if (after.is_tensor()) {
      ValueId large = b.make(Op::lt, {given->tolerance, b.cast(length_of(now[1]), DType::f64)});
      made.more = b.make(Op::logical_and, {b.make(Op::logical_not, {now[3]}), large});
      ValueId stays = b.broadcast_scalar(ended, x_type_.shape);
      made.next[0] = b.select(stays, now[0], outcome->next);
      made.next[1] = after.id;
      has_answer = outcome->answer.has_value();
      made.next[2] = has_answer ? b.select(stays, now[2], outcome->answer->value) : made.next[0];
      made.next[3] = ended;
      made.fine = true;
    }
    for (size_t k = 0; k < own.size(); ++k) {
      ValueId next = states_[own[k]].current;
      made.next.push_back(next.valid() ? next : now[first + k]);
    }
    return made;
  };
  std::optional<std::vector<ValueId>> left =
      e_->repeated(given->rounds, std::move(carried), round, e.span);
  if (!left) return finish({});
  for (size_t k = 0; k < own.size(); ++k)
    states_[own[k]].current = (*left)[first + k];
  return finish(Value::tensor((*left)[has_answer ? 2 : 0]));
}

} // namespace thalweg::irgen
