// Statements: bodies of functions, schedules and rules, one after another; what ends a step.
#include "irgen/elaborator.h"

#include "support/overloaded.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

Value Elaborator::block(const Block& body, Span where) {
  auto outer_returned = env_.find(kReturned), outer_result = env_.find(kResult);
  std::optional<Value> returned, result;
  if (outer_returned != env_.end()) returned = outer_returned->second;
  if (outer_result != env_.end()) result = outer_result->second;
  env_.erase(kReturned);
  env_.erase(kResult);
  bool fine = statements(body);
  Value v;
  if (fine && always_returns(body)) v = env_.at(kResult);
  env_.erase(kReturned);
  env_.erase(kResult);
  if (returned) env_[kReturned] = *returned;
  if (result) env_[kResult] = *result;
  if (!fine || always_returns(body)) return v;
  bool some = std::any_of(body.begin(), body.end(), [](const Stmt* s) { return returns(*s); });
  error(DiagKind::missing_return, where,
        some ? "the block may end without a 'return'" : "the block returns nothing")
      .help("end it with a line 'return …'");
  return {};
}

// One after another; what stands after a return that may have been met, only if it was not.
bool Elaborator::statements(std::span<const Stmt* const> body) {
  for (size_t k = 0; k < body.size(); ++k) {
    const Stmt& s = *body[k];
    if (!statement(s)) return false;
    if (k + 1 == body.size() || !returns(s)) continue;
    const Value& met = env_.at(kReturned);
    if (scalar_constant(u_.graph, met.id) == 1) {
      error(DiagKind::unreachable, body[k + 1]->span, "nothing after 'return' is evaluated");
      return false;
    }
    std::span<const Stmt* const> rest = body.subspan(k + 1);
    Names names{kReturned, kResult};
    assigned({rest.begin(), rest.end()}, names);
    Expr at{s.span, 0, {}};
    return branch(
        Value::tensor(b_.make(Op::logical_not, {met.id})), names, [&] { return statements(rest); },
        [] { return true; }, at);
  }
  return true;
}

bool Elaborator::assign(const AssignStmt& n) {
  if (!n.index.empty()) return assign_element(n);
  sema::SymbolId id = u_.program.symbol_of(n.name);
  Value v = tensor(*n.value);
  if (!id.valid() || v.is_poison()) return false;
  bind(id, v);
  return true;
}

bool Elaborator::statement(const Stmt& s) {
  auto store = [&](const Ident& name, const Value& v) {
    bind(u_.program.symbol_of(name), v);
    if (v.is_tensor()) let_names.emplace(v.id.value, name.name.str());
    return !v.is_poison();
  };
  auto later = [&](std::string_view what) {
    return !not_lowered(s.span, std::string(what)).is_poison();
  };
  return std::visit(
      overloaded{
          [&](const LetStmt& n) { return store(n.name, expr(*n.value)); },
          [&](const VarStmt& n) { return store(n.name, tensor(*n.value)); },
          [&](const AssignStmt& n) { return assign(n); },
          [&](const IfStmt& n) { return if_statement(n, 0); },
          [&](const ReturnStmt& n) { return give_back(expr(*n.value)); },
          [&](const PrimeStmt& n) {
            Value v = tensor_or_ring(*n.value);
            primes[u_.program.symbol_of(n.name).value] = v;
            return !v.is_poison();
          },
          [&](const RequireStmt& n) {
            require(*n.condition);
            return true;
          },
          [](const StateStmt&) { return true; },
          [](const FunctionStmt&) { return true; },
          [&](const ForStmt& n) { return for_loop(n, s.span); },
          [&](const WhileStmt& n) {
            std::optional<ValueId> most = rounds(*n.max_rounds, "the most rounds of a loop");
            return most && loop({*most, n.condition, {}, &n.body, s.span});
          },
          [&](const RepeatStmt& n) {
            std::optional<ValueId> count = rounds(*n.count, "a number of rounds");
            return count && loop({*count, nullptr, {}, &n.body, s.span});
          },
          [&](const ReportStmt&) { return later("'report' here"); },
          [&](const FailStmt& n) {
            return stop(PendingCheck::Kind::fail, n.text, n.condition, s.span);
          },
          [&](const DoneStmt& n) {
            return stop(PendingCheck::Kind::done, n.text, n.condition, s.span);
          },
          [&](const AnswerStmt& n) { return hooks && hooks->answer(*n.value); },
          [&](const StepWhenStmt& n) { return hooks && hooks->step_when(*n.condition); },
      },
      s.node);
}

ValueId Elaborator::both(ValueId a, ValueId b) {
  if (!a.valid()) return b;
  return b.valid() && a != b ? b_.make(Op::logical_and, {a, b}) : a;
}

ValueId Elaborator::path_condition() {
  ValueId all;
  for (ValueId condition : path)
    all = both(all, condition);
  return all;
}

void Elaborator::restore(Scope scope) {
  env_ = std::move(scope.env);
  primes = std::move(scope.primes);
  step = scope.step;
}

void Elaborator::require(const Expr& condition_expr) {
  Value v = condition(condition_expr);
  if (!v.is_tensor()) return;
  if (!b_.type(v.id).is_scalar()) {
    error(DiagKind::wrong_kind, condition_expr.span, "'require' needs a single truth value");
    return;
  }
  checks.push_back({PendingCheck::Kind::require,
                    b_.make(Op::logical_not, {v.id}),
                    path_condition(),
                    {std::string(u_.sources.text(condition_expr.span))},
                    {},
                    condition_expr.span,
                    {}});
}

// `fail` and `done`: a check with a text that is filled in where the run ends.
bool Elaborator::stop(PendingCheck::Kind kind, const Template& text, const Expr* condition_expr,
                      Span span) {
  std::string_view word = kind == PendingCheck::Kind::fail ? "fail" : "done";
  if (!hooks)
    return !poison(DiagKind::misplaced_statement, span,
                   fmt::format("'{}' ends a step of a rule; nothing steps here", word))
                .is_poison();
  Value c =
      condition_expr ? condition(*condition_expr) : Value::tensor(b_.constant(1, DType::boolean));
  bool fine = c.is_tensor();
  if (fine && !b_.type(c.id).is_scalar()) {
    error(DiagKind::wrong_kind, condition_expr->span,
          fmt::format("'{}' needs a single truth value; '{}' is {}", word,
                      source_text(*condition_expr), type_text(c.id)))
        .help("reduce it: any(…), norm(…) > …");
    fine = false;
  }
  PendingCheck check{kind, c.id, path_condition(), text.pieces, {}, span, {}};
  for (ValueId around : path)
    if (!b_.type(around).is_scalar()) {
      error(DiagKind::wrong_kind, span,
            fmt::format("'{}' under a condition that differs from element to element", word));
      return false;
    }
  for (const Expr* hole : text.holes) {
    Value v = tensor(*hole);
    fine = fine && v.is_tensor();
    if (!v.is_tensor()) continue;
    if (!b_.type(v.id).is_scalar()) {
      error(DiagKind::not_scalar, hole->span,
            fmt::format("a text shows single numbers; '{}' is {}", source_text(*hole),
                        type_text(v.id)))
          .help("reduce it: norm(…), max(abs(…))");
      fine = false;
      continue;
    }
    check.holes.push_back(v.id);
  }
  if (fine) checks.push_back(std::move(check));
  return fine;
}

} // namespace thalweg::irgen
