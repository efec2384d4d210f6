// Residuals of an objective that is a sum of squares, and their Jacobian, compiled where a rule
// asks for them (see objective.h).
#include "driver/objective.h"

#include "irgen/residuals.h"
#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"

#include <algorithm>
#include <cstring>

namespace thalweg::driver {

std::optional<Function> residual_function(Graph& graph, const irgen::ProblemUnit& problem) {
  std::optional<Function> f = irgen::residuals_of(graph, problem);
  if (f) f = simplify::simplify(graph, *f);
  return f;
}

std::optional<Function> residual_jacobian(Front& front, Graph& graph,
                                          const irgen::ProblemUnit& problem,
                                          const Function& residuals) {
  std::vector<size_t> parameters;
  for (size_t k = 0; k < problem.parameters.size(); ++k)
    parameters.push_back(problem.first_parameter() + k);
  diff::Outcome derived = diff::jacobian(graph, residuals, 0, parameters);
  if (!derived) {
    front.diags.report(DiagKind::no_derivative, derived.error().span, derived.error().text);
    return std::nullopt;
  }
  Function f = *derived;
  f.name = problem.objective.name + ".jacobian";
  f.results.erase(f.results.begin()); // without the residuals
  return f;
}

bool Objective::compile_residuals(bool jacobian) {
  std::optional<Function> f = residual_function(pipeline_.graph(), problem_);
  if (!f) return false;
  residual_size_ = pipeline_.graph().type(f->results[0].value).shape[0];
  residual_code_.reserve(2); // calls keep references
  auto add = [&](const Function& function, std::optional<BoundCall>& call) {
    auto compiled = pipeline_.compile({function});
    if (!compiled) return false;
    residual_code_.push_back(std::move((*compiled)[0]));
    call.emplace(residual_code_.back());
    return true;
  };
  if (!residuals_call_ && !add(*f, residuals_call_)) return false;
  if (!jacobian || jacobian_call_) return true;
  std::optional<Function> derived = pipeline_.timed(
      "differentiate", [&] { return residual_jacobian(front_, pipeline_.graph(), problem_, *f); });
  return derived && add(*derived, jacobian_call_);
}

std::optional<int64_t> Objective::residual_count(int64_t rows) const {
  if (!residuals_call_) return std::nullopt;
  Bindings sizes = sizes_;
  if (!batch_dimension_.empty()) sizes[batch_dimension_] = rows;
  return evaluate_dim(residual_size_, sizes);
}

int32_t Objective::residuals(const void* point, const DataView& data, void* to) {
  residuals_call_->result(0, to);
  if (!bind(*residuals_call_, point, data)) return TW_SHAPE_MISMATCH;
  return residuals_call_->call();
}

int32_t Objective::jacobian(const void* point, const DataView& data, void* to) {
  const std::optional<int64_t> rows = residual_count(data.rows);
  if (!rows) return TW_SHAPE_MISMATCH;
  blocks_.resize(std::max(blocks_.size(), pieces_.size()));
  for (size_t k = 0; k < pieces_.size(); ++k) {
    if (!blocks_[k].get(static_cast<size_t>(*rows * pieces_[k].count) * element_bytes()))
      return TW_OUT_OF_MEMORY;
    jacobian_call_->result(k, blocks_[k].data());
  }
  if (!bind(*jacobian_call_, point, data)) return TW_SHAPE_MISMATCH;
  if (int32_t status = jacobian_call_->call()) return status;
  for (size_t k = 0; k < pieces_.size(); ++k) {
    const size_t width = static_cast<size_t>(pieces_[k].count) * element_bytes();
    for (int64_t i = 0; i < *rows; ++i)
      std::memcpy(static_cast<char*>(to) +
                      static_cast<size_t>(i * total_ + pieces_[k].offset) * element_bytes(),
                  static_cast<const char*>(blocks_[k].data()) + static_cast<size_t>(i) * width,
                  width);
  }
  return TW_OK;
}

} // namespace thalweg::driver
