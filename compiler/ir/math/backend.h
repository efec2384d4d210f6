// The backend concept: what the element functions (exp, pow, sin …) need of their values.
//
// Each function is one template over it, run by the interpreter on scalars and emitted by codegen
// on LLVM vectors, so that both give the same bits.
#pragma once

#include <concepts>
#include <cstdint>

namespace thalweg::math {

// A backend `B` is a builder: every method takes values and returns a value, and the functions in
// this folder are straight-line programs over it. There is no branch on data and no memory access;
// what would be a branch is a select, so a vector backend needs nothing but lanewise instructions.
//
//   B::Real   values of the function's precision (f32 or f64; one backend object has one precision)
//   B::Int    integers of the same width (i32 for f32, i64 for f64), two's complement, wrapping
//   B::Mask   one boolean per lane
// The three may be the same C++ type (llvm::Value*), hence no operation is overloaded on them.
//
// Queries, answered when the program is built and constant over the life of the object:
//   is_f64()       picks coefficients and field widths
//   has_fma()      whether `fma` rounds once. If not, `fma(a, b, c)` must be a mul and an add, each
//   rounded; the functions
//                  then use Dekker's splitting where they need the exact error of a product (see
//                  error_free.h)
//
// Real → Real, each one IEEE 754 operation rounded to nearest even; nothing may be fused,
// reassociated or flushed to zero, and NaN, infinities, signed zeros and subnormals behave as the
// standard says:
//   constant(double)                           rounded to the precision
//   add sub mul div fma(a, b, c) = a·b + c     sqrt
//   neg abs                                    act on the sign bit alone
//   floor, rint                                to an integral value; rint to nearest even; -0 and
//   infinities are kept
// Comparisons are ordered (false on NaN), except ne, which is true on NaN:
//   lt le eq ne → Mask
//   mask_and mask_or mask_not                  select(mask, a, b) = mask ? a : b
// Integers:
//   int_constant(int64)                        the low bits that fit the width
//   to_bits(Real) → Int, from_bits(Int) → Real reinterpretations, not conversions
//   int_add int_sub int_and int_or int_xor     int_shl int_lshr int_ashr by a fixed count 0 ≤ n <
//   width int_eq int_lt (signed) → Mask              int_select(mask, a, b)
//
// Conversions between integers and reals are not asked for: the functions add a power of two and
// read the low bits, which needs no instruction that some vector units lack. The bits of a NaN
// result are not specified (only that it is one).
template <class B>
concept Backend =
    requires(B b, const typename B::Real r, const typename B::Int i, const typename B::Mask m) {
      { b.is_f64() } -> std::convertible_to<bool>;
      { b.has_fma() } -> std::convertible_to<bool>;
      { b.constant(1.0) } -> std::same_as<typename B::Real>;
      { b.add(r, r) } -> std::same_as<typename B::Real>;
      { b.sub(r, r) } -> std::same_as<typename B::Real>;
      { b.mul(r, r) } -> std::same_as<typename B::Real>;
      { b.div(r, r) } -> std::same_as<typename B::Real>;
      { b.fma(r, r, r) } -> std::same_as<typename B::Real>;
      { b.neg(r) } -> std::same_as<typename B::Real>;
      { b.abs(r) } -> std::same_as<typename B::Real>;
      { b.sqrt(r) } -> std::same_as<typename B::Real>;
      { b.floor(r) } -> std::same_as<typename B::Real>;
      { b.rint(r) } -> std::same_as<typename B::Real>;
      { b.lt(r, r) } -> std::same_as<typename B::Mask>;
      { b.le(r, r) } -> std::same_as<typename B::Mask>;
      { b.eq(r, r) } -> std::same_as<typename B::Mask>;
      { b.ne(r, r) } -> std::same_as<typename B::Mask>;
      { b.mask_and(m, m) } -> std::same_as<typename B::Mask>;
      { b.mask_or(m, m) } -> std::same_as<typename B::Mask>;
      { b.mask_not(m) } -> std::same_as<typename B::Mask>;
      { b.select(m, r, r) } -> std::same_as<typename B::Real>;
      { b.int_constant(std::int64_t{1}) } -> std::same_as<typename B::Int>;
      { b.to_bits(r) } -> std::same_as<typename B::Int>;
      { b.from_bits(i) } -> std::same_as<typename B::Real>;
      { b.int_add(i, i) } -> std::same_as<typename B::Int>;
      { b.int_sub(i, i) } -> std::same_as<typename B::Int>;
      { b.int_and(i, i) } -> std::same_as<typename B::Int>;
      { b.int_or(i, i) } -> std::same_as<typename B::Int>;
      { b.int_xor(i, i) } -> std::same_as<typename B::Int>;
      { b.int_shl(i, 1u) } -> std::same_as<typename B::Int>;
      { b.int_lshr(i, 1u) } -> std::same_as<typename B::Int>;
      { b.int_ashr(i, 1u) } -> std::same_as<typename B::Int>;
      { b.int_eq(i, i) } -> std::same_as<typename B::Mask>;
      { b.int_lt(i, i) } -> std::same_as<typename B::Mask>;
      { b.int_select(m, i, i) } -> std::same_as<typename B::Int>;
    };

} // namespace thalweg::math
