// Two more backends: eight lanes at once, and scalars on a machine without fma.
#pragma once

#include <array>

#include "ir/math/scalar_backend.h"

namespace thalweg {

// fma as targets without the instruction get it: two roundings.
template <class T> class NoFmaBackend : public math::ScalarBackend<T> {
public:
  static constexpr bool has_fma() { return false; }
  static T fma(T a, T b, T c) { return a * b + c; }
};

// What the bounds of functions.def grow by without fma.
inline constexpr double kNoFmaSlack = 0.5;

template <class T> class LanesBackend {
  using Scalar = math::ScalarBackend<T>;
  static constexpr std::size_t kLanes = 8;
  template <class V> using Lanes = std::array<V, kLanes>;

  template <class R, class F, class... A> static Lanes<R> map(F f, const A&... arguments) {
    Lanes<R> result;
    for (std::size_t i = 0; i < kLanes; ++i)
      result[i] = f(arguments[i]...);
    return result;
  }
  template <class V> static Lanes<V> splat(V value) {
    Lanes<V> result;
    result.fill(value);
    return result;
  }

public:
  using Real = Lanes<T>;
  using Int = Lanes<typename Scalar::Int>;
  using Mask = Lanes<bool>;

  bool is_f64() const { return Scalar::is_f64(); }
  bool has_fma() const { return true; }
  Real constant(double value) { return splat(Scalar::constant(value)); }
  Int int_constant(std::int64_t value) { return splat(Scalar::int_constant(value)); }

#define TW_LANES1(result, name, type)                                                              \
  result name(const type& a) { return map<typename result::value_type>(Scalar::name, a); }
#define TW_LANES2(result, name, type)                                                              \
  result name(const type& a, const type& b) {                                                      \
    return map<typename result::value_type>(Scalar::name, a, b);                                   \
  }
  TW_LANES2(Real, add, Real)
  TW_LANES2(Real, sub, Real)
  TW_LANES2(Real, mul, Real)
  TW_LANES2(Real, div, Real)
  TW_LANES1(Real, neg, Real)
  TW_LANES1(Real, abs, Real)
  TW_LANES1(Real, sqrt, Real)
  TW_LANES1(Real, floor, Real)
  TW_LANES1(Real, rint, Real)
  TW_LANES2(Mask, lt, Real)
  TW_LANES2(Mask, le, Real)
  TW_LANES2(Mask, eq, Real)
  TW_LANES2(Mask, ne, Real)
  TW_LANES2(Mask, mask_and, Mask)
  TW_LANES2(Mask, mask_or, Mask)
  TW_LANES1(Mask, mask_not, Mask)
  TW_LANES1(Int, to_bits, Real)
  TW_LANES1(Real, from_bits, Int)
  TW_LANES2(Int, int_add, Int)
  TW_LANES2(Int, int_sub, Int)
  TW_LANES2(Int, int_and, Int)
  TW_LANES2(Int, int_or, Int)
  TW_LANES2(Int, int_xor, Int)
  TW_LANES2(Mask, int_eq, Int)
  TW_LANES2(Mask, int_lt, Int)
#undef TW_LANES1
#undef TW_LANES2
  Real fma(const Real& a, const Real& b, const Real& c) { return map<T>(Scalar::fma, a, b, c); }
  Real select(const Mask& mask, const Real& a, const Real& b) {
    return map<T>(Scalar::select, mask, a, b);
  }
  Int int_select(const Mask& mask, const Int& a, const Int& b) {
    return map<typename Int::value_type>(Scalar::int_select, mask, a, b);
  }
  Int int_shl(const Int& a, unsigned count) { return shifted(Scalar::int_shl, a, count); }
  Int int_lshr(const Int& a, unsigned count) { return shifted(Scalar::int_lshr, a, count); }
  Int int_ashr(const Int& a, unsigned count) { return shifted(Scalar::int_ashr, a, count); }

private:
  template <class F> static Int shifted(F f, const Int& a, unsigned count) {
    return map<typename Int::value_type>([&](auto lane) { return f(lane, count); }, a);
  }
};

static_assert(math::Backend<LanesBackend<float>> && math::Backend<LanesBackend<double>>);
static_assert(math::Backend<NoFmaBackend<float>> && math::Backend<NoFmaBackend<double>>);

} // namespace thalweg
