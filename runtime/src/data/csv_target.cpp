// Target columns, see csv_target.h.
#include "data/csv_target.h"

#include "base/text.h"

#include <cmath>
#include <fmt/format.h>
#include <set>

namespace thalweg::runtime {

Outcome TargetCollector::add(std::string_view text, bool quoted, int64_t line, int64_t column) {
  if (!quoted) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
      text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
      text.remove_suffix(1);
  }
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
  if (!words_) words_ = !is_number;
  if (*words_ && is_number)
    return fail("a number among words", "use only numbers or only names as labels");
  if (!*words_ && !is_number) {
    return fail("which is not a number",
                "the column's first value is a number, so all of them have to be");
  }
  if (!*words_) {
    values_.push_back(number.value);
    return Unit{};
  }
  const auto next = static_cast<int64_t>(word_ids_.size());
  values_.push_back(
      static_cast<double>(word_ids_.try_emplace(std::string(text), next).first->second));
  return Unit{};
}

Result<CsvTarget> TargetCollector::finish() {
  return words_.value_or(false) ? finish_words() : finish_numbers();
}

Result<CsvTarget> TargetCollector::finish_words() {
  CsvTarget target{name_, std::move(values_), {}};
  std::vector<double> sorted(word_ids_.size()); // from order of appearance to sorted order
  for (const auto& [word, id] : word_ids_) {
    sorted[static_cast<size_t>(id)] = static_cast<double>(target.classes.size());
    target.classes.push_back(word);
  }
  for (double& value : target.values)
    value = sorted[static_cast<size_t>(value)];
  return target;
}

Result<CsvTarget> TargetCollector::finish_numbers() {
  CsvTarget target{name_, std::move(values_), {}};
  if (!classes_) return target;
  std::map<double, double> index;
  bool whole = true;
  for (double& value : target.values) {
    if (value == 0) value = 0; // -0 and 0 are one class
    whole = whole && value == std::floor(value);
    index.emplace(value, 0);
  }
  constexpr size_t kMostFractions = 100;
  if (!whole && index.size() > kMostFractions) {
    return DataError{file_, 0, 0,
                     fmt::format("column '{}' holds {} different numbers with fractions: these are "
                                 "no classes",
                                 shown(name_), index.size()),
                     "declare the data as numbers, not as class(k)"};
  }
  for (auto& [value, id] : index) {
    id = static_cast<double>(target.classes.size());
    target.classes.push_back(number_text(value));
  }
  for (double& value : target.values)
    value = index.find(value)->second;
  return target;
}

} // namespace thalweg::runtime
