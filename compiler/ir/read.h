// Reads the text form of functions (print.h) back into a graph. Any text is safe to read: what is
// wrong is said with its place, and sizes are limited.
#pragma once

#include "ir/graph.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

struct ReadError {
  uint32_t line = 0, column = 0; // from 1; the column counts bytes
  std::string text;
  std::string str() const; // "3:7: no value %9"
};

struct ReadResult {
  std::vector<Function> functions; // those before the error, if there is one
  std::optional<ReadError> error;
  bool ok() const { return !error; }
};

// The functions of the text, verified. Equal values are interned with those the graph holds
// already; after an error it may hold values that nothing uses.
ReadResult read_functions(Graph& graph, std::string_view text);

} // namespace thalweg
