// Declarations: which names each of them brings, and the rules on states and next values.
#include "sema/resolver.h"

#include "diag/suggest.h"
#include "support/overloaded.h"

#include <algorithm>

namespace thalweg::sema {

using namespace ast;

void Resolver::resolve(const Decl& decl) {
  current_ = &decl;
  first_symbol_ = p_.symbols.size();
  scopes_.assign(1, {});
  next_defined_.clear();
  next_allowed_.clear();
  free_names_ = false;
  calls_[&decl];
  std::visit(overloaded{
                 [&](const ProblemDecl& d) { problem(d); },
                 [&](const OptimizerDecl& d) { optimizer(d); },
                 [&](const TransformDecl& d) { transform(d); },
                 [&](const ScheduleDecl& d) { schedule(d); },
                 [&](const FunctionDecl& d) { function(d); },
                 [&](const SetDecl& d) { set(d); },
                 [&](const FlowDecl& d) { flow(d); },
                 [&](const ExperimentDecl& d) { experiment(d); },
                 [](const UseDecl&) {},
             },
             decl.node);
  report_unused();
}

void Resolver::report_unused() {
  // In a declaration with errors, a name may look unused because of them.
  if (p_.from_library.contains(current_) || p_.broken.contains(current_)) return;
  for (size_t i = first_symbol_; i < p_.symbols.size(); ++i) {
    const Symbol& s = p_.symbols[i];
    if (s.uses > 0 || !s.span.valid()) continue;
    auto warn = [&](const char* what) {
      c_.diags.report(DiagKind::unused_name, s.span,
                      fmt::format("{} '{}' is never used", what, s.name.view()));
    };
    switch (s.kind) {
    case SymbolKind::let: warn("let"); break;
    case SymbolKind::state: warn("state"); break;
    case SymbolKind::data: warn("data"); break;
    case SymbolKind::hyperparameter:
      if (!current_->as<FunctionDecl>()) warn("hyperparameter");
      break;
    default: break;
    }
  }
}

void Resolver::parameters(const std::vector<Param>& params) {
  for (const Param& param : params) {
    type_spec(param.type);
    if (param.value) expr(param.value);
    declare(param.name, SymbolKind::hyperparameter);
  }
}

// A bare name in a shape that is nothing yet is a dimension, declared by standing there.
void Resolver::dimension_names(const std::vector<const Expr*>& dims) {
  for (const Expr* dim : dims) {
    const NameRef* ref = dim->as<NameRef>();
    if (ref && !lookup_local(ref->name).valid()) {
      Ident* ident = c_.context.arena.make<Ident>(Ident{ref->name, dim->span});
      SymbolId id = declare(*ident, SymbolKind::dimension);
      p_.symbols[id.value].uses = 1;
    }
    expr(dim);
  }
}

// Sizes of a param are those of the data and the hyperparameters.
void Resolver::parameter_sizes(const ProblemDecl& d, const std::vector<const Expr*>& dims) {
  for (const Expr* dim : dims) {
    const NameRef* ref = dim->as<NameRef>();
    if (!ref || lookup(ref->name).valid()) continue;
    std::vector<std::string> known;
    for (const auto& [name, id] : scopes_.back().names)
      if (p_.symbols[id.value].kind == SymbolKind::dimension ||
          p_.symbols[id.value].kind == SymbolKind::hyperparameter)
        known.push_back(name.str());
    Diagnostic& diag = error(DiagKind::unknown_dimension, dim->span,
                             fmt::format("the size '{}' comes from nowhere", ref->name.view()));
    if (auto near = suggest(ref->name.view(), known))
      diag.help(fmt::format("did you mean '{}'?", *near));
    else
      diag.help(fmt::format("use it in the shape of some data, or make it a hyperparameter: "
                            "problem {}({} = …)",
                            d.name.name.view(), ref->name.view()));
    Ident* ident = c_.context.arena.make<Ident>(Ident{ref->name, dim->span});
    p_.symbols[declare(*ident, SymbolKind::dimension).value].uses = 1; // told once
  }
}

void Resolver::type_spec(const std::optional<TypeSpec>& type) {
  if (!type) return;
  for (const Expr* arg : type->args)
    expr(arg);
  for (const Expr* dim : type->dims)
    expr(dim);
  if (type->like) expr(type->like);
}

void Resolver::problem(const ProblemDecl& d) {
  parameters(d.params);
  // Sizes may be named anywhere in the shapes of data, whatever the order of the lines.
  for (const ProblemItem& item : d.items)
    if (const auto* data = std::get_if<DataItem>(&item.node); data && data->type) {
      dimension_names(data->type->args);
      dimension_names(data->type->dims);
    }
  Span objective;
  for (const ProblemItem& item : d.items) {
    std::visit(overloaded{
                   [&](const DataItem& i) { declare(i.name, SymbolKind::data); },
                   [&](const ParamItem& i) {
                     if (i.type) parameter_sizes(d, i.type->dims);
                     for (std::string_view word :
                          {"scalars", "vectors", "matrices", "tensors", "otherwise"})
                       if (i.role && i.role.name == word)
                         error(DiagKind::reserved_word, i.role.span,
                               fmt::format("'{}' is no role: routing means a shape by it", word))
                             .help("name the role for what the param does: head, embedding, …");
                     type_spec(i.type);
                     if (i.init) expr(i.init);
                     declare(i.name, SymbolKind::parameter);
                   },
                   [&](const LetItem& i) {
                     expr(i.value);
                     declare(i.name, SymbolKind::let);
                   },
                   [&](const ObjectiveItem& i) {
                     expr(i.value);
                     if (objective.valid())
                       error(DiagKind::duplicate_objective, item.span,
                             "a problem has one objective")
                           .label(objective, "the first one")
                           .help("add the two, or make one of them a metric");
                     else
                       objective = item.span;
                   },
                   [&](const SubjectToItem& i) {
                     for (const Constraint& constraint : i.constraints)
                       expr(constraint.condition);
                   },
                   [&](const MetricItem& i) {
                     expr(i.value);
                     declare(i.name, SymbolKind::metric);
                   },
                   [&](const RequireItem& i) { expr(i.condition); },
                   [&](const FunctionItem& i) {
                     declare(i.function->name, SymbolKind::local_function);
                     p_.symbols.back().function = i.function;
                     function(*i.function);
                   },
               },
               item.node);
  }
  if (!objective.valid() && !p_.broken.contains(current_))
    error(DiagKind::missing_objective, d.name.span,
          fmt::format("problem '{}' has no objective", d.name.name.view()))
        .help("add a line 'minimize …'");
}

void Resolver::optimizer(const OptimizerDecl& d) {
  declare_word("f", SymbolKind::objective); // defaults may mention f
  parameters(d.params);
  std::visit(overloaded{
                 [&](const RuleBody& rule) {
                   declare_run_words();
                   declare(rule.variable, SymbolKind::tensor);
                   p_.symbols.back().uses = 1;
                   rule_body(rule.body, &rule.variable);
                 },
                 [&](const RoutingBody& body) { routing(body); },
                 [&](const DerivedBody& derived) { expr(derived.value); },
             },
             d.body);
}

// Lines are tried in order, so what stands behind a line for the same parameters takes nothing.
void Resolver::routing(const RoutingBody& body) {
  std::vector<const Ident*> seen;
  const Ident* rest = nullptr;
  for (const Route& route : body.routes) {
    expr(route.rule);
    if (rest)
      error(DiagKind::unreachable_route, route.span, "'otherwise' above takes what is left")
          .label(rest->span, "the line for all others")
          .help("make it the last line");
    for (const Ident& group : route.groups) {
      auto twice = std::find_if(seen.begin(), seen.end(),
                                [&](const Ident* other) { return other->name == group.name; });
      if (twice != seen.end())
        error(DiagKind::unreachable_route, group.span,
              fmt::format("'{}' is taken by a line above", group.name.view()))
            .label((*twice)->span, "this one");
      seen.push_back(&group);
      if (group.name == std::string_view("otherwise") && !rest) rest = &group;
    }
  }
  if (body.routes.empty())
    error(DiagKind::unreachable_route, p_.symbols.empty() ? Span{} : name_of(*current_).span,
          "an optimizer without a rule")
        .help("write 'on tensor x { … }', or a line 'otherwise: …'");
}

// What a rule or schedule sees of the run.
void Resolver::declare_run_words() {
  declare_word("t", SymbolKind::step);
  declare_word("loss", SymbolKind::loss);
  declare_word("epoch", SymbolKind::epoch);
  declare_word("batch", SymbolKind::batch);
}

void Resolver::transform(const TransformDecl& d) {
  declare_word("f", SymbolKind::objective);
  parameters(d.params);
  declare_run_words();
  declare_word("rule", SymbolKind::rule);
  declare(d.variable, SymbolKind::tensor);
  p_.symbols.back().uses = 1;
  if (d.point) {
    declare(d.point, SymbolKind::tensor);
    next_allowed_.push_back(d.point.name); // where the rule behind it steps from
  }
  rule_body(d.body, &d.variable);
}

void Resolver::schedule(const ScheduleDecl& d) {
  parameters(d.params);
  declare_run_words();
  if (d.formula)
    expr(d.formula);
  else
    rule_body(d.body, nullptr);
}

void Resolver::rule_body(const Block& body, const Ident* variable) {
  if (variable) next_allowed_.push_back(variable->name);
  // States are visible in the whole body, since a name without a prime is its value at the start.
  for (const Stmt* s : body)
    if (const auto* states = s->as<StateStmt>())
      for (const StateDecl& state : states->states) {
        type_spec(state.type);
        if (state.init) expr(state.init);
        declare(state.name, SymbolKind::state);
        next_allowed_.push_back(state.name.name);
      }
  block(body);
  const Stmt* answer = nullptr;
  for (const Stmt* s : body) {
    if (s->as<StepWhenStmt>() && s != body.back())
      error(DiagKind::misplaced_statement, s->span, "'step when' is the last line of a transform");
    if (!s->as<AnswerStmt>()) continue;
    if (answer)
      error(DiagKind::misplaced_statement, s->span, "a rule has one answer")
          .label(answer->span, "the first one");
    answer = s;
  }
  auto defined = [&](Name name) {
    return std::find(next_defined_.begin(), next_defined_.end(), name) != next_defined_.end();
  };
  for (const Stmt* s : body)
    if (const auto* states = s->as<StateStmt>())
      for (const StateDecl& state : states->states)
        if (!defined(state.name.name))
          error(DiagKind::state_without_next, state.name.span,
                fmt::format("state '{}' has no next value", state.name.name.view()))
              .help(
                  fmt::format("add a line \"{0}' = …\", or make it a let", state.name.name.view()));
  if (variable && !defined(variable->name))
    error(DiagKind::rule_without_next, variable->span,
          fmt::format("the rule never says what {}' is", variable->name.view()))
        .help(fmt::format("add a line \"{0}' = …\"", variable->name.view()));
}

void Resolver::function(const FunctionDecl& d) {
  scopes_.emplace_back();
  parameters(d.params);
  if (d.formula)
    expr(d.formula);
  else
    block(d.body);
  for (const AttachedClause& c : d.clauses)
    clause(c);
  scopes_.pop_back();
}

void Resolver::clause(const AttachedClause& clause) {
  const bool prox = clause.kind == AttachedClause::Kind::prox;
  if (prox || clause.kind == AttachedClause::Kind::project) {
    const size_t wanted = prox ? 2 : 1;
    if (clause.params.size() != wanted)
      error(DiagKind::argument_count, clause.span,
            prox ? "a proximal operator takes a point and a step: prox(y, s) = …"
                 : "a projection takes a point: project(y) = …");
  }
  scopes_.emplace_back();
  for (const Ident& param : clause.params)
    declare(param, SymbolKind::index);
  if (clause.value) expr(clause.value);
  scopes_.pop_back();
}

void Resolver::set(const SetDecl& d) {
  parameters(d.params);
  declare(d.variable, SymbolKind::tensor);
  if (d.condition) expr(d.condition);
  for (const AttachedClause& c : d.clauses) {
    if (c.kind != AttachedClause::Kind::project)
      error(DiagKind::wrong_kind, c.span, "a set brings a projection: project(y) = …");
    clause(c);
  }
}

void Resolver::flow(const FlowDecl& d) {
  declare_word("f", SymbolKind::objective);
  parameters(d.params);
  declare_word("t", SymbolKind::step);
  for (const FlowEquation& equation : d.equations)
    declare(equation.variable, SymbolKind::state);
  for (const LetItem& let : d.lets) {
    expr(let.value);
    declare(let.name, SymbolKind::let);
  }
  for (const FlowEquation& equation : d.equations)
    expr(equation.value);
}

void Resolver::experiment(const ExperimentDecl& d) {
  parameters(d.params);
  auto free = [&](const Expr* e) {
    if (!e) return;
    free_names_ = true;
    expr(e);
    free_names_ = false;
  };
  for (const Clause& c : d.clauses)
    std::visit(overloaded{
                   [&](const MinimizeClause& n) { expr(n.problem); },
                   [&](const GivenClause& n) { expr(n.value); },
                   [&](const UsingClause& n) { expr(n.value); },
                   [&](const HoldoutClause& n) { expr(n.value); },
                   [&](const BatchClause& n) { expr(n.size); },
                   [](const OrderClause&) {},
                   [&](const StepsClause& n) { expr(n.value); },
                   [&](const EpochsClause& n) { expr(n.value); },
                   [&](const UntilClause& n) { free(n.condition); },
                   [&](const RecordClause& n) {
                     for (const ReportItem& item : n.items)
                       free(item.value);
                     if (n.every) expr(n.every);
                   },
                   [&](const CheckpointClause& n) {
                     if (n.path) expr(n.path);
                     if (n.every) expr(n.every);
                   },
                   [&](const SearchClause& n) {
                     expr(n.strategy);
                     free(n.by);
                   },
                   [](const PrecisionClause&) {},
                   [&](const SeedClause& n) { expr(n.value); },
               },
               c.node);
}

} // namespace thalweg::sema
