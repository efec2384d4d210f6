// Compiled functions in this process: programs in, entry points out.
#pragma once

#include "codegen/emit.h"
#include "codegen/loops.h"

#include "thalweg/abi.h"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace thalweg::jit {

struct JitTimes {
  double emit = 0, optimize = 0, codegen = 0, link = 0; // seconds
  double total() const { return emit + optimize + codegen + link; }
};

// The functions of one compile(); valid as long as the Jit.
class Compiled {
public:
  // The entry point of the program of that name; an internal error if there is none.
  tw_function function(std::string_view name) const;

private:
  friend class Jit;
  std::map<std::string, tw_function, std::less<>> functions_;
};

class Jit {
public:
  // The target must run here (TargetSpec::runs_here). Optional texts of all that is compiled go to
  // `dumps`.
  explicit Jit(codegen::TargetSpec target = codegen::TargetSpec::host(),
               codegen::CompileDumps* dumps = nullptr);
  ~Jit();
  Jit(const Jit&) = delete;
  Jit& operator=(const Jit&) = delete;

  // The programs become one object file. Names need to differ within one call only.
  Compiled compile(std::span<const loops::Program> programs);

  const codegen::TargetSpec& target() const { return target_; }
  int compilations() const { return compilations_; } // calls of compile() so far
  const JitTimes& times() const { return times_; }   // summed over all of them

private:
  struct Linker; // of LLVM
  codegen::TargetSpec target_;
  codegen::CompileDumps* dumps_;
  std::unique_ptr<Linker> linker_;
  int compilations_ = 0;
  JitTimes times_;
};

} // namespace thalweg::jit
