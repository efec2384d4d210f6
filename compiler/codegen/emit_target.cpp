// Targets: features of this machine and of the named levels.
#include "codegen/emit_target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <vector>

namespace thalweg::codegen {

namespace {

constexpr const char* kGenericTriple = "x86_64-unknown-linux-gnu";

TargetSpec level(const char* name, const char* cpu, unsigned vector_bits, bool avx2, bool avx512) {
  TargetSpec spec;
  spec.name = name;
  spec.triple = kGenericTriple;
  spec.cpu = cpu;
  spec.vector_bits = vector_bits;
  spec.has_fma = spec.has_rounding = spec.has_masked_words = avx2;
  spec.has_masks = avx512;
  return spec;
}

bool all_of(const llvm::StringMap<bool>& features, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(),
                     [&](const char* name) { return features.lookup(name); });
}

bool has_avx2(const llvm::StringMap<bool>& features) {
  return all_of(features, {"avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"});
}
bool has_avx512(const llvm::StringMap<bool>& features) {
  return has_avx2(features) &&
         all_of(features, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
}

} // namespace

TargetSpec TargetSpec::baseline() { return level("baseline", "x86-64", 128, false, false); }
TargetSpec TargetSpec::avx2() { return level("avx2", "x86-64-v3", 256, true, false); }
TargetSpec TargetSpec::avx512() { return level("avx512", "x86-64-v4", 512, true, true); }

TargetSpec TargetSpec::host() {
  const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  TargetSpec spec = level("host", "", 128, false, false);
  spec.triple = llvm::sys::getProcessTriple();
  spec.cpu = llvm::sys::getHostCPUName().str();
  std::vector<std::string> names; // sorted: the map's order is not fixed
  for (const auto& feature : features)
    names.push_back((feature.second ? "+" : "-") + feature.first().str());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names)
    spec.features += (spec.features.empty() ? "" : ",") + name;

  const bool x86 = spec.triple.starts_with("x86_64");
  spec.has_fma = !x86 || features.lookup("fma");
  spec.has_rounding = !x86 || features.lookup("sse4.1");
  spec.has_masked_words = has_avx2(features);
  spec.has_masks = has_avx512(features);
  spec.vector_bits = spec.has_masks ? 512 : spec.has_masked_words ? 256 : 128;
  return spec;
}

std::optional<TargetSpec> TargetSpec::by_name(std::string_view name) {
  if (name == "host" || name == "native") return host();
  if (name == "baseline") return baseline();
  if (name == "avx2") return avx2();
  if (name == "avx512") return avx512();
  return std::nullopt;
}

bool TargetSpec::runs_here() const {
  if (name == "host") return true;
  if (!llvm::StringRef(llvm::sys::getProcessTriple()).starts_with("x86_64")) return false;
  const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (has_masks) return has_avx512(features);
  if (has_masked_words) return has_avx2(features);
  return true;
}

} // namespace thalweg::codegen
