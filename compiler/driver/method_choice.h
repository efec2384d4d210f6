// Which of the library's methods fits a problem. Methods say themselves what they are for, in a
// line `Solves:` of their comment; nothing here knows one by name.
#pragma once

#include "driver/evaluation.h"
#include "driver/front.h"

#include <optional>
#include <string>
#include <vector>

namespace thalweg::driver {

// From the narrowest: a method for the first of these that the problem is comes first.
enum class ProblemClass : uint8_t { quadratics, sums_of_squares, smooth_functions };

// `Solves: smooth functions of up to 200 params`, `Solves: quadratics of any size`.
struct Purpose {
  ProblemClass of;
  int64_t params = -1; // at most so many; -1: any number
};
std::optional<Purpose> parse_purpose(std::string_view text);

struct ProblemFacts {
  int64_t params = 0;
  bool quadratic = false;      // its Hessian is constant
  bool sum_of_squares = false; // written as one, of a tensor
  std::vector<Span> kinks;     // where it has no derivative at some points; few of them
};
ProblemFacts facts_of(Graph& graph, const irgen::ProblemUnit& problem, const Evaluation& at);

struct MethodChoice {
  std::string name, reason;
};
// Nothing after a message, where the library has none.
std::optional<MethodChoice> choose_method(Front& front, const ProblemFacts& facts);

} // namespace thalweg::driver
