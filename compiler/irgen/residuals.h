// An objective that is a sum of squares, and the vector r with f = Σ rᵢ² (see residuals.cpp).
#pragma once

#include "irgen/problem.h"

namespace thalweg::irgen {

// A function over the parameters of problem.objective with the one result `residuals`, [m]; nothing
// if the objective is no sum of squares as far as its form shows.
std::optional<Function> residuals_of(Graph& graph, const ProblemUnit& problem);

} // namespace thalweg::irgen
