// Evaluation of one function: machine code first, else the interpreter (see evaluation.h).
#include "driver/evaluation.h"

#include "driver/shape_fault.h"
#include "thalweg/abi.h"

namespace thalweg::driver {

// More than this for intermediate values is refused before any of it is asked for.
constexpr size_t kMaxTemporaryBytes = size_t{16} << 30;

std::optional<std::vector<Tensor>> Evaluator::run(const Function& function) {
  std::optional<std::vector<CompiledFunction>> code = pipeline_.compile({function});
  if (!code && !pipeline_.options().stop_after.empty()) return std::nullopt;
  if (code) {
    bool failed = false;
    std::optional<std::vector<Tensor>> results = compiled((*code)[0], failed);
    if (results || !failed) return results;
    // The interpreter knows where it failed.
  }
  InterpreterOptions options;
  options.bindings = at_.sizes;
  Evaluated out = Interpreter(pipeline_.graph(), options).evaluate(function, at_.inputs);
  if (out.ok()) return std::move(out.results);
  report_failure(front_, function, *out.failure, function.name);
  return std::nullopt;
}

// `failed`: it ended with a status.
std::optional<std::vector<Tensor>> Evaluator::compiled(const CompiledFunction& code, bool& failed) {
  if (shape_fault(pipeline_.graph(), code.function, at_.sizes)) {
    failed = true;
    return std::nullopt;
  }
  size_t bytes = 0;
  for (const loops::Slot& slot : code.layout.temporaries) {
    std::optional<size_t> own = byte_size(slot.shape, slot.dtype, at_.sizes);
    bytes = own && bytes <= kMaxTemporaryBytes ? bytes + *own : kMaxTemporaryBytes + 1;
  }
  if (bytes > kMaxTemporaryBytes) {
    front_.diags.report(DiagKind::bad_size, {},
                        fmt::format("{} needs more than {} GiB for intermediate values at these "
                                    "sizes",
                                    code.function.name, kMaxTemporaryBytes >> 30));
    return std::nullopt;
  }
  BoundCall call(code);
  for (const auto& [name, size] : at_.sizes)
    call.size(name, size);
  for (size_t k = 0; k < at_.inputs.size(); ++k)
    call.parameter(k, at_.inputs[k].raw());
  std::vector<Tensor> results;
  for (const Result& result : code.function.results) {
    const Type& type = pipeline_.graph().type(result.value);
    std::optional<std::vector<int64_t>> shape = evaluate_shape(type.shape, at_.sizes);
    if (!shape) {
      failed = true;
      return std::nullopt;
    }
    results.emplace_back(type.dtype, std::move(*shape));
  }
  for (size_t k = 0; k < results.size(); ++k)
    call.result(k, results[k].raw());
  if (!call.prepare() || call.call() != TW_OK) {
    failed = true;
    return std::nullopt;
  }
  return results;
}

} // namespace thalweg::driver
