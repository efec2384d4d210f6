// A problem's objective by composition rules, with its data where they are at hand.
#pragma once

#include "convex/terms.h"
#include "driver/evaluation.h"
#include "driver/front.h"
#include "record/json_text.h"

namespace thalweg::driver {

// What the analysis asks of a problem. `at` holds hyperparameters and, if `with_data`, all else.
convex::Question question_of(Front& front, Graph& graph, const irgen::ProblemUnit& problem,
                             const Evaluation& at, bool with_data);

// The tree of verdicts with their reasons, as text and as JSON.
struct Explained {
  std::string text;
  runtime::Json json;
};
Explained explain(Front& front, convex::Analysis& analysis, const irgen::ProblemUnit& problem);

} // namespace thalweg::driver
