// One optimizer on one problem, as the run loop drives it: compiled rule, states, parameters,
// records.
#pragma once

#include "driver/evaluations.h"
#include "driver/fold_table.h"
#include "irgen/records.h"
#include "loop/stepper.h"

#include <memory>

namespace thalweg::driver {

class RacerRun : public runtime::Stepper {
public:
  RacerRun(Front& front, Pipeline& pipeline, Objective& objective, const ProblemData& data,
           std::string name, uint64_t seed)
      : front_(front), pipeline_(pipeline), objective_(objective), evaluations_(objective),
        data_(data), name_(std::move(name)), seed_(seed) {}

  // Elaborates the chain for the parameters' ranks and compiles; false after messages.
  bool prepare_rule(const irgen::Unit& unit, const irgen::Chain& chain);
  bool prepare_records(irgen::RecordUnit records);
  bool start(const void* initial_point);

  runtime::StepStatus bind(const runtime::Batch& batch) override;
  runtime::StepResult step(const runtime::StepRequest& request) override;
  std::optional<runtime::Fault> find_fault() override;

  const std::string& name() const { return name_; }
  std::vector<const irgen::RuleUnit*> units() const; // all that step, in order
  const void* point() const { return point_; }       // x
  const void* result(); // what the run gives: x, or the answer of its rules
  std::vector<double>
  metrics(); // on the validation part if there is one, else on the training part
  std::vector<std::pair<std::string, double>> reports() const;
  double final_loss(); // on the training part
  // Points at which f and its gradient were computed; nothing if the rule asks at x alone.
  std::vector<std::pair<std::string, int64_t>> evaluations() const;
  Span fault_place() const { return fault_place_; } // of what ended the run; may be invalid
  const std::string& fault_help() const { return fault_help_; } // what to try; may be empty

private:
  // `rule`: whose call ended so; null: the objective's.
  runtime::StepStatus failed(int32_t status, RuleInstance* rule = nullptr);
  runtime::StepStatus objective_failed(int32_t status, const void* point);
  runtime::StepStatus query_points();
  runtime::StepStatus query_points(size_t k, bool products);
  bool asks_elsewhere() const; // than at x
  int32_t initialize();
  int32_t answer_oracle(OracleKind kind, std::span<const void* const> operands, void* answer);
  runtime::StepStatus hyper(const std::string& name, int64_t t, double loss, double& value);
  runtime::StepStatus records(const runtime::StepRequest& request, runtime::StepResult& result);
  Front& front_;
  Pipeline& pipeline_;
  Objective& objective_;
  Evaluations evaluations_;
  const void* refused_ = nullptr; // the point in a step at which the objective failed
  const ProblemData& data_;
  std::string name_;
  uint64_t seed_;
  FoldTable::Rules rules_;
  std::optional<FoldTable> folds_; // of what they reduce together
  // All of them, if nothing ends the step; false in `result`.
  bool step_rules(int64_t t, double value, runtime::StepResult& result);
  std::optional<irgen::RecordUnit> record_unit_;
  std::vector<CompiledFunction> record_code_;
  std::optional<BoundCall> record_call_;
  std::vector<Buffer> record_inputs_;
  Buffer point_buffer_, gradient_buffer_, update_buffer_, query_buffer_, direction_buffer_,
      answer_buffer_, before_;
  char *point_ = nullptr, *gradient_ = nullptr, *update_ = nullptr;
  bool wants_update_ = false, has_update_ = false;
  DataView batch_;
  Span fault_place_;
  std::string fault_help_;
  double loss_before_; // of the last taken step; inf before the first
  int64_t taken_ = 0;  // steps
};

} // namespace thalweg::driver
