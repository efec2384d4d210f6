// Ranges of hyperparameters before a run (see ranges.h).
#include "driver/ranges.h"

#include "base/text.h"
#include "driver/evaluation.h"
#include "ir/interp.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <limits>

namespace thalweg::driver {

using irgen::RuleUnit;

// The hyperparameters that the condition of check k names: "lr = -1".
static std::string named_values(const RuleUnit& unit, size_t k, Span* place = nullptr) {
  const std::string& condition = unit.step.checks[k].message;
  const std::string& prefix = unit.check_prefixes[k];
  auto is_word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 128; };
  std::string text;
  for (const RuleUnit::Hyper& hyper : unit.hypers) {
    if (!hyper.name.starts_with(prefix)) continue;
    std::string name = hyper.name.substr(prefix.size());
    size_t at = condition.find(name);
    size_t end = at + name.size();
    if (at == condition.npos || (at > 0 && is_word(condition[at - 1])) ||
        (end < condition.size() && is_word(condition[end])))
      continue;
    if (place && text.empty()) *place = hyper.span;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", hyper.name,
                        runtime::number_text(hyper.value));
  }
  return text;
}

std::string range_text(const RuleUnit& unit, size_t k) {
  std::string values = named_values(unit, k);
  return fmt::format("'{}' does not hold{}{}", unit.step.checks[k].message,
                     values.empty() ? "" : ": ", values);
}

namespace {

// The checks of a function that read nothing but such parameters.
template <class Reads>
Function only_checks(const Graph& graph, const Function& function, Reads reads) {
  Function out = function;
  out.results.clear();
  std::erase_if(out.checks, [&](const Check& check) {
    for (ValueId id : reachable(graph, std::span(&check.condition, 1)))
      if (const Node& node = graph.node(id);
          node.op == Op::dim ||
          (node.op == Op::arg && !reads(static_cast<size_t>(node.attr.ints[0]))))
        return true;
    return false;
  });
  return out;
}

// The shared inputs of a rule before step 1.
std::vector<Tensor> inputs_before(const RuleUnit& unit, const std::vector<Tensor>& states) {
  std::vector<Tensor> inputs;
  size_t hyper = 0, state = 0;
  for (const Parameter& p : unit.step.parameters) {
    if (p.per_tensor) continue;
    Tensor value = Tensor::scalar(0, p.type.dtype);
    if (p.name == "t" || p.name == "batch") value.set_number(0, 1);
    if (p.name == "loss") value.set_number(0, std::numeric_limits<double>::infinity());
    if (p.name.starts_with("hyper ")) value.set_number(0, unit.hypers[hyper++].value);
    if (p.name.starts_with("state ") && state < states.size()) value = states[state++];
    inputs.push_back(std::move(value));
  }
  return inputs;
}

} // namespace

bool ranges_hold(Front& front, const Graph& graph, const std::string& who, const RuleUnit& unit) {
  Function initial = unit.initial;
  std::erase_if(initial.results, [](const Result& result) { return result.per_tensor; });
  TableEvaluated states = Interpreter(graph).evaluate_table(initial, inputs_before(unit, {}), {});
  Function checks = only_checks(graph, unit.step, [&](size_t k) {
    const Parameter& p = unit.step.parameters[k];
    return !p.per_tensor && p.name != "value" && !p.name.starts_with("query");
  });
  std::erase_if(checks.checks, [&](const Check& check) {
    return std::any_of(unit.stops.begin(), unit.stops.end(),
                       [&](const RuleUnit::Stop& stop) { return stop.status == check.status; });
  });
  bool fine = true;
  std::vector<Tensor> inputs = inputs_before(unit, states.shared);
  for (const Check& check : checks.checks) {
    Function one = checks;
    one.checks = {check};
    TableEvaluated out = Interpreter(graph).evaluate_table(one, inputs, {});
    if (out.ok() || out.failure->status != check.status) continue;
    for (size_t k = 0; k < unit.step.checks.size(); ++k)
      if (unit.step.checks[k].status == check.status) {
        Span place;
        named_values(unit, k, &place);
        std::string text = fmt::format("{}: {}", who, range_text(unit, k));
        if (place.valid())
          front.diags.report(DiagKind::out_of_range, place, std::move(text))
              .label(check.span, "required here");
        else
          front.diags.report(DiagKind::out_of_range, check.span, std::move(text));
      }
    fine = false;
  }
  return fine;
}

bool ranges_hold(Front& front, const Graph& graph, const irgen::ProblemUnit& problem,
                 const std::vector<std::pair<std::string, double>>& values) {
  Function checks = only_checks(graph, problem.objective,
                                [&](size_t k) { return k < problem.first_parameter(); });
  checks.parameters.resize(problem.first_parameter());
  std::vector<Tensor> inputs = numeric_hypers(problem, values);
  bool fine = true;
  for (const Check& check : checks.checks) {
    Function one = checks;
    one.checks = {check};
    if (Interpreter(graph).evaluate(one, inputs).ok()) continue;
    front.diags.report(DiagKind::out_of_range, check.span,
                       fmt::format("'{}' does not hold", check.message));
    fine = false;
  }
  return fine;
}

} // namespace thalweg::driver
