// Element functions sin, cos, tan.
#pragma once

#include "ir/math/coefficients.h"
#include "ir/math/error_free.h"
#include "ir/math/format.h"

namespace thalweg::math {

// Beyond this magnitude the argument is replaced by 0·x: sin gives ±0, cos 1, tan ±0, and infinity
// gives NaN. Up to it the reduction keeps full accuracy (pi/2 to 3 words; the quotient is an exact
// integer).
template <class B> double trig_limit(B& b) { return b.is_f64() ? 0x1p48 : 0x1p20; }

// x = quadrant·pi/2 + r + r_low, |r| <= pi/4 (a little more for large x); the quadrant in the low
// bits.
template <class B> struct TrigReduced {
  typename B::Real r, r_low;
  typename B::Int quadrant;
};

template <class B> TrigReduced<B> reduce_trig(B& b, typename B::Real x) {
  namespace c = coefficients;
  const auto in_range = b.le(b.abs(x), b.constant(trig_limit(b)));
  x = b.select(in_range, x, b.mul(x, b.constant(0.0)));
  const auto shifter = b.constant(rounding_shifter(b));
  const auto shifted = b.fma(x, b.constant(0x1.45f306dc9c883p-1), shifter);
  const auto k = b.sub(shifted, shifter);
  const auto part = [&](int i) { return pick(b, c::kHalfPiF32[i], c::kHalfPiF64[i]); };
  // Exact: a multiple of ulp(pi/2) or of ulp(x), and below 1.
  const auto first = subtract_product(b, x, k, part(0));
  const auto second = two_product(b, k, part(1));
  const auto difference = two_sum(b, first, b.neg(second.high));
  const auto low = b.sub(difference.low, b.fma(k, part(2), second.low));
  return {difference.high, low, b.to_bits(shifted)};
}

// sin(r + r_low); only tan uses the low part.
template <class B> Pair<B> sin_polynomial(B& b, typename B::Real r, typename B::Real r_low) {
  const auto z = b.mul(r, r);
  const auto tail = b.mul(z, horner(b, z, coefficients::kSinF32, coefficients::kSinF64));
  return fast_two_sum(b, r, b.fma(r, tail, r_low));
}

// cos(r + r_low); 1 - z/2 is rounded once and its error kept.
template <class B> Pair<B> cos_polynomial(B& b, typename B::Real r, typename B::Real r_low) {
  const auto z = b.mul(r, r);
  const auto tail = horner(b, z, coefficients::kCosF32, coefficients::kCosF64);
  const auto one = b.constant(1.0), half_z = b.mul(z, b.constant(0.5));
  const auto head = b.sub(one, half_z);
  const auto lost = b.sub(b.sub(one, head), half_z);
  const auto rest = b.fma(b.mul(z, z), tail, b.fma(b.neg(r), r_low, lost));
  return fast_two_sum(b, head, rest);
}

// Mask of lanes where the quadrant is odd.
template <class B> typename B::Mask odd_quadrant(B& b, typename B::Int quadrant) {
  const auto one = b.int_constant(1);
  return b.int_eq(b.int_and(quadrant, one), one);
}

// Flips the sign of value where bit 1 of the quadrant is set.
template <class B>
typename B::Real flip_by_quadrant(B& b, typename B::Real value, typename B::Int quadrant) {
  const unsigned to_sign = b.is_f64() ? 62 : 30;
  const auto bit = b.int_shl(b.int_lshr(quadrant, 1), to_sign + 1);
  return b.from_bits(b.int_xor(b.to_bits(value), bit));
}

// Odd to the bit: computed on |x|, then signed.
template <class B> typename B::Real sin(B& b, typename B::Real x) {
  const auto a = reduce_trig(b, b.abs(x));
  const auto s = sin_polynomial(b, a.r, a.r_low), c = cos_polynomial(b, a.r, a.r_low);
  const auto value = b.select(odd_quadrant(b, a.quadrant), c.high, s.high);
  const auto result = flip_by_quadrant(b, value, a.quadrant);
  return multiply_sign(b, result, x);
}

template <class B> typename B::Real cos(B& b, typename B::Real x) {
  const auto a = reduce_trig(b, x);
  const auto s = sin_polynomial(b, a.r, a.r_low), c = cos_polynomial(b, a.r, a.r_low);
  const auto value = b.select(odd_quadrant(b, a.quadrant), s.high, c.high);
  // cos is negative in quadrants 1 and 2
  return flip_by_quadrant(b, value, b.int_add(a.quadrant, b.int_constant(1)));
}

// -cot or tan of the reduced argument; the quotient is corrected by its remainder, else three
// errors add up.
template <class B> typename B::Real tan(B& b, typename B::Real x) {
  const auto a = reduce_trig(b, b.abs(x));
  const auto s = sin_polynomial(b, a.r, a.r_low), c = cos_polynomial(b, a.r, a.r_low);
  const auto odd = odd_quadrant(b, a.quadrant);
  const auto choose = [&](const Pair<B>& u, const Pair<B>& v) -> Pair<B> {
    return {b.select(odd, u.high, v.high), b.select(odd, u.low, v.low)};
  };
  const auto n = choose({b.neg(c.high), b.neg(c.low)}, s), d = choose(s, c);
  const auto inverse = b.div(b.constant(1.0), d.high);
  const auto quotient = b.mul(n.high, inverse);
  auto remainder = subtract_product(b, n.high, quotient, d.high);
  remainder = b.add(remainder, b.fma(b.neg(quotient), d.low, n.low));
  const auto result = b.fma(remainder, inverse, quotient);
  return multiply_sign(b, result, x);
}

} // namespace thalweg::math
