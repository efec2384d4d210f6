// Target columns, see csv_target.h.
#include "data/csv_target.h"

#include "base/text.h"

#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

std::string_view label_of(std::string_view text, bool quoted) {
  if (quoted) return text;
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace

Result<std::optional<double>> TargetValues::read(std::string_view text, int64_t line,
                                                 int64_t column) const {
  const ParsedNumber number = parse_number(text);
  const bool is_number = number.shape == NumberShape::number;
  const auto fail = [&](std::string_view what, std::string help) {
    return DataError{
        file_, line, column,
        fmt::format("column '{}' holds \"{}\", {}", shown(name_), shown(std::string(text)), what),
        std::move(help)};
  };
  if (number.shape == NumberShape::not_finite || number.shape == NumberShape::out_of_range)
    return fail("which is no finite number", "");
  if (words_ && *words_ && is_number)
    return fail("a number among words", "use only numbers or only names as labels");
  if (words_ && !*words_ && !is_number) {
    return fail("which is not a number",
                "the column's first value is a number, so all of them have to be");
  }
  // -0 and 0 are one class.
  return is_number ? std::optional<double>(number.value == 0 && classes_ ? 0 : number.value)
                   : std::nullopt;
}

Outcome TargetValues::learn(std::string_view text, bool quoted, int64_t line, int64_t column) {
  text = label_of(text, quoted);
  Result<std::optional<double>> number = read(text, line, column);
  if (!number) return number.error();
  words_ = !number->has_value();
  if (*words_) {
    if (by_word_.find(text) == by_word_.end()) by_word_.emplace(text, 0);
  } else if (classes_) {
    by_number_.emplace(**number, 0);
  }
  return Unit{};
}

Result<std::vector<std::string>> TargetValues::finish() {
  constexpr size_t kMostFractions = 100;
  std::vector<std::string> names;
  bool whole = true;
  for (auto& [word, index] : by_word_) {
    index = static_cast<double>(names.size());
    names.push_back(word);
  }
  for (auto& [number, index] : by_number_) {
    whole = whole && number == std::floor(number);
    index = static_cast<double>(names.size());
    names.push_back(number_text(number));
  }
  if (!whole && by_number_.size() > kMostFractions) {
    return DataError{file_, 0, 0,
                     fmt::format("column '{}' holds {} different numbers with fractions: these are "
                                 "no classes",
                                 shown(name_), by_number_.size()),
                     "declare the data as numbers, not as class(k)"};
  }
  return names;
}

Result<double> TargetValues::value(std::string_view text, bool quoted, int64_t line,
                                   int64_t column) const {
  text = label_of(text, quoted);
  Result<std::optional<double>> number = read(text, line, column);
  if (!number) return number.error();
  if (*number && !classes_) return **number;
  // The first pass has seen every value.
  return *number ? by_number_.find(**number)->second : by_word_.find(text)->second;
}

} // namespace thalweg::runtime
