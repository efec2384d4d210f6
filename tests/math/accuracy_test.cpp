// Every function of functions.def against libm in a wider type: the stated bound holds on its
// domain.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "backends.h"
#include "ir/math/math.h"
#include "reference.h"
#include "sampling.h"

namespace {

using namespace thalweg;

struct Worst {
  double error = 0, x = 0, y = 0;
  void see(double candidate, double at_x, double at_y = 0) {
    if (candidate > error) *this = {candidate, at_x, at_y};
  }
};

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::max(1L, std::strtol(text, nullptr, 10)) : otherwise;
}

// One bit pattern of f32 in so many is tried; 1 takes all of them, minutes a function.
std::uint64_t pattern_stride() {
  return static_cast<std::uint64_t>(setting("THALWEG_MATH_STRIDE", 197));
}

// Random arguments a function and precision.
long samples() { return setting("THALWEG_MATH_SAMPLES", 300000); }

void report(const char* name, const char* precision, const Worst& worst, double bound) {
  INFO(name << " " << precision << ": " << worst.error << " ulp at " << worst.x << " " << worst.y
            << " (bound " << bound << ")");
  CHECK(worst.error <= bound);
}

template <class F, class G>
void check_unary(const char* name, double bound_f32, double bound_f64, double low, double high,
                 F function, G exact) {
  const auto sweep = [&](auto backend, const char* label, double slack, std::uint64_t stride) {
    Worst worst;
    for (std::uint64_t pattern = stride / 3; pattern <= 0xffffffffu; pattern += stride) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(pattern));
      if (!(x >= low && x <= high)) continue;
      worst.see(reference::ulp_error(function(backend, x), exact(static_cast<double>(x))), x);
    }
    report(name, label, worst, bound_f32 + slack);
  };
  const auto draw = [&](auto backend, auto precision, const char* label, double bound) {
    using T = decltype(precision);
    sampling::Sampler<T> sampler(7);
    Worst worst;
    for (long i = 0, count = samples(); i < count; ++i) {
      const T x = sampler.draw(low, high);
      worst.see(
          reference::ulp_error(function(backend, x), exact(static_cast<reference::Wider<T>>(x))),
          static_cast<double>(x));
    }
    report(name, label, worst, bound);
  };
  sweep(math::ScalarBackend<float>{}, "f32", 0, pattern_stride());
  draw(math::ScalarBackend<float>{}, float{}, "f32", bound_f32);
  sweep(NoFmaBackend<float>{}, "f32 without fma", kNoFmaSlack, 20 * pattern_stride());
  if constexpr (reference::kCanJudge<double>) {
    draw(math::ScalarBackend<double>{}, double{}, "f64", bound_f64);
    draw(NoFmaBackend<double>{}, double{}, "f64 without fma", bound_f64 + kNoFmaSlack);
  }
}

template <class F, class G>
void check_binary(const char* name, double bound_f32, double bound_f64,
                  std::array<double, 4> domain, F function, G exact) {
  const auto draw = [&](auto backend, auto precision, const char* label, double bound) {
    using T = decltype(precision);
    using W = reference::Wider<T>;
    sampling::Sampler<T> sampler(11);
    Worst worst;
    for (long i = 0, count = samples(); i < count; ++i) {
      const T x = sampler.draw(domain[0], domain[1]);
      const T y = sampler.draw(domain[2], domain[3]);
      worst.see(reference::ulp_error(function(backend, x, y),
                                     exact(static_cast<W>(x), static_cast<W>(y))),
                static_cast<double>(x), static_cast<double>(y));
    }
    report(name, label, worst, bound);
  };
  draw(math::ScalarBackend<float>{}, float{}, "f32", bound_f32);
  draw(NoFmaBackend<float>{}, float{}, "f32 without fma", bound_f32 + kNoFmaSlack);
  if constexpr (reference::kCanJudge<double>) {
    draw(math::ScalarBackend<double>{}, double{}, "f64", bound_f64);
    draw(NoFmaBackend<double>{}, double{}, "f64 without fma", bound_f64 + kNoFmaSlack);
  }
}

#define TW_MATH1(name, ulp_f32, ulp_f64, low, high)                                                \
  TEST_CASE("accuracy of " #name, "[math]") {                                                      \
    check_unary(                                                                                   \
        #name, ulp_f32, ulp_f64, low, high, [](auto& b, auto x) { return math::name(b, x); },      \
        [](auto x) { return reference::name(x); });                                                \
  }
#define TW_MATH2(name, ulp_f32, ulp_f64, low_x, high_x, low_y, high_y)                             \
  TEST_CASE("accuracy of " #name, "[math]") {                                                      \
    check_binary(                                                                                  \
        #name, ulp_f32, ulp_f64, {low_x, high_x, low_y, high_y},                                   \
        [](auto& b, auto x, auto y) { return math::name(b, x, y); },                               \
        [](auto x, auto y) { return reference::name(x, y); });                                     \
  }
#include "ir/math/functions.def"

// pow where it is hardest: y·log2(x) spread over the whole range of results, from bases of every
// size and near 1.
template <class T> void check_hard_pow(double bound, double exponent_range) {
  using W = reference::Wider<T>;
  math::ScalarBackend<T> backend;
  sampling::Sampler<T> sampler(13);
  Worst worst;
  for (long i = 0, count = samples(); i < count; ++i) {
    T x = sampler.draw(0, std::numeric_limits<T>::max());
    if (i % 3 == 0)
      x = static_cast<T>(1 + std::ldexp(sampler.unit() - 0.5, -static_cast<int>(i % 25)));
    const double target = (2 * sampler.unit() - 1) * exponent_range;
    const T y = static_cast<T>(target / std::log2(static_cast<double>(x)));
    if (!std::isfinite(y) || x == 1) continue;
    worst.see(reference::ulp_error(math::pow(backend, x, y),
                                   std::pow(static_cast<W>(x), static_cast<W>(y))),
              static_cast<double>(x), static_cast<double>(y));
  }
  report("hard pow", std::is_same_v<T, float> ? "f32" : "f64", worst, bound);
}

TEST_CASE("pow over its whole range of results", "[math]") {
  check_hard_pow<float>(1.5, 150);
  if constexpr (reference::kCanJudge<double>) check_hard_pow<double>(1.5, 1076);
}

// The neighbours of multiples of pi/2, where the reduced argument is almost cancelled away, up to
// the limit.
template <class T> void check_near_multiples(double bound) {
  using W = reference::Wider<T>;
  math::ScalarBackend<T> backend;
  sampling::Sampler<T> sampler(17);
  const double limit = math::trig_limit(backend);
  Worst sine, cosine, tangent;
  for (long i = 0, count = samples(); i < count; ++i) {
    const double k = std::floor(std::exp2(sampler.unit() * std::log2(limit / 1.6)));
    const T x = static_cast<T>(k * static_cast<W>(1.57079632679489661923132169163975144L));
    sine.see(reference::ulp_error(math::sin(backend, x), std::sin(static_cast<W>(x))),
             static_cast<double>(x));
    cosine.see(reference::ulp_error(math::cos(backend, x), std::cos(static_cast<W>(x))),
               static_cast<double>(x));
    tangent.see(reference::ulp_error(math::tan(backend, x), std::tan(static_cast<W>(x))),
                static_cast<double>(x));
  }
  report("sin near multiples", "", sine, bound);
  report("cos near multiples", "", cosine, bound);
  report("tan near multiples", "", tangent, 1.5 * bound);
}

TEST_CASE("trigonometric functions near multiples of pi/2", "[math]") {
  check_near_multiples<float>(1.0);
  if constexpr (reference::kCanJudge<double>) check_near_multiples<double>(1.0);
}

} // namespace
