// Statements: the bodies of optimizers, transforms, schedules and functions, one variant for all.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ast/expr.h"

namespace thalweg::ast {

struct Stmt;
struct FunctionDecl;
using Block = std::vector<const Stmt*>;

/// What stands after a colon: `[n, d]`, `class(k)[n]`, `optimizer`, `f32`, `like x`.
struct TypeSpec {
  Span span;
  Ident kind;                    // class, int, optimizer, bf16 …; empty for plain `[n]`
  std::vector<const Expr*> args; // class(k)
  bool has_dims = false;         // brackets were written
  std::vector<const Expr*> dims; // the expressions in them
  const Expr* like = nullptr;    // `like x`: then nothing else is set
};

/// `let m̂ = e`.
struct LetStmt {
  Ident name;
  const Expr* value;
};

/// `var q = e`: a name of a function body that may be assigned again.
struct VarStmt {
  Ident name;
  const Expr* value;
};

struct StateDecl {
  Ident name;
  std::optional<TypeSpec> type;
  const Expr* init;
};
/// `state m = 0, v: like x = 0`.
struct StateStmt {
  std::vector<StateDecl> states; // one or more
};

/// `m' = e`.
struct PrimeStmt {
  Ident name; // without the prime
  const Expr* value;
};

/// `q = e`, `a[i] = e`.
struct AssignStmt {
  Ident name;
  std::vector<IndexItem> index; // empty for a plain name
  const Expr* value;
};

/// `for i in range { … }`; `reversed(range)` is taken apart.
struct ForStmt {
  Ident index;
  const Expr* range;
  bool reversed;
  Block body;
};

/// `while c max N { … }`: ends quietly after N rounds.
struct WhileStmt {
  const Expr* condition;
  const Expr* max_rounds;
  Block body;
};

struct RepeatStmt {
  const Expr* count;
  Block body;
};

struct IfStmtArm {
  const Expr* condition;
  Block body;
};
struct IfStmt {
  std::vector<IfStmtArm> arms; // one or more
  bool has_else = false;
  Block otherwise;
};

struct ReturnStmt {
  const Expr* value;
};

/// A text with `{expression}` holes: pieces.size() == holes.size() + 1.
struct Template {
  Span span;
  std::vector<std::string> pieces;
  std::vector<const Expr*> holes;
};

struct ReportItem {
  Ident name; // empty: the value's own text names it
  const Expr* value;
};
/// `report alpha, curvature = dot(s, y)`.
struct ReportStmt {
  std::vector<ReportItem> items;
};

/// `require 0 <= beta1 < 1`.
struct RequireStmt {
  const Expr* condition;
};

/// `fail "text {value}" if c`: ends the run as failed.
struct FailStmt {
  Template text;
  const Expr* condition; // null: always
};

/// `done "text" if c`: ends the run as converged.
struct DoneStmt {
  Template text;
  const Expr* condition; // null: always
};

/// `answer e`: the point that validation and results use.
struct AnswerStmt {
  const Expr* value;
};

/// `step when c`: a transform that lets the rule behind it run only then.
struct StepWhenStmt {
  const Expr* condition;
};

/// A function that is local to an optimizer, schedule, problem or function.
struct FunctionStmt {
  const FunctionDecl* function;
};

using StmtNode = std::variant<LetStmt, VarStmt, StateStmt, PrimeStmt, AssignStmt, ForStmt,
                              WhileStmt, RepeatStmt, IfStmt, ReturnStmt, ReportStmt, RequireStmt,
                              FailStmt, DoneStmt, AnswerStmt, StepWhenStmt, FunctionStmt>;

struct Stmt {
  Span span;
  StmtNode node;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

} // namespace thalweg::ast
