// What a step of an update rule costs: passes, bytes, operations and states per parameter.
#pragma once

#include "driver/commands.h"
#include "irgen/rule.h"

#include <optional>
#include <string>

namespace thalweg::driver {

struct RuleCost {
  int passes = 0;               // over the tensors, in the step and for its points
  double read = 0, written = 0; // bytes, by the sizes: each tensor once a pass
  double flops = 0;
  double state = 0;  // bytes
  int gradients = 0; // of the objective a step, f at other points counted as well
};
// Numbers are for one parameter of a large tensor. Nothing after messages.
std::optional<RuleCost> rule_cost(Pipeline& pipeline, const irgen::RuleUnit& rule);

// The table of `check --cost`: rules, transforms and the racers of experiments of a program. False
// after messages.
bool print_costs(Front& front, const CommonOptions& options);

} // namespace thalweg::driver
