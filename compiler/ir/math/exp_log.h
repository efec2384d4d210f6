// Element functions exp, expm1, log, log1p, log2 and the pieces of them that other families build
// on.
#pragma once

#include "ir/math/coefficients.h"
#include "ir/math/error_free.h"
#include "ir/math/format.h"

namespace thalweg::math {

// x = k·ln2 + r + r_low with |r| <= ln2/2; `field` has k + 2·bias in its low bits.
template <class B> struct ExpReduced {
  typename B::Real k, r;
  typename B::Real r_low; // what rounding r lost; only expm1 uses it
  typename B::Int field;
};

// |x| must be below 2^10 (f32: 2^8) or so; NaN gives NaN in r.
template <class B> ExpReduced<B> reduce_exp(B& b, typename B::Real x) {
  namespace c = coefficients;
  const double shifter_value = rounding_shifter(b) + 2 * format_of(b).bias;
  const auto shifter = b.constant(shifter_value);
  const auto shifted = b.fma(x, pick(b, c::kInvLn2F32[0], c::kInvLn2F64[0]), shifter);
  const auto k = b.sub(shifted, shifter);
  const auto minus_ln2_low = pick(b, -c::kLn2F32[1], -c::kLn2F64[1]);
  const auto head = b.fma(k, pick(b, -c::kLn2F32[0], -c::kLn2F64[0]), x); // exact
  const auto r = b.fma(k, minus_ln2_low, head);
  return {k, r, b.fma(k, minus_ln2_low, b.sub(head, r)), b.to_bits(shifted)};
}

// value·2^k for field = k + 2·bias in the low bits, -2·bias <= k <= 2·bias, with one rounding at
// most: the power is applied in two halves, of which only the second can leave the normal range if
// value is near 1. Higher bits of `field` are shifted out, as reduce_exp's are.
template <class B>
typename B::Real scale_by_field(B& b, typename B::Real value, typename B::Int field) {
  const unsigned bits = format_of(b).mantissa_bits;
  const auto half = b.int_lshr(field, 1);
  const auto first = b.from_bits(b.int_shl(half, bits));
  const auto second = b.from_bits(b.int_shl(b.int_sub(field, half), bits));
  return b.mul(b.mul(value, first), second);
}

// e^r on the reduced interval.
template <class B> typename B::Real exp_polynomial(B& b, typename B::Real r) {
  const auto tail = horner(b, r, coefficients::kExpF32, coefficients::kExpF64);
  const auto one = b.constant(1.0);
  return b.fma(r, b.fma(r, tail, one), one);
}

// x limited to [low, high]; NaN passes.
template <class B>
typename B::Real clamp_keeping_nan(B& b, typename B::Real x, double low, double high) {
  const auto l = b.constant(low), h = b.constant(high);
  x = b.select(b.lt(x, l), l, x);
  return b.select(b.lt(h, x), h, x);
}

// e^x; beyond the clamps the result is infinity or zero by ordinary overflow and underflow, which
// round once.
template <class B> typename B::Real exp(B& b, typename B::Real x) {
  x = b.is_f64() ? clamp_keeping_nan(b, x, -746.0, 710.0) : clamp_keeping_nan(b, x, -104.0, 89.0);
  const auto reduced = reduce_exp(b, x);
  return scale_by_field(b, exp_polynomial(b, reduced.r), reduced.field);
}

// e^-a for a >= 0 or NaN.
template <class B> typename B::Real exp_of_minus(B& b, typename B::Real a) {
  const auto limit = pick(b, 104.0, 746.0);
  const auto reduced = reduce_exp(b, b.neg(b.select(b.lt(limit, a), limit, a)));
  return scale_by_field(b, exp_polynomial(b, reduced.r), reduced.field);
}

// ½·e^x for x >= 0 (it stays finite a little longer than e^x does).
template <class B> typename B::Real half_exp(B& b, typename B::Real x) {
  const auto limit = pick(b, 90.0, 711.0);
  x = b.select(b.lt(limit, x), limit, x);
  const auto reduced = reduce_exp(b, x);
  const auto field = b.int_sub(reduced.field, b.int_constant(1));
  return scale_by_field(b, exp_polynomial(b, reduced.r), field);
}

// e^x - 1 = 2·(2^(k-1)·expm1(r) + (2^(k-1) - ½)); the parenthesis of two constants is exact or
// rounds harmlessly.
template <class B> typename B::Real expm1(B& b, typename B::Real x) {
  const auto clamped =
      b.is_f64() ? clamp_keeping_nan(b, x, -40.0, 710.0) : clamp_keeping_nan(b, x, -20.0, 89.0);
  const auto reduced = reduce_exp(b, clamped);
  const auto r = reduced.r;
  const auto tail = horner(b, r, coefficients::kExpF32, coefficients::kExpF64);
  const auto small = b.add(r, b.fma(b.mul(r, r), tail, reduced.r_low));
  const Format format = format_of(b);
  const auto exponent = b.int_sub(reduced.field, b.int_constant(format.bias + 1));
  const auto half_power = b.from_bits(b.int_shl(exponent, format.mantissa_bits));
  const auto half = b.fma(half_power, small, b.sub(half_power, b.constant(0.5)));
  const auto result = b.add(half, half);
  // At k = 0 the halving would cost a subnormal its last bit and zero its sign.
  const auto tiny = b.lt(b.abs(x), pick(b, 0x1p-26, 0x1p-55));
  return b.select(tiny, x, result);
}

// x = 2^exponent·(1 + f), 1 + f in [sqrt(1/2), sqrt(2)).
template <class B> struct LogReduced {
  typename B::Real exponent, mantissa;
};

// For positive finite x, subnormals included (garbage but no trap otherwise).
template <class B>
LogReduced<B> reduce_log(B& b, typename B::Real x, bool may_be_subnormal = true) {
  const Format format = format_of(b);
  const double two_to_bits = b.is_f64() ? 0x1p52 : 0x1p23;
  auto offset = b.constant(two_to_bits + format.bias);
  if (may_be_subnormal) {
    const auto small = b.lt(x, b.constant(format.min_normal));
    x = b.select(small, b.mul(x, b.constant(two_to_bits)), x);
    offset = b.select(small, b.constant(two_to_bits + format.bias + format.mantissa_bits), offset);
  }
  const std::int64_t root_half = bits_of(b, 0x1.6a09e667f3bcdp-1);
  const auto moved = b.int_add(b.to_bits(x), b.int_constant(bits_of(b, 1.0) - root_half));
  const auto field = b.int_lshr(moved, format.mantissa_bits);
  const auto exponent =
      b.sub(b.from_bits(b.int_or(field, b.int_constant(bits_of(b, two_to_bits)))), offset);
  const std::int64_t mask = (std::int64_t{1} << format.mantissa_bits) - 1;
  const auto mantissa =
      b.int_add(b.int_and(moved, b.int_constant(mask)), b.int_constant(root_half));
  return {exponent, b.from_bits(mantissa)};
}

// log(1 + f) - f. The sum f + tail is accurate because the tail is at most a fifth of f.
template <class B> typename B::Real log_tail(B& b, typename B::Real f) {
  namespace c = coefficients;
  if (b.is_f64()) { // log(1+f) = 2s + s·z·P(z) with 2s = f - s·f
    const auto s = b.div(f, b.add(f, b.constant(2.0)));
    const auto z = b.mul(s, s);
    return b.mul(s, b.fma(z, horner(b, z, c::kLogF64), b.neg(f)));
  }
  const auto cubic = b.fma(f, horner(b, f, c::kLogF32), b.constant(-0.5));
  return b.mul(b.mul(f, f), cubic);
}

// exponent·ln2 + f + tail, for tail = log(1 + f) - f or a little more.
template <class B>
typename B::Real log_of_parts(B& b, typename B::Real exponent, typename B::Real f,
                              typename B::Real tail) {
  namespace c = coefficients;
  const auto low = b.fma(exponent, pick(b, c::kLn2F32[1], c::kLn2F64[1]), tail);
  return b.fma(exponent, pick(b, c::kLn2F32[0], c::kLn2F64[0]), b.add(f, low));
}

// The logarithm's values outside its open domain (zero, infinity), given its value inside.
template <class B>
typename B::Real close_log(B& b, typename B::Real x, double zero, typename B::Real value) {
  value = b.select(b.lt(x, b.constant(kInfinity)), value, x); // infinity and NaN
  value = b.select(b.eq(x, b.constant(zero)), b.constant(-kInfinity), value);
  return b.select(b.lt(x, b.constant(zero)), b.constant(kNan), value);
}

template <class B> typename B::Real log(B& b, typename B::Real x) {
  const auto reduced = reduce_log(b, x);
  const auto f = b.sub(reduced.mantissa, b.constant(1.0));
  return close_log(b, x, 0.0, log_of_parts(b, reduced.exponent, f, log_tail(b, f)));
}

// log(1 + x) for 0 <= x <= 1 or NaN.
template <class B> typename B::Real log1p_of_fraction(B& b, typename B::Real x) {
  const auto one = b.constant(1.0);
  const auto sum = b.add(one, x);
  const auto rest = b.sub(x, b.sub(sum, one));
  const auto above = b.lt(pick(b, 0x1.6a09e6p0, 0x1.6a09e667f3bcdp0), sum);
  const auto half = b.constant(0.5);
  const auto mantissa = b.select(above, b.mul(sum, half), sum);
  const auto f = fast_two_sum(b, b.sub(mantissa, one), b.select(above, b.mul(rest, half), rest));
  const auto tail = b.add(log_tail(b, f.high), f.low);
  return log_of_parts(b, b.select(above, one, b.constant(0.0)), f.high, tail);
}

template <class B> typename B::Real log1p(B& b, typename B::Real x) {
  const auto one = b.constant(1.0);
  const auto sum = b.add(x, one);
  // What rounding 1 + x lost; where |x| > 1 the roles change.
  const auto rest = two_sum(b, one, x).low;
  const auto reduced = reduce_log(b, sum, false);
  // rest·2^-exponent, through 2^(1-exponent), which cannot leave the range of the exponent field
  // below zero.
  const auto ratio = b.int_sub(b.to_bits(reduced.mantissa), b.to_bits(sum));
  const auto twice_scale = b.from_bits(b.int_add(ratio, b.int_constant(bits_of(b, 2.0))));
  const auto scaled_rest = b.mul(b.mul(rest, twice_scale), b.constant(0.5));
  const auto f = fast_two_sum(b, b.sub(reduced.mantissa, one), scaled_rest);
  const auto tail = b.add(log_tail(b, f.high), f.low);
  const auto value = close_log(b, x, -1.0, log_of_parts(b, reduced.exponent, f.high, tail));
  return b.select(b.eq(x, b.constant(0.0)), x, value); // keeps -0
}

template <class B> typename B::Real log2(B& b, typename B::Real x) {
  namespace c = coefficients;
  const auto reduced = reduce_log(b, x);
  const auto f = b.sub(reduced.mantissa, b.constant(1.0));
  const auto high = pick(b, c::kInvLn2F32[0], c::kInvLn2F64[0]);
  const auto low = pick(b, c::kInvLn2F32[1], c::kInvLn2F64[1]);
  const auto product = two_product(b, f, high);
  const auto rest = b.fma(log_tail(b, f), high, b.fma(f, low, product.low));
  const auto sum = fast_two_sum(b, reduced.exponent, product.high);
  return close_log(b, x, 0.0, b.add(sum.high, b.add(sum.low, rest)));
}

} // namespace thalweg::math
