// Lowering of a lambda of a loop or a branch inside the function around it. Private to
// codegen/lower*.
#pragma once

#include "codegen/lower_memory.h"

#include <map>

namespace thalweg::loops {

// What a parameter of a nested function stands for: a tensor in memory, or a scalar that is visible
// where the function stands.
using Given = std::variant<Slot, Val>;

struct Place {
  std::vector<Given> parameters;
  std::vector<Slot> results; // none: the only result is wanted as a value
  std::optional<Val> round;  // of the loop around
  bool row = false;          // inside Rows: its temporaries belong to the tensor at hand
};
struct NestedBlock {
  Block block;
  Val result; // if it was wanted
};
NestedBlock lower_nested(const Graph& graph, const fuse::Nested& nested, Program& program,
                         Memory& memory, Place place);

} // namespace thalweg::loops
