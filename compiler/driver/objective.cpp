// Objective functions bound to memory (see objective.h).
#include "driver/objective.h"

#include "driver/derivatives.h"
#include "driver/evaluation.h"
#include "driver/shape_fault.h"

#include "ir/interp.h"
#include "thalweg/random.h"

#include <cstring>
#include <fmt/format.h>

namespace thalweg::driver {

using irgen::ProblemUnit;

Objective::Objective(Front& front, Pipeline& pipeline, const ProblemUnit& problem,
                     const std::vector<std::pair<std::string, double>>& values, DType precision)
    : front_(front), pipeline_(pipeline), problem_(problem), values_(values),
      precision_(precision) {
  for (const ProblemUnit::Hyper& hyper : problem.hypers) {
    if (hyper.is_size) continue;
    double number = 0;
    for (const auto& [name, value] : values)
      if (name == hyper.name) number = value;
    numbers_.push_back(number);
  }
}

bool Objective::compile() {
  Loss loss = loss_of(pipeline_.graph(), problem_);
  std::optional<Function> derived = pipeline_.timed("differentiate", [&] {
    return derive(front_, pipeline_.graph(), loss, Derivative::gradient);
  });
  if (!derived) return false;
  gradient_ = *derived;
  gradient_.name = problem_.objective.name + ".gradient";
  auto compiled = pipeline_.compile({gradient_, problem_.objective});
  if (!compiled) return false;
  compiled_ = std::move(*compiled);
  gradient_call_.emplace(compiled_[0]);
  measure_call_.emplace(compiled_[1]);
  return true;
}

bool Objective::bind_sizes(const Bindings& sizes, const std::string& batch_dimension) {
  sizes_ = sizes;
  checked_rows_ = -1;
  batch_dimension_ = batch_dimension;
  pieces_.clear();
  total_ = 0;
  for (const ProblemUnit::Parameter& parameter : problem_.parameters) {
    std::optional<std::vector<int64_t>> shape = evaluate_shape(parameter.type.shape, sizes);
    int64_t count = shape ? count_elements(*shape) : -1;
    if (count < 0 || count > (int64_t{1} << 40) - total_) {
      front_.diags.report(
          DiagKind::bad_size, parameter.span,
          fmt::format("param '{}' of shape {} has a size that is negative, unknown or too large",
                      parameter.name, shape_str(parameter.type.shape)));
      return false;
    }
    pieces_.push_back({parameter.name, *shape, total_, count});
    total_ += count;
  }
  for (std::optional<BoundCall>* call : {&gradient_call_, &measure_call_, &hessian_call_,
                                         &product_call_, &residuals_call_, &jacobian_call_})
    if (*call)
      for (const auto& [name, value] : sizes_)
        (*call)->size(name, value);
  return true;
}

bool Objective::initialize(void* arena, uint64_t seed) {
  std::vector<Tensor> inputs;
  for (double number : numbers_)
    inputs.push_back(Tensor::scalar(number));
  inputs.push_back(integer_tensor(static_cast<int64_t>(seed)));
  for (size_t k = 0; k < pieces_.size(); ++k) {
    Function one = problem_.initial;
    one.results = {problem_.initial.results[k]};
    InterpreterOptions options;
    options.bindings = sizes_;
    Evaluated out = Interpreter(pipeline_.graph(), options).evaluate(one, inputs);
    if (!out.ok()) {
      front_.diags.report(DiagKind::bad_data, out.failure->span,
                          fmt::format("the initial value of '{}' can't be computed: {}",
                                      pieces_[k].name, out.failure->text));
      return false;
    }
    std::memcpy(static_cast<char*>(arena) +
                    static_cast<size_t>(pieces_[k].offset) * element_bytes(),
                out.results[0].raw(), static_cast<size_t>(pieces_[k].count) * element_bytes());
  }
  return true;
}

bool Objective::sizes_fit(int64_t rows) {
  if (rows == checked_rows_) return true;
  Bindings sizes = sizes_;
  if (!batch_dimension_.empty()) sizes[batch_dimension_] = rows;
  for (const CompiledFunction& f : compiled_)
    if (std::optional<ValueId> at = shape_fault(pipeline_.graph(), f.function, sizes)) {
      front_.diags.report(DiagKind::bad_size, pipeline_.graph().origin(*at),
                          "with these sizes this leaves its operand, or has a negative size");
      return false;
    }
  checked_rows_ = rows;
  return true;
}

bool Objective::bind(BoundCall& call, const void* point, const DataView& data) {
  if (!sizes_fit(data.rows)) return false;
  size_t at = 0;
  for (const double& number : numbers_)
    call.parameter(at++, &number);
  for (const Piece& piece : pieces_)
    call.parameter(at++, static_cast<const char*>(point) +
                             static_cast<size_t>(piece.offset) * element_bytes());
  for (const void* buffer : data.buffers)
    call.parameter(at++, buffer);
  if (!batch_dimension_.empty()) call.size(batch_dimension_, data.rows);
  return call.prepare();
}

int32_t Objective::evaluate(const void* point, const DataView& data, double& value,
                            void* gradient) {
  BoundCall& call = *gradient_call_;
  for (size_t k = 0; k < pieces_.size(); ++k)
    call.result(k + 1, gradient ? static_cast<char*>(gradient) +
                                      static_cast<size_t>(pieces_[k].offset) * element_bytes()
                                : nullptr);
  if (!bind(call, point, data)) return TW_SHAPE_MISMATCH;
  int32_t status = call.call();
  value = call.scalar_result(0);
  return status;
}

int32_t Objective::measure(const void* point, const DataView& data, double& value,
                           std::vector<double>& metrics) {
  BoundCall& call = *measure_call_;
  if (!bind(call, point, data)) return TW_SHAPE_MISMATCH;
  int32_t status = call.call();
  value = call.scalar_result(0);
  metrics.clear();
  for (size_t k = 1; k < problem_.objective.results.size(); ++k)
    metrics.push_back(call.scalar_result(k));
  return status;
}

std::optional<std::vector<Tensor>> Objective::inputs_at(const void* point, const DataView& data,
                                                        Bindings& sizes) const {
  std::vector<Tensor> inputs;
  sizes = sizes_;
  if (!batch_dimension_.empty()) sizes[batch_dimension_] = data.rows;
  for (double n : numbers_)
    inputs.push_back(Tensor::scalar(n));
  for (const Piece& piece : pieces_)
    inputs.push_back(tensor_from(static_cast<const char*>(point) +
                                     static_cast<size_t>(piece.offset) * element_bytes(),
                                 precision_, piece.shape));
  for (size_t k = 0; k < problem_.data.size(); ++k) {
    const Type& type = problem_.data[k].type;
    std::optional<std::vector<int64_t>> shape = evaluate_shape(type.shape, sizes);
    if (!shape) return std::nullopt;
    inputs.push_back(tensor_from(data.buffers[k], type.dtype, *shape));
  }
  return inputs;
}

// As written, not as simplified: the term is to be found in the text.
Span Objective::non_finite_term(const void* point, const DataView& data, double& number) const {
  InterpreterOptions options;
  auto inputs = inputs_at(point, data, options.bindings);
  if (!inputs) return {};
  std::optional<NonFinite> found =
      first_non_finite(pipeline_.graph(), problem_.objective, *inputs, options);
  if (!found) return {};
  number = found->number;
  return found->span;
}

std::optional<Failure> Objective::failure_at(const void* point, const DataView& data) const {
  InterpreterOptions options;
  auto inputs = inputs_at(point, data, options.bindings);
  if (!inputs) return std::nullopt;
  return Interpreter(pipeline_.graph(), options).evaluate(problem_.objective, *inputs).failure;
}

} // namespace thalweg::driver
