// A rule as the parts of a C library (aot/library.h); for `thalweg build`.
#pragma once

#include "aot/library.h"
#include "driver/front.h"
#include "driver/pipeline.h"
#include "irgen/rule.h"

namespace thalweg::driver {

// Rules whose only need is ∇f at x and that see x flat, in f64 and f32. Nothing after messages.
std::optional<aot::LibrarySpec> library_spec(Front& front, const irgen::Chain& chain,
                                             const PipelineOptions& options, std::string& dumps,
                                             std::vector<PassTime>& times);

} // namespace thalweg::driver
