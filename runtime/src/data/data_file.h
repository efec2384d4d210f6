// A data file that is open: which arrays it gives, and their values in one pass, again and again.
#pragma once

#include "base/tensor.h"

#include <memory>
#include <string>
#include <vector>

namespace thalweg::runtime {

// What the program declares: `data X: [n, d]`, `data y: class(k)[n]`.
struct DataName {
  std::string name;
  int64_t rank = 0;
  bool is_class = false;
};

// The array that one data name stands for; its values come from the file.
struct Block {
  std::string name;
  std::string source; // the file it comes from, for messages
  Dims shape;
  bool is_class = false;                // the values are class indices
  std::vector<std::string> class_names; // in index order; empty for plain numbers
  std::vector<std::string> column_names;
  bool fill_missing = false; // NaN among the values is a gap that becomes the column's mean
  // Set by the caller before the values are loaded:
  bool batched = false; // the leading dimension is the batch dimension: rows are split and drawn
  bool standardize = false; // columns to mean 0 and deviation 1
  double scale = 1;         // multiplies the values first
  Scalar scalar = Scalar::f64;

  int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
  int64_t row_size() const; // elements of one row
  int64_t columns() const { return shape.size() < 2 ? 1 : row_size(); }
};

// `count` values of a block. They lie along a row (and go on in the next ones) or down a column.
struct Values {
  size_t block = 0;
  int64_t first = 0; // position of the first in the row-major array
  bool down = false; // the next value is a row further
  const double* values = nullptr;
  size_t count = 0;
};

class ValueSink {
public:
  virtual ~ValueSink() = default;
  virtual Outcome take(const Values& values) = 0;
};

class DataFile {
public:
  virtual ~DataFile() = default;
  std::vector<Block> blocks;
  // All values of all blocks, each once; those of a column in the order of its rows.
  virtual Outcome visit(ValueSink& sink) = 0;
};

} // namespace thalweg::runtime
