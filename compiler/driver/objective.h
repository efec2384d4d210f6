// A problem's objective compiled: value and gradient, metrics, initial parameters.
#pragma once

#include "driver/bound_call.h"
#include "driver/data.h"
#include "ir/interp.h"
#include "irgen/problem.h"

#include <optional>

namespace thalweg::driver {

// The residuals of a sum of squares as a function of the objective's parameters, and the blocks of
// their Jacobian by parameter; nothing if it is no such sum, or after a message.
std::optional<Function> residual_function(Graph& graph, const irgen::ProblemUnit& problem);
std::optional<Function> residual_jacobian(Front& front, Graph& graph,
                                          const irgen::ProblemUnit& problem,
                                          const Function& residuals);

class Objective {
public:
  // `values`: one per hyperparameter of the problem.
  Objective(Front& front, Pipeline& pipeline, const irgen::ProblemUnit& problem,
            const std::vector<std::pair<std::string, double>>& values, DType precision);

  // Derives and compiles; false after messages.
  bool compile();
  // Sizes of everything but the batch dimension; false after a message.
  bool bind_sizes(const Bindings& sizes, const std::string& batch_dimension);

  // The parameters lie end to end, in declaration order, row-major.
  struct Piece {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset = 0, count = 0; // in elements
  };
  const std::vector<Piece>& pieces() const { return pieces_; }
  int64_t total() const { return total_; }
  size_t element_bytes() const { return static_cast<size_t>(dtype_size(precision_)); }
  DType precision() const { return precision_; }
  const irgen::ProblemUnit& problem() const { return problem_; }
  const Bindings& sizes() const { return sizes_; }
  const std::vector<double>& numbers() const { return numbers_; }

  // Initial values into `arena`; false after a message.
  bool initialize(void* arena, uint64_t seed);
  // Value and gradient at `point`; the gradient may be null. Status as of the compiled function.
  int32_t evaluate(const void* point, const DataView& data, double& value, void* gradient);
  // What rules that ask for ∇²f need besides; false after messages. The Hessian of all parameters
  // end to end, and its product with a direction of the same order.
  bool compile_second(bool hessian, bool product);
  int32_t hessian(const void* point, const DataView& data, void* to);
  int32_t product(const void* point, const void* direction, const DataView& data, void* to);
  // The same for rules that ask for residuals of a sum of squares: r [m], and their Jacobian [m,
  // parameters]. compile_residuals() is false where the objective is no such sum.
  bool compile_residuals(bool jacobian);
  std::optional<int64_t> residual_count(int64_t rows) const;
  int32_t residuals(const void* point, const DataView& data, void* to);
  int32_t jacobian(const void* point, const DataView& data, void* to);
  // Value and metrics.
  int32_t measure(const void* point, const DataView& data, double& value,
                  std::vector<double>& metrics);

  // The place of the term that is first not finite at `point`; invalid if there is none.
  Span non_finite_term(const void* point, const DataView& data, double& number) const;
  // Why an evaluation at `point` ended with a status; the interpreter knows the place.
  std::optional<Failure> failure_at(const void* point, const DataView& data) const;

  Function gradient_function() const {
    return gradient_;
  } // before the last passes; for diff and dumps

private:
  std::optional<std::vector<Tensor>> inputs_at(const void* point, const DataView& data,
                                               Bindings& sizes) const;
  // False where sizes make an operation impossible (a slice that leaves its operand).
  bool bind(BoundCall& call, const void* point, const DataView& data);
  bool sizes_fit(int64_t rows);
  Front& front_;
  Pipeline& pipeline_;
  const irgen::ProblemUnit& problem_;
  std::vector<std::pair<std::string, double>> values_;
  std::vector<double> numbers_; // the numeric hypers, in order
  DType precision_;
  Function gradient_;
  std::vector<CompiledFunction> compiled_; // gradient, measure
  std::optional<BoundCall> gradient_call_, measure_call_;
  std::vector<CompiledFunction> second_; // the Hessian's blocks, the product; as they are asked for
  std::optional<BoundCall> hessian_call_, product_call_;
  std::vector<CompiledFunction> residual_code_; // the residuals, with their Jacobian's blocks
  std::optional<BoundCall> residuals_call_, jacobian_call_;
  Dim residual_size_;
  std::vector<Buffer> blocks_;
  std::vector<Piece> pieces_;
  int64_t total_ = 0;
  Bindings sizes_;
  std::string batch_dimension_;
  int64_t checked_rows_ = -1; // of the last batch size that sizes_fit() accepted
};

} // namespace thalweg::driver
