// build_decl: problems, rules, schedules, sets, flows and experiments.
#include <fmt/format.h>

#include "parse/build.h"
#include "support/check.h"

namespace thalweg {

using namespace ast;
using P = ThalwegParser;

const Decl* DeclBuilder::item(P::ItemContext* node, std::string doc) {
  antlr4::ParserRuleContext* inner = nullptr;
  auto build = [&]() -> DeclNode {
    if (auto* d = node->problem()) return inner = d, problem(d);
    if (auto* d = node->optimizer()) return inner = d, optimizer(d);
    if (auto* d = node->transform()) {
      inner = d;
      return TransformDecl{env_.ident(d->ident(0)), stmts_.params(d->params()),
                           env_.ident(d->variable), d->point ? env_.ident(d->point) : Ident{},
                           stmts_.block(d->block(), BlockPlace::transform)};
    }
    if (auto* d = node->schedule()) {
      inner = d;
      ScheduleDecl decl{
          env_.ident(d->ident()), stmts_.params(d->params()), stmts_.expr(d->expr()), {}};
      if (d->block()) decl.body = stmts_.block(d->block(), BlockPlace::schedule);
      return decl;
    }
    if (auto* d = node->function()) return inner = d, *stmts_.function(d);
    if (auto* d = node->setDecl()) return inner = d, set(d);
    if (auto* d = node->flow()) return inner = d, flow(d);
    if (auto* d = node->experiment()) return inner = d, experiment(d);
    auto* d = node->useDecl();
    TW_CHECK(d != nullptr, "a declaration alternative without a builder");
    return inner = d, use(d);
  };
  DeclNode decl = build();
  Span span = span_of(inner);
  bool damaged = false;
  for (const Diagnostic& d : env_.diagnostics.all())
    damaged = damaged || (d.span().file == span.file && d.span().begin >= span.begin &&
                          d.span().begin <= span.end);
  return env_.context.arena.make<Decl>(span, std::move(doc), std::move(decl), damaged);
}

DeclNode DeclBuilder::use(P::UseDeclContext* node) {
  antlr4::Token* path = node->STRING()->getSymbol();
  return UseDecl{env_.string_value(path), span_of(path)};
}

DeclNode DeclBuilder::problem(P::ProblemContext* node) {
  ProblemDecl decl{env_.ident(node->ident()), stmts_.params(node->params()), {}};
  for (P::ProblemItemContext* item : node->problemBody()->problemItem())
    decl.items.push_back(problem_item(item));
  return decl;
}

ProblemItem DeclBuilder::problem_item(P::ProblemItemContext* node) {
  auto make = [&](auto value) { return ProblemItem{span_of(node), std::move(value)}; };
  if (auto* i = dynamic_cast<P::DataItemContext*>(node))
    return make(DataItem{env_.ident(i->ident()), stmts_.type(i->type())});
  if (auto* i = dynamic_cast<P::ParamItemContext*>(node))
    return make(ParamItem{env_.ident(i->ident(0)), stmts_.type(i->type()),
                          i->role ? env_.ident(i->role) : Ident{}, stmts_.expr(i->expr())});
  if (auto* i = dynamic_cast<P::LetItemContext*>(node))
    return make(LetItem{env_.ident(i->ident()), stmts_.expr(i->expr())});
  if (auto* i = dynamic_cast<P::MinimizeItemContext*>(node))
    return make(ObjectiveItem{false, stmts_.expr(i->expr())});
  if (auto* i = dynamic_cast<P::MaximizeItemContext*>(node))
    return make(ObjectiveItem{true, stmts_.expr(i->expr())});
  if (auto* i = dynamic_cast<P::SubjectToItemContext*>(node)) {
    SubjectToItem subject;
    auto add = [&](auto* c) {
      subject.constraints.push_back(
          {c->ident() ? env_.ident(c->ident()) : Ident{}, stmts_.expr(c->expr()), span_of(c)});
    };
    if (i->constraints())
      for (antlr4::tree::ParseTree* child : i->constraints()->children) {
        if (auto* c = dynamic_cast<P::ConstraintContext*>(child))
          add(c);
        else if (auto* named = dynamic_cast<P::NamedConstraintContext*>(child))
          add(named);
      }
    return make(std::move(subject));
  }
  if (auto* i = dynamic_cast<P::MetricItemContext*>(node))
    return make(MetricItem{env_.ident(i->ident()), stmts_.expr(i->expr())});
  if (auto* i = dynamic_cast<P::RequireItemContext*>(node))
    return make(RequireItem{stmts_.expr(i->expr())});
  auto* i = dynamic_cast<P::FunctionItemContext*>(node);
  TW_CHECK(i != nullptr, "a problem item without a builder");
  return make(FunctionItem{stmts_.function(i->function())});
}

DeclNode DeclBuilder::optimizer(P::OptimizerContext* node) {
  OptimizerDecl decl{env_.ident(node->ident(0)), stmts_.params(node->params()), RoutingBody{}};
  if (node->scope) {
    RuleScope scope = node->scope->getType() == P::TENSOR   ? RuleScope::tensor
                      : node->scope->getType() == P::MATRIX ? RuleScope::matrix
                                                            : RuleScope::vector;
    decl.body = RuleBody{scope, env_.ident(node->variable),
                         stmts_.block(node->block(), BlockPlace::optimizer)};
  } else if (P::RoutesBodyContext* routes = node->routesBody()) {
    RoutingBody body;
    for (P::RouteContext* r : routes->route()) {
      Route route{{}, stmts_.expr(r->expr()), span_of(r)};
      for (P::IdentContext* group : r->ident())
        route.groups.push_back(env_.ident(group));
      body.routes.push_back(std::move(route));
    }
    decl.body = std::move(body);
  } else {
    decl.body = DerivedBody{stmts_.expr(node->expr())};
  }
  return decl;
}

DeclNode DeclBuilder::set(P::SetDeclContext* node) {
  return SetDecl{env_.ident(node->ident(0)), stmts_.params(node->params()),
                 env_.ident(node->variable), stmts_.expr(node->expr()),
                 stmts_.attached(node->attached())};
}

DeclNode DeclBuilder::flow(P::FlowContext* node) {
  FlowDecl decl{env_.ident(node->ident()), stmts_.params(node->params()), {}, {}};
  for (P::FlowItemContext* item : node->flowBody()->flowItem()) {
    if (auto* let = dynamic_cast<P::FlowLetContext*>(item)) {
      decl.lets.push_back({env_.ident(let->ident()), stmts_.expr(let->expr())});
      continue;
    }
    auto* equation = static_cast<P::FlowEquationContext*>(item);
    Span top = span_of(equation->ident(0));
    Span bottom = span_of(equation->ident(1));
    std::string_view variable = env_.sources.text(top);
    if (variable.size() < 2 || variable[0] != 'd' || env_.sources.text(bottom) != "dt") {
      env_.diagnostics
          .report(DiagKind::syntax, join(top, bottom),
                  "the left side of a flow's equation is d<variable>/dt")
          .help("write dx/dt = …");
      continue;
    }
    decl.equations.push_back({{env_.name(variable.substr(1)), join(top, bottom)},
                              stmts_.expr(equation->expr()),
                              span_of(item)});
  }
  return decl;
}

DeclNode DeclBuilder::experiment(P::ExperimentContext* node) {
  ExperimentDecl decl{env_.ident(node->ident()), stmts_.params(node->params()), {}};
  for (P::ClauseContext* c : node->experimentBody()->clause())
    decl.clauses.push_back(clause(c));
  return decl;
}

Clause DeclBuilder::clause(P::ClauseContext* node) {
  auto expr = [&](P::ExprContext* e) { return stmts_.expr(e); };
  auto make = [&](auto value) {
    return Clause{span_of(node), span_of(node->getStart()), std::move(value)};
  };
  if (auto* c = dynamic_cast<P::MinimizeClauseContext*>(node))
    return make(MinimizeClause{expr(c->expr())});
  if (auto* c = dynamic_cast<P::GivenClauseContext*>(node)) {
    GivenClause given{{}, expr(c->expr())};
    for (P::IdentContext* name : c->ident())
      given.names.push_back(env_.ident(name));
    return make(std::move(given));
  }
  if (auto* c = dynamic_cast<P::UsingClauseContext*>(node))
    return make(UsingClause{expr(c->expr()), c->ident() ? env_.ident(c->ident()) : Ident{}});
  if (auto* c = dynamic_cast<P::HoldoutClauseContext*>(node))
    return make(HoldoutClause{expr(c->expr())});
  if (auto* c = dynamic_cast<P::BatchClauseContext*>(node))
    return make(BatchClause{expr(c->expr()), c->ident() ? env_.ident(c->ident()) : Ident{}});
  if (auto* c = dynamic_cast<P::OrderClauseContext*>(node))
    return make(OrderClause{env_.ident(c->ident())});
  if (auto* c = dynamic_cast<P::StepsClauseContext*>(node))
    return make(StepsClause{expr(c->expr())});
  if (auto* c = dynamic_cast<P::EpochsClauseContext*>(node))
    return make(EpochsClause{expr(c->expr())});
  if (auto* c = dynamic_cast<P::UntilClauseContext*>(node))
    return make(UntilClause{expr(c->expr())});
  if (auto* c = dynamic_cast<P::RecordClauseContext*>(node))
    return make(RecordClause{stmts_.report_items(c->reportItem()), expr(c->every)});
  if (auto* c = dynamic_cast<P::CheckpointClauseContext*>(node))
    return make(CheckpointClause{expr(c->path), expr(c->every)});
  if (auto* c = dynamic_cast<P::SearchClauseContext*>(node))
    return make(SearchClause{expr(c->expr(0)), expr(c->by)});
  if (auto* c = dynamic_cast<P::PrecisionClauseContext*>(node))
    return make(PrecisionClause{env_.ident(c->ident())});
  auto* c = dynamic_cast<P::SeedClauseContext*>(node);
  TW_CHECK(c != nullptr, "an experiment clause without a builder");
  return make(SeedClause{expr(c->expr())});
}

} // namespace thalweg
