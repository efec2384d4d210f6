// Draws of the interpreter: their functions of the bits, distributions, tails, independence.
#include "ir/draw.h"
#include "ir/math/random.h"
#include "ir/math/scalar_backend.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace thalweg;

namespace {

constexpr uint64_t kStream = 0x1234567890abcdef;

std::vector<double> drawn(Distribution distribution, DType dtype, int64_t count, int64_t step = 3) {
  std::vector<double> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    values[static_cast<size_t>(i)] = draw_element(distribution, kStream, step, i, dtype);
  return values;
}

// The mean of a function of the numbers, in units of its standard error, whose variance is given.
template <class F>
double deviation(const std::vector<double>& x, double mean, double variance, const F& f) {
  double sum = 0;
  for (double value : x)
    sum += f(value);
  const double n = static_cast<double>(x.size());
  return (sum / n - mean) / std::sqrt(variance / n);
}

// The largest distance of the empirical distribution from the given one, times √n
// (Kolmogorov): 1.95 is passed once in a thousand.
template <class F> double kolmogorov(std::vector<double> x, const F& cdf) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double p = cdf(x[i]), at = static_cast<double>(i);
    most = std::max({most, std::abs(p - at / n), std::abs((at + 1) / n - p)});
  }
  return most * std::sqrt(n);
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// The pair that a normal draw belongs to, in long double, from N bits each.
struct Pair {
  long double first, second;
};
template <class Word> Pair exact_pair(Word distance, Word direction) {
  constexpr int kBits = sizeof(Word) * 8, kPlaces = kBits == 32 ? 23 : 52;
  const long double one = std::ldexp(1.0L, kBits);
  const auto odd = static_cast<Word>(distance | 1);
  const long double log_u = odd >> (kBits - 1)
                                ? std::log1p(-static_cast<long double>(Word(-odd)) / one)
                                : std::log(static_cast<long double>(odd) / one);
  const long double length = std::sqrt(-2 * log_u);
  const Word cell = (direction >> (kBits - 2 - kPlaces)) & ((Word{1} << kPlaces) - 1);
  const long double pi = std::acos(-1.0L);
  const long double angle =
      ((static_cast<long double>(cell) + 0.5L) / std::ldexp(1.0L, kPlaces) - 0.5L) * pi / 2;
  const long double scale = direction >> (kBits - 1) ? -length : length;
  const long double c = scale * std::cos(angle), s = scale * std::sin(angle);
  return direction >> (kBits - 2) & 1 ? Pair{s, c} : Pair{c, s};
}

double ulps(double got, long double exact, int places) {
  const int exponent = std::ilogb(exact);
  return static_cast<double>(std::abs(got - exact) / std::ldexp(1.0L, exponent - places));
}

} // namespace

TEST_CASE("draws: normal numbers are their function of the bits, to 4 ulp") {
  for (int64_t i = 0; i < 200'000; i += 2) {
    const auto e = static_cast<uint64_t>(i);
    const Pair narrow = exact_pair(tw_word(kStream, 3, e), tw_word(kStream, 3, e + 1));
    const Pair wide = exact_pair(tw_long_word(kStream, 3, e), tw_long_word(kStream, 3, e + 1));
    const auto at = [&](int64_t element, DType dtype) {
      return draw_element(Distribution::normal, kStream, 3, element, dtype);
    };
    REQUIRE(ulps(at(i, DType::f32), narrow.first, 23) < 4);
    REQUIRE(ulps(at(i + 1, DType::f32), narrow.second, 23) < 4);
    REQUIRE(ulps(at(i, DType::f64), wide.first, 52) < 4);
    REQUIRE(ulps(at(i + 1, DType::f64), wide.second, 52) < 4);
  }
}

TEST_CASE("draws: the least and the greatest bits") {
  const auto check = [](auto zero, double far, double near) {
    using T = decltype(zero);
    using B = math::ScalarBackend<T>;
    B b;
    const auto none = typename B::Int{0}, all = typename B::Int{-1};
    CHECK(math::unit(b, none) > 0);
    CHECK(math::unit(b, all) < 1);
    for (auto direction : {none, all}) {
      const auto most = math::normal_pair(b, none, direction);
      CHECK(std::hypot(most.first, most.second) == Approx(far).epsilon(1e-6));
      const auto least = math::normal_pair(b, all, direction);
      CHECK(std::hypot(least.first, least.second) == Approx(near).epsilon(1e-6));
      CHECK(least.first * least.second != 0);
    }
  };
  check(0.0f, std::sqrt(64 * std::log(2.0)), 0x1p-15 / std::sqrt(2.0));
  check(0.0, std::sqrt(128 * std::log(2.0)), 0x1p-31 / std::sqrt(2.0));
}

TEST_CASE("draws: the two precisions draw the same numbers, each in its own") {
  for (Distribution distribution : {Distribution::normal, Distribution::uniform}) {
    const auto narrow = drawn(distribution, DType::f32, 100'000);
    const auto wide = drawn(distribution, DType::f64, 100'000);
    for (size_t i = 0; i < narrow.size(); ++i)
      REQUIRE(narrow[i] == Approx(wide[i]).epsilon(3e-6).margin(1e-6));
  }
  CHECK(drawn(Distribution::rademacher, DType::f32, 5000) ==
        drawn(Distribution::rademacher, DType::f64, 5000));
}

TEST_CASE("draws: moments and distribution") {
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto z = drawn(Distribution::normal, dtype, 400'000);
    CHECK(std::abs(deviation(z, 0, 1, [](double x) { return x; })) < 4);
    CHECK(std::abs(deviation(z, 1, 2, [](double x) { return x * x; })) < 4);
    CHECK(std::abs(deviation(z, 0, 15, [](double x) { return x * x * x; })) < 4);
    CHECK(std::abs(deviation(z, 3, 96, [](double x) { return x * x * x * x; })) < 4);
    CHECK(kolmogorov(z, normal_cdf) < 1.95);
    const auto u = drawn(Distribution::uniform, dtype, 400'000);
    CHECK(std::abs(deviation(u, 0.5, 1.0 / 12, [](double x) { return x; })) < 4);
    CHECK(kolmogorov(u, [](double x) { return x; }) < 1.95);
    CHECK(*std::min_element(u.begin(), u.end()) > 0);
    CHECK(*std::max_element(u.begin(), u.end()) < 1);
    const auto sign = drawn(Distribution::rademacher, dtype, 400'000);
    CHECK(std::abs(deviation(sign, 0, 1, [](double x) { return x; })) < 4);
    CHECK(std::all_of(sign.begin(), sign.end(), [](double x) { return x == 1 || x == -1; }));
  }
}

TEST_CASE("draws: as many normal numbers lie far out as should") {
  const auto z = drawn(Distribution::normal, DType::f32, 4'000'000);
  for (double limit : {2.0, 3.0, 4.0, 4.5})
    for (double side : {-1.0, 1.0}) {
      const double expected = normal_cdf(-limit) * static_cast<double>(z.size());
      const auto found =
          std::count_if(z.begin(), z.end(), [&](double x) { return side * x > limit; });
      INFO(limit << " " << expected);
      CHECK(std::abs(static_cast<double>(found) - expected) < 4 * std::sqrt(expected));
    }
}

TEST_CASE("draws: neighbours, steps and lower bits are independent") {
  for (DType dtype : {DType::f32, DType::f64}) {
    const auto z = drawn(Distribution::normal, dtype, 400'000);
    const auto next = drawn(Distribution::normal, dtype, 400'000, 4);
    const auto sign = drawn(Distribution::rademacher, dtype, 400'000);
    const auto correlation = [&](const std::vector<double>& a, const std::vector<double>& b,
                                 size_t shift, int power) {
      double sum = 0;
      const double mean = power == 2 ? 1 : 0, variance = power == 2 ? 4 : 1;
      for (size_t i = 0; i + shift < a.size(); ++i)
        sum += (std::pow(a[i], power) - mean) * (std::pow(b[i + shift], power) - mean);
      return sum / std::sqrt(static_cast<double>(a.size()) * variance);
    };
    for (size_t shift : {1, 2, 3, 4, 32})
      for (int power : {1, 2}) {
        INFO(shift << " " << power);
        CHECK(std::abs(correlation(z, z, shift, power)) < 4.5);
      }
    CHECK(std::abs(correlation(z, next, 0, 1)) < 4.5);
    CHECK(std::abs(correlation(z, next, 0, 2)) < 4.5);
    for (size_t shift : {1, 32, 64, 127, 128, 1024})
      CHECK(std::abs(correlation(sign, sign, shift, 1)) < 4.5);
    // A pair's direction is even: eight sectors of the plane.
    std::vector<int> sector(8, 0);
    for (size_t i = 0; i + 1 < z.size(); i += 2)
      ++sector[static_cast<size_t>((std::atan2(z[i], z[i + 1]) / std::acos(-1.0) + 1) * 4) % 8];
    for (int count : sector)
      CHECK(std::abs(count - 25'000) < 4 * 158);
  }
}
