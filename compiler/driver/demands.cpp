// Demands of rules against the offers of problems (see demands.h).
#include "driver/demands.h"

#include "irgen/residuals.h"

#include <fmt/format.h>

namespace thalweg::driver {

bool residuals_offered(Front& front, Graph& graph, const irgen::ProblemUnit& problem,
                       const irgen::RuleUnit& rule) {
  const irgen::Demands& demands = rule.demands;
  if (!demands.residuals && !demands.jacobians) return true;
  if (irgen::residuals_of(graph, problem)) return true;
  Diagnostic& d = front.diags.report(
      DiagKind::demand_unmet, demands.residuals_at,
      fmt::format("'{}' asks for residuals, and the objective of '{}' is no sum of squares",
                  rule.name, problem.decl->name.name.view()));
  for (const ast::ProblemItem& item : problem.decl->items)
    if (const auto* objective = std::get_if<ast::ObjectiveItem>(&item.node))
      d.label(objective->value->span, "the objective");
  d.note("sums of squares are sumsq(r), sum(w*r^2), c*sumsq(r), mean(r^2) and sums of these")
      .help("write the objective so, or choose an optimizer that asks for ∇f alone");
  return false;
}

} // namespace thalweg::driver
