// One element of a draw, as the interpreter takes it: the bits of compiled code and the runtime.
#pragma once

#include "ir/graph.h"
#include "thalweg/random.h"

namespace thalweg {

// In the precision of `dtype`. `stream` is tw_stream of the key.
double draw_element(Distribution distribution, uint64_t stream, int64_t step, int64_t element,
                    DType dtype);

} // namespace thalweg
