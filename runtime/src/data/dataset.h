// From open files to tensors: the holdout split, missing values, scaling, standardizing, and
// memory.
#pragma once

#include "data/data_file.h"

namespace thalweg::runtime {

struct DatasetOptions {
  double holdout = 0; // fraction of the rows kept for validation; 0 = none
  uint64_t seed = 0;
  uint64_t memory = UINT64_MAX; // bytes; data that need more are refused before they are loaded
};

struct Dataset {
  // A tensor for each block, file by file.
  std::vector<Tensor> training;
  std::vector<Tensor> validation; // empty without a holdout; unbatched blocks stand in both
  int64_t training_rows = 0, validation_rows = 0; // 0 when nothing is batched
  std::vector<int64_t> held_out;                  // row numbers of the validation part, ascending
};

// Loads the blocks of all files. Batched ones have to agree in their number of rows.
// round(holdout * rows) rows, at least one, are drawn by the seed alone; both parts keep the order
// of the file. All statistics come from the training part: means for missing values, mean and
// population deviation for standardize; a constant column becomes 0 and is not divided. Values go
// from the file straight to their place, so there is never a second copy; statistics cost a pass
// over the file.
Result<Dataset> load_dataset(const std::vector<std::unique_ptr<DataFile>>& files,
                             const DatasetOptions& options);

} // namespace thalweg::runtime
