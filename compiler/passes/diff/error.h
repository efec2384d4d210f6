// What differentiation cannot do, and where: values for the caller to report.
#pragma once

#include "ir/graph.h"

#include <string>

namespace thalweg::diff {

struct DiffError {
  ValueId value;
  std::string text; // "gradient through a while loop"
  Span span;        // origin of the value, if known
};

} // namespace thalweg::diff
