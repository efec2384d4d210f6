// One variant of a rule, compiled, over the table of the tensors that it is applied to.
#pragma once

#include "driver/objective.h"
#include "irgen/variants.h"

#include <deque>

namespace thalweg::driver {

// A rule for the parameters it is applied to, with its memory.
class RuleInstance {
public:
  RuleInstance(irgen::RuleUnit unit, std::vector<size_t> parameters)
      : unit_(std::move(unit)), parameters_(std::move(parameters)) {}
  const irgen::RuleUnit& unit() const { return unit_; }
  // `several`: other rules step with this one, so what may end the step is looked at before.
  bool compile(Pipeline& pipeline, bool several);
  // Rows over the objective's pieces; `whole` is one row of everything (on vector).
  // `rows` of data that are seen at once.
  // `folds`: what came out of the reductions that other rules take part in, 8 bytes for each.
  bool bind(const Objective& objective, void* point, void* gradient, uint64_t seed, int64_t rows,
            double* folds);

  // Memory of the shared inputs: t, loss, value, hypers.
  bool starts_from_objective() const { return starts_from_objective_; } // asks f or ∇f at x
  void set_before(double value);                                        // step 1, f at x
  int32_t initialize();
  bool asks(size_t k); // query k, in this step
  // The points of a query, and for products the directions, into arenas.
  int32_t query(size_t k, void* to, void* direction = nullptr);
  // The numbers that it gives to the reductions of a round: parts()[k][row], k by unit().parts.
  int32_t parts(size_t round);
  double part(size_t round, size_t k, size_t row) const;
  int32_t check(); // what may end the step, without taking it
  int32_t step(int64_t t, double loss, double value);
  // Who is asked for f and ∇f in the middle of a step.
  void answer_oracles(BoundCall::Answer answer);
  bool taken() const; // whether the last step was let happen
  void set_query_value(size_t k, double value);
  void* query_gradient(size_t k) { return query_gradients_[k].data(); }
  void set_shared(int64_t t, double loss, double value);
  void set_batch(double epoch, int64_t rows) {
    epoch_ = epoch;
    batch_ = static_cast<double>(rows);
  }
  // Schedule values at step t, under the ranges that numbers and schedules have to keep to.
  int32_t rates(std::vector<double>& values);
  double report(size_t k) const;       // of the last step
  int32_t answer(int64_t t, void* to); // where it has one; into an arena
  // The text of a `fail` or `done` that ended the step, with its values.
  std::string stop_text(Pipeline& pipeline, const irgen::RuleUnit::Stop& stop);
  // Of the function that was called last, if that is why it ended.
  std::optional<BoundCall::LinearFailure> linear_failure() const;
  const std::vector<size_t>& parameters() const { return parameters_; }

private:
  int64_t size_given(const irgen::RuleUnit::Size& size) const;
  void bind_shared(BoundCall& call);
  void bind_rows(BoundCall& call);
  size_t row_count() const { return unit_.demands.vector ? 1 : parameters_.size(); }
  size_t row_offset(size_t row) const; // in bytes, in an arena
  int32_t into(BoundCall& call, void* to);
  irgen::RuleUnit unit_;
  std::vector<size_t> parameters_;         // of the objective; all of them for `on vector`
  std::vector<CompiledFunction> compiled_; // initial, step, rates, then the points and these:
  size_t answer_at_ = 0, check_ = 0;       // 0: there is none
  std::vector<size_t> asks_;               // by query; 0: always
  std::vector<size_t> parts_;              // by round; 0: it has none
  bool starts_from_objective_ = false;
  std::deque<BoundCall> calls_;
  BoundCall::Answer answer_;
  const Objective* objective_ = nullptr;
  std::optional<int64_t> residuals_; // how many, where it asks for them
  char* point_ = nullptr;
  char* gradient_ = nullptr;
  double t_ = 0, loss_ = 0, epoch_ = 0, batch_ = 1;
  int64_t seed_ = 0;
  double* folds_ = nullptr;
  std::vector<int64_t> names_; // by row: what keys its draws
  Buffer value_;
  std::vector<double> hypers_;
  std::vector<Buffer> query_values_, query_gradients_;
  std::vector<Buffer> shared_states_;
  std::vector<Buffer> state_memory_;           // of all rows, by state of the rows
  std::vector<std::vector<char*>> row_states_; // by row, by state
};

} // namespace thalweg::driver
