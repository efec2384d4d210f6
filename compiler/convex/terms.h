// What an objective adds up, term by term.
#pragma once

#include "convex/analysis.h"

namespace thalweg::convex {

struct Term {
  ValueId value;
  bool negative = false;
  Facts facts; // with the sign
  // The call that it is a multiple (by a factor ≥ 0) of, if its function brings a prox rule and is
  // applied to a whole param; else null.
  const CallNote* prox = nullptr;
  int param = -1; // that param
};

std::vector<Term> terms_of(Analysis& analysis, ValueId objective);

// Of the whole sum.
struct Verdict {
  Curvature curvature = Curvature::constant;
  std::optional<Bound> bend; // of its smooth terms
  bool smooth = true;
};
Verdict verdict_of(const std::vector<Term>& terms);

} // namespace thalweg::convex
