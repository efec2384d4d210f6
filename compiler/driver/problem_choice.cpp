// Choosing a problem and its values (see problem_choice.h).
#include "driver/problem_choice.h"

#include "driver/settings.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace thalweg::driver {

std::optional<DType> chosen_precision(Front& front, const std::string& option,
                                      const std::string& written) {
  const std::string& name = option.empty() ? written : option;
  if (name == "f64") return DType::f64;
  if (name == "f32") return DType::f32;
  front.diags.report(
      DiagKind::bad_setting, {},
      fmt::format("'--precision' is f32 or f64, not '{}'", escape_for_display(name)));
  return std::nullopt;
}

// The experiments of the file that minimize this problem.
static std::vector<const ast::Decl*> experiments_of(const Front& front, const ast::Decl& problem) {
  std::vector<const ast::Decl*> found;
  for (const ast::Decl* decl : front.program.own) {
    const auto* experiment = decl->as<ast::ExperimentDecl>();
    if (!experiment || front.program.broken.contains(decl)) continue;
    for (const ast::Clause& clause : experiment->clauses) {
      const auto* minimize = std::get_if<ast::MinimizeClause>(&clause.node);
      if (!minimize) continue;
      const auto* call = minimize->problem->as<ast::Call>();
      sema::SymbolId id = front.program.symbol_of(call ? *call->callee : *minimize->problem);
      if (id.valid() && front.program.symbol(id).item == &problem) found.push_back(decl);
    }
  }
  return found;
}

std::optional<ChosenProblem> choose_problem(Front& front, Graph& graph,
                                            const CommonOptions& options, const std::string& name,
                                            const std::vector<std::string>& at) {
  const ast::Decl* decl = front.pick<ast::ProblemDecl>(name, "problem");
  if (!decl) return std::nullopt;
  const auto& problem = *decl->as<ast::ProblemDecl>();
  irgen::Unit unit = front.unit(graph, DType::f64);
  ChosenProblem chosen;
  auto settings = read_settings(front, unit, options.sets);
  auto values = read_values(front, unit, at);
  if (!settings || !values) return std::nullopt;
  chosen.given.values = std::move(*values);
  for (const Setting& setting : *settings)
    chosen.given.set.push_back(setting.name);

  bool lacks_data = false;
  for (const ast::ProblemItem& item : problem.items)
    if (const auto* data = std::get_if<ast::DataItem>(&item.node))
      lacks_data = lacks_data || std::none_of(chosen.given.values.begin(),
                                              chosen.given.values.end(), [&](const auto& v) {
                                                return data->name.name == std::string_view(v.name);
                                              });
  std::optional<irgen::ExperimentUnit> experiment;
  if (lacks_data) {
    std::vector<const ast::Decl*> all = experiments_of(front, *decl);
    if (all.size() > 1) {
      std::vector<std::string> names;
      for (const ast::Decl* one : all)
        names.push_back(ast::name_of(*one).name.str());
      front.diags
          .report(DiagKind::bad_setting, {},
                  fmt::format("{} experiments give data for problem '{}': {}", all.size(),
                              problem.name.name.view(), fmt::join(names, ", ")))
          .help("give the data with --at");
      return std::nullopt;
    }
    if (all.size() == 1) {
      experiment = irgen::elaborate_experiment(unit, *all[0]);
      if (!experiment) return std::nullopt;
    }
  }
  auto precision =
      chosen_precision(front, options.precision, experiment ? experiment->precision : "f64");
  if (!precision) return std::nullopt;
  unit.precision = *precision;
  auto elaborated = irgen::elaborate_problem(unit, *decl);
  if (!elaborated) return std::nullopt;
  chosen.problem = std::move(*elaborated);
  if (experiment) {
    chosen.given.hypers = experiment->problem_hypers;
    chosen.given.seed = experiment->seed;
  } else {
    // A hyperparameter without a default has to be set.
    for (const irgen::ProblemUnit::Hyper& hyper : chosen.problem.hypers) {
      bool set = std::find(chosen.given.set.begin(), chosen.given.set.end(), hyper.name) !=
                 chosen.given.set.end();
      std::optional<double> value = -1; // of a size: to be found from the values
      if (!set && !hyper.fallback && !hyper.is_size) {
        front.diags
            .report(DiagKind::missing_argument, hyper.span,
                    fmt::format("problem '{}' needs a value for '{}'", problem.name.name.view(),
                                hyper.name))
            .help(fmt::format("--set {}=…", hyper.name));
        return std::nullopt;
      }
      if (!set && hyper.fallback) {
        const auto* flag = hyper.fallback->as<ast::BoolLit>();
        value = flag ? flag->value : irgen::constant_number(unit, *hyper.fallback);
      }
      if (!value) return std::nullopt;
      chosen.given.hypers.emplace_back(hyper.name, *value);
    }
  }
  if (!apply_settings(front, *settings, chosen.given.hypers)) return std::nullopt;
  if (experiment) {
    experiment->problem_hypers = chosen.given.hypers;
    auto data = load_data(front, *experiment, chosen.problem, *precision);
    if (!data) return std::nullopt;
    chosen.data = std::make_unique<ProblemData>(std::move(*data));
    chosen.given.data = chosen.data.get();
  }
  return chosen;
}

} // namespace thalweg::driver
