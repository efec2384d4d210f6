// Per-column statistics of a training block and their application to any part; used by dataset.cpp.
#pragma once

#include "data/dataset.h"

namespace thalweg::runtime {

struct ColumnStatistics {
  std::vector<double> fill;      // what a missing value becomes (after scaling)
  std::vector<double> center;    // subtracted; empty when nothing is standardized
  std::vector<double> deviation; // divided by; never 0
};

// Of the scaled values. Fails on a column without any value and on overflow.
Result<ColumnStatistics> column_statistics(const Block& training);

// Scales, fills gaps and standardizes in place. Class indices are left alone.
void apply_statistics(const ColumnStatistics& statistics, Block& block);

} // namespace thalweg::runtime
