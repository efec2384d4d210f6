// Element functions tanh, sinh, cosh and the two built on exp for losses: sigmoid and softplus.
#pragma once

#include "ir/math/exp_log.h"

namespace thalweg::math {

// 1/(1 + e^-x), written with e^-|x| so that neither tail overflows or cancels: e/(1+e) and 1/(1+e)
// for the two signs. One correction by the remainder takes back what rounding 1 + e and the
// quotient lost, and leaves e's own error.
template <class B> typename B::Real sigmoid(B& b, typename B::Real x) {
  const auto one = b.constant(1.0);
  const auto e = exp_of_minus(b, b.abs(x));
  const auto negative = b.lt(x, b.constant(0.0));
  const auto sum = fast_two_sum(b, one, e);
  const auto numerator = b.select(negative, e, one);
  const auto quotient = b.div(numerator, sum.high);
  const auto inverse = b.select(negative, b.sub(one, quotient), quotient); // 1/(1+e)
  const auto minus = b.neg(quotient);
  const auto remainder = b.fma(minus, sum.low, b.fma(minus, sum.high, numerator));
  return b.fma(remainder, inverse, quotient);
}

// log(1 + e^x) = max(x, 0) + log1p(e^-|x|)
template <class B> typename B::Real softplus(B& b, typename B::Real x) {
  const auto zero = b.constant(0.0);
  const auto e = exp_of_minus(b, b.abs(x));
  return b.add(b.select(b.lt(zero, x), x, zero), log1p_of_fraction(b, e));
}

// x + x·z·P(z), z = x²
template <class B, std::size_t N, std::size_t M>
typename B::Real odd_polynomial(B& b, typename B::Real x, const double (&f32)[N],
                                const double (&f64)[M]) {
  const auto z = b.mul(x, x);
  return b.fma(b.mul(x, z), horner(b, z, f32, f64), x);
}

// Near zero a polynomial, else 1 - 1/(½ + ½·e^(2|x|)).
template <class B> typename B::Real tanh(B& b, typename B::Real x) {
  const auto a = b.abs(x), one = b.constant(1.0);
  const auto e = half_exp(b, b.add(a, a));
  const auto far = b.sub(one, b.div(one, b.add(e, b.constant(0.5))));
  const auto near = odd_polynomial(b, a, coefficients::kTanhF32, coefficients::kTanhF64);
  return multiply_sign(b, b.select(b.lt(a, b.constant(0.625)), near, far), x);
}

template <class B> typename B::Real sinh(B& b, typename B::Real x) {
  const auto a = b.abs(x);
  const auto e = half_exp(b, a);
  const auto far = b.sub(e, b.div(b.constant(0.25), e));
  const auto near = odd_polynomial(b, a, coefficients::kSinhF32, coefficients::kSinhF64);
  return multiply_sign(b, b.select(b.lt(a, b.constant(1.0)), near, far), x);
}

template <class B> typename B::Real cosh(B& b, typename B::Real x) {
  const auto e = half_exp(b, b.abs(x));
  return b.add(e, b.div(b.constant(0.25), e));
}

} // namespace thalweg::math
