// Draws from random bits, generic over the backend and its precision: one Int of bits a draw.
#pragma once

#include "ir/math/exp_log.h"
#include "ir/math/trig.h"

namespace thalweg::math {

// u = (bits | 1)/2^N for the N bits of an Int, and u - 1, each rounded once. With the lowest bit
// set the numbers lie evenly about 1/2 and reach neither 0 nor 1.
template <class B> struct Fraction {
  typename B::Real value, below_one;
};

template <class B> Fraction<B> fraction(B& b, typename B::Int bits) {
  // Both halves of the bits stand in the last places of a power of two, so that they are numbers
  // without a conversion: low + low_bits/2^N and high + high_bits/2^(N/2).
  const unsigned half = b.is_f64() ? 32 : 16;
  const double low = b.is_f64() ? 0x1p-12 : 0x1p-9, high = b.is_f64() ? 0x1p20 : 0x1p7;
  const auto odd = b.int_or(bits, b.int_constant(1));
  const auto mask = b.int_constant((std::int64_t{1} << half) - 1);
  const auto lower = b.from_bits(b.int_or(b.int_and(odd, mask), b.int_constant(bits_of(b, low))));
  const auto upper = b.from_bits(b.int_or(b.int_lshr(odd, half), b.int_constant(bits_of(b, high))));
  return {b.add(b.sub(upper, b.constant(high + low)), lower), // the differences are exact
          b.add(b.sub(upper, b.constant(high + 1 + low)), lower)};
}

// A uniform number above 0 and, also after rounding, below 1.
template <class B> typename B::Real unit(B& b, typename B::Int bits) {
  const auto value = fraction(b, bits).value;
  const auto top = pick(b, 0x1.fffffep-1, 0x1.fffffffffffffp-1);
  return b.select(b.lt(top, value), top, value);
}

// Two independent standard normal numbers.
template <class B> struct Normals {
  typename B::Real first, second;
};

// A point of the plane at the distance √(-2 log u), in an even direction (Box and Muller 1958).
// Both numbers are within 4 ulp of these functions of the bits, near 0 and in the tails, which end
// at √(2 log 2^N).
template <class B>
Normals<B> normal_pair(B& b, typename B::Int distance, typename B::Int direction) {
  namespace c = coefficients;
  // log u = exponent·log 2 + log(1 + f). Near 1, f comes from the bits, not from u.
  const auto u = fraction(b, distance);
  const auto reduced = reduce_log(b, u.value, false);
  const auto near_one = b.eq(reduced.exponent, b.constant(0.0));
  const auto f = b.select(near_one, u.below_one, b.sub(reduced.mantissa, b.constant(1.0)));
  const auto of_mantissa = b.mul(b.constant(-2.0), b.add(f, log_tail(b, f)));
  const auto length =
      b.sqrt(b.fma(reduced.exponent, b.constant(-2 * 0x1.62e42fefa39efp-1), of_mantissa));

  // Of the direction the upper two bits choose a quarter, the others an angle in ±π/4, the middle
  // of one of 2^mantissa_bits cells. The top bit turns half around, the next swaps the axes.
  const unsigned width = b.is_f64() ? 64 : 32, places = format_of(b).mantissa_bits;
  const auto cell = b.int_and(b.int_lshr(direction, width - 2 - places),
                              b.int_constant((std::int64_t{1} << places) - 1));
  const auto from_middle =
      b.sub(b.from_bits(b.int_or(cell, b.int_constant(bits_of(b, 1.0)))), b.constant(1.5));
  const double quarter = 0x1.921fb54442d18p+0;
  const auto angle =
      b.fma(from_middle, b.constant(quarter), pick(b, quarter * 0x1p-24, quarter * 0x1p-53));
  const auto z = b.mul(angle, angle);
  const auto sine = b.fma(angle, b.mul(z, horner(b, z, c::kSinF32, c::kSinF64)), angle);
  const auto cosine = b.fma(b.mul(z, z), horner(b, z, c::kCosF32, c::kCosF64),
                            b.fma(z, b.constant(-0.5), b.constant(1.0)));
  const auto swap = b.int_lt(b.int_shl(direction, 1), b.int_constant(0));
  const auto sign = b.int_and(direction, b.int_constant(bits_of(b, -0.0)));
  const auto scale = b.from_bits(b.int_xor(b.to_bits(length), sign));
  return {b.mul(scale, b.select(swap, sine, cosine)), b.mul(scale, b.select(swap, cosine, sine))};
}

} // namespace thalweg::math
