// The target as a parameter of the emitter: which processor compiled functions are made for.
//
// Everything but `baseline` on x86-64 has a fused multiply-add, and all targets that have one give
// the same bits; `baseline` multiplies and adds where the graph says fma.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thalweg::codegen {

struct TargetSpec {
  std::string name;           // as the user chose it: "host", "baseline", "avx2", "avx512"
  std::string triple;         // of LLVM
  std::string cpu;            // of LLVM
  std::string features;       // of LLVM
  unsigned vector_bits = 128; // width of one native vector
  bool has_fma = false;
  bool has_rounding = false;     // one instruction for floor, ceil and round to even
  bool has_masks = false;        // masked loads and stores of every element type
  bool has_masked_words = false; // the same of 4- and 8-byte elements alone

  // The machine this runs on.
  static TargetSpec host();
  static TargetSpec baseline(); // the least x86-64: SSE2, no fma
  static TargetSpec avx2();     // x86-64-v3
  static TargetSpec avx512();   // x86-64-v4
  // By the names above; nothing if there is no such target.
  static std::optional<TargetSpec> by_name(std::string_view name);
  // Whether this machine can run what is compiled for the target.
  bool runs_here() const;
};

} // namespace thalweg::codegen
