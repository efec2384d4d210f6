// From read files to what a problem's data names stand for: blocks with shapes, the holdout split,
// missing values, scaling and standardizing.
#pragma once

#include "base/tensor.h"
#include "data/csv.h"

#include <string>
#include <vector>

namespace thalweg::runtime {

// The value of one data name. Values are doubles until `to_tensor`; class indices are whole
// numbers.
struct Block {
  std::string name;
  std::string source; // the file it came from, for messages
  Dims shape;
  std::vector<double> values; // row-major; NaN = missing, to be filled by prepare_dataset
  bool is_class = false;
  std::vector<std::string> class_names; // in index order; empty for plain numbers
  std::vector<std::string> column_names;
  // Set by the caller before prepare_dataset:
  bool batched = false; // the leading dimension is the batch dimension: rows are split and drawn
  bool standardize = false; // columns to mean 0 and deviation 1, features only
  double scale = 1;         // multiplies the values first

  int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  int64_t row_size() const; // elements of one row
};

// What the program declares: `data X: [n, d]`, `data y: class(k)[n]`.
struct DataName {
  std::string name;
  int64_t rank = 0;
  bool is_class = false;
};

// `given X, y = csv(…)`: with a target the names are features, then target (or the target alone);
// without one a single name takes the whole file. Rank 2 is rows x columns, rank 1 one column (or
// one row), rank 0 one number.
Result<std::vector<Block>> load_csv(const std::string& path, const std::string& file,
                                    CsvOptions options, const std::vector<DataName>& names);

struct DatasetOptions {
  double holdout = 0; // fraction of the rows kept for validation; 0 = none
  uint64_t seed = 0;
};

struct Dataset {
  std::vector<Block> training;
  std::vector<Block> validation; // empty without a holdout; unbatched blocks stand in both
  int64_t training_rows = 0, validation_rows = 0; // 0 when nothing is batched
  std::vector<int64_t> held_out;                  // row numbers of the validation part, ascending
};

// The batched blocks have to agree in their number of rows. round(holdout * rows) rows, at least
// one, are drawn by the seed alone; both parts keep the order of the file. All statistics come from
// the training part: means for missing values, and mean and population deviation for standardize.
// A constant column becomes 0 in training and is not divided.
Result<Dataset> prepare_dataset(std::vector<Block> blocks, const DatasetOptions& options);

// Storage for compiled code: i64 for class indices when `scalar` says so.
Result<Tensor> to_tensor(const Block& block, Scalar scalar);

} // namespace thalweg::runtime
