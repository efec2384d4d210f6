// Update rules stepped by hand: gradients in, parameters out, by machine code or the interpreter.
#pragma once

#include "driver/bound_call.h"
#include "driver/front.h"
#include "ir/interp.h"
#include "irgen/rule.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace thalweg::test {

// A rule as it stands in a `using` line, elaborated. `declarations` go into the same program, which
// lies in `folder` of the source tree.
class RuleProgram {
public:
  explicit RuleProgram(const std::string& rule, DType precision,
                       const std::string& declarations = "", size_t rank = 1,
                       const std::string& folder = "tests/stdlib");
  driver::Pipeline pipeline(const std::string& target = "host");
  // Loops of the step as it is compiled.
  loops::Lowered lowered_step();

  driver::Front front;
  Graph graph;
  irgen::RuleUnit unit;
};

enum class Way { compiled, interpreted };

// A rule over its table of tensors. All memory is here; compiled code updates it in place.
class RuleRunner {
public:
  // Compiles, whatever the way: the interpreter runs the function that was compiled.
  RuleRunner(RuleProgram& program, driver::Pipeline& pipeline, Way way = Way::compiled);

  // Elements of each tensor; of other ranks than the program's, flat.
  using Shapes = std::vector<std::vector<int64_t>>;
  // x as given, states at their initial values, step 1. May be called again with other sizes.
  void start(const std::vector<std::vector<double>>& x, const Shapes& shapes);
  // Goes on from another's x, states and step; both have started with the same sizes.
  void resume(const RuleRunner& other);
  void hyper(const std::string& name, double value);
  // What schedules see as the loss of the step before; infinite after start().
  void loss(double value);
  // The gradient of a tensor at a point: at x, and wherever else the rule asks.
  using Oracle = std::function<std::vector<double>(size_t row, const std::vector<double>& point)>;
  // The product of the objective's Hessian at a point and a direction, one gradient's worth of a
  // tensor; the direction itself unless this is called. Asked where the rule asks: elsewhere it
  // gets NaN, which must not show.
  using Product = std::function<std::vector<double>(size_t row, const std::vector<double>& point,
                                                    const std::vector<double>& direction)>;
  void curvature(Product product) { product_ = std::move(product); }
  // The status; parameters, states and `recorded` are the step's where it is 0.
  int32_t step(const Oracle& gradient);
  // After a step: what the rule answers with, by row; x where it says no answer.
  std::vector<Tensor> answer();
  // The same gradients at any point.
  int32_t step(const std::vector<std::vector<double>>& gradients);

  // A compiled step on the gradients that are there already; for benchmarks.
  int32_t step_in_place() { return calls_[1].call(0, t_); }

  size_t rows() const { return rows_.size(); }
  const Tensor& row(size_t row, const std::string& parameter) const;
  Tensor& row(size_t row, const std::string& parameter);
  // All per-tensor parameters of all rows, then the shared ones and the recorded values: what must
  // agree bit for bit.
  std::vector<Tensor> everything() const;
  double recorded(const std::string& name) const; // schedule values and reports of the last step
  const driver::CompiledFunction& compiled_step() const { return code_[1]; }

private:
  void bind(driver::BoundCall& call);
  int32_t ask(size_t query, const Oracle& gradient);
  int32_t interpret(const Function& function, bool initial);
  Tensor& shared(const std::string& parameter);

  RuleProgram& program_;
  Way way_;
  std::vector<driver::CompiledFunction> code_; // initial, step, points of the queries, the answer
  std::vector<driver::BoundCall> calls_;
  std::vector<Tensor> shared_; // by shared parameter
  std::vector<TableRow> rows_; // inputs by per-tensor parameter
  std::vector<Tensor> points_; // of the query at hand, or the answer, by row
  std::vector<Tensor> directions_;
  Product product_;
  std::vector<size_t> place_; // parameter of the step → index in shared_ or a row's inputs
  std::map<std::string, double> recorded_;
  int64_t t_ = 1;
};

// "lr = 0.1, nesterov = true" of a fixture's or any other list of values.
std::string arguments_text(const std::map<std::string, std::string>& values);

} // namespace thalweg::test
