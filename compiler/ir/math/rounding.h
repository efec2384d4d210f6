// Element functions that only choose and round: round, sign, min, max, mod.
#pragma once

#include "ir/math/error_free.h"
#include "ir/math/format.h"

namespace thalweg::math {

// To the nearest integer, ties to even; -0 and what rounds to it from below keep their sign.
template <class B> typename B::Real round(B& b, typename B::Real x) { return b.rint(x); }

// -1 or 1; zeros (with their sign) and NaN are kept.
template <class B> typename B::Real sign(B& b, typename B::Real x) {
  const auto zero = b.constant(0.0);
  const auto not_positive = b.select(b.lt(x, zero), b.constant(-1.0), x);
  return b.select(b.lt(zero, x), b.constant(1.0), not_positive);
}

// NaN if either is NaN; -0 counts as less than +0. Equal operands differ at most in the sign bit.
template <class B> typename B::Real min(B& b, typename B::Real x, typename B::Real y) {
  const auto both = b.from_bits(b.int_or(b.to_bits(x), b.to_bits(y)));
  const auto ordered = b.select(b.lt(x, y), x, b.select(b.eq(x, y), both, y));
  return b.select(is_nan(b, x), x, ordered); // a NaN in y was taken already
}

template <class B> typename B::Real max(B& b, typename B::Real x, typename B::Real y) {
  const auto both = b.from_bits(b.int_and(b.to_bits(x), b.to_bits(y)));
  const auto ordered = b.select(b.lt(y, x), x, b.select(b.eq(x, y), both, y));
  return b.select(is_nan(b, x), x, ordered);
}

// x - y·floor(x/y), the sign (of zero too) that of y, |result| <= |y|; NaN for y = 0 or infinite x;
// for infinite y it is x or, if the signs differ, y. With truncated quotients below 2^53 (f32:
// 2^24) the remainder is exact and a result of x's sign too; one of the other sign is remainder +
// y, rounded once. From there on the digits that would decide are not computed: NaN. (Without fma
// also NaN for |y| > 2^996, f32: 2^100.)
template <class B> typename B::Real mod(B& b, typename B::Real x, typename B::Real y) {
  const auto zero = b.constant(0.0);
  const auto quotient = b.div(x, y);
  // Towards zero, so that the remainder has x's sign but where the quotient was rounded up to an
  // integer.
  const auto whole = copy_sign(b, b.floor(b.abs(quotient)), quotient);
  const auto known = b.lt(b.abs(quotient), pick(b, 0x1p24, 0x1p53));
  const auto infinite_y = b.eq(b.abs(y), b.constant(kInfinity));
  auto rest = b.select(infinite_y, x, subtract_product(b, x, whole, y));
  const auto below = b.mask_and(b.lt(rest, zero), b.lt(zero, y));
  const auto above = b.mask_and(b.lt(zero, rest), b.lt(y, zero));
  rest = b.select(b.mask_or(below, above), b.add(rest, y), rest);
  rest = b.select(b.eq(rest, zero), copy_sign(b, zero, y), rest);
  return b.select(known, rest, b.constant(kNan));
}

} // namespace thalweg::math
