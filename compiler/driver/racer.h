// One optimizer on one problem, as the run loop drives it: compiled rule, states, parameters,
// records.
#pragma once

#include "driver/objective.h"
#include "irgen/records.h"
#include "irgen/variants.h"
#include "loop/stepper.h"

#include <deque>
#include <memory>

namespace thalweg::driver {

// A rule for the parameters it is applied to, with its memory.
class RuleInstance {
public:
  RuleInstance(irgen::RuleUnit unit, std::vector<size_t> parameters)
      : unit_(std::move(unit)), parameters_(std::move(parameters)) {}
  const irgen::RuleUnit& unit() const { return unit_; }
  bool compile(Pipeline& pipeline);
  // Rows over the objective's pieces; `whole` is one row of everything (on vector).
  bool bind(const Objective& objective, void* point, void* gradient);

  // Memory of the shared inputs: t, loss, value, hypers.
  int32_t initialize();
  int32_t query(size_t k, void* to); // the points, into an arena
  int32_t step(int64_t t, double loss, double value, uint64_t seed);
  void set_query_value(size_t k, double value);
  void* query_gradient(size_t k) { return query_gradients_[k].data(); }
  void set_shared(int64_t t, double loss, double value);
  // Schedule values at step t; reports of the last step.
  int32_t rates(std::vector<double>& values);
  double report(size_t k) const;
  const std::vector<size_t>& parameters() const { return parameters_; }
  const CompiledFunction& compiled_step() const { return compiled_[1]; }

private:
  void bind_shared(BoundCall& call);
  void bind_rows(BoundCall& call);
  irgen::RuleUnit unit_;
  std::vector<size_t> parameters_;         // of the objective; all of them for `on vector`
  std::vector<CompiledFunction> compiled_; // initial, step, rates, then the points
  std::deque<BoundCall> calls_;
  const Objective* objective_ = nullptr;
  char* point_ = nullptr;
  char* gradient_ = nullptr;
  double t_ = 0, loss_ = 0;
  Buffer value_;
  std::vector<double> hypers_;
  std::vector<Buffer> query_values_, query_gradients_;
  std::vector<Buffer> shared_states_;
  std::vector<std::vector<Buffer>> row_states_; // by row, by state
};

class RacerRun : public runtime::Stepper {
public:
  RacerRun(Front& front, Pipeline& pipeline, Objective& objective, const ProblemData& data,
           std::string name, uint64_t seed)
      : front_(front), pipeline_(pipeline), objective_(objective), data_(data),
        name_(std::move(name)), seed_(seed) {}

  // Elaborates the chain for the parameters' ranks and compiles; false after messages.
  bool prepare_rule(const irgen::Unit& unit, const irgen::Chain& chain);
  bool prepare_records(irgen::RecordUnit records);
  bool start(const void* initial_point);

  runtime::StepStatus bind(const runtime::Batch& batch) override;
  runtime::StepResult step(const runtime::StepRequest& request) override;
  std::optional<runtime::Fault> find_fault() override;

  const std::string& name() const { return name_; }
  const irgen::RuleUnit& rule() const { return rules_[0]->unit(); }
  const std::vector<std::unique_ptr<RuleInstance>>& rules() const { return rules_; }
  const void* point() const { return point_; }
  std::vector<double>
  metrics(); // on the validation part if there is one, else on the training part
  std::vector<std::pair<std::string, double>> reports() const;
  double final_loss(); // on the training part

private:
  runtime::StepStatus failed(int32_t status) const;
  bool check_ranges();
  runtime::StepStatus records(const runtime::StepRequest& request, runtime::StepResult& result);
  Front& front_;
  Pipeline& pipeline_;
  Objective& objective_;
  const ProblemData& data_;
  std::string name_;
  uint64_t seed_;
  std::vector<std::unique_ptr<RuleInstance>> rules_;
  std::optional<irgen::RecordUnit> record_unit_;
  std::vector<CompiledFunction> record_code_;
  std::optional<BoundCall> record_call_;
  std::vector<Buffer> record_inputs_;
  Buffer point_buffer_, gradient_buffer_, update_buffer_, query_buffer_;
  char *point_ = nullptr, *gradient_ = nullptr, *update_ = nullptr;
  bool wants_update_ = false, has_update_ = false;
  DataView batch_;
  double loss_before_; // of the last taken step; inf before the first
  int64_t reported_ = 0;
};

} // namespace thalweg::driver
