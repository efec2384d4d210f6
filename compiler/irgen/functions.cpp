// Calls of functions written in the language, and schedules.
#include "irgen/elaborator.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

constexpr size_t kMaxCallDepth = 64;
// Functions are written out where they are called: two calls in each of thirty make 2^30.
constexpr int64_t kMaxCalls = 20'000;

std::optional<std::vector<Value>> Elaborator::bind_arguments(const std::vector<Param>& params,
                                                             const Call& n, const Expr&) {
  std::vector<Value> values(params.size());
  std::vector<bool> given(params.size(), false);
  bool bad = false;
  size_t next = 0;
  for (const Arg& arg : n.args) {
    size_t k = next;
    if (arg.style == ArgStyle::positional)
      ++next;
    else
      k = static_cast<size_t>(
          std::find_if(params.begin(), params.end(),
                       [&](const Param& p) { return p.name.name == arg.name.name; }) -
          params.begin());
    Value v = expr(*arg.value);
    bad = bad || v.is_poison() || k >= params.size();
    if (k >= params.size()) continue; // reported by sema
    values[k] = std::move(v);
    given[k] = true;
  }
  if (bad) return std::nullopt;
  // Defaults may mention the arguments before them.
  for (size_t k = 0; k < params.size(); ++k) {
    if (!given[k]) {
      if (!params[k].value) return std::nullopt;
      values[k] = expr(*params[k].value);
      if (values[k].is_poison()) return std::nullopt;
    }
    bind(u_.program.symbol_of(params[k].name), values[k]);
  }
  return values;
}

Value Elaborator::call_function(const FunctionDecl& f, const std::vector<Value>& arguments,
                                const Expr& at) {
  for (const Value& v : arguments)
    if (v.is_poison()) return {};
  if (sites_.size() >= kMaxCallDepth)
    return poison(DiagKind::recursion, at.span,
                  fmt::format("calls nest more than {} deep", kMaxCallDepth));
  if (++calls_ > kMaxCalls) {
    if (calls_ == kMaxCalls + 1)
      error(DiagKind::expression_too_large, at.span,
            fmt::format("calls inside calls come to more than {}", kMaxCalls));
    return {};
  }
  sites_.push_back(at.span);
  for (size_t k = 0; k < f.params.size() && k < arguments.size(); ++k)
    bind(u_.program.symbol_of(f.params[k].name), arguments[k]);
  size_t errors = u_.diags.error_count();
  Value v = f.formula ? expr(*f.formula) : block(f.body, f.name.span);
  // A mistake inside a library function comes from how it was called.
  if (u_.diags.error_count() > errors && f.name.span.file != at.span.file &&
      u_.diags.all().back().labels().empty())
    const_cast<Diagnostic&>(u_.diags.all().back())
        .label(at.span, fmt::format("in this call of '{}'", f.name.name.view()));
  if (v.is_tensor() && !f.clauses.empty()) note_call(f, arguments, v.id, at);
  sites_.pop_back();
  return v;
}

// What its declaration says of the function, beside what its formula became.
void Elaborator::note_call(const FunctionDecl& f, const std::vector<Value>& arguments,
                           ValueId result, const Expr& at) {
  convex::CallNote note;
  note.function = f.name.name.str();
  note.result = result;
  note.span = at.span;
  for (const Value& v : arguments)
    note.arguments.push_back(v.is_tensor() ? v.id : ValueId{});
  for (const AttachedClause& clause : f.clauses) {
    note.has_prox = note.has_prox || clause.kind == AttachedClause::Kind::prox;
    if (clause.kind != AttachedClause::Kind::convex && clause.kind != AttachedClause::Kind::concave)
      continue;
    note.curvature = clause.kind == AttachedClause::Kind::convex ? 1 : -1;
    note.monotone = clause.monotone;
    if (!clause.value) continue;
    if (Value slope = scalar(*clause.value); slope.is_tensor()) note.smooth = real(slope.id);
  }
  notes.push_back(std::move(note));
  noted.push_back({&f, arguments});
}

std::optional<std::vector<Value>> Elaborator::arguments_of(const std::vector<Param>& params,
                                                           const Expr& name_or_call) {
  static const Call none{};
  const Call* call = name_or_call.as<Call>();
  return bind_arguments(params, call ? *call : none, name_or_call);
}

static bool has_state(const ScheduleDecl& schedule) {
  return std::any_of(schedule.body.begin(), schedule.body.end(),
                     [](const Stmt* s) { return s->as<StateStmt>() != nullptr; });
}

// By value: an argument may be a schedule of the same declaration, which binds the same names anew.
Value Elaborator::schedule_at(ScheduleRef schedule, ValueId t) {
  if (!t.valid()) return {};
  if (!schedule.decl) return Value::tensor(schedule.open);
  bool stateful = has_state(*schedule.decl);
  int moves = t != step; // of its clock against the rule's, or of a schedule around it
  if (stateful && shifts_ + moves > 0) {
    error(DiagKind::wrong_kind, b_.origin(),
          fmt::format("schedule '{}' has a state and can't be shifted",
                      schedule.decl->name.name.view()))
        .label(schedule.decl->name.span, "declared here")
        .note("its state advances once a step, so it has a value at t alone");
    return {};
  }
  if (sites_.size() >= kMaxCallDepth)
    return poison(DiagKind::recursion, b_.origin(),
                  fmt::format("calls nest more than {} deep", kMaxCallDepth));
  // One with a place of its own among the hyperparameters has one value at a step.
  std::pair<std::string, uint32_t> place{schedule.prefix, t.value};
  if (!schedule.prefix.empty())
    if (auto done = schedule_values_.find(place); done != schedule_values_.end())
      return done->second;
  sites_.push_back(schedule.decl->name.span);
  shifts_ += moves;
  ValueId outer = step;
  std::vector<Value> before = bind_all(schedule.decl->params, *schedule.arguments);
  step = t;
  Value v = schedule.decl->formula ? scalar(*schedule.decl->formula)
            : stateful             ? stateful_schedule(schedule)
                                   : block(schedule.decl->body, schedule.decl->name.span);
  step = outer;
  bind_all(schedule.decl->params, before);
  shifts_ -= moves;
  sites_.pop_back();
  if (v.is_tensor()) v.id = real(v.id);
  if (!schedule.prefix.empty()) schedule_values_[place] = v;
  return v;
}

// Binds arguments to their names; returns what these stood for.
std::vector<Value> Elaborator::bind_all(const std::vector<Param>& params,
                                        const std::vector<Value>& values) {
  std::vector<Value> before;
  for (size_t k = 0; k < params.size(); ++k) {
    sema::SymbolId symbol = u_.program.symbol_of(params[k].name);
    const Value* old = bound(symbol);
    before.push_back(old ? *old : Value{});
    if (values[k].is_poison())
      env_.erase(symbol.value);
    else
      bind(symbol, values[k]);
  }
  return before;
}

void Elaborator::forget_schedules(const std::string& prefix) {
  std::erase_if(schedule_values_,
                [&](const auto& value) { return value.first.first.starts_with(prefix); });
}

// Its arguments are bound. Its states are shared by the whole rule and advance once a step.
Value Elaborator::stateful_schedule(const ScheduleRef& schedule) {
  if (!schedule_states)
    return not_lowered(schedule.decl->name.span, "a schedule with a state here");
  std::vector<const Ident*> names;
  for (const Stmt* s : schedule.decl->body)
    if (const auto* states = s->as<StateStmt>())
      for (const StateDecl& state : states->states) {
        auto slot = schedule_states->find(schedule.prefix + "." + state.name.name.str());
        if (slot == schedule_states->end())
          return not_lowered(schedule.decl->name.span, "a schedule with a state here");
        bind(u_.program.symbol_of(state.name), Value::tensor(slot->second.start));
        names.push_back(&state.name);
      }
  Value v = block(schedule.decl->body, schedule.decl->name.span);
  for (const Ident* name : names) {
    auto next = primes.find(u_.program.symbol_of(*name).value);
    if (next != primes.end() && next->second.is_tensor())
      (*schedule_states)[schedule.prefix + "." + name->name.str()].next =
          b_.cast(next->second.id, DType::f64);
  }
  return v;
}

} // namespace thalweg::irgen
