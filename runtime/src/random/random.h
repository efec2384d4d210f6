// C++ view of thalweg/random.h: streams by name, and permutations for batches and holdout splits.
#pragma once

#include "thalweg/random.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace thalweg::runtime {

inline tw_key random_key(uint64_t seed, std::string_view name, int64_t step = 0, uint32_t site = 0,
                         uint32_t round = 0) {
  return {seed, tw_name_hash(name.data(), name.size()), site, round, step};
}

// A random order of 0 .. count-1 (Fisher–Yates), a pure function of the key.
std::vector<int64_t> random_permutation(const tw_key& key, int64_t count);

} // namespace thalweg::runtime
