// Which rows are held out for validation, and where each row goes; used by dataset.cpp.
#pragma once

#include "base/result.h"
#include "data/data_file.h"

#include <vector>

namespace thalweg::runtime {

class RowParts {
public:
  RowParts(int64_t rows, std::vector<int64_t> held) : rows_(rows), held_(std::move(held)) {}
  // round(fraction * rows) rows, at least one, drawn by the seed.
  static Result<RowParts> draw(int64_t rows, double fraction, uint64_t seed);

  int64_t training_rows() const { return rows_ - static_cast<int64_t>(held_.size()); }
  const std::vector<int64_t>& held_rows() const { return held_; } // ascending
  // Rows are asked for in ascending runs, so the search begins where the last one ended.
  bool held(int64_t row) const {
    find(row);
    return next_ < held_.size() && held_[next_] == row;
  }
  // The row's number within its part.
  int64_t place(int64_t row) const {
    const bool is_held = held(row);
    return is_held ? static_cast<int64_t>(next_) : row - static_cast<int64_t>(next_);
  }

private:
  void find(int64_t row) const {
    if (next_ > 0 && held_[next_ - 1] >= row) next_ = 0;
    while (next_ < held_.size() && held_[next_] < row)
      ++next_;
  }

  int64_t rows_;
  std::vector<int64_t> held_;
  mutable size_t next_ = 0; // the first held row not before the row last asked for
};

// Calls visit(value, row, column) for each of them.
template <class Visit> void each_place(const Values& values, int64_t columns, Visit&& visit) {
  int64_t row = values.first / columns, column = values.first % columns;
  for (size_t k = 0; k < values.count; ++k) {
    visit(values.values[k], row, column);
    if (values.down || ++column == columns) {
      ++row;
      if (!values.down) column = 0;
    }
  }
}

} // namespace thalweg::runtime
