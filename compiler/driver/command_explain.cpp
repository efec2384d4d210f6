// `thalweg check --explain`: the terms of the objectives of a file, with the reason for each
// verdict.
#include "driver/commands.h"
#include "driver/convexity.h"
#include "driver/problem_choice.h"
#include "driver/settings.h"

#include <algorithm>

namespace thalweg::driver {

// With the data of the experiment that gives them. Nothing, and no message, if there is none or
// they can't be read: the verdicts then do without.
static std::optional<std::pair<ChosenProblem, Evaluation>>
with_data(Front& front, Graph& graph, const CommonOptions& options, const std::string& name) {
  const Diagnostics before = front.diags;
  std::optional<ChosenProblem> chosen = choose_problem(front, graph, options, name, {});
  if (chosen && (chosen->problem.data.empty() || chosen->given.data))
    if (auto at = assemble(front, graph, chosen->problem, chosen->given))
      return std::pair{std::move(*chosen), std::move(*at)};
  front.diags = before;
  return std::nullopt;
}

// Numbers of hyperparameters alone.
static std::optional<std::pair<ChosenProblem, Evaluation>>
without_data(Front& front, Graph& graph, const CommonOptions& options, const ast::Decl& decl) {
  irgen::Unit unit = front.unit(graph, DType::f64);
  auto problem = irgen::elaborate_problem(unit, decl);
  auto settings = read_settings(front, unit, options.sets);
  if (!problem || !settings) return std::nullopt;
  ChosenProblem chosen;
  chosen.problem = std::move(*problem);
  for (const irgen::ProblemUnit::Hyper& hyper : chosen.problem.hypers) {
    std::optional<double> value = std::nan("");
    if (hyper.fallback) {
      const auto* flag = hyper.fallback->as<ast::BoolLit>();
      value = flag ? flag->value : irgen::constant_number(unit, *hyper.fallback);
    }
    if (!value) return std::nullopt;
    chosen.given.hypers.emplace_back(hyper.name, *value);
  }
  if (!apply_settings(front, *settings, chosen.given.hypers)) return std::nullopt;
  Evaluation at;
  at.inputs = numeric_hypers(chosen.problem, chosen.given.hypers);
  return std::pair{std::move(chosen), std::move(at)};
}

std::string explain_program(Front& front, const CommonOptions& options) {
  std::string out;
  runtime::Json json = runtime::Json::array();
  for (const ast::Decl* decl : front.program.own) {
    if (!decl->as<ast::ProblemDecl>() || front.program.broken.contains(decl)) continue;
    Graph graph;
    const std::string name = ast::name_of(*decl).name.str();
    auto chosen = with_data(front, graph, options, name);
    const bool at_hand = chosen.has_value();
    if (!chosen) chosen = without_data(front, graph, options, *decl);
    if (!chosen) return out;
    convex::Analysis analysis(
        question_of(front, graph, chosen->first.problem, chosen->second, at_hand));
    Explained explained = explain(front, analysis, chosen->first.problem);
    json.push_back(std::move(explained.json));
    out += (out.empty() ? "" : "\n") + explained.text;
  }
  if (out.empty())
    front.diags.report(DiagKind::no_such_item, {},
                       fmt::format("{} declares no problem to explain", front.path));
  return options.json ? runtime::print_json_pretty(json) : out;
}

} // namespace thalweg::driver
