// The syntax tree: a file and its declarations; what parse produces and sema reads, never edited.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ast/expr.h"
#include "ast/stmt.h"
#include "support/arena.h"
#include "support/ids.h"
#include "support/source.h"

namespace thalweg::ast {

/// A parameter of a declaration: `lr = 1e-3`, `inner: optimizer = Rule()`, `x`.
struct Param {
  Ident name;
  std::optional<TypeSpec> type;
  const Expr* value = nullptr; // the default; null if there is none
  Span span;
};

// ── problem ──────────────────────────────────────────────────────────────────────────────────────

/// `data X: [n, d]`.
struct DataItem {
  Ident name;
  std::optional<TypeSpec> type; // none: a scalar
};

/// `param W: [hidden, k] role head = normal(0, 1)`.
struct ParamItem {
  Ident name;
  std::optional<TypeSpec> type; // none: the shape of the initial value
  Ident role;                   // may be empty
  const Expr* init;             // may be null
};

struct LetItem {
  Ident name;
  const Expr* value;
};

/// `minimize e`, `maximize e`.
struct ObjectiveItem {
  bool maximize;
  const Expr* value;
};

struct Constraint {
  Ident name; // may be empty
  const Expr* condition;
  Span span;
};
/// `subject to { sphere: sumsq(x) == 40 }`.
struct SubjectToItem {
  std::vector<Constraint> constraints;
};

struct MetricItem {
  Ident name;
  const Expr* value;
};

struct RequireItem {
  const Expr* condition;
};

struct FunctionItem {
  const FunctionDecl* function;
};

using ProblemNode = std::variant<DataItem, ParamItem, LetItem, ObjectiveItem, SubjectToItem,
                                 MetricItem, RequireItem, FunctionItem>;
struct ProblemItem {
  Span span;
  ProblemNode node;
};

struct ProblemDecl {
  Ident name;
  std::vector<Param> params;
  std::vector<ProblemItem> items;
};

// ── optimizer, transform, schedule, function, set, flow ──────────────────────────────────────────

enum class RuleScope : uint8_t { tensor, matrix, vector };

/// `… on tensor x { statements }`.
struct RuleBody {
  RuleScope scope;
  Ident variable;
  Block body;
};

struct Route {
  std::vector<Ident> groups; // roles, or matrices, vectors, scalars, otherwise
  const Expr* rule;
  Span span;
};
/// `{ head, embedding: A() otherwise: B() }`.
struct RoutingBody {
  std::vector<Route> routes;
};

/// `= backward_euler(Flow(), step = h)`.
struct DerivedBody {
  const Expr* value;
};

struct OptimizerDecl {
  Ident name;
  std::vector<Param> params;
  std::variant<RuleBody, RoutingBody, DerivedBody> body;
};

struct TransformDecl {
  Ident name;
  std::vector<Param> params;
  Ident variable; // `on g`
  Ident point;    // `of x`; empty: the parameter is not looked at
  Block body;
};

struct ScheduleDecl {
  Ident name;
  std::vector<Param> params;
  const Expr* formula; // null if a block was written
  Block body;
};

/// `prox(y, s) = e` after a function, `project(y) = e` after a set or function; `convex increasing
/// smooth L` says how a function depends on its first argument.
struct AttachedClause {
  enum class Kind : uint8_t { prox, project, convex, concave } kind;
  std::vector<Ident> params;
  const Expr* value; // of convex, concave: the smoothness constant, null if none was written
  Span span;
  int monotone = 0; // of convex, concave: 1 increasing, -1 decreasing
};

// The first of that kind; null if there is none.
inline const AttachedClause* clause_of(const std::vector<AttachedClause>& clauses,
                                       AttachedClause::Kind kind) {
  for (const AttachedClause& clause : clauses)
    if (clause.kind == kind) return &clause;
  return nullptr;
}

struct FunctionDecl {
  Ident name;
  std::vector<Param> params;
  const Expr* formula; // null if a block was written
  Block body;
  std::vector<AttachedClause> clauses;
};

/// `set Interval(lo, hi) of x: lo <= x and x <= hi  project(y) = …`.
struct SetDecl {
  Ident name;
  std::vector<Param> params;
  Ident variable;
  const Expr* condition; // null: the set has no inequality form
  std::vector<AttachedClause> clauses;
};

/// `dx/dt = e`.
struct FlowEquation {
  Ident variable; // without the d; its span covers `dx/dt`
  const Expr* value;
  Span span;
};

struct FlowDecl {
  Ident name;
  std::vector<Param> params;
  std::vector<LetItem> lets;
  std::vector<FlowEquation> equations;
};

// ── experiment ───────────────────────────────────────────────────────────────────────────────────

struct MinimizeClause {
  const Expr* problem;
};

/// `given X, y = csv("…")`.
struct GivenClause {
  std::vector<Ident> names;
  const Expr* value;
};

/// `using T |> R() as name`.
struct UsingClause {
  const Expr* value;
  Ident alias; // may be empty
};

struct HoldoutClause {
  const Expr* value;
};

/// `batch 64 of n`.
struct BatchClause {
  const Expr* size;
  Ident dimension; // may be empty
};

/// `order shuffled`.
struct OrderClause {
  Ident order;
};

struct StepsClause {
  const Expr* value;
};

struct EpochsClause {
  const Expr* value;
};

struct UntilClause {
  const Expr* condition;
};

/// `record loss, small = count(x == 0) every 10`.
struct RecordClause {
  std::vector<ReportItem> items;
  const Expr* every; // null: the default interval
};

/// `checkpoint "dir" every 100`.
struct CheckpointClause {
  const Expr* path;  // null: the default place
  const Expr* every; // null: at the end only
};

/// `search asha(trials = 24) by validation.loss`.
struct SearchClause {
  const Expr* strategy;
  const Expr* by; // may be null
};

/// `precision f32`.
struct PrecisionClause {
  Ident precision;
};

struct SeedClause {
  const Expr* value;
};

using ClauseNode =
    std::variant<MinimizeClause, GivenClause, UsingClause, HoldoutClause, BatchClause, OrderClause,
                 StepsClause, EpochsClause, UntilClause, RecordClause, CheckpointClause,
                 SearchClause, PrecisionClause, SeedClause>;
struct Clause {
  Span span;      // the whole clause
  Span word_span; // its first word
  ClauseNode node;
};

struct ExperimentDecl {
  Ident name;
  std::vector<Param> params;
  std::vector<Clause> clauses;
};

/// `use "file.tw"`.
struct UseDecl {
  std::string path;
  Span path_span;
};

// ── file ─────────────────────────────────────────────────────────────────────────────────────────

using DeclNode = std::variant<ProblemDecl, OptimizerDecl, TransformDecl, ScheduleDecl, FunctionDecl,
                              SetDecl, FlowDecl, ExperimentDecl, UseDecl>;
struct Decl {
  Span span;
  std::string doc; // the `##` lines above, without the marks, joined by newlines
  DeclNode node;
  /// Parse found errors inside: statements may be missing, so nothing that an absence explains is
  /// worth a message of its own.
  bool damaged = false;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

/// The declared name; empty for `use`.
Ident name_of(const Decl& decl);
/// "problem", "optimizer", …: the word that starts the declaration.
std::string_view word_of(const Decl& decl);

struct File {
  FileId file_id;
  std::vector<const Decl*> decls;
  bool has_errors = false;      // statements that did not parse are missing from the tree
  std::vector<Name> lost_names; // of declarations that are missing as a whole
};

/// Owns every tree and name of one compilation; outlives all that point into it.
struct Context {
  Arena arena;
  Interner names;
  uint32_t expr_count = 0;

  template <typename T> const Expr* make_expr(Span span, T node) {
    return arena.make<Expr>(span, expr_count++, ExprNode(std::move(node)));
  }
  template <typename T> const Stmt* make_stmt(Span span, T node) {
    return arena.make<Stmt>(span, StmtNode(std::move(node)));
  }
};

} // namespace thalweg::ast
