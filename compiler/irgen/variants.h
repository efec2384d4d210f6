// The forms of a rule that a problem's parameters need: one for all if the rule never looks at
// shapes, else one per rank that occurs.
#pragma once

#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::irgen {

// A parameter as a rule is chosen for it.
struct Subject {
  std::string name, role;
  Shape shape;
  Span span; // of its declaration; may be invalid
};
std::vector<Subject> subjects_of(const ProblemUnit& problem);

struct RuleVariant {
  RuleUnit rule;
  std::vector<size_t> parameters; // of the subjects, by index
};
// Nothing after messages: also where a parameter does not meet the rule's demand.
std::optional<std::vector<RuleVariant>> elaborate_variants(const Unit& unit, const Chain& chain,
                                                           const std::vector<Subject>& subjects);

} // namespace thalweg::irgen
