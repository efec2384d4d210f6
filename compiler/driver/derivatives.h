// Derivatives of a problem's objective by its parameters, for every command that needs them.
#pragma once

#include "driver/front.h"
#include "irgen/problem.h"

namespace thalweg::driver {

// What is minimized, simplified, without metrics.
struct Loss {
  Function function;
  std::vector<size_t> parameters; // those it is differentiated by
};
Loss loss_of(Graph& graph, const irgen::ProblemUnit& problem);

// gradient: after the value. hessian: its blocks alone. product: of the Hessian and a vector.
enum class Derivative : uint8_t { gradient, hessian, product };
// Nothing after a message.
std::optional<Function> derive(Front& front, Graph& graph, const Loss& loss, Derivative which);

} // namespace thalweg::driver
