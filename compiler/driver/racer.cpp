// A step: value and gradient at x, the record row, points elsewhere, the rule (see racer.h).
#include "driver/racer.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace thalweg::driver {

using irgen::RecordInput;
using irgen::RuleUnit;

bool RacerRun::prepare_rule(const irgen::Unit& unit, const irgen::Chain& chain) {
  auto variants = irgen::elaborate_variants(unit, chain, objective_.problem());
  if (!variants) return false;
  rules_.clear();
  for (irgen::RuleVariant& variant : *variants) {
    rules_.push_back(std::make_unique<RuleInstance>(std::move(variant.rule), variant.parameters));
    if (!rules_.back()->compile(pipeline_)) return false;
  }
  return true;
}

bool RacerRun::prepare_records(irgen::RecordUnit records) {
  auto compiled = pipeline_.compile({records.function});
  if (!compiled) return false;
  record_code_ = std::move(*compiled);
  record_call_.emplace(record_code_[0]);
  record_unit_ = std::move(records);
  record_inputs_ = std::vector<Buffer>(record_unit_->inputs.size());
  for (const RecordInput& input : record_unit_->inputs)
    wants_update_ = wants_update_ || input.source == RecordInput::Source::update;
  return true;
}

bool RacerRun::start(const void* initial_point) {
  size_t bytes = static_cast<size_t>(objective_.total()) * objective_.element_bytes();
  point_ = static_cast<char*>(point_buffer_.get(bytes));
  gradient_ = static_cast<char*>(gradient_buffer_.get(bytes));
  if (wants_update_) update_ = static_cast<char*>(update_buffer_.get(bytes));
  if (!point_ || !gradient_ || (wants_update_ && !update_)) return false;
  std::memcpy(point_, initial_point, bytes);
  loss_before_ = std::numeric_limits<double>::infinity();
  batch_ = data_.view(false);
  for (auto& rule : rules_) {
    if (!rule->bind(objective_, point_, gradient_)) return false;
    if (!rule->unit().queries.empty() && !query_buffer_.get(bytes)) return false;
    if (int32_t status = rule->initialize(); status != TW_OK) {
      front_.diags.report(DiagKind::run_failed, {},
                          fmt::format("{}: the initial states can't be computed: {}", name_,
                                      tw_status_text(status)));
      return false;
    }
  }
  if (!check_ranges()) return false;
  if (!record_call_) return true;
  BoundCall& call = *record_call_;
  for (const auto& [name, value] : objective_.sizes())
    call.size(name, value);
  call.size("parameters", objective_.total());
  for (size_t k = 0; k < record_unit_->inputs.size(); ++k) {
    const RecordInput& input = record_unit_->inputs[k];
    const void* memory = record_inputs_[k].get(8);
    if (input.source == RecordInput::Source::gradient) memory = gradient_;
    if (input.source == RecordInput::Source::update) memory = update_;
    if (input.source == RecordInput::Source::parameter)
      for (const Objective::Piece& piece : objective_.pieces())
        if (piece.name == input.name)
          memory = point_ + static_cast<size_t>(piece.offset) * objective_.element_bytes();
    call.parameter(k, memory);
  }
  return call.prepare();
}

runtime::StepStatus RacerRun::bind(const runtime::Batch& batch) {
  batch_ = data_.view(batch);
  return {};
}

// The hyperparameters that a condition names, with their values: "lr = -1".
static std::string named_values(const irgen::RuleUnit& unit, const std::string& condition) {
  auto is_word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 128; };
  std::string text;
  for (const irgen::RuleUnit::Hyper& hyper : unit.hypers) {
    size_t at = condition.find(hyper.name);
    size_t end = at + hyper.name.size();
    if (at == condition.npos || (at > 0 && is_word(condition[at - 1])) ||
        (end < condition.size() && is_word(condition[end])))
      continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", hyper.name, hyper.value);
  }
  return text;
}

runtime::StepStatus RacerRun::failed(int32_t status) const {
  for (const auto& rule : rules_)
    for (const Check& check : rule->unit().step.checks)
      if (check.status == status) {
        std::string values = named_values(rule->unit(), check.message);
        return {TW_REQUIRE_VIOLATED, fmt::format("'{}' does not hold{}{}", check.message,
                                                 values.empty() ? "" : ": ", values)};
      }
  const std::vector<Check>& problem = objective_.problem().objective.checks;
  if (status == TW_FAIL_STATEMENT && !problem.empty())
    return {TW_REQUIRE_VIOLATED, problem.size() == 1
                                     ? fmt::format("'{}' does not hold", problem[0].message)
                                     : "a 'require' of the problem does not hold"};
  return {status, tw_status_text(status)};
}

// A hyperparameter out of its range is told before the run.
bool RacerRun::check_ranges() {
  for (auto& rule : rules_) {
    std::vector<double> rates;
    int32_t status = rule->rates(rates);
    if (status == TW_OK) continue;
    for (const Check& check : rule->unit().step.checks)
      if (check.status == status) {
        Span place;
        for (const RuleUnit::Hyper& hyper : rule->unit().hypers)
          if (!place.valid() && !named_values(rule->unit(), check.message).empty() &&
              check.message.find(hyper.name) != std::string::npos)
            place = hyper.span;
        front_.diags
            .report(DiagKind::out_of_range, place,
                    fmt::format("{}: {}", name_, failed(status).text))
            .label(check.span, "required here");
      }
    return false;
  }
  return true;
}

// The recorded values and the stop condition at the start of a step.
runtime::StepStatus RacerRun::records(const runtime::StepRequest& request,
                                      runtime::StepResult& result) {
  using Source = RecordInput::Source;
  const auto& metrics = objective_.problem().metrics;
  std::vector<double> here, part[2], rates;
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
        if (int32_t status =
                objective_.measure(point_, data_.view(validation), part_loss[validation], values))
          return failed(status);
        values.push_back(0); // marks it as measured where a problem has no metric
      }
      value = input.source == Source::part_loss
                  ? (objective_.problem().maximize ? -part_loss[validation] : part_loss[validation])
                  : metric(values, input.name.substr(input.name.find('.') + 1));
      break;
    }
    case Source::hyper: {
      const RuleUnit& unit = rules_[0]->unit();
      auto rate = std::find(unit.recorded.begin(), unit.recorded.end(), input.name);
      if (rate != unit.recorded.end()) {
        if (rates.empty()) {
          rules_[0]->set_shared(request.taken + 1, loss_before_, *result.loss);
          if (int32_t status = rules_[0]->rates(rates)) return failed(status);
        }
        value = rates[static_cast<size_t>(rate - unit.recorded.begin())];
      } else {
        for (const RuleUnit::Hyper& hyper : unit.hypers)
          if (hyper.name == input.name) value = hyper.value;
      }
      break;
    }
    case Source::report: {
      known[k] = reported_ > 0;
      const RuleUnit& unit = rules_[0]->unit();
      if (known[k])
        value = rules_[0]->report(
            static_cast<size_t>(std::find(unit.reports.begin(), unit.reports.end(), input.name) -
                                unit.reports.begin()));
      break;
    }
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

runtime::StepResult RacerRun::step(const runtime::StepRequest& request) {
  runtime::StepResult result;
  int64_t t = request.taken + 1;
  double value = 0;
  if (int32_t status = objective_.evaluate(point_, batch_, value, gradient_)) {
    result.status = failed(status);
    return result;
  }
  result.loss = objective_.problem().maximize ? -value : value;
  if (record_unit_ && (request.row || request.until)) {
    result.status = records(request, result);
    if (!result.status.ok()) return result;
  }
  if (request.measure_only || result.until_met || !std::isfinite(value)) return result;
  size_t bytes = static_cast<size_t>(objective_.total()) * objective_.element_bytes();
  if (wants_update_) std::memcpy(update_, point_, bytes);
  // Points other than x: all parameters of all rules first, then the objective once.
  size_t queries = 0;
  for (const auto& rule : rules_)
    queries = std::max(queries, rule->unit().queries.size());
  for (auto& rule : rules_)
    rule->set_shared(t, loss_before_, value);
  for (size_t k = 0; k < queries; ++k) {
    void* at = query_buffer_.data();
    std::memcpy(at, point_, bytes);
    bool gradient = false;
    for (auto& rule : rules_)
      if (k < rule->unit().queries.size()) {
        gradient = gradient || rule->unit().queries[k].order == 1;
        if (int32_t status = rule->query(k, at)) {
          result.status = failed(status);
          return result;
        }
      }
    double there = 0;
    if (int32_t status = objective_.evaluate(at, batch_, there,
                                             gradient ? rules_[0]->query_gradient(k) : nullptr)) {
      result.status = failed(status);
      return result;
    }
    for (size_t r = 0; r < rules_.size(); ++r)
      if (k < rules_[r]->unit().queries.size()) {
        rules_[r]->set_query_value(k, there);
        if (r > 0 && gradient)
          std::memcpy(rules_[r]->query_gradient(k), rules_[0]->query_gradient(k), bytes);
      }
  }
  for (auto& rule : rules_)
    if (int32_t status = rule->step(t, loss_before_, value, seed_)) {
      result.status = failed(status);
      return result;
    }
  if (wants_update_) {
    auto subtract = [&]<class T>(T*) {
      T* old = reinterpret_cast<T*>(update_);
      const T* now = reinterpret_cast<const T*>(point_);
      for (int64_t i = 0; i < objective_.total(); ++i)
        old[i] = now[i] - old[i];
    };
    if (objective_.precision() == DType::f32)
      subtract(static_cast<float*>(nullptr));
    else
      subtract(static_cast<double*>(nullptr));
    has_update_ = true;
  }
  loss_before_ = *result.loss;
  ++reported_;
  result.taken = true;
  return result;
}

std::optional<runtime::Fault> RacerRun::find_fault() {
  auto first_bad = [&](const char* arena, double& number) -> const Objective::Piece* {
    for (const Objective::Piece& piece : objective_.pieces())
      for (int64_t i = 0; i < piece.count; ++i) {
        const char* at = arena + static_cast<size_t>(piece.offset + i) * objective_.element_bytes();
        double v = objective_.precision() == DType::f32 ? *reinterpret_cast<const float*>(at)
                                                        : *reinterpret_cast<const double*>(at);
        if (!std::isfinite(v)) {
          number = v;
          return &piece;
        }
      }
    return nullptr;
  };
  double number = 0;
  // Parameters first: once one of them is not finite, every term that reads it is not.
  if (const Objective::Piece* piece = first_bad(point_, number))
    return runtime::Fault{"the parameter", "", piece->name, number};
  double value = 0;
  if (objective_.evaluate(point_, batch_, value, gradient_) == TW_OK && !std::isfinite(value)) {
    double inner = value;
    std::string term = objective_.non_finite_term(point_, batch_, inner);
    std::string parameter;
    if (const Objective::Piece* piece = first_bad(gradient_, number)) parameter = piece->name;
    return runtime::Fault{"the loss", term, parameter, value};
  }
  if (const Objective::Piece* piece = first_bad(gradient_, number))
    return runtime::Fault{"the gradient", "", piece->name, number};
  return std::nullopt;
}

std::vector<double> RacerRun::metrics() {
  double loss = 0;
  std::vector<double> values;
  if (objective_.measure(point_, data_.view(data_.validation_rows > 0), loss, values) != TW_OK)
    values.assign(objective_.problem().metrics.size(), std::nan(""));
  return values;
}

double RacerRun::final_loss() {
  double loss = 0;
  std::vector<double> values;
  if (objective_.measure(point_, data_.view(false), loss, values) != TW_OK) return std::nan("");
  return objective_.problem().maximize ? -loss : loss;
}

std::vector<std::pair<std::string, double>> RacerRun::reports() const {
  std::vector<std::pair<std::string, double>> out;
  const RuleUnit& unit = rules_[0]->unit();
  for (size_t k = 0; k < unit.reports.size() && reported_ > 0; ++k)
    out.emplace_back(unit.reports[k], rules_[0]->report(k));
  return out;
}

} // namespace thalweg::driver
