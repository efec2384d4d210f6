// Special values: the exact results that IEEE 754 and the C standard's annex F demand, in both
// precisions.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ir/math/math.h"
#include "ir/math/scalar_backend.h"
#include "reference.h"

namespace {

using namespace thalweg;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T> bool same(T a, T b) {
  return (a != a && b != b) ||
         math::ScalarBackend<T>::to_bits(a) == math::ScalarBackend<T>::to_bits(b);
}

struct Unary {
  double x, expected;
};
struct Binary {
  double x, y, expected;
};

template <class T, class F>
void expect_unary(const char* name, F function, const std::vector<Unary>& rows) {
  math::ScalarBackend<T> backend;
  for (const Unary& row : rows) {
    const T got = function(backend, static_cast<T>(row.x));
    INFO(name << "(" << row.x << ") = " << got << ", expected " << row.expected);
    CHECK(same(got, static_cast<T>(row.expected)));
  }
}

template <class T, class F>
void expect_binary(const char* name, F function, const std::vector<Binary>& rows) {
  math::ScalarBackend<T> backend;
  for (const Binary& row : rows) {
    const T got = function(backend, static_cast<T>(row.x), static_cast<T>(row.y));
    INFO(name << "(" << row.x << ", " << row.y << ") = " << got << ", expected " << row.expected);
    CHECK(same(got, static_cast<T>(row.expected)));
  }
}

#define TW_EXPECT1(name, ...)                                                                      \
  {                                                                                                \
    const auto call = [](auto& b, auto x) { return math::name(b, x); };                            \
    expect_unary<float>(#name " f32", call, __VA_ARGS__);                                          \
    expect_unary<double>(#name " f64", call, __VA_ARGS__);                                         \
  }
#define TW_EXPECT2(name, ...)                                                                      \
  {                                                                                                \
    const auto call = [](auto& b, auto x, auto y) { return math::name(b, x, y); };                 \
    expect_binary<float>(#name " f32", call, __VA_ARGS__);                                         \
    expect_binary<double>(#name " f64", call, __VA_ARGS__);                                        \
  }

TEST_CASE("special values of exponentials and logarithms", "[math]") {
  TW_EXPECT1(exp, {{0, 1},
                   {-0.0, 1},
                   {-kInf, 0},
                   {kInf, kInf},
                   {kNan, kNan},
                   {-1e4, 0},
                   {1e4, kInf},
                   {-1e30, 0}});
  TW_EXPECT1(expm1, {{0, 0},
                     {-0.0, -0.0},
                     {-kInf, -1},
                     {kInf, kInf},
                     {kNan, kNan},
                     {-1e4, -1},
                     {1e4, kInf},
                     {1e-30, 1e-30},
                     {-1e-30, -1e-30}});
  TW_EXPECT1(log, {{0, -kInf},
                   {-0.0, -kInf},
                   {1, 0},
                   {-1, kNan},
                   {-kInf, kNan},
                   {kInf, kInf},
                   {kNan, kNan},
                   {-1e-30, kNan}});
  TW_EXPECT1(log1p, {{0, 0},
                     {-0.0, -0.0},
                     {-1, -kInf},
                     {-2, kNan},
                     {-kInf, kNan},
                     {kInf, kInf},
                     {kNan, kNan},
                     {1e-30, 1e-30}});
  TW_EXPECT1(log2, {{0, -kInf},
                    {-0.0, -kInf},
                    {1, 0},
                    {-1, kNan},
                    {-kInf, kNan},
                    {kInf, kInf},
                    {kNan, kNan},
                    {8, 3},
                    {0.0625, -4},
                    {0x1p-126, -126},
                    {0x1p-149, -149},
                    {0x1p127, 127}});
  TW_EXPECT1(sigmoid,
             {{0, 0.5}, {-0.0, 0.5}, {kInf, 1}, {-kInf, 0}, {kNan, kNan}, {1e4, 1}, {-1e4, 0}});
  TW_EXPECT1(softplus, {{kInf, kInf}, {-kInf, 0}, {kNan, kNan}, {1e4, 1e4}, {-1e4, 0}});
}

TEST_CASE("special values of trigonometric and hyperbolic functions", "[math]") {
  TW_EXPECT1(
      sin, {{0, 0}, {-0.0, -0.0}, {kInf, kNan}, {-kInf, kNan}, {kNan, kNan}, {0x1p-120, 0x1p-120}});
  TW_EXPECT1(cos, {{0, 1}, {-0.0, 1}, {kInf, kNan}, {-kInf, kNan}, {kNan, kNan}, {0x1p-120, 1}});
  TW_EXPECT1(
      tan, {{0, 0}, {-0.0, -0.0}, {kInf, kNan}, {-kInf, kNan}, {kNan, kNan}, {0x1p-120, 0x1p-120}});
  TW_EXPECT1(asin, {{0, 0},
                    {-0.0, -0.0},
                    {1.5, kNan},
                    {-1.5, kNan},
                    {kInf, kNan},
                    {kNan, kNan},
                    {1, 1.57079632679489661923},
                    {-1, -1.57079632679489661923}});
  TW_EXPECT1(acos, {{1, 0},
                    {1.5, kNan},
                    {-1.5, kNan},
                    {kInf, kNan},
                    {kNan, kNan},
                    {-1, 3.14159265358979323846},
                    {0, 1.57079632679489661923},
                    {-0.0, 1.57079632679489661923}});
  TW_EXPECT1(atan, {{0, 0},
                    {-0.0, -0.0},
                    {kInf, 1.57079632679489661923},
                    {-kInf, -1.57079632679489661923},
                    {kNan, kNan},
                    {0x1p-120, 0x1p-120}});
  TW_EXPECT1(sinh, {{0, 0},
                    {-0.0, -0.0},
                    {kInf, kInf},
                    {-kInf, -kInf},
                    {kNan, kNan},
                    {1e4, kInf},
                    {-1e4, -kInf}});
  TW_EXPECT1(cosh, {{0, 1}, {-0.0, 1}, {kInf, kInf}, {-kInf, kInf}, {kNan, kNan}, {-1e4, kInf}});
  TW_EXPECT1(tanh, {{0, 0},
                    {-0.0, -0.0},
                    {kInf, 1},
                    {-kInf, -1},
                    {kNan, kNan},
                    {1e4, 1},
                    {-1e4, -1},
                    {0x1p-120, 0x1p-120}});
  TW_EXPECT1(erf,
             {{0, 0}, {-0.0, -0.0}, {kInf, 1}, {-kInf, -1}, {kNan, kNan}, {100, 1}, {-100, -1}});
}

TEST_CASE("special values of roundings and choices", "[math]") {
  TW_EXPECT1(round, {{0, 0},
                     {-0.0, -0.0},
                     {0.5, 0},
                     {-0.5, -0.0},
                     {1.5, 2},
                     {2.5, 2},
                     {-2.5, -2},
                     {kInf, kInf},
                     {-kInf, -kInf},
                     {kNan, kNan},
                     {0x1p100, 0x1p100},
                     {8388609, 8388609}});
  TW_EXPECT1(
      sign,
      {{0, 0}, {-0.0, -0.0}, {3, 1}, {-3, -1}, {kInf, 1}, {-kInf, -1}, {kNan, kNan}, {1e-40, 1}});
  TW_EXPECT2(min, {{-0.0, 0, -0.0},
                   {0, -0.0, -0.0},
                   {0, 0, 0},
                   {1, 2, 1},
                   {2, 1, 1},
                   {kNan, 1, kNan},
                   {1, kNan, kNan},
                   {-kInf, 1, -kInf},
                   {kInf, kNan, kNan},
                   {kInf, -kInf, -kInf}});
  TW_EXPECT2(max, {{-0.0, 0, 0},
                   {0, -0.0, 0},
                   {-0.0, -0.0, -0.0},
                   {1, 2, 2},
                   {2, 1, 2},
                   {kNan, 1, kNan},
                   {1, kNan, kNan},
                   {-kInf, 1, 1},
                   {kInf, kNan, kNan},
                   {kInf, -kInf, kInf}});
  TW_EXPECT2(mod, {{7, 3, 1},          {-7, 3, 2},       {7, -3, -2},       {-7, -3, -1},
                   {6, 3, 0},          {-6, 3, 0},       {6, -3, -0.0},     {0, 3, 0},
                   {-0.0, 3, 0},       {0, -3, -0.0},    {5.5, 2, 1.5},     {-5.5, 2, 0.5},
                   {1, kInf, 1},       {-1, kInf, kInf}, {1, -kInf, -kInf}, {-1, -kInf, -1},
                   {0, kInf, 0},       {kInf, 2, kNan},  {-kInf, 2, kNan},  {1, 0, kNan},
                   {0, 0, kNan},       {kNan, 1, kNan},  {1, kNan, kNan},   {kInf, kInf, kNan},
                   {1e30, 1e-8, kNan}, {16777213, 2, 1}});
}

TEST_CASE("pow by the table of annex F", "[math]") {
  TW_EXPECT2(pow,
             {{0, -3, kInf},      {-0.0, -3, -kInf},   {0, -2, kInf},      {-0.0, -2, kInf},
              {0, -0.5, kInf},    {-0.0, -0.5, kInf},  {0, -kInf, kInf},   {-0.0, -kInf, kInf},
              {0, 3, 0},          {-0.0, 3, -0.0},     {0, 2, 0},          {-0.0, 2, 0},
              {-0.0, 0.5, 0},     {0, 1e-30, 0},       {-1, kInf, 1},      {-1, -kInf, 1},
              {1, kNan, 1},       {1, -kInf, 1},       {kNan, 0, 1},       {kNan, -0.0, 1},
              {0, 0, 1},          {kInf, 0, 1},        {-8, 0.5, kNan},    {-1e-30, 0.5, kNan},
              {0.5, -kInf, kInf}, {-0.5, -kInf, kInf}, {2, -kInf, 0},      {-2, -kInf, 0},
              {0.5, kInf, 0},     {2, kInf, kInf},     {-kInf, -3, -0.0},  {-kInf, -2, 0},
              {-kInf, 3, -kInf},  {-kInf, 2, kInf},    {-kInf, 0.5, kInf}, {-kInf, -0.5, 0},
              {kInf, -3, 0},      {kInf, 0.5, kInf},   {kNan, 1, kNan},    {2, kNan, kNan},
              {-1, 1e20, 1},      {-1, 3, -1},         {2, 10, 1024},      {-2, 3, -8},
              {2, 1e30, kInf},    {2, -1e30, 0},       {0.999, 1e30, 0},   {1.001, 1e30, kInf},
              {4, 0.5, 2},        {2, -149, 0x1p-149}, {2, 127, 0x1p127},  {-2, 127, -0x1p127}});
}

// Every pair of remarkable numbers against libm: the same class and sign, finite values within the
// bound.
template <class T, class F, class G>
void cross_check(const char* name, F function, G exact, double bound) {
  using W = reference::Wider<T>;
  using Limits = std::numeric_limits<T>;
  math::ScalarBackend<T> backend;
  std::vector<T> values;
  for (const T value :
       {T(0), T(1), T(0.5), T(2), T(3), T(1.5), T(10), T(0.999), T(1e5), Limits::min(),
        Limits::denorm_min(), Limits::max(), 1 - Limits::epsilon() / 2, 1 + Limits::epsilon(),
        2 / Limits::epsilon(), 2 / Limits::epsilon() + 2, 1 / Limits::epsilon() - 1,
        Limits::infinity(), Limits::quiet_NaN()}) {
    values.push_back(value);
    values.push_back(-value);
  }
  for (const T x : values) {
    for (const T y : values) {
      const T got = function(backend, x, y);
      const W wide = exact(static_cast<W>(x), static_cast<W>(y));
      INFO(name << "(" << x << ", " << y << ") = " << got << ", expected "
                << static_cast<double>(wide));
      CHECK(reference::ulp_error(got, wide) <= bound);
      if (wide == wide) CHECK(std::signbit(got) == std::signbit(wide));
    }
  }
}

TEST_CASE("pow and atan2 of remarkable pairs", "[math]") {
  const auto power = [](auto& b, auto x, auto y) { return math::pow(b, x, y); };
  const auto wide_power = [](auto x, auto y) { return std::pow(x, y); };
  const auto angle = [](auto& b, auto y, auto x) { return math::atan2(b, y, x); };
  const auto wide_angle = [](auto y, auto x) { return std::atan2(y, x); };
  cross_check<float>("pow f32", power, wide_power, 1.5);
  cross_check<float>("atan2 f32", angle, wide_angle, 1.5);
  if constexpr (reference::kCanJudge<double>) {
    cross_check<double>("pow f64", power, wide_power, 1.5);
    cross_check<double>("atan2 f64", angle, wide_angle, 1.5);
  }
}

// Beyond the reduction's limit sin and cos are documented to be those of zero; they must never
// leave [-1, 1].
template <class T> void check_huge_angles() {
  math::ScalarBackend<T> backend;
  const T limit = static_cast<T>(math::trig_limit(backend));
  for (T x = limit; std::isfinite(x); x *= T(1.7)) {
    INFO(x);
    CHECK(std::fabs(math::sin(backend, x)) <= 1);
    CHECK(std::fabs(math::cos(backend, x)) <= 1);
    CHECK(std::isfinite(math::tan(backend, x)));
    if (x > limit) CHECK(math::cos(backend, x) == 1);
  }
}

TEST_CASE("huge angles stay in range", "[math]") {
  check_huge_angles<float>();
  check_huge_angles<double>();
}

} // namespace
