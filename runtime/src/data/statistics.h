// Per-column statistics of the training rows, gathered in one pass over the values; used by
// dataset.cpp.
#pragma once

#include "data/data_file.h"

namespace thalweg::runtime {

// Mean and population deviation of one column. Sums of the distances from the first value and of
// their squares are kept in twice the precision: large offsets do not eat the digits.
class Moments {
public:
  void add(double value);
  int64_t count() const { return count_; }
  double mean() const;
  // 1 for a constant column, which then becomes 0 and is not divided.
  double deviation() const;

private:
  // A number as the unevaluated sum of two.
  struct Twice {
    double high = 0, low = 0;
    void add(double value);
    void add_square(double value);
  };
  double first_ = 0;
  bool constant_ = true;
  int64_t count_ = 0;
  Twice sum_, squares_;
};

struct ColumnStatistics {
  std::vector<double> fill;      // what a missing value becomes (after scaling)
  std::vector<double> center;    // subtracted; empty when nothing is standardized
  std::vector<double> deviation; // divided by; never 0
};

// Of the scaled values, one Moments for each column of the block. `training_rows` tells where
// values are missing. Fails on a column without any value and on overflow.
Result<ColumnStatistics> column_statistics(const Block& block, const std::vector<Moments>& moments,
                                           int64_t training_rows);

} // namespace thalweg::runtime
