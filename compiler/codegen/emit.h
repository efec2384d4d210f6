// From loop programs to machine code: emits LLVM IR, optimizes it and generates an object file.
// The interface is free of LLVM; who adds functions of his own to the module uses emit_module.h.
#pragma once

#include "codegen/emit_target.h"
#include "codegen/loops.h"

#include <optional>
#include <span>
#include <string>

namespace thalweg::codegen {

// Seconds spent in each phase, for --time-passes.
struct CompileTimes {
  double emit = 0, optimize = 0, codegen = 0;
};

// What to write down on the way, and the texts: IR after optimization, assembly.
struct CompileDumps {
  bool want_llvm = false, want_asm = false;
  std::string llvm, assembly;
};

// Before LLVM is used for anything; later calls do nothing.
void initialize_llvm();

// The bytes of an object file that exports one `int32_t name(const tw_call*)` per program. The same
// input gives the same bytes.
std::string compile_object(std::span<const loops::Program> programs, const TargetSpec& target,
                           CompileTimes* times = nullptr, CompileDumps* dumps = nullptr);

} // namespace thalweg::codegen
