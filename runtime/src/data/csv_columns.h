// Which columns of a CSV file are features and which is the target; used by csv.cpp.
#pragma once

#include "data/csv.h"
#include "data/csv_records.h"

namespace thalweg::runtime {

struct CsvLayout {
  bool has_header = false;
  std::vector<std::string> names; // of all columns; their numbers when there is no header
  std::vector<size_t> features;
  std::optional<size_t> target;
};

// From the first line of the file. Fails on names that stand twice, unknown and repeated columns.
Result<CsvLayout> csv_layout(const CsvRecord& first, bool header, const std::string& file,
                             const CsvOptions& options);

} // namespace thalweg::runtime
