// What the element functions are measured against: the host's libm in a wider type, and the error
// in ulp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace thalweg::reference {

// The type that judges T: at least 11 bits more.
template <class T> struct WiderOf;
template <> struct WiderOf<float> {
  using Type = double;
};
template <> struct WiderOf<double> {
  using Type = long double;
};
template <class T> using Wider = typename WiderOf<T>::Type;

// Where long double is no wider than double only f32 can be judged.
template <class T>
inline constexpr bool kCanJudge =
    std::numeric_limits<Wider<T>>::digits >= std::numeric_limits<T>::digits + 11;

// |got - exact| in units of T's last place at `exact` (in the subnormal range: of the smallest
// subnormal). Infinite where one of the two is NaN or overflows and the other does not.
template <class T> double ulp_error(T got, Wider<T> exact) {
  constexpr double kWrong = std::numeric_limits<double>::infinity();
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : kWrong;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(got) || std::isinf(rounded)) {
    if (got == rounded) return 0;
    // One neighbour off at the threshold of overflow counts as an ulp.
    const T largest = std::copysign(std::numeric_limits<T>::max(), rounded);
    const bool neighbours = std::isinf(got) ? rounded == largest : got == largest;
    return neighbours && std::signbit(got) == std::signbit(rounded) ? 1 : kWrong;
  }
  int exponent = 0;
  (void)std::frexp(exact, &exponent);
  exponent = exact == 0 ? std::numeric_limits<T>::min_exponent
                        : std::max(exponent, std::numeric_limits<T>::min_exponent);
  const auto ulp = std::ldexp(Wider<T>(1), exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<Wider<T>>(got) - exact) / ulp);
}

#define TW_FROM_LIBM(name)                                                                         \
  template <class W> W name(W x) { return std::name(x); }
TW_FROM_LIBM(exp)
TW_FROM_LIBM(expm1)
TW_FROM_LIBM(log)
TW_FROM_LIBM(log1p)
TW_FROM_LIBM(log2)
TW_FROM_LIBM(sin)
TW_FROM_LIBM(cos)
TW_FROM_LIBM(tan)
TW_FROM_LIBM(asin)
TW_FROM_LIBM(acos)
TW_FROM_LIBM(atan)
TW_FROM_LIBM(sinh)
TW_FROM_LIBM(cosh)
TW_FROM_LIBM(tanh)
TW_FROM_LIBM(erf)
#undef TW_FROM_LIBM

template <class W> W sigmoid(W x) {
  const W e = std::exp(-std::fabs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}
template <class W> W softplus(W x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }
template <class W> W round(W x) { return std::nearbyint(x); }
template <class W> W sign(W x) { return x > 0 ? W(1) : x < 0 ? W(-1) : x; }

template <class W> W pow(W x, W y) { return std::pow(x, y); }
template <class W> W atan2(W y, W x) { return std::atan2(y, x); }
// Where the quotient has more digits than the narrower type, mod says NaN.
template <class W> W mod(W x, W y) {
  if (std::fabs(x / y) >= (std::is_same_v<W, double> ? W(0x1p24) : W(0x1p53))) return NAN;
  if (std::isinf(y) && std::isfinite(x)) return x == 0 || (x < 0) == (y < 0) ? x : y;
  const W rest = std::fmod(x, y);
  if (rest == 0) return std::copysign(W(0), y);
  return (rest < 0) != (y < 0) ? rest + y : rest;
}
template <class W> W min(W x, W y) {
  if (x != x || y != y) return x + y;
  if (x == y) return std::signbit(x) ? x : y;
  return x < y ? x : y;
}
template <class W> W max(W x, W y) {
  if (x != x || y != y) return x + y;
  if (x == y) return std::signbit(x) ? y : x;
  return x > y ? x : y;
}

} // namespace thalweg::reference
