// The way from functions of the graph to entry points: simplify, contract, lower, compile.
#pragma once

#include "codegen/lower.h"
#include "diag/diagnostics.h"
#include "driver/profile.h"
#include "ir/graph.h"
#include "jit/jit.h"
#include "threads/thread_pool.h"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::driver {

// What --dump, --stop-after and --time-passes ask for.
struct PipelineOptions {
  bool dump_ast = false, dump_types = false, dump_ir = false, dump_loops = false;
  codegen::CompileDumps code; // llvm, asm
  bool any() const {
    return dump_ast || dump_types || dump_ir || dump_loops || code.want_llvm || code.want_asm;
  }
  std::string stop_after; // "", "ast", "types", "ir", "loops"
  std::string target = "host";
  int threads = 0;      // of compiled functions; 0: as many as this process may use
  bool profile = false; // compiled functions are timed by kernel
};

struct PassTime {
  std::string name;
  double seconds;
};

struct CompiledFunction {
  Function function; // as compiled: simplified, contracted
  loops::Layout layout;
  std::vector<std::string> symbols, tensor_symbols;
  tw_function entry = nullptr;
  runtime::ThreadPool* threads = nullptr;
  FunctionProfile* profile = nullptr; // null: not timed
};

class Pipeline {
public:
  Pipeline(Graph& graph, Diagnostics& diags, PipelineOptions options);

  // Simplified and contracted; the same arithmetic that is compiled.
  Function finish(const Function& function);
  // Loops of a finished function; a located message if something is not lowered yet.
  std::optional<loops::Lowered> lower(const Function& function);
  // All in one object. Nothing after a message.
  std::optional<std::vector<CompiledFunction>> compile(const std::vector<Function>& functions);

  int compilations() const { return jit_ ? jit_->compilations() : 0; }
  std::vector<PassTime> times() const;
  const std::deque<FunctionProfile>& profiles() const {
    return profiles_;
  } // empty without --profile
  const std::string& dumps() const { return dump_; }
  const PipelineOptions& options() const { return options_; }
  Graph& graph() { return graph_; }
  template <class F> auto timed(const std::string& name, F f) {
    auto start = std::chrono::steady_clock::now();
    auto result = f();
    add_time(name, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return result;
  }
  void add_time(const std::string& name, double seconds);

private:
  // With derivatives of functions in the text of rules taken.
  Function without_derivatives(const Function& function);
  Graph& graph_;
  Diagnostics& diags_;
  PipelineOptions options_;
  std::vector<Span> refused_; // derivatives that are not known, and were told
  std::optional<jit::Jit> jit_;
  runtime::ThreadPool threads_; // of the compiled functions, which outlive no Pipeline
  std::vector<PassTime> times_;
  std::deque<FunctionProfile> profiles_;
  std::string dump_;
};

} // namespace thalweg::driver
