// Element functions asin, acos, atan, atan2.
#pragma once

#include "ir/math/hyperbolic.h"

namespace thalweg::math {

// z·P(z) with asin(s) = s + s·z·P(z), z = s², for z <= 1/4.
template <class B> typename B::Real asin_tail(B& b, typename B::Real z) {
  return b.mul(z, horner(b, z, coefficients::kAsinF32, coefficients::kAsinF64));
}

// pi/2 in two words.
template <class B> Pair<B> half_pi(B& b) {
  namespace c = coefficients;
  return {pick(b, c::kHalfPiF32[0], c::kHalfPiF64[0]), pick(b, c::kHalfPiF32[1], c::kHalfPiF64[1])};
}

// Above 1/2: asin(a) = pi/2 - 2·asin(sqrt((1-a)/2)); the root of a negative number makes |x| > 1 a
// NaN.
template <class B> typename B::Real asin(B& b, typename B::Real x) {
  const auto a = b.abs(x), half = b.constant(0.5);
  const auto far = b.le(half, a);
  const auto w = b.fma(b.neg(a), half, half);
  const auto z = b.select(far, w, b.mul(x, x));
  const auto s = b.select(far, b.sqrt(w), x);
  const auto tail = b.mul(s, asin_tail(b, z));
  const auto quarter = half_pi(b);
  // pi/2 - 2s can be above 1 where the result is below: its rounding error counts.
  const auto head = fast_two_sum(b, quarter.high, b.neg(b.add(s, s)));
  const auto rest = b.sub(head.low, b.sub(b.add(tail, tail), quarter.low));
  const auto complement = b.add(head.high, rest);
  return b.select(far, multiply_sign(b, complement, x), b.add(s, tail));
}

// pi/2 - asin(x) in the middle, 2·asin(sqrt((1-x)/2)) above 1/2, pi minus that of -x below -1/2.
template <class B> typename B::Real acos(B& b, typename B::Real x) {
  const auto a = b.abs(x), half = b.constant(0.5), zero = b.constant(0.0);
  const auto far = b.le(half, a);
  const auto w = b.fma(b.neg(a), half, half);
  const auto z = b.select(far, w, b.mul(x, x));
  const auto s = b.select(far, b.sqrt(w), x);
  const auto tail = b.mul(s, asin_tail(b, z));
  const auto quarter = half_pi(b);
  const auto middle = b.sub(quarter.high, b.sub(s, b.sub(quarter.low, tail)));
  const auto sum = b.add(s, tail);
  const auto above = b.add(sum, sum);
  const auto opposite =
      b.sub(b.add(quarter.high, quarter.high),
            b.add(s, b.add(s, b.sub(b.add(tail, tail), b.add(quarter.low, quarter.low)))));
  return b.select(far, b.select(b.lt(x, zero), opposite, above), middle);
}

// atan(t) for |t| <= 1.
template <class B> typename B::Real atan_of_fraction(B& b, typename B::Real t) {
  return odd_polynomial(b, t, coefficients::kAtanF32, coefficients::kAtanF64);
}

// Above 1: pi/2 - atan(1/x).
template <class B> typename B::Real atan(B& b, typename B::Real x) {
  const auto a = b.abs(x), one = b.constant(1.0);
  const auto far = b.lt(one, a);
  const auto t = b.select(far, b.div(one, a), a);
  const auto near_value = atan_of_fraction(b, t);
  const auto quarter = half_pi(b);
  const auto far_value = b.sub(quarter.high, b.sub(near_value, quarter.low));
  return multiply_sign(b, b.select(far, far_value, near_value), x);
}

// The angle of the point (x, y): the smaller over the larger magnitude, then the octant. IEEE 754's
// special values.
template <class B> typename B::Real atan2(B& b, typename B::Real y, typename B::Real x) {
  const auto zero = b.constant(0.0);
  const auto ax = b.abs(x), ay = b.abs(y);
  const auto steep = b.lt(ax, ay);
  const auto small = b.select(steep, ax, ay), large = b.select(steep, ay, ax);
  auto t = b.div(small, large);
  t = b.select(b.eq(small, large), b.constant(1.0), t); // both infinite
  t = b.select(b.eq(small, zero), zero, t);             // both zero
  auto angle = atan_of_fraction(b, t);

  const auto sign_bit = b.int_constant(bits_of(b, -0.0));
  const auto left = b.int_eq(b.int_and(b.to_bits(x), sign_bit), sign_bit);
  const auto quarter = half_pi(b);
  const auto two = b.constant(2.0);
  const auto turn = [&](typename B::Real part) { // 0, pi/2 or pi
    return b.select(steep, part, b.select(left, b.mul(two, part), zero));
  };
  // Steep angles are measured back from the y axis, left ones from the negative x axis.
  const auto backwards = b.mask_and(b.mask_or(steep, left), b.mask_not(b.mask_and(steep, left)));
  angle = b.select(backwards, b.neg(angle), angle);
  const auto result = b.add(turn(quarter.high), b.add(angle, turn(quarter.low)));
  const auto nan = b.mask_or(is_nan(b, x), is_nan(b, y));
  return b.select(nan, b.constant(kNan), multiply_sign(b, result, y));
}

} // namespace thalweg::math
