// Statements: bodies of functions, schedules and rules, one after another; what ends a step.
#include "irgen/elaborator.h"

#include "support/overloaded.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

Value Elaborator::block(const Block& body, Span where) {
  std::optional<Value> returned;
  for (const Stmt* s : body) {
    if (returned) {
      error(DiagKind::unreachable, s->span, "nothing after 'return' is evaluated");
      break;
    }
    if (!statement(*s, returned)) return {};
  }
  if (!returned) {
    error(DiagKind::missing_return, where, "the block returns nothing")
        .help("end it with a line 'return …'");
    return {};
  }
  return *returned;
}

bool Elaborator::statement(const Stmt& s, std::optional<Value>& returned) {
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
          [&](const AssignStmt& n) {
            if (!n.index.empty()) return later("assignment to an element");
            sema::SymbolId id = u_.program.symbol_of(n.name);
            Value v = tensor(*n.value);
            if (!id.valid() || v.is_poison()) return false;
            bind(id, v);
            return true;
          },
          [&](const IfStmt& n) { return if_statement(n); },
          [&](const ReturnStmt& n) {
            returned = expr(*n.value);
            return !returned->is_poison();
          },
          [&](const PrimeStmt& n) {
            Value v = tensor(*n.value);
            primes[u_.program.symbol_of(n.name).value] = v;
            return !v.is_poison();
          },
          [&](const RequireStmt& n) {
            require(*n.condition);
            return true;
          },
          [](const StateStmt&) { return true; },
          [](const FunctionStmt&) { return true; },
          [&](const ForStmt&) { return later("the loop 'for'"); },
          [&](const WhileStmt&) { return later("the loop 'while'"); },
          [&](const RepeatStmt&) { return later("the loop 'repeat'"); },
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

// Both sides are evaluated; a variable that a side assigns is chosen by the condition afterwards.
bool Elaborator::if_statement(const IfStmt& n) {
  std::unordered_map<uint32_t, Value> before = env_;
  std::vector<std::pair<Value, std::unordered_map<uint32_t, Value>>>
      outcomes; // condition (or poison), bindings
  size_t depth = path.size();
  auto run = [&](const Block& body, Value c) {
    env_ = before;
    size_t arm = path.size();
    if (c.is_tensor()) path.push_back(c.id);
    std::optional<Value> returned;
    for (const Stmt* s : body) {
      if (s->as<ReturnStmt>()) return !not_lowered(s->span, "'return' inside 'if'").is_poison();
      if (!statement(*s, returned)) return false;
    }
    outcomes.emplace_back(c, env_);
    path.resize(arm);
    if (c.is_tensor()) path.push_back(b_.make(Op::logical_not, {c.id}));
    return true;
  };
  for (const IfStmtArm& arm : n.arms) {
    env_ = before;
    Value c = condition(*arm.condition);
    if (!c.is_tensor() || !run(arm.body, c)) return false;
  }
  env_ = before;
  if (n.has_else && !run(n.otherwise, {})) return false;
  path.resize(depth);
  std::unordered_map<uint32_t, Value> merged = n.has_else ? outcomes.back().second : before;
  if (n.has_else) outcomes.pop_back();
  for (size_t k = outcomes.size(); k-- > 0;)
    for (auto& [symbol, value] : merged) {
      auto it = outcomes[k].second.find(symbol);
      if (it == outcomes[k].second.end() || !value.is_tensor() || !it->second.is_tensor() ||
          it->second.id == value.id)
        continue;
      const Expr& place = *n.arms[k].condition;
      value = choose(outcomes[k].first, it->second, value, place, place);
      if (value.is_poison()) return false;
    }
  env_ = std::move(merged);
  return true;
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
