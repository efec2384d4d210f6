// A rule run by the interpreter with all its names in view; for `thalweg trace`.
#pragma once

#include "driver/evaluation.h"
#include "irgen/rule.h"

#include <functional>

namespace thalweg::driver {

// The params of a problem as a rule sees them.
struct TracePoint {
  std::vector<std::string> names;
  std::vector<Tensor> values;
};
// f and ∇f at a point, one gradient per param. Nothing after a message.
struct ObjectiveValue {
  Tensor value; // scalar, in the run's precision
  std::vector<Tensor> gradients;
};
using TraceOracle = std::function<std::optional<ObjectiveValue>(const std::vector<Tensor>&)>;

// One variant of a rule for the params it is applied to. The next states are those of the compiled
// arithmetic, so the trace walks the run's path; lets are evaluated as they are written.
class RuleTrace {
public:
  RuleTrace(Front& front, Graph& graph, irgen::RuleUnit unit, std::vector<size_t> members,
            uint64_t seed);

  const irgen::RuleUnit& unit() const { return unit_; }
  bool starts_from_objective() const; // initial states ask for f or ∇f at x
  // States before step 1. False after messages, as below.
  bool start(const TracePoint& point);
  // Whether it asks query k in this step; the order of what it asks for, -1 if there is no such
  // query.
  bool asks(size_t k, const TracePoint& point) const;
  int order_of(size_t k) const { return k < unit_.queries.size() ? unit_.queries[k].order : -1; }
  // Where: into `at`, and for products the direction.
  bool query(size_t k, const TracePoint& point, TracePoint& at, TracePoint& direction);
  void answer(size_t k, const ObjectiveValue& value);
  // The numbers that it gives to the reductions of a round (irgen/shared_folds.h), by row.
  std::optional<std::vector<std::vector<Tensor>>> parts(size_t round, const TracePoint& point);
  void set_folds(std::vector<Tensor> values) { folds_ = std::move(values); }
  const std::vector<size_t>& members() const { return members_; }
  void before(const std::optional<ObjectiveValue>& here); // step 1
  void begin(int64_t t, double loss_before, const ObjectiveValue& here);
  void set_batch(double epoch, int64_t rows) {
    epoch_ = epoch;
    batch_ = static_cast<double>(rows);
  }
  // Who answers f and ∇f in the middle of a step.
  using Ask = std::function<std::optional<ObjectiveValue>(const std::vector<Tensor>& point)>;
  // ∇²f over all parameters end to end, or its product with a direction.
  using Curvature = std::function<std::optional<Tensor>(
      OracleKind kind, const std::vector<Tensor>& point, const std::vector<Tensor>& direction)>;
  void answer_oracles(Ask ask, Curvature curvature) {
    ask_ = std::move(ask);
    curvature_ = std::move(curvature);
  }
  // How many residuals the objective has, where the rule asks for them.
  void set_residuals(int64_t count) { residuals_ = count; }
  // Values of the step as text, before anything moves.
  bool step(const TracePoint& point, std::string& text);
  const std::optional<std::string>& done() const { return done_; } // that it ended so
  void move(TracePoint& point);                                    // and the states
  bool taken() const;

private:
  void take_derivatives();
  Ask ask_;
  Curvature curvature_;
  int64_t capacity(const irgen::RuleUnit::Size& size) const;
  std::vector<Tensor> shared() const;
  std::vector<TableRow> rows(const TracePoint& point) const;
  // Nothing after a message, or when a `done` ended it.
  std::optional<TableEvaluated> evaluate(const Function& f, const TracePoint& point);
  TableEvaluated interpret(const Function& f, const TracePoint& point) const;
  std::string stop_text(const irgen::RuleUnit::Stop& stop, int64_t row,
                        const TracePoint& point) const;
  bool whole() const { return unit_.demands.vector; }
  size_t row_count() const { return whole() ? 1 : members_.size(); }
  Tensor gather(const std::vector<Tensor>& parts, size_t row) const;
  void scatter(const Tensor& value, size_t row, std::vector<Tensor>& parts) const;
  std::string text(const TracePoint& point, const TableEvaluated& named,
                   const TableEvaluated& next) const;

  Front& front_;
  Graph& graph_;
  irgen::RuleUnit unit_;
  std::vector<size_t> members_;
  uint64_t seed_;
  Function named_;    // lets and primes as written
  Function finished_; // the step as it is compiled
  int64_t t_ = 1, residuals_ = 0;
  double loss_ = 0, epoch_ = 0, batch_ = 1;
  std::optional<ObjectiveValue> here_;
  std::vector<std::optional<ObjectiveValue>> answers_;
  std::optional<TableEvaluated> next_; // what the last step gave
  std::optional<std::string> done_;
  std::vector<Tensor> folds_; // by place
  std::vector<Tensor> shared_states_;
  std::vector<std::vector<Tensor>> row_states_; // by row, by state of the row
};

} // namespace thalweg::driver
