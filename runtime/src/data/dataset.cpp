// Files into named blocks, and the holdout split, see dataset.h.
#include "data/dataset.h"

#include "data/statistics.h"
#include "random/random.h"

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

// The shape of a block of features as the program declares it, or the mismatch.
Result<Dims> feature_shape(const CsvData& data, const DataName& name, const std::string& file) {
  if (name.rank == 2) return Dims{data.rows, data.width};
  if (name.rank == 1 && data.width == 1) return Dims{data.rows};
  if (name.rank == 1 && data.rows == 1) return Dims{data.width};
  if (name.rank == 0 && data.rows == 1 && data.width == 1) return Dims{};
  return DataError{file, 0, 0,
                   fmt::format("has {} rows and {} columns, but data '{}' has rank {}", data.rows,
                               data.width, name.name, name.rank),
                   name.rank == 1   ? "choose one column with columns = [\"…\"]"
                   : name.rank == 0 ? "a scalar needs a file with a single number"
                                    : "a CSV file holds vectors and matrices"};
}

Block target_block(CsvData& data, const DataName& name, const std::string& file) {
  Block block;
  block.name = name.name;
  block.source = file;
  block.shape = {data.rows};
  block.values = std::move(data.target->values);
  block.is_class = name.is_class;
  block.class_names = std::move(data.target->classes);
  block.column_names = {data.target->name};
  return block;
}

} // namespace

Result<std::vector<Block>> load_csv(const std::string& path, const std::string& file,
                                    CsvOptions options, const std::vector<DataName>& names) {
  const bool alone = names.size() == 1;
  if (names.empty() || names.size() > 2 || (names.size() == 2 && !options.target)) {
    return DataError{file, 0, 0,
                     fmt::format("gives one value, or two with a target, not {}", names.size()),
                     names.size() == 2 ? "name the label column: csv(\"…\", target = \"…\")"
                                       : "read the file once for each name"};
  }
  // Labels that stand alone in their file are read as a target too.
  const DataName& last = names.back();
  if (alone && last.is_class && !options.target)
    options.target = options.columns.size() == 1 ? options.columns[0] : ColumnRef(int64_t{0});
  options.want_features = !(alone && options.target);
  options.class_target = last.is_class;
  if (options.target && last.rank != 1) {
    return DataError{
        file, 0, 0,
        fmt::format("gives '{}' one value per row, but it has rank {}", last.name, last.rank),
        fmt::format("declare data {}: [n]", last.name)};
  }
  Result<CsvData> read = read_csv(path, file, options);
  if (!read) return read.error();
  std::vector<Block> blocks;
  if (options.want_features) {
    const DataName& name = names.front();
    Result<Dims> shape = feature_shape(*read, name, file);
    if (!shape) return shape.error();
    Block block;
    block.name = name.name;
    block.source = file;
    block.shape = std::move(*shape);
    block.values = std::move(read->values);
    block.column_names = read->names;
    blocks.push_back(std::move(block));
  }
  if (options.target) blocks.push_back(target_block(*read, last, file));
  return blocks;
}

namespace {

// The rows of the batch dimension; every batched block has to have as many.
Result<int64_t> common_rows(const std::vector<Block>& blocks) {
  const Block* first = nullptr;
  for (const Block& block : blocks) {
    if (!block.batched) continue;
    if (first == nullptr) first = &block;
    if (block.rows() != first->rows()) {
      return DataError{block.source, 0, 0,
                       fmt::format("'{}' has shape {} and '{}' has shape {}: their rows differ",
                                   first->name, shape_text(first->shape), block.name,
                                   shape_text(block.shape)),
                       ""};
    }
  }
  return first == nullptr ? 0 : first->rows();
}

Block take_rows(const Block& block, const std::vector<int64_t>& rows) {
  Block part = block;
  const auto size = static_cast<size_t>(block.row_size());
  part.shape[0] = static_cast<int64_t>(rows.size());
  part.values.clear();
  part.values.reserve(rows.size() * size);
  for (const int64_t row : rows) {
    const auto begin = block.values.begin() + row * static_cast<int64_t>(size);
    part.values.insert(part.values.end(), begin, begin + static_cast<int64_t>(size));
  }
  return part;
}

struct Split {
  std::vector<int64_t> training, validation; // both ascending
};

Result<Split> draw_split(int64_t rows, const DatasetOptions& options) {
  if (!(options.holdout > 0 && options.holdout < 1)) {
    return DataError{"", 0, 0, fmt::format("holdout {} is not between 0 and 1", options.holdout),
                     ""};
  }
  const int64_t wanted = std::llround(options.holdout * static_cast<double>(rows));
  const int64_t held = std::max<int64_t>(wanted, 1);
  if (held >= rows) {
    return DataError{"", 0, 0,
                     fmt::format("holdout {} of {} row{} leaves nothing to train on",
                                 options.holdout, rows, rows == 1 ? "" : "s"),
                     ""};
  }
  const std::vector<int64_t> order = random_permutation(random_key(options.seed, "holdout"), rows);
  Split split{{order.begin() + held, order.end()}, {order.begin(), order.begin() + held}};
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

} // namespace

Result<Dataset> prepare_dataset(std::vector<Block> blocks, const DatasetOptions& options) {
  Result<int64_t> rows = common_rows(blocks);
  if (!rows) return rows.error();
  Dataset dataset;
  dataset.training_rows = *rows;
  Split split;
  if (options.holdout != 0) {
    if (*rows == 0) {
      return DataError{"", 0, 0, "a holdout needs data with a batch dimension",
                       "leave the holdout out"};
    }
    Result<Split> drawn = draw_split(*rows, options);
    if (!drawn) return drawn.error();
    split = std::move(*drawn);
    dataset.training_rows = static_cast<int64_t>(split.training.size());
    dataset.validation_rows = static_cast<int64_t>(split.validation.size());
    dataset.held_out = split.validation;
  }
  for (Block& block : blocks) {
    const bool cut = options.holdout != 0 && block.batched;
    Block training = cut ? take_rows(block, split.training) : std::move(block);
    Block validation;
    if (options.holdout != 0) validation = cut ? take_rows(block, split.validation) : training;
    Result<ColumnStatistics> statistics = column_statistics(training);
    if (!statistics) return statistics.error();
    apply_statistics(*statistics, training);
    dataset.training.push_back(std::move(training));
    if (options.holdout == 0) continue;
    apply_statistics(*statistics, validation);
    dataset.validation.push_back(std::move(validation));
  }
  return dataset;
}

Result<Tensor> to_tensor(const Block& block, Scalar scalar) {
  Result<Tensor> tensor = Tensor::from(scalar, block.shape, block.values, "'" + block.name + "'");
  if (tensor) return tensor;
  DataError error = tensor.error();
  error.path = block.source;
  return error;
}

} // namespace thalweg::runtime
