// A parameter as a rule is chosen and elaborated for it, and what a rule asked about it: parameters
// with the same answers share one variant of the rule.
#pragma once

#include "support/span.h"
#include "types/type.h"

#include <string>
#include <string_view>
#include <vector>

namespace thalweg::irgen {

struct Subject {
  std::string name, role; // "" without a role
  Shape shape;
  Span span; // of its declaration; may be invalid
};

// Whether the name or role fits a pattern (`*` any letters, `?` one); a text without these is
// itself.
struct Question {
  bool of_role = false;
  std::string pattern;
  bool answer(const Subject& subject) const;
};
bool matches(std::string_view text, std::string_view pattern);

} // namespace thalweg::irgen
