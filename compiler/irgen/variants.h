// The forms of a rule that a problem's parameters need: those that routing, rank, role and name do
// not tell apart share one.
#pragma once

#include "irgen/problem.h"
#include "irgen/rule.h"
#include "irgen/shared_folds.h"

namespace thalweg::irgen {

std::vector<Subject> subjects_of(const ProblemUnit& problem);

struct RuleVariant {
  RuleUnit rule;
  std::vector<size_t> parameters; // of the subjects, by index
};
// Of one optimizer with the transforms before it. In a step all of them run before x is looked at
// again.
struct RulePlan {
  std::vector<RuleVariant> rules;
  SharedFolds folds;
};
// Nothing after messages: also where a parameter does not meet the rule's demand.
std::optional<RulePlan> elaborate_variants(const Unit& unit, const Chain& chain,
                                           const std::vector<Subject>& subjects);

} // namespace thalweg::irgen
