// Sums and products with their rounding errors, for the functions that need more than the working
// precision.
#pragma once

#include "ir/math/format.h"

namespace thalweg::math {

// An unevaluated sum high + low, |low| at most about an ulp of high.
template <class B> struct Pair {
  typename B::Real high, low;
};

// a + b exactly, if |a| >= |b| or a = 0.
template <class B> Pair<B> fast_two_sum(B& b, typename B::Real x, typename B::Real y) {
  const auto sum = b.add(x, y);
  return {sum, b.sub(y, b.sub(sum, x))};
}

// a + b exactly, in any order of magnitude.
template <class B> Pair<B> two_sum(B& b, typename B::Real x, typename B::Real y) {
  const auto sum = b.add(x, y);
  const auto y_part = b.sub(sum, x);
  const auto x_part = b.sub(sum, y_part);
  return {sum, b.add(b.sub(x, x_part), b.sub(y, y_part))};
}

// x·y exactly, barring underflow of the error term. Without fma the factors are split in halves,
// whose partial products are exact; then |x|, |y| must stay below 2^996 (f32: 2^115) or the error
// term is NaN.
template <class B> Pair<B> two_product(B& b, typename B::Real x, typename B::Real y) {
  const auto product = b.mul(x, y);
  if (b.has_fma()) return {product, b.fma(x, y, b.neg(product))};
  const auto split = [&](typename B::Real v) -> Pair<B> {
    const auto scaled = b.mul(v, pick(b, 0x1.002p12, 0x1.0000002p27));
    const auto high = b.sub(scaled, b.sub(scaled, v));
    return {high, b.sub(v, high)};
  };
  const auto s = split(x), t = split(y);
  auto error = b.sub(b.mul(s.high, t.high), product);
  error = b.add(error, b.mul(s.high, t.low));
  error = b.add(error, b.mul(s.low, t.high));
  return {product, b.add(error, b.mul(s.low, t.low))};
}

// c - x·y where the exact result is representable, as in argument reductions: exact with fma, and
// without it too as long as c and the product agree within a factor of two (the subtraction of the
// rounded product is then exact).
template <class B>
typename B::Real subtract_product(B& b, typename B::Real c, typename B::Real x,
                                  typename B::Real y) {
  if (b.has_fma()) return b.fma(b.neg(x), y, c);
  const auto product = two_product(b, x, y);
  return b.sub(b.sub(c, product.high), product.low);
}

} // namespace thalweg::math
