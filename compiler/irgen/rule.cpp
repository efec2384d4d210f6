// Rules: the states to their least shapes, the step as one function (see rule_builder.h).
#include "irgen/rule_builder.h"

#include "support/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace thalweg::irgen {

using namespace ast;

constexpr int kMaxShapeRounds = 10;

std::string Demands::str() const {
  std::vector<std::string> parts;
  if (value) parts.push_back("f at x");
  if (gradient_at_x) parts.push_back("∇f at x");
  if (gradients_elsewhere)
    parts.push_back(fmt::format("∇f at {} other point{}", gradients_elsewhere,
                                gradients_elsewhere == 1 ? "" : "s"));
  if (values_elsewhere)
    parts.push_back(
        fmt::format("f at {} other point{}", values_elsewhere, values_elsewhere == 1 ? "" : "s"));
  if (gradients_in_step) parts.push_back("∇f at points found in the step");
  if (values_in_step) parts.push_back("f at points found in the step");
  if (hessians) parts.push_back("∇²f");
  if (products) parts.push_back("products with ∇²f");
  if (residuals) parts.push_back("residuals");
  if (jacobians) parts.push_back("the Jacobian of residuals");
  if (matrix) parts.push_back("matrix parameters");
  if (vector) parts.push_back("all parameters end to end");
  if (across) parts.push_back("reductions over all parameters");
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

size_t RuleUnit::index_of(std::string_view parameter) const {
  for (size_t k = 0; k < step.parameters.size(); ++k)
    if (step.parameters[k].name == parameter) return k;
  return step.parameters.size();
}

void RuleBuilder::choose_shape() {
  unit_.demands.matrix = tree_.on_matrix();
  unit_.demands.vector = tree_.on_vector();
  if (unit_.demands.matrix) rank_ = 2;
  if (unit_.demands.vector) rank_ = 1;
  unit_.rank = rank_;
  unit_.choices = tree_.choices;
  x_type_ = Type::tensor(u_.precision, {});
  for (size_t k = 0; k < rank_; ++k)
    x_type_.shape.push_back(Dim::symbol(rank_ == 1 ? "size" : fmt::format("size{}", k)));
}

std::optional<RuleUnit> RuleBuilder::run() {
  size_t errors = u_.diags.error_count();
  const RuleTree::Level& outermost = level(0);
  const Decl& decl =
      *node(outermost.rule >= 0 ? outermost.rule : outermost.transforms.back()).call->decl;
  name_ = name_of(decl);
  unit_.name = name_.name.str();
  if (const auto* main = decl.as<OptimizerDecl>()) body_ = std::get_if<RuleBody>(&main->body);
  choose_shape();
  collect_hypers();
  collect_states();
  // States start from their initial shapes and widen until the step keeps them.
  for (int round = 0;; ++round) {
    before_ = true;
    begin();
    folded_.clear();
    unit_.parts.clear();
    initial_states(round == 0);
    if (u_.diags.error_count() > errors) return std::nullopt;
    // An initial value that calls a function whose own error is told already.
    const auto kept = std::count_if(states_.begin(), states_.end(),
                                    [](const StateDef& state) { return !state.fresh; });
    if (unit_.initial.results.size() != static_cast<size_t>(kept)) return std::nullopt;
    before_ = false;
    begin();
    for (const RuleUnit::Part& part : unit_.parts) // at the same places as before
      shared_fold(part.place);
    points_.clear();
    reports_.clear();
    gates_.clear();
    outcomes_.clear();
    same_point_.clear();
    taken_ = {};
    Diagnostics before = u_.diags;
    std::optional<Outcome> outcome = step_level({.level = 0, .x = x_, .span = name_.span});
    if (std::exchange(again_, false)) {
      u_.diags = std::move(before);
      continue;
    }
    if (!outcome || u_.diags.error_count() > errors) {
      // What is wrong with a state that is still a number need not be wrong with the tensor it
      // becomes.
      Diagnostics told = std::exchange(u_.diags, before);
      if (round < kMaxShapeRounds && widen() && u_.diags.error_count() == errors) continue;
      u_.diags = std::move(told);
      return std::nullopt;
    }
    outcome_ = std::move(*outcome);
    if (!widen()) break;
    if (u_.diags.error_count() > errors) return std::nullopt;
    if (round == kMaxShapeRounds) {
      u_.diags.report(DiagKind::state_shape, name_.span,
                      "the shapes of the states grow with every step");
      return std::nullopt;
    }
  }
  if (u_.diags.error_count() > errors) return std::nullopt;
  finish();
  if (u_.diags.error_count() > errors) return std::nullopt;
  return std::move(unit_);
}

std::optional<RuleUnit> elaborate_rule(const Unit& unit, const Chain& chain, const Subject& subject,
                                       size_t rank, SharedFolds* shared) {
  auto broken = [&](const RuleCall& call) { return unit.program.broken.contains(call.decl); };
  for (const RuleCall& call : chain.transforms)
    if (broken(call)) return std::nullopt;
  if (chain.rule.decl && broken(chain.rule)) return std::nullopt;
  std::optional<RuleTree> tree = RuleTree::of(unit, chain, subject);
  if (!tree) return std::nullopt;
  return RuleBuilder(unit, std::move(*tree), subject, rank, shared).run();
}

std::optional<RuleUnit> elaborate_rule(const Unit& unit, const Chain& chain, size_t rank) {
  Subject subject{"x", "", {}, {}};
  for (size_t k = 0; k < rank; ++k)
    subject.shape.push_back(Dim::symbol(fmt::format("size{}", k)));
  return elaborate_rule(unit, chain, subject, rank);
}

} // namespace thalweg::irgen
