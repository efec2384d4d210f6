// Values into tensors, see store.h.
#include "data/store.h"

#include "base/text.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

// False when the value has no finite image in T.
template <class T> bool convert(double value, T& to) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (value != std::floor(value) || std::fabs(value) > 9007199254740992.0) return false;
    to = static_cast<int64_t>(value);
    return true;
  } else {
    to = static_cast<T>(value);
    return std::isfinite(to);
  }
}

DataError unrepresentable(const Block& block, double value, int64_t row) {
  const bool real = block.scalar == Scalar::f32;
  return {block.source, 0, 0,
          fmt::format("'{}' holds {} in row {}, which {} cannot represent", block.name,
                      number_text(value), row, scalar_name(block.scalar)),
          real ? "use f64, or scale the data" : ""};
}

} // namespace

Result<Store> Store::make(const std::vector<Block>& blocks,
                          std::vector<ColumnStatistics> statistics, const RowParts& parts,
                          bool validation) {
  Store store(blocks, std::move(statistics), parts);
  for (const Block& block : blocks) {
    for (const bool held : {false, true}) {
      if (held && !validation) continue;
      Dims shape = block.shape;
      if (block.batched)
        shape[0] = held ? static_cast<int64_t>(parts.held_rows().size()) : parts.training_rows();
      Result<Tensor> made = Tensor::make(block.scalar, std::move(shape));
      if (!made) {
        DataError error = made.error();
        error.path = block.source;
        return error;
      }
      (held ? store.validation_ : store.training_).push_back(std::move(*made));
    }
  }
  return store;
}

template <class T> Outcome Store::put(const Values& values) {
  const Block& block = blocks_[values.block];
  const ColumnStatistics& statistics = statistics_[values.block];
  T* const training = training_[values.block].as<T>();
  T* const validation =
      block.batched && !validation_.empty() ? validation_[values.block].as<T>() : nullptr;
  const int64_t columns = block.columns();
  std::optional<DataError> error;
  each_place(values, columns, [&](double value, int64_t row, int64_t column) {
    const auto at = static_cast<size_t>(column);
    const double read = value;
    if (!block.is_class) value *= block.scale;
    if (!statistics.fill.empty() && std::isnan(value)) value = statistics.fill[at];
    if (!statistics.center.empty())
      value = (value - statistics.center[at]) / statistics.deviation[at];
    T* const part = validation != nullptr && parts_.held(row) ? validation : training;
    const int64_t place = validation != nullptr ? parts_.place(row) : row;
    if (!convert(value, part[place * columns + column]) && !error)
      error = unrepresentable(block, read, row);
  });
  return error ? Outcome(*error) : Outcome(Unit{});
}

Outcome Store::take(const Values& values) {
  switch (blocks_[values.block].scalar) {
  case Scalar::f32: return put<float>(values);
  case Scalar::f64: return put<double>(values);
  case Scalar::i64: return put<int64_t>(values);
  }
  return Unit{};
}

void Store::give(std::vector<Tensor>& training, std::vector<Tensor>& validation) {
  for (size_t k = 0; k < blocks_.size(); ++k) {
    // An unbatched block stands in both parts.
    if (!validation_.empty() && !blocks_[k].batched)
      std::memcpy(validation_[k].data(), training_[k].data(), training_[k].bytes());
    training.push_back(std::move(training_[k]));
    if (!validation_.empty()) validation.push_back(std::move(validation_[k]));
  }
}

} // namespace thalweg::runtime
