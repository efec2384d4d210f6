// One source, any backend: eight lanes at once give the bits that eight scalar calls give. And the
// symmetries of the functions hold to the bit, which the operators' laws promise to the simplifier.
#include <catch2/catch.hpp>

#include "backends.h"
#include "ir/math/math.h"
#include "sampling.h"

namespace {

using namespace thalweg;

// Equal bits; NaNs are equal to each other.
template <class T> bool same(T a, T b) {
  return (a != a && b != b) ||
         math::ScalarBackend<T>::to_bits(a) == math::ScalarBackend<T>::to_bits(b);
}

template <class T, class F> void compare_unary(const char* name, F function) {
  math::ScalarBackend<T> scalar;
  LanesBackend<T> lanes;
  sampling::Sampler<T> sampler(3);
  int differing = 0;
  for (int i = 0; i < 5000; ++i) {
    typename LanesBackend<T>::Real x;
    for (T& lane : x)
      lane = i % 2 ? sampler.any() : sampler.draw(-1000, 1000);
    const auto result = function(lanes, x);
    for (std::size_t lane = 0; lane < x.size(); ++lane)
      differing += !same(result[lane], function(scalar, x[lane]));
  }
  INFO(name);
  CHECK(differing == 0);
}

template <class T, class F> void compare_binary(const char* name, F function) {
  math::ScalarBackend<T> scalar;
  LanesBackend<T> lanes;
  sampling::Sampler<T> sampler(5);
  int differing = 0;
  for (int i = 0; i < 5000; ++i) {
    typename LanesBackend<T>::Real x, y;
    for (T& lane : x)
      lane = i % 2 ? sampler.any() : sampler.draw(-1000, 1000);
    for (T& lane : y)
      lane = i % 3 ? sampler.draw(-1000, 1000) : sampler.any();
    const auto result = function(lanes, x, y);
    for (std::size_t lane = 0; lane < x.size(); ++lane)
      differing += !same(result[lane], function(scalar, x[lane], y[lane]));
  }
  INFO(name);
  CHECK(differing == 0);
}

TEST_CASE("lanes give the scalar bits", "[math]") {
#define TW_MATH1(name, ulp_f32, ulp_f64, low, high)                                                \
  {                                                                                                \
    const auto call = [](auto& b, auto x) { return math::name(b, x); };                            \
    compare_unary<float>(#name, call);                                                             \
    compare_unary<double>(#name, call);                                                            \
  }
#define TW_MATH2(name, ulp_f32, ulp_f64, low_x, high_x, low_y, high_y)                             \
  {                                                                                                \
    const auto call = [](auto& b, auto x, auto y) { return math::name(b, x, y); };                 \
    compare_binary<float>(#name, call);                                                            \
    compare_binary<double>(#name, call);                                                           \
  }
#include "ir/math/functions.def"
}

template <class T, class F> void expect_symmetry(const char* name, bool odd, F function) {
  math::ScalarBackend<T> backend;
  sampling::Sampler<T> sampler(19);
  int differing = 0;
  for (int i = 0; i < 50000; ++i) {
    const T x = i == 0 ? T(0) : i % 3 ? sampler.draw(-1000, 1000) : sampler.any();
    const T at_x = function(backend, x);
    differing += !same(function(backend, -x), odd ? -at_x : at_x);
  }
  INFO(name);
  CHECK(differing == 0);
}

#define TW_SYMMETRY(name, odd)                                                                     \
  {                                                                                                \
    const auto call = [](auto& b, auto x) { return math::name(b, x); };                            \
    expect_symmetry<float>(#name, odd, call);                                                      \
    expect_symmetry<double>(#name, odd, call);                                                     \
  }

TEST_CASE("odd and even functions are so to the bit", "[math]") {
  TW_SYMMETRY(sin, true)
  TW_SYMMETRY(tan, true)
  TW_SYMMETRY(asin, true)
  TW_SYMMETRY(atan, true)
  TW_SYMMETRY(sinh, true)
  TW_SYMMETRY(tanh, true)
  TW_SYMMETRY(erf, true)
  TW_SYMMETRY(sign, true)
  TW_SYMMETRY(round, true)
  TW_SYMMETRY(cos, false)
  TW_SYMMETRY(cosh, false)
}

} // namespace
