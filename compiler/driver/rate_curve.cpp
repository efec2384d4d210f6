// Schedules evaluated by themselves (see rate_curve.h).
#include "driver/rate_curve.h"

#include "ir/interp.h"
#include "ir/varying.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg::driver {

using irgen::Argument;
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

  bool start() {
    set("t", 1);
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

  Interpreter interpreter_;
  const RuleUnit& unit_;
  Function step_;
  std::vector<Tensor> shared_;
  std::vector<int64_t> places_; // parameter of the step → index in shared_
};

} // namespace

std::optional<std::vector<RateCurve>> rate_curves(Front& front, const irgen::Unit& unit,
                                                  const irgen::Chain& chain, int64_t steps) {
  std::optional<RuleUnit> rule = irgen::elaborate_rule(unit, chain, 1);
  if (!rule) return std::nullopt;
  std::vector<RateCurve> curves;
  for (const std::string& name : rule->recorded)
    curves.push_back({name, {}});
  if (curves.empty()) return curves;
  Clock clock(unit.graph, *rule);
  if (!clock.start()) return std::nullopt;
  for (int64_t t = 1; t <= steps; ++t) {
    std::vector<double> values;
    if (const Check* broken = clock.step(t, values)) {
      if (t > 1) break; // a run ends here too
      front.diags.report(DiagKind::out_of_range, broken->span,
                         fmt::format("'{}' does not hold at step 1", broken->message));
      return std::nullopt;
    }
    for (size_t k = 0; k < curves.size() && k < values.size(); ++k)
      curves[k].values.push_back(values[k]);
  }
  return curves;
}

namespace {

constexpr int64_t kMostSteps = 5000; // that the warnings look at
constexpr double kJump = 0.25;       // of the largest rate

int schedules_in(const Argument& a) {
  int count = 0;
  for (const Argument& inner : a.arguments)
    count += inner.kind == Argument::Kind::schedule;
  return count;
}

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

void warn_of(Front& front, const std::string& name, const Argument& a,
             const std::vector<double>& v) {
  auto warn = [&](const std::string& text) -> Diagnostic& {
    return front.diags.report(DiagKind::odd_schedule, a.span, text);
  };
  auto negative = std::find_if(v.begin(), v.end(), [](double value) { return value < 0; });
  if (negative != v.end())
    warn(fmt::format("'{}' is negative at step {}: {}", name, negative - v.begin() + 1, *negative));
  else if (!v.empty() && std::all_of(v.begin(), v.end(), [](double value) { return value == 0; }))
    warn(fmt::format("'{}' is 0 at every one of the {} steps looked at", name, v.size()));
  if (schedules_in(a) < 2) return;
  if (size_t k = jump(v))
    warn(fmt::format("'{}' jumps from {:.4g} at step {} to {:.4g} at step {}", name, v[k - 1], k,
                     v[k], k + 1))
        .note("one schedule follows another here");
}

} // namespace

void warn_of_rates(Front& front, const irgen::Unit& unit, const irgen::Racer& racer,
                   int64_t steps) {
  std::vector<std::pair<std::string, const Argument*>> scheduled;
  auto collect = [&](const irgen::RuleCall& call, bool transform) {
    const std::vector<ast::Param>* params = nullptr;
    if (const auto* t = call.decl->as<ast::TransformDecl>()) params = &t->params;
    if (const auto* o = call.decl->as<ast::OptimizerDecl>()) params = &o->params;
    for (size_t k = 0; params && k < params->size() && k < call.arguments.size(); ++k)
      if (call.arguments[k].kind == Argument::Kind::schedule)
        scheduled.emplace_back((transform ? ast::name_of(*call.decl).name.str() + "." : "") +
                                   (*params)[k].name.name.str(),
                               &call.arguments[k]);
  };
  for (const irgen::RuleCall& call : racer.chain.transforms)
    collect(call, true);
  if (racer.chain.rule.decl) collect(racer.chain.rule, false);
  if (scheduled.empty()) return;
  auto curves = rate_curves(front, unit, racer.chain, std::min(steps, kMostSteps));
  for (size_t k = 0; curves && k < curves->size(); ++k)
    for (const auto& [name, argument] : scheduled)
      if (name == (*curves)[k].name)
        warn_of(front, racer.name + "." + name, *argument, (*curves)[k].values);
}

} // namespace thalweg::driver
