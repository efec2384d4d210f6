// Reverse differentiation needs the history of a loop. Where the number of rounds is known and
// small, the loop is written out first. Private to passes/diff.
#pragma once

#include "ir/graph.h"

namespace thalweg::diff {

// The roots with those loops written out, also loops inside of loops.
std::vector<ValueId> unroll(Graph& graph, std::span<const ValueId> roots);

} // namespace thalweg::diff
