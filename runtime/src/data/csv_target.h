// What the values of a target column mean: numbers, or names of classes; used by csv.cpp.
#pragma once

#include "data/csv.h"

#include <map>
#include <set>

namespace thalweg::runtime {

class TargetValues {
public:
  TargetValues() = default;
  TargetValues(std::string file, std::string name, bool classes)
      : file_(std::move(file)), name_(std::move(name)), classes_(classes) {}

  // The first pass shows it the values that are not missing, until `settled`.
  Outcome learn(std::string_view text, bool quoted, int64_t line, int64_t column);
  // Plain numbers need no dictionary: one of them is enough.
  bool settled() const { return words_.has_value() && !*words_ && !classes_; }
  // Ends the first pass; class names in the order of their indices, none for plain numbers.
  Result<std::vector<std::string>> finish();

  // Later passes: the number or the index of the class.
  Result<double> value(std::string_view text, bool quoted, int64_t line, int64_t column) const;

private:
  // A number, or nothing for a word. Fails on what mixes the two.
  Result<std::optional<double>> read(std::string_view text, int64_t line, int64_t column) const;

  std::string file_, name_;
  bool classes_ = false;
  std::optional<bool> words_;                          // whether the first value is a word
  std::map<std::string, double, std::less<>> by_word_; // sorted by bytes
  std::map<double, double> by_number_;
};

} // namespace thalweg::runtime
