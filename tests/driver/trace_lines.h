// Values out of what `thalweg trace` prints.
#pragma once

#include "program.h"

#include <charconv>

namespace thalweg::test {

// The numbers of the line `name [shape] = [a, b]` after the header of `step`.
inline std::vector<double> numbers(const std::string& text, int step, const std::string& name) {
  size_t at = text.find(fmt::format("\nstep {}:", step));
  REQUIRE(at != text.npos);
  std::istringstream lines(text.substr(at + 1));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && !line.starts_with("step ")) {
    size_t first = line.find_first_not_of(' ');
    if (first == line.npos || line.compare(first, name.size(), name) != 0 ||
        line[first + name.size()] != ' ')
      continue;
    std::vector<double> values;
    for (size_t k = line.find(" = ") + 3; k < line.size();) {
      double value = 0;
      auto [end, error] = std::from_chars(line.data() + k, line.data() + line.size(), value);
      if (error == std::errc()) {
        values.push_back(value);
        k = static_cast<size_t>(end - line.data());
      } else {
        ++k;
      }
    }
    return values;
  }
  FAIL("no line for " << name << " in step " << step);
  return {};
}

} // namespace thalweg::test
