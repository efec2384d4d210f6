// A step: value and gradient at x, the record row, points elsewhere, the rule (see racer.h).
#include "driver/racer.h"

#include "driver/demands.h"
#include "driver/ranges.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

namespace thalweg::driver {

using irgen::RecordInput;
using irgen::RuleUnit;

bool RacerRun::prepare_rule(const irgen::Unit& unit, const irgen::Chain& chain) {
  auto plan = irgen::elaborate_variants(unit, chain, irgen::subjects_of(objective_.problem()));
  if (!plan) return false;
  bool several = plan->rules.size() > 1;
  rules_.clear();
  for (irgen::RuleVariant& variant : plan->rules) {
    rules_.push_back(std::make_unique<RuleInstance>(std::move(variant.rule), variant.parameters));
    if (!rules_.back()->compile(pipeline_, several)) return false;
  }
  folds_.emplace(plan->folds, rules_);
  for (const auto& rule : rules_) {
    const irgen::Demands& demands = rule->unit().demands;
    if (!objective_.compile_second(demands.hessians, demands.products)) return false;
    if (!demands.residuals && !demands.jacobians) continue;
    if (!residuals_offered(front_, pipeline_.graph(), objective_.problem(), rule->unit()) ||
        !objective_.compile_residuals(demands.jacobians))
      return false;
  }
  return true;
}

std::vector<const RuleUnit*> RacerRun::units() const {
  std::vector<const RuleUnit*> units;
  for (const auto& rule : rules_)
    units.push_back(&rule->unit());
  return units;
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
  refused_ = nullptr;
  if (!evaluations_.start(asks_elsewhere())) return false;
  if (wants_update_ && !before_.get(bytes)) return false;
  for (auto& rule : rules_) {
    if (!rule->bind(objective_, point_, gradient_, seed_, batch_.rows, folds_->values()))
      return false;
    if (rule->unit().demands.in_step())
      rule->answer_oracles([this](OracleKind kind, std::span<const void* const> operands,
                                  void* answer) { return answer_oracle(kind, operands, answer); });
    if (asks_elsewhere() && !query_buffer_.get(bytes)) return false;
    if (rule->unit().demands.products && !direction_buffer_.get(bytes)) return false;
    if (rule->unit().answer && !answer_buffer_.get(bytes)) return false;
  }
  if (int32_t status = initialize()) {
    front_.diags.report(
        DiagKind::run_failed, {},
        fmt::format("{}: the initial states can't be computed: {}", name_, tw_status_text(status)));
    return false;
  }
  bool fine = true;
  for (const RuleUnit* rule : units())
    fine = ranges_hold(front_, pipeline_.graph(), name_, *rule) && fine;
  if (!fine) return false;
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

int32_t RacerRun::initialize() {
  double value = 0;
  auto asks = [](const auto& rule) { return rule->starts_from_objective(); };
  if (std::any_of(rules_.begin(), rules_.end(), asks))
    if (int32_t status = evaluations_.at(point_, batch_, value, gradient_)) return status;
  for (auto& rule : rules_)
    rule->set_before(value);
  RuleInstance* failed = nullptr;
  if (int32_t status = folds_->initial(failed)) return status;
  for (auto& rule : rules_)
    if (int32_t status = rule->initialize()) return status;
  return TW_OK;
}

runtime::StepStatus RacerRun::bind(const runtime::Batch& batch) {
  batch_ = data_.view(batch);
  // A batch of all rows in their order is read where it lies; any other may hold other rows.
  DataView all = data_.view(false);
  if (batch_.rows != all.rows || batch_.buffers != all.buffers) evaluations_.forget();
  bool squares = std::any_of(rules_.begin(), rules_.end(), [](const auto& rule) {
    return rule->unit().demands.residuals || rule->unit().demands.jacobians;
  });
  if (squares && batch_.rows != all.rows)
    return {TW_UNSUPPORTED, "residuals of a part of the rows are not compiled yet"};
  return {};
}

bool RacerRun::asks_elsewhere() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const auto& rule) {
    return rule->unit().demands.in_step() || !rule->unit().queries.empty();
  });
}

std::vector<std::pair<std::string, int64_t>> RacerRun::evaluations() const {
  if (!asks_elsewhere()) return {};
  std::vector<std::pair<std::string, int64_t>> counts{{"f", evaluations_.values()},
                                                      {"grad", evaluations_.gradients()}};
  bool hessians = false, products = false;
  for (const auto& rule : rules_) {
    hessians = hessians || rule->unit().demands.hessians;
    products = products || rule->unit().demands.products;
  }
  if (rules_[0]->unit().demands.residuals)
    counts.emplace_back("residuals", evaluations_.residuals());
  if (rules_[0]->unit().demands.jacobians) counts.emplace_back("jac", evaluations_.jacobians());
  if (hessians) counts.emplace_back("hess", evaluations_.hessians());
  if (products) counts.emplace_back("hvp", evaluations_.products());
  return counts;
}

// In the middle of a step. A rule that asks for gradients on its way wants those of the points
// whose values it looks at.
int32_t RacerRun::answer_oracle(OracleKind kind, std::span<const void* const> operands,
                                void* answer) {
  const void* point = operands[0];
  if (kind == OracleKind::residuals || kind == OracleKind::jacobian) {
    int32_t status = kind == OracleKind::residuals ? evaluations_.residuals(point, batch_, answer)
                                                   : evaluations_.jacobian(point, batch_, answer);
    if (status != TW_OK) refused_ = point;
    return status;
  }
  if (kind == OracleKind::hessian || kind == OracleKind::hvp) {
    int32_t status = kind == OracleKind::hessian
                         ? evaluations_.hessian(point, batch_, answer)
                         : evaluations_.product(point, operands[1], batch_, answer);
    if (status != TW_OK) refused_ = point;
    return status;
  }
  double value = 0;
  void* gradient = nullptr;
  if (kind == OracleKind::gradient)
    gradient = answer;
  else if (rules_[0]->unit().demands.gradients_in_step)
    gradient = query_buffer_.data();
  int32_t status = evaluations_.at(point, batch_, value, gradient);
  if (status != TW_OK) refused_ = point;
  if (kind == OracleKind::gradient) return status;
  if (objective_.precision() == DType::f32)
    *static_cast<float*>(answer) = static_cast<float>(value);
  else
    *static_cast<double*>(answer) = value;
  return status;
}

runtime::StepResult RacerRun::step(const runtime::StepRequest& request) {
  runtime::StepResult result;
  int64_t t = request.taken + 1;
  double value = 0;
  if (int32_t status = evaluations_.at(point_, batch_, value, gradient_)) {
    result.status = objective_failed(status, point_);
    return result;
  }
  result.loss = objective_.problem().maximize ? -value : value;
  for (auto& rule : rules_)
    rule->set_batch(request.epoch, std::max<int64_t>(batch_.rows, 1));
  if (record_unit_ && (request.row || request.until)) {
    result.status = records(request, result);
    if (!result.status.ok()) return result;
  }
  if (request.measure_only || result.until_met || !std::isfinite(value)) return result;
  size_t bytes = static_cast<size_t>(objective_.total()) * objective_.element_bytes();
  if (wants_update_) std::memcpy(before_.data(), point_, bytes);
  if (!step_rules(t, value, result)) return result;
  result.taken = true;
  if (wants_update_) {
    auto subtract = [&]<class T>(T*) {
      T* change = reinterpret_cast<T*>(update_);
      const T* old = static_cast<const T*>(before_.data());
      const T* now = reinterpret_cast<const T*>(point_);
      for (int64_t i = 0; i < objective_.total(); ++i)
        change[i] = now[i] - old[i];
    };
    if (objective_.precision() == DType::f32)
      subtract(static_cast<float*>(nullptr));
    else
      subtract(static_cast<double*>(nullptr));
    has_update_ = true;
  }
  loss_before_ = *result.loss;
  ++taken_;
  return result;
}

bool RacerRun::step_rules(int64_t t, double value, runtime::StepResult& result) {
  for (auto& rule : rules_)
    rule->set_shared(t, loss_before_, value);
  folds_->begin();
  result.status = query_points();
  if (!result.status.ok()) return false;
  RuleInstance* folding = nullptr;
  if (int32_t status = folds_->rest(folding)) {
    result.status = failed(status, folding);
    return false;
  }
  // Nothing is changed before every rule had its say.
  for (auto& rule : rules_)
    if (int32_t status = rule->check()) {
      result.status = failed(status, rule.get());
      return false;
    }
  for (auto& rule : rules_)
    if (int32_t status = rule->step(t, loss_before_, value)) {
      result.status = refused_ ? objective_failed(status, refused_) : failed(status, rule.get());
      return false;
    }
  return rules_[0]->taken();
}

runtime::StepStatus RacerRun::query_points() {
  size_t queries = 0;
  for (const auto& rule : rules_)
    queries = std::max(queries, rule->unit().queries.size());
  for (size_t k = 0; k < queries; ++k) {
    RuleInstance* folding = nullptr;
    if (int32_t status = folds_->answered(k, folding)) return failed(status, folding);
    for (bool products : {false, true}) {
      runtime::StepStatus status = query_points(k, products);
      if (!status.ok()) return status;
    }
  }
  return {};
}

// All parameters of all rules that ask first, then the objective once. The parameters of others
// keep their place, and have no part in a direction.
runtime::StepStatus RacerRun::query_points(size_t k, bool products) {
  const size_t bytes = static_cast<size_t>(objective_.total()) * objective_.element_bytes();
  std::vector<RuleInstance*> asking;
  RuleInstance* first = nullptr; // whose memory takes the gradient or the product
  for (auto& rule : rules_) {
    const std::vector<RuleUnit::Query>& queries = rule->unit().queries;
    if (k >= queries.size() || (queries[k].order == 2) != products || !rule->asks(k)) continue;
    asking.push_back(rule.get());
    if (!first && queries[k].order > 0) first = rule.get();
  }
  if (asking.empty()) return {};
  void* at = query_buffer_.data();
  void* direction = products ? direction_buffer_.data() : nullptr;
  std::memcpy(at, point_, bytes);
  if (products) std::memset(direction, 0, bytes);
  for (RuleInstance* rule : asking)
    if (int32_t status = rule->query(k, at, direction)) return failed(status, rule);
  double there = 0;
  void* answer = first ? first->query_gradient(k) : nullptr;
  if (int32_t status = products ? evaluations_.product(at, direction, batch_, answer)
                                : evaluations_.at(at, batch_, there, answer))
    return objective_failed(status, at);
  for (RuleInstance* rule : asking) {
    rule->set_query_value(k, there);
    if (rule != first && rule->unit().queries[k].order > 0)
      std::memcpy(rule->query_gradient(k), answer, bytes);
  }
  return {};
}

const void* RacerRun::result() {
  if (taken_ == 0 || !answer_buffer_.data()) return point_;
  std::memcpy(answer_buffer_.data(), point_,
              static_cast<size_t>(objective_.total()) * objective_.element_bytes());
  for (auto& rule : rules_)
    if (rule->unit().answer && rule->answer(taken_, answer_buffer_.data()) != TW_OK) return point_;
  return answer_buffer_.data();
}

std::vector<double> RacerRun::metrics() {
  double loss = 0;
  std::vector<double> values;
  if (objective_.measure(result(), data_.view(data_.validation_rows > 0), loss, values) != TW_OK)
    values.assign(objective_.problem().metrics.size(), std::nan(""));
  return values;
}

double RacerRun::final_loss() {
  double loss = 0;
  std::vector<double> values;
  if (objective_.measure(result(), data_.view(false), loss, values) != TW_OK) return std::nan("");
  return objective_.problem().maximize ? -loss : loss;
}

// A name that several variants report is one value.
std::vector<std::pair<std::string, double>> RacerRun::reports() const {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& rule : rules_)
    for (size_t k = 0; k < rule->unit().reports.size() && taken_ > 0; ++k) {
      const std::string& name = rule->unit().reports[k];
      if (std::none_of(out.begin(), out.end(), [&](const auto& o) { return o.first == name; }))
        out.emplace_back(name, rule->report(k));
    }
  return out;
}

} // namespace thalweg::driver
