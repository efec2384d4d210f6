// Names and roles against patterns (see subject.h).
#include "irgen/subject.h"

namespace thalweg::irgen {

// Greedy, with one place to go back to: linear in the usual case, never exponential.
bool matches(std::string_view text, std::string_view pattern) {
  size_t at = 0, p = 0, star = pattern.npos, mark = 0;
  while (at < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[at]) && pattern[p] != '*') {
      ++at, ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = at;
    } else if (star != pattern.npos) {
      p = star + 1;
      at = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool Question::answer(const Subject& subject) const {
  return matches(of_role ? subject.role : subject.name, pattern);
}

} // namespace thalweg::irgen
