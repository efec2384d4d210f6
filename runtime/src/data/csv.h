// CSV files as numbers: header, column choice, target labels, missing values.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace thalweg::runtime {

// A column by its header name or by its number (from 0, negative from the end).
using ColumnRef = std::variant<std::string, int64_t>;

// What happens to rows with a missing value in a column that is used. A value is missing when the
// field is empty or, without quotes, one of NA, N/A, NaN, null, none, ? (in any case).
enum class Missing {
  error, // refused, with its place
  drop,  // the row is left out
  mean   // becomes the mean of its column over the training rows (see dataset.h); NaN until then
};

struct CsvOptions {
  // Unset: the first line is the header when it holds no number and at least one word.
  std::optional<bool> header;
  std::optional<ColumnRef> target;
  std::vector<ColumnRef> columns; // empty: all but the target
  bool want_features = true;      // false: only the target is read
  bool class_target = false;      // the target's values become class indices
  Missing missing = Missing::error;
  char separator = ',';
};

struct CsvTarget {
  std::string name;
  std::vector<double> values;
  // Names in the order of the indices that `values` holds; empty when the values are plain numbers.
  // Words are always classes, in sorted order. Under class_target numbers are too: 0 .. k-1 as they
  // are, any other set of distinct numbers in ascending order.
  std::vector<std::string> classes;
};

struct CsvData {
  int64_t rows = 0, width = 0;    // width: number of feature columns
  std::vector<std::string> names; // of the feature columns
  std::vector<double> values;     // rows x width, row-major; NaN where Missing::mean left a gap
  std::optional<CsvTarget> target;
  int64_t dropped = 0; // rows left out by Missing::drop
};

// `name` is the file as the program wrote it. Rows in errors are lines of the file, columns are
// fields of the line, both from 1.
Result<CsvData> parse_csv(std::string_view text, const std::string& name,
                          const CsvOptions& options);
Result<CsvData> read_csv(const std::string& path, const std::string& name,
                         const CsvOptions& options);

} // namespace thalweg::runtime
