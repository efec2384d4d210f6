// Schedules evaluated by themselves (see rate_curve.h).
#include "driver/rate_curve.h"

#include "ir/interp.h"
#include "ir/varying.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg::driver {

using irgen::RuleUnit;

namespace {

// The step without its tensors: shared states and recorded values.
Function shared_part(const Graph& graph, const RuleUnit& unit) {
  Function f = unit.step;
  f.name = unit.name + ".rates";
  std::vector<bool> varies = varies_by_tensor(graph, f);
  std::erase_if(f.results, [&](const Result& r) {
    return r.per_tensor || (r.updates < 0 && std::find(unit.recorded.begin(), unit.recorded.end(),
                                                       r.name) == unit.recorded.end());
  });
  std::erase_if(f.checks, [&](const Check& c) { return varies[c.condition.value]; });
  return f;
}

class Clock {
public:
  Clock(const Graph& graph, const RuleUnit& unit) : interpreter_(graph), unit_(unit) {
    size_t hyper = 0;
    for (const Parameter& p : unit.step.parameters) {
      places_.push_back(p.per_tensor ? -1 : static_cast<int64_t>(shared_.size()));
      if (p.per_tensor) continue;
      double value = p.name.starts_with("hyper ") ? unit.hypers[hyper++].value : 0;
      shared_.push_back(Tensor::scalar(value, p.type.dtype));
    }
    step_ = shared_part(graph, unit);
  }

  bool start(const RateView& view) {
    view_ = view;
    set("t", 1);
    set("batch", view.batch);
    set("loss", std::numeric_limits<double>::infinity());
    Function initial = unit_.initial;
    std::erase_if(initial.results, [](const Result& r) { return r.per_tensor; });
    TableEvaluated out = interpreter_.evaluate_table(initial, shared_, {});
    if (!out.ok()) return false;
    for (size_t k = 0; k < initial.results.size(); ++k)
      at("state " + initial.results[k].name) = out.shared[k];
    return true;
  }

  // Recorded values of step t, in order; the check that broke otherwise.
  const Check* step(int64_t t, std::vector<double>& values) {
    set("t", static_cast<double>(t));
    set("epoch", static_cast<double>(t - 1) / view_.steps_per_epoch);
    TableEvaluated out = interpreter_.evaluate_table(step_, shared_, {});
    if (!out.ok()) {
      for (const Check& check : step_.checks)
        if (check.status == out.failure->status) return &check;
      return step_.checks.empty() ? nullptr : &step_.checks.front();
    }
    for (size_t k = 0; k < step_.results.size(); ++k) {
      const Result& r = step_.results[k];
      if (r.updates < 0)
        values.push_back(out.shared[k].number(0));
      else
        shared_[static_cast<size_t>(places_[static_cast<size_t>(r.updates)])] = out.shared[k];
    }
    set("loss", 1);
    return nullptr;
  }

private:
  Tensor& at(const std::string& parameter) {
    return shared_[static_cast<size_t>(places_[unit_.index_of(parameter)])];
  }
  void set(const std::string& parameter, double value) { at(parameter).set_number(0, value); }

  RateView view_;
  Interpreter interpreter_;
  const RuleUnit& unit_;
  Function step_;
  std::vector<Tensor> shared_;
  std::vector<int64_t> places_; // parameter of the step → index in shared_
};

bool reads(const Graph& graph, const RuleUnit& unit, const std::string& result,
           std::string_view parameter) {
  auto found = std::find_if(unit.step.results.begin(), unit.step.results.end(),
                            [&](const Result& r) { return r.updates < 0 && r.name == result; });
  for (ValueId id : reachable(graph, std::span(&found->value, 1)))
    if (const Node& node = graph.node(id); node.op == Op::arg)
      if (unit.step.parameters[static_cast<size_t>(node.attr.ints[0])].name == parameter)
        return true;
  return false;
}

// Of the schedule that a condition names.
Span named_rate(const RuleUnit& rule, const std::string& condition) {
  for (size_t k = 0; k < rule.recorded.size(); ++k) {
    const std::string& name = rule.recorded[k];
    if (condition.find(name.substr(name.rfind('.') + 1)) != condition.npos)
      return rule.rates[k].span;
  }
  return {};
}

} // namespace

std::optional<RateCurves> rate_curves(Front& front, const Graph& graph, const irgen::RulePlan& plan,
                                      const RateView& view) {
  RateCurves out;
  for (const irgen::RuleVariant& variant : plan.rules) {
    const RuleUnit& rule = variant.rule;
    size_t first = out.curves.size();
    std::vector<size_t> places; // of the recorded values among the curves
    for (size_t k = 0; k < rule.recorded.size(); ++k) {
      auto known = std::find_if(out.curves.begin(), out.curves.end(),
                                [&](const RateCurve& c) { return c.name == rule.recorded[k]; });
      if (known == out.curves.end()) {
        places.push_back(out.curves.size());
        out.curves.push_back(
            {rule.recorded[k], rule.rates[k], reads(graph, rule, rule.recorded[k], "epoch"), {}});
      } else {
        places.push_back(static_cast<size_t>(-1)); // another variant has it
      }
    }
    if (first == out.curves.size()) continue;
    Clock clock(graph, rule);
    if (!clock.start(view)) return std::nullopt;
    for (int64_t t = 1; t <= view.steps; ++t) {
      std::vector<double> values;
      if (const Check* broken = clock.step(t, values)) {
        if (t == 1) {
          front.diags.report(DiagKind::out_of_range, broken->span,
                             fmt::format("'{}' does not hold at step 1", broken->message));
          return std::nullopt;
        }
        out.broken.push_back({*broken, t, named_rate(rule, broken->message)});
        break;
      }
      for (size_t k = 0; k < places.size(); ++k)
        if (places[k] != static_cast<size_t>(-1)) out.curves[places[k]].values.push_back(values[k]);
    }
  }
  return out;
}

namespace {

constexpr int64_t kMostSteps = 5000; // that the warnings look at
constexpr double kJump = 0.25;       // of the largest rate

// The step after which the rate leaps, while it moves smoothly on both sides; 0 if nowhere.
size_t jump(const std::vector<double>& v) {
  double top = 0;
  for (double value : v)
    top = std::max(top, std::abs(value));
  for (size_t k = 2; k + 1 < v.size(); ++k) {
    double leap = std::abs(v[k] - v[k - 1]);
    double around = std::max(std::abs(v[k - 1] - v[k - 2]), std::abs(v[k + 1] - v[k]));
    if (leap > kJump * top && leap > 5 * around) return k;
  }
  return 0;
}

} // namespace

void warn_of_rates(Front& front, const Graph& graph, const std::string& racer,
                   const irgen::RulePlan& plan, RateView view) {
  view.steps = std::min(view.steps, kMostSteps);
  std::optional<RateCurves> rates = rate_curves(front, graph, plan, view);
  if (!rates) return;
  auto warn = [&](Span span, const std::string& text) -> Diagnostic& {
    return front.diags.report(DiagKind::odd_schedule, span, text);
  };
  std::vector<Span> seen; // one schedule may go by two names
  for (const RateCurve& curve : rates->curves) {
    if (std::any_of(seen.begin(), seen.end(), [&](Span s) { return s == curve.rate.span; }))
      continue;
    seen.push_back(curve.rate.span);
    // How many steps an epoch has is known when the data is there.
    if (curve.of_epochs) continue;
    const std::vector<double>& v = curve.values;
    std::string name = racer + "." + curve.name;
    auto negative = std::find_if(v.begin(), v.end(), [](double value) { return value < 0; });
    if (negative != v.end())
      warn(curve.rate.span, fmt::format("'{}' is negative at step {}: {}", name,
                                        negative - v.begin() + 1, *negative));
    else if (!v.empty() && std::all_of(v.begin(), v.end(), [](double value) { return value == 0; }))
      warn(curve.rate.span,
           fmt::format("'{}' is 0 at every one of the {} steps looked at", name, v.size()));
    if (size_t k = curve.rate.joins ? jump(v) : 0)
      warn(curve.rate.span, fmt::format("'{}' jumps from {:.4g} at step {} to {:.4g} at step {}",
                                        name, v[k - 1], k, v[k], k + 1))
          .note("one schedule follows another here");
  }
  bool epochs = std::any_of(rates->curves.begin(), rates->curves.end(),
                            [](const RateCurve& c) { return c.of_epochs; });
  if (epochs) return;
  for (const RateCurves::Broken& broken : rates->broken) {
    std::string text = fmt::format("{}: '{}' does not hold at step {}, where the run ends", racer,
                                   broken.check.message, broken.step);
    if (broken.span.valid())
      warn(broken.span, text).label(broken.check.span, "required here");
    else
      warn(broken.check.span, text);
  }
}

} // namespace thalweg::driver
