// The fields of the two precisions and the polynomial evaluation, shared by all element functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "ir/math/backend.h"

namespace thalweg::math {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// What a program needs to know of its precision when it is built.
struct Format {
  unsigned mantissa_bits; // stored ones
  int bias;               // of the exponent field
  double min_normal;
  double max_finite;
};

template <class B> Format format_of(B& b) {
  if (b.is_f64()) return {52, 1023, 0x1p-1022, std::numeric_limits<double>::max()};
  return {23, 127, 0x1p-126, std::numeric_limits<float>::max()};
}

// One of two literals by precision.
template <class B> typename B::Real pick(B& b, double f32, double f64) {
  return b.constant(b.is_f64() ? f64 : f32);
}

// The bit pattern of a value in the precision of b, as a host number.
template <class B> std::int64_t bits_of(B& b, double value) {
  if (b.is_f64()) return std::bit_cast<std::int64_t>(value);
  return std::bit_cast<std::int32_t>(static_cast<float>(value));
}

// Adding this to a real of magnitude below 2^(mantissa_bits - 2) rounds it to the nearest integer
// (ties to even), which then stands in the low bits; subtracting it again gives the rounded value.
template <class B> double rounding_shifter(B& b) { return b.is_f64() ? 0x1.8p52 : 0x1.8p23; }

// Σ coefficients[i]·x^i with one fma a term: the fewest operations; callers' loops interleave
// several vectors.
template <class B, std::size_t N>
typename B::Real horner(B& b, typename B::Real x, const double (&coefficients)[N]) {
  typename B::Real sum = b.constant(coefficients[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;)
    sum = b.fma(sum, x, b.constant(coefficients[i]));
  return sum;
}

template <class B, std::size_t N, std::size_t M>
typename B::Real horner(B& b, typename B::Real x, const double (&f32)[N], const double (&f64)[M]) {
  return b.is_f64() ? horner(b, x, f64) : horner(b, x, f32);
}

template <class B> typename B::Mask is_nan(B& b, typename B::Real x) { return b.ne(x, x); }

// |magnitude| with the sign bit of sign.
template <class B>
typename B::Real copy_sign(B& b, typename B::Real magnitude, typename B::Real sign) {
  const auto sign_bit = b.int_constant(bits_of(b, -0.0));
  return b.from_bits(b.int_or(b.to_bits(b.abs(magnitude)), b.int_and(b.to_bits(sign), sign_bit)));
}

// value with its sign flipped where sign is negative (including -0); for value >= 0 the cheaper
// copy_sign.
template <class B>
typename B::Real multiply_sign(B& b, typename B::Real value, typename B::Real sign) {
  const auto sign_bit = b.int_constant(bits_of(b, -0.0));
  return b.from_bits(b.int_xor(b.to_bits(value), b.int_and(b.to_bits(sign), sign_bit)));
}

} // namespace thalweg::math
