// Which rows a step sees, and contiguous buffers that hold them.
#pragma once

#include "base/tensor.h"

#include <memory>
#include <vector>

namespace thalweg::runtime {

enum class Order {
  sequential, // file order, from the start again each epoch
  shuffled,   // a new random order each epoch
  replacement // every row of every batch drawn on its own
};

// The rows of batch number k (from 0) are a pure function of the seed and k, so every racer sees
// the same batches and a resumed run goes on as if it had not stopped.
class BatchPlan {
public:
  // `batch` unset: all rows in file order, each step. Otherwise 1 <= batch <= rows. Sequential and
  // shuffled epochs end with a short batch when batch does not divide rows; replacement draws full
  // batches, as many per epoch as the others have.
  static Result<BatchPlan> make(int64_t rows, std::optional<int64_t> batch, Order order,
                                uint64_t seed);

  int64_t rows() const { return rows_; }
  int64_t batch() const { return batch_; }
  bool full() const { return batch_ == rows_ && order_ == Order::sequential; }
  int64_t batches_per_epoch() const { return (rows_ + batch_ - 1) / batch_; }
  // Rows of batch `number`; the reference holds until the next call.
  const std::vector<int64_t>& batch_rows(int64_t number);

private:
  BatchPlan(int64_t rows, int64_t batch, Order order, uint64_t seed)
      : rows_(rows), batch_(batch), order_(order), seed_(seed) {}

  int64_t rows_, batch_;
  Order order_;
  uint64_t seed_;
  int64_t shuffled_epoch_ = -1;
  std::vector<int64_t> permutation_; // of shuffled_epoch_
  std::vector<int64_t> current_;
};

// Buffers of the current batch, one per tensor, ready for tw_call.
struct Batch {
  int64_t number = -1; // -1: none bound yet
  int64_t rows = 0;
  std::vector<void*> buffers;
};

// Gathers rows of tensors (whose leading dimension is the plan's rows) into contiguous buffers.
// A batch of adjacent rows in order is not copied: its buffers point into the tensors (and are then
// aligned to the scalar only).
class BatchSource {
public:
  static Result<BatchSource> make(std::vector<std::shared_ptr<Tensor>> tensors, BatchPlan plan);

  const Batch& bind(int64_t number); // does nothing when that batch is bound, or the same rows are
  const Batch& batch() const { return batch_; }
  const BatchPlan& plan() const { return plan_; }

private:
  BatchSource(std::vector<std::shared_ptr<Tensor>> tensors, BatchPlan plan)
      : tensors_(std::move(tensors)), plan_(std::move(plan)) {}

  std::vector<std::shared_ptr<Tensor>> tensors_;
  std::vector<Tensor> gathered_; // room for a whole batch each
  BatchPlan plan_;
  Batch batch_;
};

} // namespace thalweg::runtime
