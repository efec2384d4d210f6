// The draw of the held-out rows, see row_parts.h.
#include "data/row_parts.h"

#include "random/random.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

Result<RowParts> RowParts::draw(int64_t rows, double fraction, uint64_t seed) {
  if (!(fraction > 0 && fraction < 1))
    return DataError{"", 0, 0, fmt::format("holdout {} is not between 0 and 1", fraction), ""};
  const int64_t wanted = std::llround(fraction * static_cast<double>(rows));
  const int64_t held = std::max<int64_t>(wanted, 1);
  if (held >= rows) {
    return DataError{"", 0, 0,
                     fmt::format("holdout {} of {} row{} leaves nothing to train on", fraction,
                                 rows, rows == 1 ? "" : "s"),
                     ""};
  }
  const std::vector<int64_t> order = random_permutation(random_key(seed, "holdout"), rows);
  std::vector<int64_t> chosen(order.begin(), order.begin() + held);
  std::sort(chosen.begin(), chosen.end());
  return RowParts(rows, std::move(chosen));
}

} // namespace thalweg::runtime
