// The backend that computes at once on one float or double: the interpreter's element functions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "ir/math/backend.h"

namespace thalweg::math {

// Relies on -ffp-contract=off: the host compiler must not fuse a mul and an add of its own accord.
template <class T> class ScalarBackend {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);

public:
  using Real = T;
  using Int = std::conditional_t<std::is_same_v<T, double>, std::int64_t, std::int32_t>;
  using Mask = bool;

  static constexpr bool is_f64() { return std::is_same_v<T, double>; }
  static constexpr bool has_fma() {
    return true;
  } // std::fma rounds once, in software where it must

  static constexpr Real constant(double value) { return static_cast<Real>(value); }
  static Real add(Real a, Real b) { return a + b; }
  static Real sub(Real a, Real b) { return a - b; }
  static Real mul(Real a, Real b) { return a * b; }
  static Real div(Real a, Real b) { return a / b; }
  static Real fma(Real a, Real b, Real c) { return std::fma(a, b, c); }
  static Real neg(Real a) { return -a; }
  static Real abs(Real a) { return std::fabs(a); }
  static Real sqrt(Real a) { return std::sqrt(a); }
  static Real floor(Real a) { return std::floor(a); }
  static Real rint(Real a) { return std::nearbyint(a); }

  static Mask lt(Real a, Real b) { return a < b; }
  static Mask le(Real a, Real b) { return a <= b; }
  static Mask eq(Real a, Real b) { return a == b; }
  static Mask ne(Real a, Real b) { return a != b; }
  static Mask mask_and(Mask a, Mask b) { return a && b; }
  static Mask mask_or(Mask a, Mask b) { return a || b; }
  static Mask mask_not(Mask a) { return !a; }
  static Real select(Mask mask, Real a, Real b) { return mask ? a : b; }

  static constexpr Int int_constant(std::int64_t value) { return static_cast<Int>(value); }
  static Int to_bits(Real a) { return std::bit_cast<Int>(a); }
  static Real from_bits(Int a) { return std::bit_cast<Real>(a); }
  static Int int_add(Int a, Int b) { return wrap(unsigned_of(a) + unsigned_of(b)); }
  static Int int_sub(Int a, Int b) { return wrap(unsigned_of(a) - unsigned_of(b)); }
  static Int int_and(Int a, Int b) { return a & b; }
  static Int int_or(Int a, Int b) { return a | b; }
  static Int int_xor(Int a, Int b) { return a ^ b; }
  static Int int_shl(Int a, unsigned count) { return wrap(unsigned_of(a) << count); }
  static Int int_lshr(Int a, unsigned count) { return wrap(unsigned_of(a) >> count); }
  static Int int_ashr(Int a, unsigned count) { return a >> count; }
  static Mask int_eq(Int a, Int b) { return a == b; }
  static Mask int_lt(Int a, Int b) { return a < b; }
  static Int int_select(Mask mask, Int a, Int b) { return mask ? a : b; }

private:
  using Unsigned = std::make_unsigned_t<Int>;
  static constexpr Unsigned unsigned_of(Int a) { return static_cast<Unsigned>(a); }
  static constexpr Int wrap(Unsigned a) { return static_cast<Int>(a); } // modular since C++20
};

static_assert(Backend<ScalarBackend<float>> && Backend<ScalarBackend<double>>);

} // namespace thalweg::math
