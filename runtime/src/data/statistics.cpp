// Means and deviations of columns, see statistics.h.
#include "data/statistics.h"

#include "base/text.h"

#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

// a * a = square + rest exactly (Veltkamp, Dekker); NaN where it overflows.
double rest_of_square(double a, double square) {
  const double big = 134217729.0 * a; // 2^27 + 1
  const double high = big - (big - a), low = a - high;
  return ((high * high - square) + 2 * high * low) + low * low;
}

} // namespace

void Moments::Twice::add(double value) {
  const double sum = high + value, from_value = sum - high;
  low += (high - (sum - from_value)) + (value - from_value);
  high = sum;
}

void Moments::Twice::add_square(double value) {
  const double square = value * value;
  add(square);
  low += rest_of_square(value, square);
}

void Moments::add(double value) {
  if (count_++ == 0) first_ = value;
  constant_ = constant_ && value == first_;
  const double distance = value - first_;
  sum_.add(distance);
  squares_.add_square(distance);
}

double Moments::mean() const {
  return first_ + (sum_.high + sum_.low) / static_cast<double>(count_);
}

double Moments::deviation() const {
  if (constant_) return 1;
  // Σd² − (Σd)²/n, in twice the precision where it may cancel.
  const auto count = static_cast<double>(count_);
  const double square = sum_.high * sum_.high;
  const double square_rest = rest_of_square(sum_.high, square) + 2 * sum_.high * sum_.low;
  const double part = square / count;
  const double part_rest = (std::fma(-part, count, square) + square_rest) / count;
  Twice spread = squares_;
  spread.add(-part);
  const double deviation = std::sqrt(((spread.high - part_rest) + spread.low) / count);
  return deviation == 0 ? 1 : deviation; // 0 only when the squares underflow
}

Result<ColumnStatistics> column_statistics(const Block& block, const std::vector<Moments>& moments,
                                           int64_t training_rows) {
  ColumnStatistics statistics;
  for (size_t at = 0; at < moments.size(); ++at) {
    const Moments& column = moments[at];
    const std::string name = at < block.column_names.size()
                                 ? fmt::format("column '{}'", shown(block.column_names[at]))
                                 : fmt::format("column {}", at);
    if (column.count() == 0) {
      return DataError{block.source,
                       0,
                       0,
                       name + " has no value in the training rows, so it has no mean",
                       "leave the column out with columns = [\"…\", …]",
                       DataFault::missing};
    }
    const bool gaps = column.count() < training_rows;
    const double mean = column.mean(), deviation = block.standardize ? column.deviation() : 1;
    if ((gaps || block.standardize) && !(std::isfinite(mean) && std::isfinite(deviation)))
      return DataError{block.source, 0, 0,
                       name + " holds values too large for a mean and a deviation", ""};
    statistics.fill.push_back(mean);
    if (!block.standardize) continue;
    statistics.center.push_back(mean);
    statistics.deviation.push_back(deviation);
  }
  return statistics;
}

} // namespace thalweg::runtime
