// The ranges that `require` lines ask of hyperparameters, looked at before a run by the
// interpreter.
#pragma once

#include "driver/front.h"
#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::driver {

// Conditions on numbers, t and schedules at step 1; false after messages. `who` has the values.
bool ranges_hold(Front& front, const Graph& graph, const std::string& who,
                 const irgen::RuleUnit& unit);
// Conditions of a problem on its hyperparameters alone.
bool ranges_hold(Front& front, const Graph& graph, const irgen::ProblemUnit& problem,
                 const std::vector<std::pair<std::string, double>>& values);

// "'lr >= 0' does not hold: lr = -1" for check k of the rule's step.
std::string range_text(const irgen::RuleUnit& unit, size_t k);

} // namespace thalweg::driver
