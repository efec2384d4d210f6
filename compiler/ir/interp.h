// The interpreter: slow, obvious evaluation of functions; the oracle that simplify, diff, fuse and
// the compiled code are tested against, and what `thalweg trace` shows.
#pragma once

#include "ir/graph.h"
#include "ir/tensor.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// The statuses that evaluation itself gives; the numbers of the calling convention.
namespace run_status {
constexpr int kSingular = 3, kIndexOutOfRange = 4, kShapeMismatch = 6, kBadArgument = 7,
              kOutOfMemory = 8, kNoConvergence = 9, kUnsupported = 11;
}

struct Failure {
  int status = 0;
  std::string text;
  ValueId value;    // where it happened: the value that failed, or the condition of the check
  Span span;        // its place in the source, if known
  int64_t row = -1; // tensor of the table, or -1
};

// Where an evaluation stands: rounds of the loops around it, outermost first, and the row of the
// table (-1 outside of any).
struct Place {
  std::vector<int64_t> rounds;
  int64_t row = -1;
};

struct TraceEvent {
  ValueId value;
  std::span<const Tensor> parts; // one tensor, or the elements of a tuple
  const Place& place;
  bool in_lambda;
};

struct InterpreterOptions {
  Bindings bindings; // of every dimension name that is not the tensor's own
  // Fills `results` (one tensor, or a tuple's elements) for an `oracle` value; a failure ends the
  // evaluation.
  std::function<std::optional<Failure>(const Node& node, std::span<const Tensor* const> operands,
                                       std::vector<Tensor>& results)>
      oracle;
  std::function<void(const TraceEvent& event)> trace; // after every value
  int64_t max_elements = int64_t{1} << 28;            // of one value
};

struct Evaluated {
  std::vector<Tensor> results; // in the function's order; empty after a failure
  std::optional<Failure> failure;
  bool ok() const { return !failure; }
};

// One tensor of the table: values of the function's tensor_symbols, and the per-tensor parameters.
struct TableRow {
  Bindings bindings;
  std::vector<Tensor> inputs;
};
struct TableEvaluated {
  std::vector<Tensor> shared;            // the shared results, in order
  std::vector<std::vector<Tensor>> rows; // for each row the per-tensor results, in order
  std::optional<Failure> failure;
  bool ok() const { return !failure; }
};

class Interpreter {
public:
  explicit Interpreter(const Graph& graph, InterpreterOptions options = {})
      : graph_(graph), options_(std::move(options)) {}

  // `inputs`: one tensor per parameter.
  Evaluated evaluate(const Function& function, std::span<const Tensor> inputs) const;
  // `shared`: one tensor per parameter that is not per_tensor, in order.
  TableEvaluated evaluate_table(const Function& function, std::span<const Tensor> shared,
                                std::span<const TableRow> rows) const;

private:
  const Graph& graph_;
  InterpreterOptions options_;
};

// A fold over the tensors of a table takes one number of each in, in their order, starting from the
// identity.
double across_identity(Op op);
double join_across(Op op, double total, double number);

// The first value, in evaluation order, that is not a constant and holds a NaN (or, with
// `infinities`, an infinity) though none of its operands does; for messages about diverged runs.
struct NonFinite {
  ValueId value;
  Span span;
  int64_t element = 0; // of the flattened tensor
  double number = 0;
  Place place;
};
std::optional<NonFinite> first_non_finite(const Graph& graph, const Function& function,
                                          std::span<const Tensor> inputs,
                                          InterpreterOptions options, bool infinities = true);

} // namespace thalweg
