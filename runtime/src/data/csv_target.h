// Collects a target column, whose values are numbers or class names; used by csv.cpp.
#pragma once

#include "data/csv.h"

#include <map>

namespace thalweg::runtime {

class TargetCollector {
public:
  TargetCollector(std::string file, std::string name, bool classes)
      : file_(std::move(file)), name_(std::move(name)), classes_(classes) {}

  // Adds a value that is not missing. The first value decides between numbers and words.
  Outcome add(std::string_view text, bool quoted, int64_t line, int64_t column);
  Result<CsvTarget> finish();

private:
  Result<CsvTarget> finish_words();
  Result<CsvTarget> finish_numbers();

  std::string file_, name_;
  bool classes_;
  std::optional<bool> words_;
  std::vector<double> values_;                           // numbers, or the order words came in
  std::map<std::string, int64_t, std::less<>> word_ids_; // sorted by bytes
};

} // namespace thalweg::runtime
