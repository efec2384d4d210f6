// One operator being evaluated: what interp.cpp hands to the eval_* functions of interp_*.cpp.
#pragma once

#include "ir/interp.h"

#include <memory>
#include <unordered_map>

namespace thalweg::interp {

// A tensor, or the elements of a tuple; shared, never changed once made.
using Parts = std::shared_ptr<const std::vector<Tensor>>;

class Machine;

struct Call {
  const Graph& graph;
  const Node& node;
  ValueId id;
  const Bindings& bindings;
  const InterpreterOptions& options;
  Machine& machine;
  std::span<const Parts> arguments; // of the body around
  std::vector<Parts> operands;
  std::vector<Tensor> results; // what the eval function gives
  std::optional<Failure> failure;

  const Tensor& operand(size_t k) const { return (*operands[k])[0]; }
  const std::vector<int64_t>& ints() const { return node.attr.ints; }
  void give(Tensor tensor) { results.push_back(std::move(tensor)); }
  void fail(int status, std::string text);
  // Sizes at run time; a failure if they can't be had.
  std::optional<std::vector<int64_t>> sizes(std::span<const Dim> dims);
  std::optional<int64_t> size(const Dim& dim);
  // A tensor of zeros of the node's type.
  std::optional<Tensor> zeros();
};

// Evaluates values and bodies. After a failure everything gives null or false, and `failure` says
// what happened.
class Machine {
public:
  Machine(const Graph& graph, const InterpreterOptions& options)
      : graph_(graph), options_(options) {}

  using Frame = std::unordered_map<uint32_t, Parts>;
  // Evaluates one value whose operands are in one of the frames.
  Parts evaluate(ValueId id, std::span<const Parts> arguments, const Bindings& bindings,
                 std::span<const Frame* const> frames);
  // All values that `roots` need and `frame` lacks.
  bool evaluate_all(std::span<const ValueId> roots, std::span<const Parts> arguments,
                    const Bindings& bindings, Frame& frame);
  bool run(LambdaId lambda, std::span<const Parts> arguments, const Bindings& bindings,
           std::vector<Parts>& results);

  void fail(Failure failure) {
    if (!failure_) failure_ = std::move(failure);
  }
  const std::optional<Failure>& failure() const { return failure_; }
  Place& place() { return place_; }

private:
  const Graph& graph_;
  const InterpreterOptions& options_;
  std::optional<Failure> failure_;
  Place place_;
  int depth_ = 0;
  std::unordered_map<uint32_t, std::vector<ValueId>> lambda_orders_;
};

// The evaluation column of ops.def.
void eval_arg(Call& call);
void eval_constant(Call& call);
void eval_table(Call& call);
void eval_dim(Call& call);
void eval_iota(Call& call);
void eval_random(Call& call);
void eval_unary(Call& call);
void eval_binary(Call& call);
void eval_ternary(Call& call);
void eval_broadcast(Call& call);
void eval_reshape(Call& call);
void eval_transpose(Call& call);
void eval_slice(Call& call);
void eval_pad(Call& call);
void eval_concat(Call& call);
void eval_gather(Call& call);
void eval_scatter_add(Call& call);
void eval_reduce(Call& call);
void eval_arg_reduce(Call& call);
void eval_contract(Call& call);
void eval_across(Call& call);
void eval_library(Call& call);
void eval_while_loop(Call& call);
void eval_if_else(Call& call);
void eval_get(Call& call);
void eval_oracle(Call& call);
void eval_derivative(Call& call);

Parts share(const Tensor& tensor);
// What is wrong with an input of a parameter, if anything is.
std::optional<Failure> input_problem(const Parameter& parameter, const Tensor& tensor,
                                     const Bindings& bindings);
Failure check_failure(const Check& check, int64_t row);

// Row-major strides, and the position of element i along each axis.
std::vector<int64_t> strides_of(const std::vector<int64_t>& shape);
std::vector<int64_t> unravel(int64_t i, const std::vector<int64_t>& shape);

} // namespace thalweg::interp
