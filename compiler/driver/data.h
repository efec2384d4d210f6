// The data of an experiment: files read, split, standardized, and matched with the problem's
// shapes.
#pragma once

#include "data/batches.h"
#include "data/dataset.h"
#include "driver/front.h"
#include "ir/tensor.h"
#include "irgen/experiment.h"

#include <memory>
#include <optional>

namespace thalweg::driver {

// What a compiled function is given of one part of the data.
struct DataView {
  std::vector<const void*> buffers; // one per data of the problem, in order
  int64_t rows = 0;                 // of the batch dimension
};

struct ProblemData {
  std::vector<std::shared_ptr<runtime::Tensor>> training, validation; // per data of the problem
  std::string batch_dimension;                                        // empty: nothing is batched
  std::vector<size_t> batched; // indices of the data that have it in front
  Bindings sizes;              // of all dimensions but the batch dimension, hypers included
  int64_t training_rows = 0, validation_rows = 0;

  DataView view(bool validation_part) const;
  DataView
  view(const runtime::Batch& batch) const; // batched data from the batch, the rest as they are
};

// Reports what is wrong; nothing then.
std::optional<ProblemData> load_data(Front& front, const irgen::ExperimentUnit& experiment,
                                     const irgen::ProblemUnit& problem, DType precision);

// Sizes that hyperparameters give ("hidden"), checked to be whole numbers in range.
bool bind_size_hypers(Front& front, const irgen::ProblemUnit& problem,
                      const std::vector<std::pair<std::string, double>>& values, Bindings& sizes);

} // namespace thalweg::driver
