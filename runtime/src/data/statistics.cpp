// Means and deviations of columns, see statistics.h.
#include "data/statistics.h"

#include "base/text.h"

#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

int64_t width_of(const Block& block) { return block.shape.size() == 2 ? block.shape[1] : 1; }

// Mean and population deviation of one column's present values, in two passes each corrected once:
// large offsets do not eat the digits. A constant column has its exact value and deviation 1.
struct Moments {
  double mean = 0, deviation = 1;
  int64_t count = 0;
};

Moments moments_of(const Block& block, int64_t column, int64_t width) {
  const auto each = [&](auto&& visit) {
    for (size_t i = static_cast<size_t>(column); i < block.values.size();
         i += static_cast<size_t>(width))
      if (!std::isnan(block.values[i])) visit(block.values[i] * block.scale);
  };
  Moments moments;
  double sum = 0, first = 0;
  bool constant = true;
  each([&](double value) {
    if (moments.count == 0) first = value;
    constant = constant && value == first;
    sum += value;
    ++moments.count;
  });
  if (constant) {
    moments.mean = first;
    return moments;
  }
  const auto count = static_cast<double>(moments.count);
  moments.mean = sum / count;
  double correction = 0;
  each([&](double value) { correction += value - moments.mean; });
  moments.mean += correction / count;
  double squares = 0;
  each([&](double value) { squares += (value - moments.mean) * (value - moments.mean); });
  const double deviation = std::sqrt(squares / count);
  moments.deviation = deviation == 0 ? 1 : deviation; // 0 only when the squares underflow
  return moments;
}

} // namespace

Result<ColumnStatistics> column_statistics(const Block& training) {
  ColumnStatistics statistics;
  if (training.is_class) return statistics;
  bool gaps = false;
  for (const double value : training.values)
    gaps = gaps || std::isnan(value);
  if (!gaps && !training.standardize) return statistics;
  const int64_t width = width_of(training);
  for (int64_t column = 0; column < width; ++column) {
    const Moments moments = moments_of(training, column, width);
    const auto at = static_cast<size_t>(column);
    const std::string name = at < training.column_names.size()
                                 ? fmt::format("column '{}'", shown(training.column_names[at]))
                                 : fmt::format("column {}", column);
    if (moments.count == 0) {
      return DataError{training.source, 0, 0,
                       name + " has no value in the training rows, so it has no mean",
                       "leave the column out with columns = [\"…\", …]"};
    }
    if (!std::isfinite(moments.mean) || !std::isfinite(moments.deviation)) {
      return DataError{training.source, 0, 0,
                       name + " holds values too large for a mean and a deviation", ""};
    }
    statistics.fill.push_back(moments.mean);
    if (!training.standardize) continue;
    statistics.center.push_back(moments.mean);
    statistics.deviation.push_back(moments.deviation);
  }
  return statistics;
}

void apply_statistics(const ColumnStatistics& statistics, Block& block) {
  if (block.is_class) return;
  const auto width = static_cast<size_t>(width_of(block));
  for (size_t i = 0; i < block.values.size(); ++i) {
    double value = block.values[i] * block.scale;
    const size_t column = i % width;
    if (std::isnan(value) && column < statistics.fill.size()) value = statistics.fill[column];
    if (!statistics.center.empty())
      value = (value - statistics.center[column]) / statistics.deviation[column];
    block.values[i] = value;
  }
}

} // namespace thalweg::runtime
