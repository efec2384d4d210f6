// build_stmt: statements, parameters and types.
#include <fmt/format.h>

#include "parse/build.h"
#include "support/check.h"
#include "support/overloaded.h"

namespace thalweg {

using namespace ast;
using P = ThalwegParser;

std::vector<Param> StmtBuilder::params(P::ParamsContext* node) {
  std::vector<Param> list;
  if (!node) return list;
  for (P::ParamContext* param : node->param())
    list.push_back(
        {env_.ident(param->ident()), type(param->type()), expr(param->expr()), span_of(param)});
  return list;
}

std::optional<TypeSpec> StmtBuilder::type(P::TypeContext* node) {
  if (!node) return std::nullopt;
  TypeSpec spec;
  spec.span = span_of(node);
  spec.like = expr(node->expr());
  if (node->ident()) spec.kind = env_.ident(node->ident());
  spec.has_dims = node->LBRACK() != nullptr;
  for (P::ExprsContext* list : node->exprs()) {
    // The grammar allows `(…)` and `[…]`, each with its list: the bracket before it tells which.
    bool dims = spec.has_dims &&
                list->getStart()->getTokenIndex() > node->LBRACK()->getSymbol()->getTokenIndex();
    for (P::ExprContext* e : list->expr())
      (dims ? spec.dims : spec.args).push_back(expr(e));
  }
  return spec;
}

std::vector<AttachedClause> StmtBuilder::attached(const std::vector<P::AttachedContext*>& nodes) {
  std::vector<AttachedClause> list;
  for (P::AttachedContext* node : nodes) {
    AttachedClause clause;
    clause.kind = node->PROX()      ? AttachedClause::Kind::prox
                  : node->PROJECT() ? AttachedClause::Kind::project
                  : node->CONVEX()  ? AttachedClause::Kind::convex
                                    : AttachedClause::Kind::concave;
    clause.monotone = node->INCREASING() ? 1 : node->DECREASING() ? -1 : 0;
    for (P::IdentContext* param : node->ident())
      clause.params.push_back(env_.ident(param));
    clause.value = expr(node->expr());
    clause.span = span_of(node);
    list.push_back(std::move(clause));
  }
  return list;
}

std::vector<ReportItem> StmtBuilder::report_items(const std::vector<P::ReportItemContext*>& nodes) {
  std::vector<ReportItem> list;
  for (P::ReportItemContext* node : nodes)
    list.push_back({node->ident() ? env_.ident(node->ident()) : Ident{}, expr(node->expr())});
  return list;
}

const FunctionDecl* StmtBuilder::function(P::FunctionContext* node) {
  FunctionDecl decl;
  decl.name = env_.ident(node->ident());
  decl.params = params(node->params());
  decl.formula = expr(node->expr());
  if (node->block()) decl.body = block(node->block(), BlockPlace::function);
  decl.clauses = attached(node->attached());
  return env_.context.arena.make<FunctionDecl>(std::move(decl));
}

Block StmtBuilder::block(P::BlockContext* node, BlockPlace place) {
  Block list;
  for (P::StmtContext* stmt : node->stmt())
    list.push_back(statement(stmt, place));
  return list;
}

const Stmt* StmtBuilder::statement(P::StmtContext* node, BlockPlace place) {
  Span span = span_of(node);
  auto make = [&](auto value) {
    const Stmt* stmt = env_.context.make_stmt(span, std::move(value));
    check_place(*stmt, place);
    return stmt;
  };
  if (auto* s = dynamic_cast<P::LetStmtContext*>(node))
    return make(LetStmt{env_.ident(s->ident()), expr(s->expr())});
  if (auto* s = dynamic_cast<P::PrimeStmtContext*>(node))
    return make(PrimeStmt{env_.ident(s->ident()), expr(s->expr())});
  if (auto* s = dynamic_cast<P::VarStmtContext*>(node))
    return make(VarStmt{env_.ident(s->ident()), expr(s->expr())});
  if (auto* s = dynamic_cast<P::AssignStmtContext*>(node)) {
    AssignStmt assign{env_.ident(s->ident()), {}, nullptr};
    for (P::IndexItemContext* item : s->indexItem())
      assign.index.push_back(exprs_.index_item(item));
    assign.value = expr(s->expr());
    return make(std::move(assign));
  }
  if (auto* s = dynamic_cast<P::StateStmtContext*>(node)) {
    StateStmt state;
    for (P::StateDeclContext* d : s->stateDecl())
      state.states.push_back({env_.ident(d->ident()), type(d->type()), expr(d->expr())});
    return make(std::move(state));
  }
  if (auto* s = dynamic_cast<P::ForStmtContext*>(node)) {
    ForStmt loop{env_.ident(s->ident()), expr(s->expr()), false, {}};
    const Call* call = loop.range->as<Call>();
    const NameRef* callee = call ? call->callee->as<NameRef>() : nullptr;
    if (callee && callee->name == "reversed" && call->args.size() == 1 &&
        call->args[0].style == ArgStyle::positional) {
      loop.range = call->args[0].value;
      loop.reversed = true;
    }
    loop.body = block(s->block(), place);
    return make(std::move(loop));
  }
  if (auto* s = dynamic_cast<P::WhileStmtContext*>(node)) {
    const Expr* condition = expr(s->expr(0));
    const Expr* rounds = expr(s->expr(1));
    return make(WhileStmt{condition, rounds, block(s->block(), place)});
  }
  if (auto* s = dynamic_cast<P::RepeatStmtContext*>(node)) {
    const Expr* count = expr(s->expr());
    return make(RepeatStmt{count, block(s->block(), place)});
  }
  if (auto* s = dynamic_cast<P::IfStmtContext*>(node)) {
    IfStmt branch;
    for (size_t i = 0; i < s->expr().size(); ++i) {
      const Expr* condition = expr(s->expr(i));
      branch.arms.push_back({condition, block(s->block(i), place)});
    }
    if (s->otherwise) {
      branch.has_else = true;
      branch.otherwise = block(s->otherwise, place);
    }
    return make(std::move(branch));
  }
  if (auto* s = dynamic_cast<P::ReturnStmtContext*>(node)) return make(ReturnStmt{expr(s->expr())});
  if (auto* s = dynamic_cast<P::ReportStmtContext*>(node))
    return make(ReportStmt{report_items(s->reportItem())});
  if (auto* s = dynamic_cast<P::RequireStmtContext*>(node))
    return make(RequireStmt{expr(s->expr())});
  if (auto* s = dynamic_cast<P::FailStmtContext*>(node))
    return make(FailStmt{env_.string_template(s->STRING()->getSymbol()), expr(s->expr())});
  if (auto* s = dynamic_cast<P::DoneStmtContext*>(node))
    return make(DoneStmt{env_.string_template(s->STRING()->getSymbol()), expr(s->expr())});
  if (auto* s = dynamic_cast<P::AnswerStmtContext*>(node)) return make(AnswerStmt{expr(s->expr())});
  if (auto* s = dynamic_cast<P::StepWhenStmtContext*>(node))
    return make(StepWhenStmt{expr(s->expr())});
  auto* s = dynamic_cast<P::FunctionStmtContext*>(node);
  TW_CHECK(s != nullptr, "a statement alternative without a builder");
  return make(FunctionStmt{function(s->function())});
}

namespace {

struct Rule {
  const char* what; // how messages call the statement
  bool rule;        // may stand in an optimizer and a transform
  bool schedule;    // in a schedule
  bool function;    // in a function
};

Rule rule_of(const Stmt& stmt) {
  return std::visit(overloaded{
                        [](const LetStmt&) { return Rule{"'let'", true, true, true}; },
                        [](const VarStmt&) { return Rule{"'var'", false, false, true}; },
                        [](const StateStmt&) { return Rule{"'state'", true, true, false}; },
                        [](const PrimeStmt&) { return Rule{"a next value", true, true, false}; },
                        [](const AssignStmt&) { return Rule{"an assignment", false, false, true}; },
                        [](const ForStmt&) { return Rule{"'for'", false, false, true}; },
                        [](const WhileStmt&) { return Rule{"'while'", false, false, true}; },
                        [](const RepeatStmt&) { return Rule{"'repeat'", false, false, true}; },
                        [](const IfStmt&) { return Rule{"an 'if' block", false, false, true}; },
                        [](const ReturnStmt&) { return Rule{"'return'", false, true, true}; },
                        [](const ReportStmt&) { return Rule{"'report'", true, false, false}; },
                        [](const RequireStmt&) { return Rule{"'require'", true, true, true}; },
                        [](const FailStmt&) { return Rule{"'fail'", true, true, true}; },
                        [](const DoneStmt&) { return Rule{"'done'", true, false, false}; },
                        [](const AnswerStmt&) { return Rule{"'answer'", true, false, false}; },
                        [](const StepWhenStmt&) { return Rule{"'step when'", true, false, false}; },
                        [](const FunctionStmt&) { return Rule{"a function", true, true, true}; },
                    },
                    stmt.node);
}

const char* place_name(BlockPlace place) {
  switch (place) {
  case BlockPlace::optimizer: return "an optimizer";
  case BlockPlace::transform: return "a transform";
  case BlockPlace::schedule: return "a schedule";
  case BlockPlace::function: return "a function";
  }
  return "";
}

} // namespace

void StmtBuilder::check_place(const Stmt& stmt, BlockPlace place) {
  Rule rule = rule_of(stmt);
  bool allowed = place == BlockPlace::function   ? rule.function
                 : place == BlockPlace::schedule ? rule.schedule
                                                 : rule.rule;
  if (stmt.as<StepWhenStmt>()) allowed = place == BlockPlace::transform;
  if (stmt.as<AnswerStmt>()) allowed = place == BlockPlace::optimizer;
  if (allowed) return;
  auto& d =
      env_.diagnostics.report(DiagKind::misplaced_statement, stmt.span,
                              fmt::format("{} can't stand in {}", rule.what, place_name(place)));
  if (const AssignStmt* assign = stmt.as<AssignStmt>()) {
    d.caret(assign->name.span);
    if (assign->index.empty())
      d.help(fmt::format("a prime marks the next value: {}' = …; or name a value with 'let {} = …'",
                         assign->name.name.view(), assign->name.name.view()));
    else
      d.help("write a function that computes the whole value and call it");
    return;
  }
  d.caret({stmt.span.file, stmt.span.begin, stmt.span.begin + 1});
  if (stmt.as<PrimeStmt>())
    d.help("in a function, 'var q = …' and then 'q = …' change a value");
  else if (place != BlockPlace::function && rule.function && !rule.rule)
    d.help("loops and branches over statements belong in a 'function'; call it from here");
}

} // namespace thalweg
