// Calls of functions as the text has them: what their declarations say, which the formula that a
// call became does not show any more.
#pragma once

#include "ir/graph.h"

#include <string>
#include <vector>

namespace thalweg::convex {

struct CallNote {
  std::string function;
  ValueId result;
  std::vector<ValueId> arguments; // one for each parameter; invalid where it is no tensor
  // As declared, in the first argument, the others being free of params.
  int curvature = 0; // 1 convex, -1 concave, 0 nothing declared
  int monotone = 0;  // 1 increasing, -1 decreasing
  ValueId smooth;    // the constant of its gradient's slope; invalid: not declared
  bool has_prox = false;
  Span span; // of the call
};

} // namespace thalweg::convex
