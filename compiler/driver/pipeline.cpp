// Passes in order, with their times and dumps (see pipeline.h).
#include "driver/pipeline.h"

#include "ir/print.h"
#include "ir/verify.h"
#include "passes/diff/expand.h"
#include "passes/simplify/simplify.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::driver {

Pipeline::Pipeline(Graph& graph, Diagnostics& diags, PipelineOptions options)
    : graph_(graph), diags_(diags), options_(std::move(options)), threads_(options_.threads) {}

void Pipeline::add_time(const std::string& name, double seconds) {
  for (PassTime& time : times_)
    if (time.name == name) {
      time.seconds += seconds;
      return;
    }
  times_.push_back({name, seconds});
}

Function Pipeline::finish(const Function& function) {
  verify_or_die(graph_, function, "irgen");
  Function plain = timed("differentiate", [&] { return without_derivatives(function); });
  Function simple = timed("simplify", [&] { return simplify::simplify(graph_, plain); });
  verify_or_die(graph_, simple, "simplify");
  Function contracted = timed("contract", [&] { return simplify::contract_fma(graph_, simple); });
  verify_or_die(graph_, contracted, "contract");
  if (options_.dump_ir) dump_ += print(graph_, contracted) + "\n";
  return contracted;
}

Function Pipeline::without_derivatives(const Function& function) {
  if (!diff::has_derivatives(graph_, function)) return function;
  diff::Expander expander(graph_);
  Function plain = expander.function(function);
  verify_or_die(graph_, plain, "expand");
  if (const std::optional<diff::DiffError>& error = expander.error()) {
    if (std::find(refused_.begin(), refused_.end(), error->span) == refused_.end())
      diags_.report(DiagKind::no_derivative, error->span, error->text);
    refused_.push_back(error->span);
  }
  return plain;
}

std::optional<loops::Lowered> Pipeline::lower(const Function& function) {
  auto lowered = timed("fuse and lower",
                       [&] { return loops::lower(graph_, function, {options_.dump_loops}); });
  if (const auto* refused = std::get_if<loops::NotLowered>(&lowered)) {
    diags_.report(DiagKind::not_lowered, refused->span, refused->reason);
    return std::nullopt;
  }
  loops::Lowered& good = std::get<loops::Lowered>(lowered);
  if (options_.dump_loops) dump_ += good.plan_text + loops::print(good.program) + "\n";
  return std::move(good);
}

std::optional<std::vector<CompiledFunction>>
Pipeline::compile(const std::vector<Function>& functions) {
  std::vector<CompiledFunction> compiled;
  std::vector<loops::Program> programs;
  for (const Function& function : functions) {
    Function finished = finish(function);
    if (options_.stop_after == "ir") continue;
    if (!refused_.empty()) return std::nullopt;
    std::optional<loops::Lowered> lowered = lower(finished);
    if (!lowered) return std::nullopt;
    compiled.push_back({std::move(finished), std::move(lowered->layout), lowered->program.symbols,
                        lowered->program.tensor_symbols, nullptr, &threads_, nullptr});
    if (options_.profile) {
      lowered->program.marks = true;
      profiles_.emplace_back(function.name, lowered->program);
      compiled.back().profile = &profiles_.back();
    }
    programs.push_back(std::move(lowered->program));
    // Names of entry points only need to differ within one object.
    programs.back().name = fmt::format("f{}_{}", programs.size() - 1, programs.back().name);
  }
  if (!options_.stop_after.empty()) return std::nullopt;
  if (!jit_) {
    auto start = std::chrono::steady_clock::now();
    std::optional<codegen::TargetSpec> target = codegen::TargetSpec::by_name(options_.target);
    jit_.emplace(target ? *target : codegen::TargetSpec::host(), &options_.code);
    add_time("start LLVM",
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  jit::Compiled code = jit_->compile(programs);
  for (size_t k = 0; k < compiled.size(); ++k)
    compiled[k].entry = code.function(programs[k].name);
  dump_ += options_.code.llvm + options_.code.assembly;
  options_.code.llvm.clear();
  options_.code.assembly.clear();
  return compiled;
}

std::vector<PassTime> Pipeline::times() const {
  std::vector<PassTime> times = times_;
  if (jit_) {
    times.push_back({"emit", jit_->times().emit});
    times.push_back({"optimize", jit_->times().optimize});
    times.push_back({"codegen", jit_->times().codegen});
    times.push_back({"link", jit_->times().link});
  }
  return times;
}

} // namespace thalweg::driver
