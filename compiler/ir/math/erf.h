// Element function erf.
#pragma once

#include "ir/math/hyperbolic.h"

namespace thalweg::math {

// erfc(a) for a >= 1, good to the precision of 1 - erfc(a). f32: one polynomial; f64:
// e^(-a²)·P(1/(a+2)), where neither the rounding of a² nor that of the exponential is seen in the
// difference from 1.
template <class B> typename B::Real erfc_beyond_one(B& b, typename B::Real a) {
  namespace c = coefficients;
  if (!b.is_f64()) {
    a = clamp_keeping_nan(b, a, 1.0, 3.95);
    return horner(b, b.sub(a, b.constant(2.5)), c::kErfcFarF32);
  }
  a = clamp_keeping_nan(b, a, 1.0, 6.0);
  const auto t = b.div(b.constant(1.0), b.add(a, b.constant(2.0)));
  return b.mul(exp_of_minus(b, b.mul(a, a)), horner(b, t, c::kErfcFarF64));
}

template <class B> typename B::Real erf(B& b, typename B::Real x) {
  const auto a = b.abs(x), one = b.constant(1.0);
  const auto z = b.mul(x, x);
  const auto near = b.fma(x, horner(b, z, coefficients::kErfF32, coefficients::kErfF64), x);
  const auto far = b.sub(one, erfc_beyond_one(b, a));
  return b.select(b.lt(a, one), near, multiply_sign(b, far, x));
}

} // namespace thalweg::math
