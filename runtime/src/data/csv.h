// CSV files as arrays: header, column choice, target labels, missing values. A file is cut into
// lines as it streams by, so its size does not matter.
#pragma once

#include "base/source.h"
#include "data/data_file.h"

#include <cstdint>
#include <optional>
#include <string>
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
  // Files whose beginning promises far more than this are refused before they are read through.
  uint64_t memory = UINT64_MAX;
};

// Surveys the file: its columns, rows and labels. With a target `names` are features, then target
// (or the target alone); without one a single name takes the whole file. Rank 2 is rows x columns,
// rank 1 one column (or one row), rank 0 one number. `file` is the path as the program wrote it.
// Rows in errors are lines of the file, columns are fields of the line, both from 1.
//
// A target of words becomes class indices in sorted order. Under class_target numbers do too:
// 0 .. k-1 as they are, any other set of distinct numbers in ascending order.
Result<std::unique_ptr<DataFile>> open_csv(std::unique_ptr<ByteSource> bytes,
                                           const std::string& file, CsvOptions options,
                                           const std::vector<DataName>& names);

} // namespace thalweg::runtime
