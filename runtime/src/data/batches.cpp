// Batch order and gathering, see batches.h.
#include "data/batches.h"

#include "random/random.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace thalweg::runtime {

Result<BatchPlan> BatchPlan::make(int64_t rows, std::optional<int64_t> batch, Order order,
                                  uint64_t seed) {
  if (rows < 1) return DataError{"", 0, 0, "there are no rows to train on", ""};
  if (!batch) return BatchPlan(rows, rows, Order::sequential, seed);
  if (*batch < 1) {
    return DataError{"", 0, 0, fmt::format("batch {} is not a positive number of rows", *batch),
                     ""};
  }
  if (*batch > rows) {
    return DataError{"", 0, 0,
                     fmt::format("batch {} is larger than the {} training row{}", *batch, rows,
                                 rows == 1 ? "" : "s"),
                     "leave batch out to use all rows in each step"};
  }
  return BatchPlan(rows, *batch, order, seed);
}

const std::vector<int64_t>& BatchPlan::batch_rows(int64_t number) {
  const int64_t epoch = number / batches_per_epoch();
  const int64_t begin = number % batches_per_epoch() * batch_;
  const int64_t count = order_ == Order::replacement ? batch_ : std::min(batch_, rows_ - begin);
  current_.resize(static_cast<size_t>(count));
  if (order_ == Order::sequential) {
    std::iota(current_.begin(), current_.end(), begin);
  } else if (order_ == Order::shuffled) {
    if (epoch != shuffled_epoch_)
      permutation_ = random_permutation(random_key(seed_, "batch order", epoch), rows_);
    shuffled_epoch_ = epoch;
    std::copy_n(permutation_.begin() + begin, count, current_.begin());
  } else {
    const tw_key key = random_key(seed_, "batch draw", number);
    const uint64_t stream = tw_stream(&key);
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = tw_bits(stream, key.step, static_cast<uint64_t>(i));
      current_[static_cast<size_t>(i)] =
          static_cast<int64_t>(tw_below(bits, static_cast<uint64_t>(rows_)));
    }
  }
  return current_;
}

Result<BatchSource> BatchSource::make(std::vector<std::shared_ptr<Tensor>> tensors,
                                      BatchPlan plan) {
  BatchSource source(std::move(tensors), std::move(plan));
  for (const std::shared_ptr<Tensor>& tensor : source.tensors_) {
    Dims shape = tensor->shape();
    if (shape.empty() || shape[0] != source.plan_.rows()) {
      return DataError{"", 0, 0,
                       fmt::format("a tensor of shape {} has not the {} rows of the batches",
                                   shape_text(shape), source.plan_.rows()),
                       ""};
    }
    shape[0] = source.plan_.full() ? 0 : source.plan_.batch();
    Result<Tensor> room = Tensor::make(tensor->scalar(), std::move(shape));
    if (!room) return room.error();
    source.gathered_.push_back(std::move(*room));
  }
  return source;
}

const Batch& BatchSource::bind(int64_t number) {
  if (batch_.number == number || (batch_.number >= 0 && plan_.full())) {
    batch_.number = number;
    return batch_;
  }
  const std::vector<int64_t>& rows = plan_.batch_rows(number);
  batch_.number = number;
  batch_.rows = static_cast<int64_t>(rows.size());
  batch_.buffers.resize(tensors_.size());
  bool adjacent = true;
  for (size_t i = 1; i < rows.size(); ++i)
    adjacent = adjacent && rows[i] == rows[i - 1] + 1;
  for (size_t k = 0; k < tensors_.size(); ++k) {
    Tensor& tensor = *tensors_[k];
    const size_t row_bytes = tensor.bytes() / static_cast<size_t>(plan_.rows());
    auto* const from = static_cast<std::byte*>(tensor.data());
    if (adjacent) {
      batch_.buffers[k] = from + static_cast<size_t>(rows[0]) * row_bytes;
      continue;
    }
    auto* to = static_cast<std::byte*>(gathered_[k].data());
    batch_.buffers[k] = to;
    for (const int64_t row : rows) {
      std::memcpy(to, from + static_cast<size_t>(row) * row_bytes, row_bytes);
      to += row_bytes;
    }
  }
  return batch_;
}

} // namespace thalweg::runtime
