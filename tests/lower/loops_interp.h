// Runs loop programs slowly on host memory: the meaning of loops.h, written down a second time.
#pragma once

#include "codegen/lower.h"
#include "ir/tensor.h"

#include <functional>
#include <vector>

namespace thalweg::test {

struct LoopMemory {
  std::vector<Tensor> call;              // by slot
  std::vector<std::vector<Tensor>> rows; // by row, then slot
  std::vector<Bindings> row_bindings;    // of the tensor's own symbols
};

// Gives the status. Every access is checked against the buffer's size (an internal error).
// Iterations of vector loops run backwards, so that a dependence between them shows.
int run_loops(const loops::Program& program, const Bindings& bindings, LoopMemory& memory);

} // namespace thalweg::test
