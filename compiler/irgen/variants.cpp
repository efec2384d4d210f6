// Grouping of parameters by rank (see variants.h).
#include "irgen/variants.h"

#include <fmt/format.h>
#include <map>

namespace thalweg::irgen {

std::vector<Subject> subjects_of(const ProblemUnit& problem) {
  std::vector<Subject> subjects;
  for (const ProblemUnit::Parameter& p : problem.parameters)
    subjects.push_back({p.name, p.role, p.type.shape, p.span});
  return subjects;
}

std::optional<std::vector<RuleVariant>> elaborate_variants(const Unit& unit, const Chain& chain,
                                                           const std::vector<Subject>& subjects) {
  std::vector<size_t> all;
  std::map<size_t, std::vector<size_t>> by_rank;
  for (size_t k = 0; k < subjects.size(); ++k) {
    all.push_back(k);
    by_rank[subjects[k].shape.size()].push_back(k);
  }
  // A rule for matrices is seen as one; any other first as if x were flat.
  std::optional<RuleUnit> first = elaborate_rule(unit, chain, 1);
  if (!first) return std::nullopt;
  std::vector<RuleVariant> variants;
  if (first->demands.vector || (!first->shape_sensitive && !first->demands.matrix)) {
    variants.push_back({std::move(*first), std::move(all)});
    return variants;
  }
  for (auto& [rank, members] : by_rank) {
    const Subject& subject = subjects[members[0]];
    if (first->demands.matrix && rank != 2) {
      Diagnostic& d = unit.diags.report(
          DiagKind::shape_mismatch, chain.rule.span,
          fmt::format("'{}' is a rule for matrices; param '{}' is {}", first->name, subject.name,
                      rank == 0 ? "a number" : shape_str(subject.shape)));
      if (subject.span.valid()) d.label(subject.span, "declared here");
      d.help("route it to another rule");
      return std::nullopt;
    }
    std::optional<RuleUnit> variant = elaborate_rule(unit, chain, rank);
    if (!variant) return std::nullopt;
    if (variant->demands.across && by_rank.size() > 1) {
      unit.diags.report(DiagKind::not_lowered, chain.rule.span,
                        "a rule that looks at shapes and also reduces over all parameters is not "
                        "compiled yet for parameters of several ranks");
      return std::nullopt;
    }
    variants.push_back({std::move(*variant), std::move(members)});
  }
  return variants;
}

} // namespace thalweg::irgen
