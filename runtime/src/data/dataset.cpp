// Blocks into tensors, and the holdout split, see dataset.h.
#include "data/dataset.h"

#include "base/memory.h"
#include "data/row_parts.h"
#include "data/statistics.h"
#include "data/store.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

int64_t Block::row_size() const {
  int64_t size = 1;
  for (size_t i = 1; i < shape.size(); ++i)
    size *= shape[i];
  return size;
}

namespace {

using Files = std::vector<std::unique_ptr<DataFile>>;

// The rows of the batch dimension; every batched block has to have as many.
Result<int64_t> common_rows(const Files& files) {
  const Block* first = nullptr;
  for (const auto& file : files) {
    for (const Block& block : file->blocks) {
      if (!block.batched) continue;
      if (first == nullptr) first = &block;
      if (block.rows() != first->rows()) {
        return DataError{block.source,
                         0,
                         0,
                         fmt::format("'{}' has shape {} and '{}' has shape {}: their rows differ",
                                     first->name, shape_text(first->shape), block.name,
                                     shape_text(block.shape)),
                         "",
                         DataFault::shape};
      }
    }
  }
  return first == nullptr ? 0 : first->rows();
}

// Before anything is allocated.
Outcome check_memory(const Files& files, const DatasetOptions& options) {
  double all = 0;
  for (const auto& file : files) {
    for (const Block& block : file->blocks) {
      const std::optional<int64_t> count = element_count(block.shape);
      if (!count) {
        return DataError{
            block.source,
            0,
            0,
            fmt::format("'{}' cannot have the shape {}", block.name, shape_text(block.shape)),
            "",
            DataFault::shape};
      }
      const bool twice = options.holdout != 0 && !block.batched; // stands in both parts
      all += static_cast<double>(*count) * static_cast<double>(scalar_size(block.scalar)) *
             (twice ? 2 : 1);
      if (all <= static_cast<double>(options.memory)) continue;
      return DataError{block.source,
                       0,
                       0,
                       fmt::format("'{}' of shape {} in {} needs {} of memory with what is loaded "
                                   "beside it, and {} can be had",
                                   block.name, shape_text(block.shape), scalar_name(block.scalar),
                                   byte_text(all), byte_text(static_cast<double>(options.memory))),
                       block.scalar == Scalar::f64
                           ? "precision f32 needs half; or use fewer columns or rows"
                           : "use fewer columns or rows",
                       DataFault::memory};
    }
  }
  return Unit{};
}

// Gathers the moments of the columns of one file's blocks, training rows only.
class Statistician : public ValueSink {
public:
  Statistician(const std::vector<Block>& blocks, const RowParts& parts)
      : blocks_(blocks), parts_(parts), moments_(blocks.size()) {
    for (size_t k = 0; k < blocks.size(); ++k)
      if (wanted(blocks[k])) moments_[k].resize(static_cast<size_t>(blocks[k].columns()));
  }
  static bool wanted(const Block& block) {
    return !block.is_class && (block.standardize || block.fill_missing);
  }
  Outcome take(const Values& values) override {
    std::vector<Moments>& moments = moments_[values.block];
    if (moments.empty()) return Unit{};
    const Block& block = blocks_[values.block];
    each_place(values, block.columns(), [&](double value, int64_t row, int64_t column) {
      if (!std::isnan(value) && !(block.batched && parts_.held(row)))
        moments[static_cast<size_t>(column)].add(value * block.scale);
    });
    return Unit{};
  }
  const std::vector<Moments>& moments(size_t block) const { return moments_[block]; }

private:
  const std::vector<Block>& blocks_;
  const RowParts& parts_;
  std::vector<std::vector<Moments>> moments_;
};

Result<std::vector<ColumnStatistics>> statistics_of(DataFile& file, const RowParts& parts) {
  std::vector<ColumnStatistics> all(file.blocks.size());
  if (std::none_of(file.blocks.begin(), file.blocks.end(), Statistician::wanted)) return all;
  Statistician statistician(file.blocks, parts);
  if (Outcome visited = file.visit(statistician); !visited) return visited.error();
  for (size_t k = 0; k < all.size(); ++k) {
    const Block& block = file.blocks[k];
    const int64_t rows = block.batched ? parts.training_rows() : block.rows();
    Result<ColumnStatistics> made = column_statistics(block, statistician.moments(k), rows);
    if (!made) return made.error();
    all[k] = std::move(*made);
  }
  return all;
}

Result<RowParts> draw_parts(int64_t rows, const DatasetOptions& options) {
  if (options.holdout == 0) return RowParts(rows, std::vector<int64_t>());
  if (rows == 0) {
    return DataError{"", 0, 0, "a holdout needs data with a batch dimension",
                     "leave the holdout out"};
  }
  return RowParts::draw(rows, options.holdout, options.seed);
}

} // namespace

Result<Dataset> load_dataset(const Files& files, const DatasetOptions& options) {
  Result<int64_t> rows = common_rows(files);
  if (!rows) return rows.error();
  if (Outcome fits = check_memory(files, options); !fits) return fits.error();
  Result<RowParts> parts = draw_parts(*rows, options);
  if (!parts) return parts.error();
  Dataset dataset;
  dataset.training_rows = parts->training_rows();
  dataset.validation_rows = *rows - dataset.training_rows;
  for (const auto& file : files) {
    Result<std::vector<ColumnStatistics>> statistics = statistics_of(*file, *parts);
    if (!statistics) return statistics.error();
    Result<Store> store =
        Store::make(file->blocks, std::move(*statistics), *parts, options.holdout != 0);
    if (!store) return store.error();
    if (Outcome visited = file->visit(*store); !visited) return visited.error();
    store->give(dataset.training, dataset.validation);
  }
  dataset.held_out = parts->held_rows();
  return dataset;
}

} // namespace thalweg::runtime
