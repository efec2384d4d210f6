// Random numbers: published Philox vectors, distribution, independence of how work is cut.
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

TEST_CASE("tw_unit never reaches 0 or 1 and is symmetric") {
  CHECK(tw_unit(0) == std::ldexp(1.0, -53));
  CHECK(tw_unit(~uint64_t{0}) == 1.0 - std::ldexp(1.0, -53));
  CHECK(tw_unit(0) + tw_unit(~uint64_t{0}) == 1.0);
}

TEST_CASE("the normal quantile agrees with reference values") {
  // Quantiles by SciPy 1.x norm.ppf at the middle of the cell that each pattern names.
  const auto at = [](double p) {
    return tw_normal(static_cast<uint64_t>(p * 4503599627370496.0) << 12);
  };
  CHECK(at(0.25) == Approx(-0.6744897501960817).epsilon(1e-14));
  CHECK(at(0.01) == Approx(-2.3263478740408408).epsilon(1e-14));
  CHECK(at(0.99) == Approx(2.3263478740408408).epsilon(1e-13));
  CHECK(at(1e-5) == Approx(-4.264890793922825).epsilon(1e-11));
  CHECK(tw_normal(0) == Approx(-8.209536151601387).epsilon(1e-14));
  CHECK(tw_normal(~uint64_t{0}) == -tw_normal(0));
}

TEST_CASE("draws have the moments of their distribution") {
  constexpr size_t kCount = 200'000;
  std::vector<double> values(kCount);
  const tw_key key = random_key(7, "w");
  const auto moment = [&](int power) {
    double sum = 0;
    for (const double value : values)
      sum += std::pow(value, power);
    return sum / kCount;
  };
  tw_fill_normal_f64(&key, 0, kCount, 0, 1, values.data());
  CHECK(std::fabs(moment(1)) < 0.01);
  CHECK(moment(2) == Approx(1).margin(0.02));
  CHECK(std::fabs(moment(3)) < 0.05);
  CHECK(moment(4) == Approx(3).margin(0.1));
  tw_fill_uniform_f64(&key, 0, kCount, -1, 3, values.data());
  CHECK(moment(1) == Approx(1).margin(0.02));
  CHECK(moment(2) == Approx(1 + 16.0 / 12).margin(0.03));
  tw_fill_rademacher_f64(&key, 0, kCount, values.data());
  CHECK(std::fabs(moment(1)) < 0.01);
  CHECK(moment(2) == 1);
}

TEST_CASE("numbers do not depend on how the tensor is cut") {
  const tw_key key = random_key(3, "W1", 5, 2, 1);
  std::vector<double> whole(1001), parts(1001);
  tw_fill_normal_f64(&key, 0, 1001, 1, 2, whole.data());
  for (uint64_t first = 0; first < 1001; first += 7)
    tw_fill_normal_f64(&key, first, std::min<uint64_t>(7, 1001 - first), 1, 2,
                       parts.data() + first);
  CHECK(whole == parts);
}

TEST_CASE("every part of the key changes the stream") {
  const tw_key base = random_key(3, "w", 5, 2, 1);
  std::vector<tw_key> keys(6, base);
  keys[1].seed = 4;
  keys[2] = random_key(3, "v", 5, 2, 1);
  keys[3].step = 6;
  keys[4].site = 3;
  keys[5].round = 2;
  std::vector<double> firsts;
  for (const tw_key& key : keys) {
    double value = 0;
    tw_fill_normal_f64(&key, 0, 1, 0, 1, &value);
    firsts.push_back(value);
  }
  std::sort(firsts.begin(), firsts.end());
  CHECK(std::adjacent_find(firsts.begin(), firsts.end()) == firsts.end());
}

TEST_CASE("float draws are the double draws rounded, uniform ones stay below the bound") {
  const tw_key key = random_key(0, "w");
  std::vector<double> wide(5000);
  std::vector<float> narrow(5000);
  tw_fill_normal_f64(&key, 0, 5000, 0.5, 3, wide.data());
  tw_fill_normal_f32(&key, 0, 5000, 0.5, 3, narrow.data());
  for (size_t i = 0; i < wide.size(); ++i)
    REQUIRE(narrow[i] == static_cast<float>(wide[i]));
  // Between neighbours every draw would round to one of both: the upper one must not appear.
  const float next = std::nextafterf(1.0f, 2.0f);
  tw_fill_uniform_f32(&key, 0, 5000, 1.0, next, narrow.data());
  for (const float value : narrow)
    REQUIRE(value == 1.0f);
  tw_fill_uniform_f64(&key, 0, 10, 2.5, 2.5, wide.data());
  CHECK(wide[3] == 2.5);
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
