// The number stream of the fixtures in C++, the twin of stream.py (which documents it).
#pragma once
#include <cmath>
#include <cstdint>

namespace thalweg::reference {

class Stream {
public:
  explicit Stream(std::uint64_t seed) : state_(seed) {}

  std::uint64_t word() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // In [-1, 1).
  double uniform() { return 2 * (static_cast<double>(word() >> 11) * 0x1p-53) - 1; }
  // Zero one time in eight, else uniform times a power of two from 2^-4 to 2^2.
  double magnitude() {
    const int k = static_cast<int>(word() >> 61);
    const double u = uniform();
    return k == 0 ? 0.0 : std::ldexp(u, k - 5);
  }

private:
  std::uint64_t state_;
};

} // namespace thalweg::reference
