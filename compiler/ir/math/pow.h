// Element function pow: exp2(y·log2|x|) with the logarithm and the product in twice the working
// precision.
#pragma once

#include "ir/math/exp_log.h"

namespace thalweg::math {

// log2(x) for finite x > 0 as a pair, relative error below 2^-64 (f32: 2^-34), without fma about
// four times that. With m = (1+s)/(1-s): log2(m) = s·(c1 + z·(c3 + z·P(z))), z = s². Two terms are
// carried as pairs; the rest is small enough for the working precision.
template <class B> Pair<B> log2_pair(B& b, typename B::Real x) {
  namespace c = coefficients;
  const auto one = b.constant(1.0);
  const auto reduced = reduce_log(b, x);
  const auto m = reduced.mantissa;

  const auto f = b.sub(m, one);
  const auto d = b.add(m, one);
  const auto d_low = b.sub(m, b.sub(d, one));
  const auto inverse = b.div(one, d);
  const auto s = b.mul(f, inverse);
  const auto remainder = b.sub(subtract_product(b, f, s, d), b.mul(s, d_low));
  const auto s_low = b.mul(remainder, inverse);

  const auto square = two_product(b, s, s);
  const auto z = square.high;
  const auto z_low = b.fma(b.add(s, s), s_low, square.low);

  auto inner = fast_two_sum(b, pick(b, c::kPowC3F32[0], c::kPowC3F64[0]),
                            b.mul(z, horner(b, z, c::kPowLogF32, c::kPowLogF64)));
  inner.low = b.add(inner.low, pick(b, c::kPowC3F32[1], c::kPowC3F64[1]));

  const auto cubic = two_product(b, z, inner.high);
  const auto cubic_low = b.fma(z, inner.low, b.fma(z_low, inner.high, cubic.low));
  auto outer = fast_two_sum(b, pick(b, c::kPowC1F32[0], c::kPowC1F64[0]), cubic.high);
  outer.low = b.add(outer.low, b.add(cubic_low, pick(b, c::kPowC1F32[1], c::kPowC1F64[1])));

  const auto product = two_product(b, s, outer.high);
  const auto product_low = b.fma(s, outer.low, b.fma(s_low, outer.high, product.low));
  const auto sum = fast_two_sum(b, reduced.exponent, product.high);
  return {sum.high, b.add(sum.low, product_low)};
}

// 2^(high + low).
template <class B>
typename B::Real exp2_of_pair(B& b, typename B::Real high, typename B::Real low) {
  namespace c = coefficients;
  // Beyond the limit the result is 0 or infinity whatever the low part says, which may then be as
  // large as an integer.
  const auto limit = pick(b, 160.0, 1100.0);
  const auto beyond = b.lt(limit, b.abs(high));
  high = b.select(beyond, copy_sign(b, limit, high), high);
  low = b.select(beyond, b.constant(0.0), low);
  const auto shifter = b.constant(rounding_shifter(b) + 2 * format_of(b).bias);
  const auto shifted = b.add(high, shifter);
  const auto fraction = b.sub(high, b.sub(shifted, shifter));
  const auto ln2 = pick(b, 0x1.62e43p-1, 0x1.62e42fefa39efp-1);
  const auto r = b.fma(fraction, ln2, b.mul(low, ln2));
  return scale_by_field(b, exp_polynomial(b, r), b.to_bits(shifted));
}

// x^y with all special cases of IEEE 754's pow.
template <class B> typename B::Real pow(B& b, typename B::Real x, typename B::Real y) {
  const auto zero = b.constant(0.0), one = b.constant(1.0), infinity = b.constant(kInfinity);
  const auto magnitude = b.abs(x);

  const auto logarithm = log2_pair(b, magnitude);
  // Every |x| != 1 has left the range long before |y| reaches the bound, and the product cannot
  // overflow.
  const double y_bound = b.is_f64() ? 0x1p66 : 0x1p36;
  const auto exponent = clamp_keeping_nan(b, y, -y_bound, y_bound);
  const auto product = two_product(b, exponent, logarithm.high);
  const auto low = b.fma(exponent, logarithm.low, product.low);
  auto result = exp2_of_pair(b, product.high, low);

  // 0 and infinity to a power: infinity where the exponents' signs agree, else 0.
  const auto x_zero = b.eq(x, zero);
  const auto y_negative = b.lt(y, zero);
  const auto zero_to = b.select(y_negative, infinity, zero);
  const auto infinity_to = b.select(y_negative, zero, infinity);
  result = b.select(x_zero, zero_to, result);
  result = b.select(b.eq(magnitude, infinity), infinity_to, result);

  // Negative bases (and -0): the sign for odd y, NaN for fractional y.
  const auto y_integral = b.eq(b.rint(y), y);
  const auto half_y = b.mul(y, b.constant(0.5));
  const auto y_odd = b.mask_and(y_integral, b.ne(b.rint(half_y), half_y));
  result = multiply_sign(b, result, b.select(y_odd, x, zero));
  const auto negative_finite = b.mask_and(b.lt(x, zero), b.lt(b.constant(-kInfinity), x));
  const auto nan = b.constant(kNan);
  result = b.select(b.mask_and(negative_finite, b.mask_not(y_integral)), nan, result);

  result = b.select(b.mask_or(is_nan(b, x), is_nan(b, y)), nan, result);
  return b.select(b.mask_or(b.eq(x, one), b.eq(y, zero)), one, result);
}

} // namespace thalweg::math
