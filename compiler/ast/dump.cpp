// dump: statements and declarations one a line, indented; expressions in prefix form.
#include "ast/dump.h"

#include <fmt/format.h>

#include "ast/dump_expr.h"
#include "support/overloaded.h"

namespace thalweg::ast {
namespace {

class Dumper {
public:
  std::string take() { return std::move(out_); }

  void decl(const Decl& d) {
    std::visit(overloaded{[&](const ProblemDecl& p) { problem(d, p); },
                          [&](const OptimizerDecl& o) { optimizer(d, o); },
                          [&](const TransformDecl& t) {
                            head(d, t.name, t.params,
                                 fmt::format(" on {}{}{}", t.variable.name.view(),
                                             t.point ? " of " : "",
                                             t.point ? t.point.name.view() : ""));
                            block(t.body);
                          },
                          [&](const ScheduleDecl& s) {
                            head(d, s.name, s.params, formula(s.formula));
                            block(s.body);
                          },
                          [&](const FunctionDecl& f) {
                            head(d, f.name, f.params, formula(f.formula));
                            function_rest(f);
                          },
                          [&](const SetDecl& s) {
                            head(d, s.name, s.params,
                                 fmt::format(" of {} {}", s.variable.name.view(),
                                             s.condition ? text(s.condition) : "-"));
                            clauses(s.clauses);
                          },
                          [&](const FlowDecl& f) { flow(d, f); },
                          [&](const ExperimentDecl& e) { experiment(d, e); },
                          [&](const UseDecl& u) { line("use {}", dump_string(u.path)); }},
               d.node);
  }

private:
  template <typename... Args> void line(fmt::format_string<Args...> format, Args&&... args) {
    out_.append(depth_ * 2, ' ');
    out_ += fmt::format(format, std::forward<Args>(args)...);
    out_ += '\n';
  }
  static std::string text(const Expr* e) { return e ? dump(*e) : "-"; }
  static std::string formula(const Expr* e) { return e ? " = " + dump(*e) : ""; }
  static std::string names(const std::vector<Ident>& list) {
    std::string all;
    for (const Ident& i : list)
      all += (all.empty() ? "" : " ") + i.name.str();
    return all;
  }
  static std::string type(const std::optional<TypeSpec>& t) {
    if (!t) return "";
    if (t->like) return ": like " + dump(*t->like);
    std::string all = ": " + t->kind.name.str();
    if (!t->args.empty()) all += "(" + dump_list(t->args) + ")";
    if (t->has_dims) all += "[" + dump_list(t->dims) + "]";
    return all;
  }
  static std::string params(const std::vector<Param>& list) {
    std::string all;
    for (const Param& p : list)
      all += fmt::format(" ({}{}{})", p.name.name.view(), type(p.type), formula(p.value));
    return all;
  }

  void head(const Decl& d, const Ident& name, const std::vector<Param>& list,
            const std::string& rest) {
    if (!d.doc.empty()) line("doc {}", dump_string(d.doc));
    line("{} {}{}{}", word_of(d), name.name.view(), params(list), rest);
  }

  void problem(const Decl& d, const ProblemDecl& p) {
    head(d, p.name, p.params, "");
    ++depth_;
    for (const ProblemItem& item : p.items)
      std::visit(
          overloaded{
              [&](const DataItem& i) { line("data {}{}", i.name.name.view(), type(i.type)); },
              [&](const ParamItem& i) {
                line("param {}{}{}{}", i.name.name.view(), type(i.type),
                     i.role ? " role " + i.role.name.str() : "", formula(i.init));
              },
              [&](const LetItem& i) { line("let {} = {}", i.name.name.view(), text(i.value)); },
              [&](const ObjectiveItem& i) {
                line("{} {}", i.maximize ? "maximize" : "minimize", text(i.value));
              },
              [&](const SubjectToItem& i) {
                line("subject to");
                ++depth_;
                for (const Constraint& c : i.constraints)
                  line("{}: {}", c.name ? c.name.name.view() : "-", text(c.condition));
                --depth_;
              },
              [&](const MetricItem& i) {
                line("metric {} = {}", i.name.name.view(), text(i.value));
              },
              [&](const RequireItem& i) { line("require {}", text(i.condition)); },
              [&](const FunctionItem& i) { function(*i.function); }},
          item.node);
    --depth_;
  }

  void optimizer(const Decl& d, const OptimizerDecl& o) {
    std::visit(
        overloaded{[&](const RuleBody& r) {
                     const char* scope = r.scope == RuleScope::tensor   ? "tensor"
                                         : r.scope == RuleScope::matrix ? "matrix"
                                                                        : "vector";
                     head(d, o.name, o.params,
                          fmt::format(" on {} {}", scope, r.variable.name.view()));
                     block(r.body);
                   },
                   [&](const RoutingBody& r) {
                     head(d, o.name, o.params, " routes");
                     ++depth_;
                     for (const Route& route : r.routes)
                       line("{}: {}", names(route.groups), text(route.rule));
                     --depth_;
                   },
                   [&](const DerivedBody& b) { head(d, o.name, o.params, formula(b.value)); }},
        o.body);
  }

  void flow(const Decl& d, const FlowDecl& f) {
    head(d, f.name, f.params, "");
    ++depth_;
    for (const LetItem& l : f.lets)
      line("let {} = {}", l.name.name.view(), text(l.value));
    for (const FlowEquation& e : f.equations)
      line("d/dt {} = {}", e.variable.name.view(), text(e.value));
    --depth_;
  }

  void function(const FunctionDecl& f) {
    line("function {}{}{}", f.name.name.view(), params(f.params), formula(f.formula));
    function_rest(f);
  }
  void function_rest(const FunctionDecl& f) {
    block(f.body);
    clauses(f.clauses);
  }
  void clauses(const std::vector<AttachedClause>& list) {
    ++depth_;
    for (const AttachedClause& c : list)
      if (c.kind == AttachedClause::Kind::prox || c.kind == AttachedClause::Kind::project)
        line("{} {} = {}", c.kind == AttachedClause::Kind::prox ? "prox" : "project",
             names(c.params), text(c.value));
      else
        line("{}{}{}", c.kind == AttachedClause::Kind::convex ? "convex" : "concave",
             c.monotone > 0   ? " increasing"
             : c.monotone < 0 ? " decreasing"
                              : "",
             c.value ? " smooth " + text(c.value) : "");
    --depth_;
  }

  void block(const Block& list) {
    ++depth_;
    for (const Stmt* s : list)
      statement(*s);
    --depth_;
  }

  static std::string report(const std::vector<ReportItem>& items) {
    std::string all;
    for (const ReportItem& i : items)
      all += (all.empty() ? "" : ", ") + (i.name ? i.name.name.str() + " = " : "") + text(i.value);
    return all;
  }
  static std::string text_of(const Template& t) {
    std::string all = dump_string(t.pieces[0]);
    for (size_t i = 0; i < t.holes.size(); ++i)
      all += " " + dump(*t.holes[i]) + " " + dump_string(t.pieces[i + 1]);
    return "(" + all + ")";
  }

  void statement(const Stmt& s) {
    std::visit(
        overloaded{
            [&](const LetStmt& x) { line("let {} = {}", x.name.name.view(), text(x.value)); },
            [&](const VarStmt& x) { line("var {} = {}", x.name.name.view(), text(x.value)); },
            [&](const StateStmt& x) {
              for (const StateDecl& d : x.states)
                line("state {}{} = {}", d.name.name.view(), type(d.type), text(d.init));
            },
            [&](const PrimeStmt& x) { line("{}' = {}", x.name.name.view(), text(x.value)); },
            [&](const AssignStmt& x) {
              line("{}{} = {}", x.name.name.view(),
                   x.index.empty() ? "" : "[" + dump_index(x.index) + "]", text(x.value));
            },
            [&](const ForStmt& x) {
              line("for {}{} {}", x.index.name.view(), x.reversed ? " reversed" : "",
                   text(x.range));
              block(x.body);
            },
            [&](const WhileStmt& x) {
              line("while {} max {}", text(x.condition), text(x.max_rounds));
              block(x.body);
            },
            [&](const RepeatStmt& x) {
              line("repeat {}", text(x.count));
              block(x.body);
            },
            [&](const IfStmt& x) {
              for (const IfStmtArm& arm : x.arms) {
                line("if {}", text(arm.condition));
                block(arm.body);
              }
              if (x.has_else) {
                line("else");
                block(x.otherwise);
              }
            },
            [&](const ReturnStmt& x) { line("return {}", text(x.value)); },
            [&](const ReportStmt& x) { line("report {}", report(x.items)); },
            [&](const RequireStmt& x) { line("require {}", text(x.condition)); },
            [&](const FailStmt& x) { line("fail {} if {}", text_of(x.text), text(x.condition)); },
            [&](const DoneStmt& x) { line("done {} if {}", text_of(x.text), text(x.condition)); },
            [&](const AnswerStmt& x) { line("answer {}", text(x.value)); },
            [&](const StepWhenStmt& x) { line("step when {}", text(x.condition)); },
            [&](const FunctionStmt& x) { function(*x.function); }},
        s.node);
  }

  void experiment(const Decl& d, const ExperimentDecl& e) {
    head(d, e.name, e.params, "");
    ++depth_;
    for (const Clause& c : e.clauses)
      clause(c);
    --depth_;
  }

  void clause(const Clause& c) {
    std::visit(
        overloaded{
            [&](const MinimizeClause& x) { line("minimize {}", text(x.problem)); },
            [&](const GivenClause& x) { line("given {} = {}", names(x.names), text(x.value)); },
            [&](const UsingClause& x) {
              line("using {}{}", text(x.value), x.alias ? " as " + x.alias.name.str() : "");
            },
            [&](const HoldoutClause& x) { line("holdout {}", text(x.value)); },
            [&](const BatchClause& x) {
              line("batch {}{}", text(x.size), x.dimension ? " of " + x.dimension.name.str() : "");
            },
            [&](const OrderClause& x) { line("order {}", x.order.name.view()); },
            [&](const StepsClause& x) { line("steps {}", text(x.value)); },
            [&](const EpochsClause& x) { line("epochs {}", text(x.value)); },
            [&](const UntilClause& x) { line("until {}", text(x.condition)); },
            [&](const RecordClause& x) {
              line("record {} every {}", report(x.items), text(x.every));
            },
            [&](const CheckpointClause& x) {
              line("checkpoint {} every {}", text(x.path), text(x.every));
            },
            [&](const SearchClause& x) { line("search {} by {}", text(x.strategy), text(x.by)); },
            [&](const PrecisionClause& x) { line("precision {}", x.precision.name.view()); },
            [&](const SeedClause& x) { line("seed {}", text(x.value)); }},
        c.node);
  }

  std::string out_;
  size_t depth_ = 0;
};

} // namespace

std::string dump(const Decl& decl) {
  Dumper dumper;
  dumper.decl(decl);
  return dumper.take();
}

std::string dump(const File& file) {
  std::string all;
  for (const Decl* decl : file.decls)
    all += dump(*decl);
  return all;
}

} // namespace thalweg::ast
