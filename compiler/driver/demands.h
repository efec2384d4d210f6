// Whether a problem offers what a rule asks for beyond f and its derivatives.
#pragma once

#include "driver/front.h"
#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::driver {

// False after a message with both places.
bool residuals_offered(Front& front, Graph& graph, const irgen::ProblemUnit& problem,
                       const irgen::RuleUnit& rule);

} // namespace thalweg::driver
