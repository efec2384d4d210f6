// Random orders of rows, for shuffled batches and holdout splits.
#include "random/random.h"

#include <numeric>
#include <utility>

namespace thalweg::runtime {

std::vector<int64_t> random_permutation(const tw_key& key, int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  const uint64_t stream = tw_stream(&key);
  for (uint64_t last = static_cast<uint64_t>(count); last > 1; --last) {
    const uint64_t pick = tw_below(tw_bits(stream, key.step, last - 1), last);
    std::swap(order[last - 1], order[pick]);
  }
  return order;
}

} // namespace thalweg::runtime
