// Compares a lowered function with the graph interpreter, bit for bit.
#pragma once

#include "ir/interp.h"
#include "lower/loops_interp.h"

#include <string>

namespace thalweg::test {

// What differs, or nothing. The interpreter of graphs is the oracle.
std::string compare_plain(const Graph& graph, const Function& function, const Bindings& bindings,
                          const std::vector<Tensor>& inputs);
std::string compare_table(const Graph& graph, const Function& function, const Bindings& bindings,
                          const std::vector<Tensor>& shared, const std::vector<TableRow>& rows);

} // namespace thalweg::test
