// Why a run ends: ranges that are left, `fail` and `done`, values that are not finite (see
// racer.h).
#include "driver/racer.h"
#include "driver/ranges.h"
#include "thalweg/linear.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::driver {

using irgen::RuleUnit;

// What to try where linear algebra can't go on.
static const char* linear_help(int32_t fault) {
  switch (fault) {
  case TW_LINEAR_NOT_FINITE: return "a smaller step keeps what the matrix is made of in range";
  case TW_LINEAR_SINGULAR_MATRIX:
    return "add a multiple of the identity: solve(A + tau*eye(rows(A)), b)";
  case TW_LINEAR_NOT_DEFINITE:
    return "add a multiple of the identity, or take modified_cholesky(A)";
  case TW_LINEAR_NOT_POSITIVE: return "add a multiple of the identity: A + eps*eye(rows(A))";
  case TW_LINEAR_WIDE: return "factor the transpose: A.T has more rows than columns";
  default: return "";
  }
}

runtime::StepStatus RacerRun::failed(int32_t status, RuleInstance* rule) {
  if (rule) {
    const RuleUnit& unit = rule->unit();
    if (std::optional<BoundCall::LinearFailure> failure = rule->linear_failure()) {
      fault_place_ = failure->span;
      fault_help_ = linear_help(failure->fault);
      return {status,
              fmt::format("'{}': {}", op_info(failure->op).name, tw_linear_text(failure->fault))};
    }
    for (const Check& check : unit.step.checks)
      if (check.status == status) fault_place_ = check.span;
    for (const RuleUnit::Stop& stop : unit.stops)
      if (stop.status == status)
        return {stop.done ? TW_DONE_STATEMENT : TW_FAIL_STATEMENT,
                rule->stop_text(pipeline_, stop)};
    for (size_t k = 0; k < unit.step.checks.size(); ++k)
      if (unit.step.checks[k].status == status) return {TW_REQUIRE_VIOLATED, range_text(unit, k)};
  }
  const std::vector<Check>& problem = objective_.problem().objective.checks;
  if (!rule && status == TW_FAIL_STATEMENT && !problem.empty())
    return {TW_REQUIRE_VIOLATED, problem.size() == 1
                                     ? fmt::format("'{}' does not hold", problem[0].message)
                                     : "a 'require' of the problem does not hold"};
  return {status, tw_status_text(status)};
}

// Of the objective: the interpreter looks for the place, and for the number that is wrong.
runtime::StepStatus RacerRun::objective_failed(int32_t status, const void* point) {
  runtime::StepStatus said = failed(status);
  if (std::optional<Failure> failure = objective_.failure_at(point, batch_)) {
    fault_place_ = failure->span;
    for (const Check& check : objective_.problem().objective.checks)
      if (check.condition == failure->value) fault_place_ = check.span;
    if (said.code != TW_REQUIRE_VIOLATED) said.text = failure->text;
  }
  return said;
}

std::optional<runtime::Fault> RacerRun::find_fault() {
  auto first_bad = [&](const char* arena, double& number) -> const Objective::Piece* {
    for (const Objective::Piece& piece : objective_.pieces())
      for (int64_t i = 0; i < piece.count; ++i) {
        const char* at = arena + static_cast<size_t>(piece.offset + i) * objective_.element_bytes();
        double v = objective_.precision() == DType::f32 ? *reinterpret_cast<const float*>(at)
                                                        : *reinterpret_cast<const double*>(at);
        if (!std::isfinite(v)) {
          number = v;
          return &piece;
        }
      }
    return nullptr;
  };
  double number = 0;
  // Parameters first: once one of them is not finite, every term that reads it is not.
  if (const Objective::Piece* piece = first_bad(point_, number))
    return runtime::Fault{"the parameter", "", piece->name, number};
  double value = 0;
  if (objective_.evaluate(point_, batch_, value, gradient_) == TW_OK && !std::isfinite(value)) {
    double inner = value;
    fault_place_ = objective_.non_finite_term(point_, batch_, inner);
    std::string term =
        fault_place_.valid() ? std::string(front_.sources.text(fault_place_)) : std::string();
    std::string parameter;
    if (const Objective::Piece* piece = first_bad(gradient_, number)) parameter = piece->name;
    return runtime::Fault{"the loss", term, parameter, value};
  }
  if (const Objective::Piece* piece = first_bad(gradient_, number))
    return runtime::Fault{"the gradient", "", piece->name, number};
  return std::nullopt;
}

} // namespace thalweg::driver
