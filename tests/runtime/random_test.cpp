// Random bits: published Philox vectors, which of them an element takes, permutations.
#include "random/random.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

using namespace thalweg::runtime;

TEST_CASE("philox4x32-10 gives the vectors that Random123 publishes") {
  struct Known {
    tw_block counter;
    uint64_t key;
    uint32_t expected[4];
  };
  const Known known[] = {{{{0, 0, 0, 0}}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                         {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
                          0xffffffffffffffff,
                          {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                         {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
                          0x299f31d0a4093822,
                          {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Known& vector : known) {
    const tw_block block = tw_philox(vector.counter, vector.key);
    for (int i = 0; i < 4; ++i)
      CHECK(block.word[i] == vector.expected[i]);
  }
}

TEST_CASE("tw_below is the high half of a 128-bit product") {
  CHECK(tw_below(0, 10) == 0);
  CHECK(tw_below(~uint64_t{0}, 10) == 9);
  CHECK(tw_below(uint64_t{1} << 63, 10) == 5);
  CHECK(tw_below(~uint64_t{0}, ~uint64_t{0}) == ~uint64_t{0} - 1);
  CHECK(tw_below(0x123456789abcdef0, 0xfedcba9876543210) == 0x121fa00ad77d7422);
}

TEST_CASE("elements take words and bits of blocks") {
  const uint64_t stream = 77;
  const int64_t step = 5;
  for (uint64_t e : {0ULL, 1ULL, 6ULL, 127ULL, 128ULL, 1000003ULL, 1ULL << 40}) {
    const tw_block upper = tw_block_at(stream, step, e / 4);
    const tw_block lower = tw_block_at(stream, step, e / 4 + (UINT64_C(1) << 63));
    CHECK(tw_word(stream, step, e) == upper.word[e % 4]);
    CHECK(tw_long_word(stream, step, e) == (uint64_t{upper.word[e % 4]} << 32 | lower.word[e % 4]));
    const tw_block coins = tw_block_at(stream, step, e / 128);
    CHECK(tw_coin(stream, step, e) == static_cast<int>(coins.word[e % 128 / 32] >> e % 32 & 1));
  }
}

TEST_CASE("every part of the key changes the stream") {
  const tw_key base = random_key(3, "w", 5, 2, 1);
  std::vector<tw_key> keys(6, base);
  keys[1].seed = 4;
  keys[2] = random_key(3, "v", 5, 2, 1);
  keys[3].step = 6;
  keys[4].site = 3;
  keys[5].round = 2;
  std::vector<uint64_t> firsts;
  for (const tw_key& key : keys)
    firsts.push_back(tw_long_word(tw_stream(&key), key.step, 0));
  std::sort(firsts.begin(), firsts.end());
  CHECK(std::adjacent_find(firsts.begin(), firsts.end()) == firsts.end());
}

TEST_CASE("a random permutation holds every number once and every place evenly") {
  std::vector<int> first_counts(5, 0);
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    std::vector<int64_t> order = random_permutation(random_key(seed, "rows"), 5);
    ++first_counts[static_cast<size_t>(order[0])];
    std::sort(order.begin(), order.end());
    REQUIRE(order == std::vector<int64_t>{0, 1, 2, 3, 4});
  }
  for (const int count : first_counts)
    CHECK(std::abs(count - 1000) < 150);
  CHECK(random_permutation(random_key(1, "rows"), 0).empty());
  CHECK(random_permutation(random_key(1, "rows"), 1) == std::vector<int64_t>{0});
}
