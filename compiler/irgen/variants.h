// The forms of a rule that a problem's parameters need: those that routing, rank, role and name do
// not tell apart share one.
#pragma once

#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::irgen {

std::vector<Subject> subjects_of(const ProblemUnit& problem);

struct RuleVariant {
  RuleUnit rule;
  std::vector<size_t> parameters; // of the subjects, by index
};
// Steps of one optimizer: first the transforms, where they stand apart (they see all parameters,
// while each rule behind them sees its own), then the rules. In a step all of one stage run before
// the next.
using RuleStage = std::vector<RuleVariant>;
struct RulePlan {
  std::vector<RuleStage> transforms; // their results are the gradients
  RuleStage rules;
  std::vector<RuleStage*> stages(); // in the order of a step
  std::vector<const RuleStage*> stages() const;
  size_t variants() const;
};
// Nothing after messages: also where a parameter does not meet the rule's demand.
std::optional<RulePlan> elaborate_variants(const Unit& unit, const Chain& chain,
                                           const std::vector<Subject>& subjects);

} // namespace thalweg::irgen
