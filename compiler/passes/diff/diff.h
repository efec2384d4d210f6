// Differentiation of functions, graph to graph: gradients, products, Jacobians and Hessians.
//
// Every function here takes a finished Function and gives a new one over the same parameters (and
// checks), plus directions where it needs them. The value is never approximated, a missing rule is
// a located error and never a silent zero: integers, booleans and locally constant operators are
// constants, and what does not depend on a parameter at all has the gradient 0.
// Kinks: graph.h. The derivative of √ at 0 is 0.
#pragma once

#include "passes/diff/error.h"

#include <span>
#include <variant>

namespace thalweg::diff {

// A Function or the reason why there is none.
class Outcome {
public:
  Outcome(Function function) : content_(std::move(function)) {}
  Outcome(DiffError error) : content_(std::move(error)) {}
  explicit operator bool() const { return std::holds_alternative<Function>(content_); }
  const Function& operator*() const { return std::get<Function>(content_); }
  const Function* operator->() const { return &std::get<Function>(content_); }
  const DiffError& error() const { return std::get<DiffError>(content_); }

private:
  std::variant<Function, DiffError> content_;
};

// Values to differentiate by are given as indices of real parameters.
using Wrt = std::span<const size_t>;

// Adds one parameter `tangent.p` per p in wrt, of p's shape with the axes `batch` in front, and one
// result `tangent.r` per real result r, after all results of f, with the same axes in front.
Outcome forward(Graph& graph, const Function& f, Wrt wrt, const Shape& batch = {});

// Results: the value (a real scalar result of f), then `gradient.p` for each p in wrt.
Outcome gradient(Graph& graph, const Function& f, size_t result, Wrt wrt);

// Adds one parameter `direction.p` per p in wrt. Results: `hvp.p`: the Hessian times the direction.
Outcome hvp(Graph& graph, const Function& f, size_t result, Wrt wrt);

// Results: f's result, then `jacobian.p` of shape [result shape…, shape of p…].
Outcome jacobian(Graph& graph, const Function& f, size_t result, Wrt wrt);

// Results: the value, `gradient.p` for each p, then `hessian.p.q` of shape [shape of p…, shape of
// q…] for all pairs, row by row.
Outcome hessian(Graph& graph, const Function& f, size_t result, Wrt wrt);

// 1 where the first half of the axes equals the second half: the identity on tensors of `shape`.
ValueId identity(Graph& graph, const Shape& shape, DType dtype);

} // namespace thalweg::diff
