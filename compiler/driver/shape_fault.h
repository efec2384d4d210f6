// Sizes that compiled code takes for granted, checked when they are bound: no negative size, no
// slice that leaves its operand. Compiled code tests indices that are values, not these.
#pragma once

#include "ir/graph.h"
#include "ir/tensor.h"

#include <optional>

namespace thalweg::driver {

// The first value, in order of evaluation, that these sizes make impossible; the interpreter ends
// there with shape_mismatch. Sizes of the tensor at hand belong to `sizes` too.
std::optional<ValueId> shape_fault(const Graph& graph, const Function& function,
                                   const Bindings& sizes);

} // namespace thalweg::driver
