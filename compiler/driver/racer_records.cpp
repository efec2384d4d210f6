// What a run records, and the points that it measures (see racer.h).
#include "driver/racer.h"

#include <algorithm>
#include <cmath>

namespace thalweg::driver {

using irgen::RecordInput;
using irgen::RuleUnit;

// A hyperparameter, or what its schedule gives at step t.
runtime::StepStatus RacerRun::hyper(const std::string& name, int64_t t, double loss,
                                    double& value) {
  for (auto& rule : rules_) {
    const RuleUnit& unit = rule->unit();
    auto rate = std::find(unit.recorded.begin(), unit.recorded.end(), name);
    if (rate != unit.recorded.end()) {
      std::vector<double> rates;
      rule->set_shared(t, loss_before_, loss);
      if (int32_t status = rule->rates(rates)) return failed(status, rule.get());
      value = rates[static_cast<size_t>(rate - unit.recorded.begin())];
      return {};
    }
    for (const RuleUnit::Hyper& hyper : unit.hypers)
      if (hyper.name == name) {
        value = hyper.value;
        return {};
      }
  }
  return {};
}

// The recorded values and the stop condition at the start of a step.
runtime::StepStatus RacerRun::records(const runtime::StepRequest& request,
                                      runtime::StepResult& result) {
  using Source = RecordInput::Source;
  const auto& metrics = objective_.problem().metrics;
  std::vector<double> here, part[2];
  double part_loss[2] = {0, 0};
  std::vector<bool> known(record_unit_->inputs.size(), true);
  auto metric = [&](const std::vector<double>& values, std::string_view name) {
    return values[static_cast<size_t>(std::find(metrics.begin(), metrics.end(), name) -
                                      metrics.begin())];
  };
  for (size_t k = 0; k < record_unit_->inputs.size(); ++k) {
    const RecordInput& input = record_unit_->inputs[k];
    double value = 0;
    switch (input.source) {
    case Source::gradient:
    case Source::parameter: continue;
    case Source::update: known[k] = has_update_; continue;
    case Source::loss: value = *result.loss; break;
    case Source::step: value = static_cast<double>(request.taken); break;
    case Source::time: value = request.seconds; break;
    case Source::epoch: value = request.epoch; break;
    case Source::metric:
      if (here.empty()) {
        double loss = 0;
        if (int32_t status = objective_.measure(point_, batch_, loss, here)) return failed(status);
      }
      value = metric(here, input.name);
      break;
    case Source::part_loss:
    case Source::part_metric: {
      bool validation = input.name.starts_with("validation.");
      std::vector<double>& values = part[validation];
      if (values.empty()) {
        if (int32_t status = objective_.measure(this->result(), data_.view(validation),
                                                part_loss[validation], values))
          return failed(status);
        values.push_back(0); // marks it as measured where a problem has no metric
      }
      value = input.source == Source::part_loss
                  ? (objective_.problem().maximize ? -part_loss[validation] : part_loss[validation])
                  : metric(values, input.name.substr(input.name.find('.') + 1));
      break;
    }
    case Source::hyper:
      if (runtime::StepStatus status = hyper(input.name, request.taken + 1, *result.loss, value);
          !status.ok())
        return status;
      break;
    case Source::report:
      known[k] = false;
      for (const auto& [name, reported] : reports())
        if (name == input.name) {
          known[k] = true;
          value = reported;
        }
      break;
    }
    *static_cast<double*>(record_inputs_[k].data()) = value;
  }
  BoundCall& call = *record_call_;
  if (int32_t status = call.call()) return failed(status);
  // A value made of something that is not known yet is blank.
  const Function& f = record_unit_->function;
  size_t at = 0;
  for (size_t k = 0; k < record_unit_->present.size() + (record_unit_->has_until ? 1 : 0); ++k) {
    bool until = k == record_unit_->present.size();
    if (!until && !record_unit_->present[k]) {
      result.values.push_back(std::nullopt);
      continue;
    }
    ValueId id = f.results[at].value;
    bool complete = true;
    for (ValueId v : reachable(pipeline_.graph(), std::span(&id, 1)))
      if (pipeline_.graph().node(v).op == Op::arg)
        complete = complete && known[static_cast<size_t>(pipeline_.graph().node(v).attr.ints[0])];
    double value = call.scalar_result(at++);
    if (until)
      result.until_met = request.until && complete && value != 0;
    else
      result.values.push_back(complete ? runtime::RecordValue(value) : std::nullopt);
  }
  if (!request.row) result.values.clear();
  return {};
}

} // namespace thalweg::driver
