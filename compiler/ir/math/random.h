// Draws from 64 random bits, generic over the backend: what thalweg/random.h gives as functions of
// the runtime, with the same bits. f64 only; draws in f32 are these, rounded.
#pragma once

#include "ir/math/backend.h"

#include <array>

namespace thalweg::math {

namespace random_detail {

template <Backend B>
typename B::Real polynomial(B& b, const std::array<double, 8>& coefficients, typename B::Real x) {
  auto sum = b.constant(coefficients[7]);
  for (size_t i = 7; i-- > 0;)
    sum = b.add(b.mul(sum, x), b.constant(coefficients[i]));
  return sum;
}

// A whole number of small size as a real: 2^52 + 2^51 is added in its last bits.
template <Backend B> typename B::Real small_integer(B& b, typename B::Int x) {
  const double offset = 6755399441055744.0;
  auto bits = b.int_add(x, b.to_bits(b.constant(offset)));
  return b.sub(b.from_bits(bits), b.constant(offset));
}

// Natural logarithm of a normal number in (0, 1), step by step as the runtime takes it.
template <Backend B> typename B::Real log_of(B& b, typename B::Real x) {
  auto bits = b.to_bits(x);
  auto exponent = b.int_sub(b.int_lshr(bits, 52), b.int_constant(1023));
  auto m = b.from_bits(b.int_or(b.int_and(bits, b.int_constant(0x000fffffffffffff)),
                                b.int_constant(0x3ff0000000000000)));
  auto over = b.lt(b.constant(1.4142135623730951), m);
  m = b.select(over, b.mul(m, b.constant(0.5)), m);
  exponent = b.int_select(over, b.int_add(exponent, b.int_constant(1)), exponent);
  auto s = b.div(b.sub(m, b.constant(1)), b.add(m, b.constant(1)));
  auto z = b.mul(s, s);
  auto tail = b.constant(0);
  for (int odd = 23; odd >= 3; odd -= 2)
    tail = b.mul(b.add(tail, b.constant(1.0 / odd)), z);
  auto twice = b.mul(b.constant(2), s);
  auto log_m = b.add(twice, b.mul(twice, tail));
  auto n = small_integer(b, exponent);
  auto low = b.add(b.mul(n, b.constant(0x1.a39ef35793c76p-33)), log_m);
  return b.add(b.mul(n, b.constant(0x1.62e42fee00000p-1)), low);
}

inline constexpr std::array<double, 8> kMiddleTop{3.3871328727963666080e0, 1.3314166789178437745e2,
                                                  1.9715909503065514427e3, 1.3731693765509461125e4,
                                                  4.5921953931549871457e4, 6.7265770927008700853e4,
                                                  3.3430575583588128105e4, 2.5090809287301226727e3};
inline constexpr std::array<double, 8> kMiddleBottom{1.0,
                                                     4.2313330701600911252e1,
                                                     6.8718700749205790830e2,
                                                     5.3941960214247511077e3,
                                                     2.1213794301586595867e4,
                                                     3.9307895800092710610e4,
                                                     2.8729085735721942674e4,
                                                     5.2264952788528545610e3};
inline constexpr std::array<double, 8> kNearTop{
    1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
    3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4};
inline constexpr std::array<double, 8> kNearBottom{1.0,
                                                   2.05319162663775882187e0,
                                                   1.67638483018380384940e0,
                                                   6.89767334985100004550e-1,
                                                   1.48103976427480074590e-1,
                                                   1.51986665636164571966e-2,
                                                   5.47593808499534494600e-4,
                                                   1.05075007164441684324e-9};
inline constexpr std::array<double, 8> kFarTop{
    6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7};
inline constexpr std::array<double, 8> kFarBottom{1.0,
                                                  5.99832206555887937690e-1,
                                                  1.36929880922735805310e-1,
                                                  1.48753612908506148525e-2,
                                                  7.86869131145613259100e-4,
                                                  1.84631831751005468180e-5,
                                                  1.42151175831644588870e-7,
                                                  2.04426310338993978564e-15};

} // namespace random_detail

// The standard normal number at the quantile p, a middle of one of 2^52 cells of (0, 1): Wichura's
// AS 241 (1988). Both tails are computed everywhere, on arguments that are valid there.
template <Backend B> typename B::Real normal_quantile(B& b, typename B::Real p) {
  using namespace random_detail;
  auto q = b.sub(p, b.constant(0.5));
  auto inside = b.le(b.abs(q), b.constant(0.425));
  auto r = b.sub(b.constant(0.180625), b.mul(q, q));
  auto middle = b.div(b.mul(q, polynomial(b, kMiddleTop, r)), polynomial(b, kMiddleBottom, r));
  auto below = b.lt(q, b.constant(0));
  auto root = b.sqrt(b.neg(log_of(b, b.select(below, p, b.sub(b.constant(1), p)))));
  auto near_at = b.sub(root, b.constant(1.6)), far_at = b.sub(root, b.constant(5));
  auto near = b.div(polynomial(b, kNearTop, near_at), polynomial(b, kNearBottom, near_at));
  auto far = b.div(polynomial(b, kFarTop, far_at), polynomial(b, kFarBottom, far_at));
  auto size = b.select(b.le(root, b.constant(5)), near, far);
  return b.select(inside, middle, b.select(below, b.neg(size), size));
}

// The middle of one of 2^52 equal cells of (0, 1), from 64 random bits.
template <Backend B> typename B::Real unit(B& b, typename B::Int bits) {
  // The upper 52 bits as the fraction of a number in [2^52, 2^53).
  auto number = b.from_bits(b.int_or(b.int_lshr(bits, 12), b.int_constant(0x4330000000000000)));
  auto cell = b.sub(number, b.constant(4503599627370496.0));
  return b.mul(b.add(cell, b.constant(0.5)), b.constant(1.0 / 4503599627370496.0));
}

// -1 or 1, from the top bit.
template <Backend B> typename B::Real random_sign(B& b, typename B::Int bits) {
  return b.select(b.int_lt(bits, b.int_constant(0)), b.constant(1), b.constant(-1));
}

} // namespace thalweg::math
