// Arguments for the accuracy tests: random ones of every magnitude, weighted to where functions
// bend.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>

namespace thalweg::sampling {

template <class T> class Sampler {
public:
  explicit Sampler(std::uint64_t seed) : random_(seed) {}

  // From [low, high] (as T): moderate, any magnitude, close to ±1, small quarters.
  T draw(double low, double high) {
    for (;;) {
      const T value = candidate();
      if (value >= static_cast<T>(low) && value <= static_cast<T>(high)) return value;
    }
  }

  // Any bit pattern, NaN and infinities among them.
  T any() { return std::bit_cast<T>(static_cast<Bits>(random_())); }

  double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

private:
  using Bits = std::conditional_t<std::is_same_v<T, double>, std::uint64_t, std::uint32_t>;

  T candidate() {
    const double signed_unit = 2 * unit() - 1;
    switch (random_() % 8) {
    case 0: return static_cast<T>(10 * signed_unit);
    case 1: return static_cast<T>(1000 * signed_unit);
    case 2: return any();
    case 3: return static_cast<T>(std::ldexp(signed_unit, static_cast<int>(random_() % 90) - 45));
    case 4: {
      const double offset = std::ldexp(signed_unit, -static_cast<int>(random_() % 52));
      return static_cast<T>(random_() % 2 ? 1 + offset : -1 + offset);
    }
    case 5: return static_cast<T>(static_cast<double>(random_() % 400) / 4 - 50);
    default: return static_cast<T>(2 * signed_unit);
    }
  }

  std::mt19937_64 random_;
};

} // namespace thalweg::sampling
