// What this machine gives at most, measured by compiled loops: memory traffic and arithmetic.
#pragma once

#include "driver/pipeline.h"

namespace thalweg::driver {

// Of the last level; 0 if the system does not tell.
double cache_bytes();
// Bytes a second of a compiled loop that reads four arrays of numbers, writes three of them and
// computes next to nothing, on arrays that no cache holds. 0 if memory for them can't be had.
double memory_limit(const PipelineOptions& like);
// Operations a second of a compiled loop of fused multiply-adds on numbers in the cache.
double flop_limit(const PipelineOptions& like, DType precision);

} // namespace thalweg::driver
