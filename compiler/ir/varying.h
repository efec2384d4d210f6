// Which values of a rule over a table of tensors belong to the tensor at hand.
#pragma once

#include "ir/graph.h"

namespace thalweg {

// For every id below the graph's size: whether the value differs from tensor to tensor. It does if
// it reads a per-tensor parameter, a draw, or a size made of the function's tensor_symbols; a fold
// over the table (`across_*`) never does. All false unless function.over_table.
std::vector<bool> varies_by_tensor(const Graph& graph, const Function& function);

} // namespace thalweg
