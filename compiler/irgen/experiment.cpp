// Experiments: each clause once, its numbers in range, its names those of the problem.
#include "irgen/experiment.h"

#include "diag/suggest.h"
#include "irgen/given.h"
#include "support/overloaded.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

std::optional<std::vector<std::pair<std::string, double>>>
problem_values(const Unit& unit, const ProblemDecl& decl, const Call* call) {
  std::vector<std::pair<std::string, double>> values;
  size_t next = 0;
  std::vector<const Expr*> given(decl.params.size(), nullptr);
  if (call)
    for (const Arg& arg : call->args) {
      size_t k = next;
      if (arg.style == ArgStyle::positional)
        ++next;
      else
        k = static_cast<size_t>(
            std::find_if(decl.params.begin(), decl.params.end(),
                         [&](const Param& p) { return p.name.name == arg.name.name; }) -
            decl.params.begin());
      if (k >= given.size()) return std::nullopt;
      given[k] = arg.value;
    }
  for (size_t k = 0; k < decl.params.size(); ++k) {
    const Expr* e = given[k] ? given[k] : decl.params[k].value;
    if (!e) {
      unit.diags.report(DiagKind::missing_argument, decl.params[k].span,
                        fmt::format("problem '{}' needs a value for '{}'", decl.name.name.view(),
                                    decl.params[k].name.name.view()));
      return std::nullopt;
    }
    std::optional<double> number = e->as<BoolLit>() ? std::optional<double>(e->as<BoolLit>()->value)
                                                    : constant_number(unit, *e);
    if (!number) return std::nullopt;
    values.emplace_back(decl.params[k].name.name.str(), *number);
  }
  return values;
}

namespace {

class ExperimentBuilder {
public:
  ExperimentBuilder(const Unit& unit, const ExperimentDecl& decl) : u_(unit), d_(decl) {
    x_.decl = &decl;
    x_.name = decl.name.name.str();
  }

  std::optional<ExperimentUnit> run() {
    size_t errors = u_.diags.error_count();
    if (!d_.params.empty())
      u_.diags.report(DiagKind::not_lowered, d_.params[0].span,
                      "an experiment with parameters is not compiled yet");
    std::vector<bool> seen(std::variant_size_v<ClauseNode>, false);
    for (const Clause& c : d_.clauses) {
      bool repeats = std::holds_alternative<GivenClause>(c.node) ||
                     std::holds_alternative<UsingClause>(c.node) ||
                     std::holds_alternative<RecordClause>(c.node);
      if (seen[c.node.index()] && !repeats)
        bad(c.word_span, fmt::format("'{}' may stand once", u_.sources.text(c.word_span)));
      seen[c.node.index()] = true;
      clause(c);
    }
    if (!x_.problem && !failed_problem_)
      bad(d_.name.span, fmt::format("experiment '{}' minimizes nothing", x_.name))
          .help("add a line 'minimize PROBLEM(…)'");
    if (x_.racers.empty() && !failed_rule_)
      bad(d_.name.span, fmt::format("experiment '{}' uses no optimizer", x_.name))
          .help("add a line 'using OPTIMIZER(…)'");
    if (!x_.steps && !x_.epochs && !x_.until && u_.diags.error_count() == errors)
      bad(d_.name.span, fmt::format("experiment '{}' has no end", x_.name))
          .help("add 'steps', 'epochs' or 'until'");
    name_racers();
    if (x_.problem) match_data(*x_.problem->as<ProblemDecl>());
    if (u_.diags.error_count() > errors || !x_.problem || x_.racers.empty() || failed_rule_)
      return std::nullopt;
    return std::move(x_);
  }

private:
  Diagnostic& bad(Span span, std::string text) {
    return u_.diags.report(DiagKind::bad_experiment, span, std::move(text));
  }

  std::optional<int64_t> whole(const Expr& e, std::string_view what, int64_t least) {
    std::optional<double> v = constant_number(u_, e);
    if (!v) return std::nullopt;
    if (!(*v >= static_cast<double>(least)) || *v > 9e15 || *v != std::floor(*v)) {
      bad(e.span, fmt::format("{} is a whole number from {}{}, not {}", what, least,
                              *v > 9e15 ? " to 9e15" : "", *v));
      return std::nullopt;
    }
    return static_cast<int64_t>(*v);
  }

  void clause(const Clause& c) {
    std::visit(
        overloaded{
            [&](const MinimizeClause& n) { minimize(*n.problem); },
            [&](const GivenClause& n) { given(n); },
            [&](const UsingClause& n) { use(n); },
            [&](const HoldoutClause& n) {
              if (std::optional<double> v = constant_number(u_, *n.value)) {
                if (!(*v >= 0 && *v < 1))
                  bad(n.value->span,
                      fmt::format("'holdout' is a fraction from 0 to below 1, not {}", *v));
                x_.holdout = *v;
                x_.holdout_span = n.value->span;
              }
            },
            [&](const BatchClause& n) {
              x_.batch = whole(*n.size, "'batch'", 1);
              x_.batch_span = n.dimension ? n.dimension.span : n.size->span;
              if (n.dimension) x_.batch_dimension = n.dimension.name.str();
            },
            [&](const OrderClause& n) {
              x_.order = n.order.name.str();
              if (x_.order != "sequential" && x_.order != "shuffled" && x_.order != "replacement")
                bad(n.order.span,
                    fmt::format("'order' is sequential, shuffled or replacement, not '{}'",
                                x_.order));
            },
            [&](const StepsClause& n) { x_.steps = whole(*n.value, "'steps'", 0); },
            [&](const EpochsClause& n) { x_.epochs = whole(*n.value, "'epochs'", 0); },
            [&](const UntilClause& n) { x_.until = n.condition; },
            [&](const RecordClause& n) {
              for (const ReportItem& item : n.items)
                x_.records.push_back({item.name ? item.name.name.str()
                                                : std::string(u_.sources.text(item.value->span)),
                                      item.value});
              if (n.every)
                if (std::optional<int64_t> every = whole(*n.every, "'every'", 1)) x_.every = *every;
            },
            [&](const CheckpointClause&) {
              u_.diags.report(DiagKind::not_lowered, c.span, "'checkpoint' is not compiled yet");
            },
            [&](const SearchClause&) {
              u_.diags.report(DiagKind::not_lowered, c.span, "'search' is not compiled yet");
            },
            [&](const PrecisionClause& n) {
              x_.precision = n.precision.name.str();
              if (x_.precision != "f32" && x_.precision != "f64")
                bad(n.precision.span,
                    fmt::format("'precision' is f32 or f64, not '{}'", x_.precision));
            },
            [&](const SeedClause& n) {
              if (std::optional<int64_t> seed = whole(*n.value, "'seed'", 0))
                x_.seed = static_cast<uint64_t>(*seed);
            },
        },
        c.node);
  }

  void minimize(const Expr& e) {
    const Call* call = e.as<Call>();
    sema::SymbolId id = u_.program.symbol_of(call ? *call->callee : e);
    const Decl* item = id.valid() ? u_.program.symbol(id).item : nullptr;
    failed_problem_ = true;
    const auto* problem = item ? item->as<ProblemDecl>() : nullptr;
    if (!problem && (id.valid() || !(call ? call->callee : &e)->as<NameRef>())) {
      u_.diags.report(DiagKind::wrong_kind, e.span, "'minimize' takes a problem")
          .help("name one: minimize PROBLEM(…)");
      return;
    }
    if (!problem || u_.program.broken.contains(item)) return;
    auto values = problem_values(u_, *problem, call);
    if (!values) return;
    failed_problem_ = false;
    x_.problem = item;
    x_.problem_hypers = std::move(*values);
  }

  void given(const GivenClause& n) {
    for (const Ident& name : n.names)
      given_spans_.emplace_back(name.name.str(), name.span);
    if (std::optional<DataSource> source = elaborate_given(u_, n))
      x_.sources.push_back(std::move(*source));
  }

  void match_data(const ProblemDecl& problem) {
    std::vector<std::string> wanted;
    for (const ProblemItem& item : problem.items)
      if (const auto* data = std::get_if<DataItem>(&item.node))
        wanted.push_back(data->name.name.str());
    std::vector<std::string> have;
    for (const auto& [name, span] : given_spans_) {
      if (std::find(have.begin(), have.end(), name) != have.end())
        bad(span, fmt::format("'{}' is given twice", name));
      have.push_back(name);
      if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) continue;
      Diagnostic& d =
          bad(span, fmt::format("problem '{}' has no data '{}'", problem.name.name.view(), name));
      if (auto near = suggest(name, wanted)) d.help(fmt::format("did you mean '{}'?", *near));
    }
    for (const std::string& name : wanted)
      if (std::find(have.begin(), have.end(), name) == have.end())
        bad(d_.name.span, fmt::format("the data '{}' of problem '{}' is not given", name,
                                      problem.name.name.view()))
            .help(fmt::format("add 'given {} = csv(\"…\")'", name));
  }

  void use(const UsingClause& n) {
    Racer racer;
    racer.span = n.value->span;
    std::optional<Chain> chain = chain_of(u_, *n.value, DiagKind::bad_experiment);
    if (!chain) {
      failed_rule_ = true;
      return;
    }
    racer.chain = std::move(*chain);
    std::string name = name_of(*racer.chain.rule.decl).name.str();
    if (n.alias)
      name = n.alias.name.str();
    else
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c < 128 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
      });
    racer.name = name;
    aliased_.push_back(static_cast<bool>(n.alias));
    x_.racers.push_back(std::move(racer));
  }

  // Racers of one name are numbered: rule, rule2, ….
  void name_racers() {
    for (size_t k = 0; k < x_.racers.size(); ++k)
      for (size_t i = 0, copy = 2; i < k; ++i)
        if (x_.racers[i].name == x_.racers[k].name) {
          if (aliased_[k])
            bad(x_.racers[k].span, fmt::format("two racers are named '{}'", x_.racers[k].name));
          std::string base = name_of(*x_.racers[k].chain.rule.decl).name.str();
          std::transform(base.begin(), base.end(), base.begin(), [](unsigned char c) {
            return static_cast<char>(c < 128 ? std::tolower(c) : c);
          });
          x_.racers[k].name = fmt::format("{}{}", aliased_[k] ? x_.racers[k].name : base, copy++);
          i = static_cast<size_t>(-1);
        }
  }

  Unit u_;
  const ExperimentDecl& d_;
  ExperimentUnit x_;
  bool failed_problem_ = false, failed_rule_ = false;
  std::vector<bool> aliased_;
  std::vector<std::pair<std::string, Span>> given_spans_;
};

} // namespace

std::optional<ExperimentUnit> elaborate_experiment(const Unit& unit, const Decl& decl) {
  if (unit.program.broken.contains(&decl)) return std::nullopt;
  return ExperimentBuilder(unit, *decl.as<ExperimentDecl>()).run();
}

} // namespace thalweg::irgen
