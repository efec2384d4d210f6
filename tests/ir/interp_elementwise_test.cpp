// Leaves and elementwise operators against values worked out by hand.
#include "ir/evaluate.h"

#include <cmath>

using namespace thalweg;
using namespace thalweg::testing;

TEST_CASE("elementwise: exact real operators and their special values") {
  const double tiny = 0x1p-1074;
  require_bits(evaluate(Op::neg, {vec({1, -0.0, 0.0, kInf, kNan})}),
               vec({-1, 0.0, -0.0, -kInf, kNan}));
  require_bits(evaluate(Op::abs, {vec({-1.5, -0.0, -kInf, kNan})}), vec({1.5, 0.0, kInf, kNan}));
  require_bits(evaluate(Op::sign, {vec({-3, 0.0, -0.0, tiny, -kInf, kNan})}),
               vec({-1, 0.0, -0.0, 1, -1, kNan}));
  require_bits(evaluate(Op::sqrt, {vec({4, -0.0, -1, kInf, 0x1p-1074})}),
               vec({2, -0.0, kNan, kInf, 0x1p-537}));
  require_bits(evaluate(Op::floor, {vec({1.5, -1.5, -0.0, -kInf})}), vec({1, -2, -0.0, -kInf}));
  require_bits(evaluate(Op::ceil, {vec({1.5, -1.5, -0.5, kNan})}), vec({2, -1, -0.0, kNan}));
  require_bits(evaluate(Op::round, {vec({0.5, 1.5, 2.5, -0.5, -2.5, 1e300})}),
               vec({0, 2, 2, -0.0, -2, 1e300}));
  require_bits(evaluate(Op::add, {vec({0.1, -0.0, kInf, 1e308}), vec({0.2, -0.0, -kInf, 1e308})}),
               vec({0.30000000000000004, -0.0, kNan, kInf}));
  require_bits(evaluate(Op::sub, {vec({1, 0.0, kInf}), vec({0.9, 0.0, kInf})}),
               vec({0.09999999999999998, 0.0, kNan}));
  require_bits(evaluate(Op::mul, {vec({3, -0.0, 0, 0x1p-600}), vec({7, 5, kInf, 0x1p-600})}),
               vec({21, -0.0, kNan, 0}));
  require_bits(evaluate(Op::div, {vec({1, -1, 0, 1}), vec({0.0, 0.0, 0.0, 3})}),
               vec({kInf, -kInf, kNan, 1.0 / 3}));
  require_bits(evaluate(Op::mod, {vec({5.5, -5.5, 5.5, -5.5, 4}), vec({2, 2, -2, -2, 0})}),
               vec({1.5, 0.5, -0.5, -1.5, kNan}));
  require_bits(evaluate(Op::min, {vec({1, -0.0, 0.0, kNan, 1}), vec({2, 0.0, -0.0, 1, kNan})}),
               vec({1, -0.0, -0.0, kNan, kNan}));
  require_bits(evaluate(Op::max, {vec({1, -0.0, 0.0, kNan, 1}), vec({2, 0.0, -0.0, 1, kNan})}),
               vec({2, 0.0, 0.0, kNan, kNan}));
  // One rounding: the exact product's low part survives.
  const double x = 1 + 0x1p-30;
  require_bits(evaluate(Op::fma, {vec({x}), vec({x}), vec({-(1 + 0x1p-29)})}), vec({0x1p-60}));
}

TEST_CASE("elementwise: f32 rounds to f32 at every step") {
  auto f = [](std::vector<double> values) { return vec(std::move(values), DType::f32); };
  require_bits(evaluate(Op::add, {f({16777216}), f({1})}), f({16777216}));
  require_bits(evaluate(Op::mul, {f({0.1}), f({0.1})}), f({0.1f * 0.1f}));
  require_bits(evaluate(Op::div, {f({1}), f({3})}), f({1.0f / 3.0f}));
  require_bits(evaluate(Op::sqrt, {f({2})}), f({std::sqrt(2.0f)}));
  require_bits(evaluate(Op::mul, {f({1e30}), f({1e30})}), f({kInf}));
  require_bits(evaluate(Op::fma, {f({1 + 0x1p-12}), f({1 + 0x1p-12}), f({-(1 + 0x1p-11)})}),
               f({0x1p-24}));
}

TEST_CASE("elementwise: element functions are near the truth and exact where they must be") {
  struct Row {
    Op op;
    double (*truth)(double);
  };
  const Row rows[] = {{Op::exp, std::exp},     {Op::expm1, std::expm1}, {Op::log, std::log},
                      {Op::log1p, std::log1p}, {Op::sin, std::sin},     {Op::cos, std::cos},
                      {Op::tan, std::tan},     {Op::asin, std::asin},   {Op::acos, std::acos},
                      {Op::atan, std::atan},   {Op::sinh, std::sinh},   {Op::cosh, std::cosh},
                      {Op::tanh, std::tanh},   {Op::erf, std::erf}};
  for (const Row& row : rows)
    for (double x : {0.015625, 0.25, 0.7, 0.99}) {
      CAPTURE(op_info(row.op).name, x);
      double expected = row.truth(x), error = 4 * 0x1p-52 * std::abs(expected);
      REQUIRE(std::abs(evaluate(row.op, {vec({x})}).number(0) - expected) <= error);
      double single = evaluate(row.op, {vec({x}, DType::f32)}).number(0);
      double rounded = row.truth(static_cast<float>(x));
      REQUIRE(std::abs(single - rounded) <= 4 * 0x1p-23 * std::abs(rounded));
    }
  require_bits(evaluate(Op::exp, {vec({0, -kInf, kInf, 1000, -1000, kNan})}),
               vec({1, 0, kInf, kInf, 0, kNan}));
  require_bits(evaluate(Op::log, {vec({1, 0, -1, kInf})}), vec({0, -kInf, kNan, kInf}));
  require_bits(evaluate(Op::tanh, {vec({-0.0, kInf, -kInf})}), vec({-0.0, 1, -1}));
  require_bits(evaluate(Op::pow, {vec({2, kNan, 1, 0, 4}), vec({10, 0, kNan, -1, 0.5})}),
               vec({1024, 1, 1, kInf, 2}));
  REQUIRE(evaluate(Op::sigmoid, {vec({0})}).number(0) == 0.5);
  REQUIRE(evaluate(Op::softplus, {vec({1000})}).number(0) == 1000);
  REQUIRE(evaluate(Op::softplus, {vec({-1000})}).number(0) == 0);
  REQUIRE(std::abs(evaluate(Op::atan2, {vec({1}), vec({-1})}).number(0) - 2.356194490192345) <
          1e-15);
}

TEST_CASE("elementwise: integers wrap, mod is floored and total") {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min(),
                    kMax = std::numeric_limits<int64_t>::max();
  auto i = [](std::vector<int64_t> values) {
    Tensor tensor(DType::i64, {static_cast<int64_t>(values.size())});
    tensor.data<int64_t>() = std::move(values);
    return tensor;
  };
  require_bits(evaluate(Op::add, {i({kMax, 2}), i({1, 3})}), i({kMin, 5}));
  require_bits(evaluate(Op::sub, {i({kMin}), i({1})}), i({kMax}));
  require_bits(evaluate(Op::mul, {i({kMax, -3}), i({2, 5})}), i({-2, -15}));
  require_bits(evaluate(Op::neg, {i({kMin, 4})}), i({kMin, -4}));
  require_bits(evaluate(Op::abs, {i({kMin, -4})}), i({kMin, 4}));
  require_bits(evaluate(Op::sign, {i({-9, 0, 5})}), i({-1, 0, 1}));
  require_bits(evaluate(Op::mod, {i({7, -7, 7, -7, 5, kMin}), i({3, 3, -3, -3, 0, -1})}),
               i({1, 2, -2, -1, 0, 0}));
  require_bits(evaluate(Op::min, {i({kMax, 1}), i({kMax - 1, 2})}), i({kMax - 1, 1}));
  require_bits(evaluate(Op::max, {i({kMax, 1}), i({kMax - 1, 2})}), i({kMax, 2}));
}

TEST_CASE("elementwise: comparisons, booleans, select") {
  auto flags = [](std::vector<double> values) { return vec(std::move(values), DType::boolean); };
  const Tensor a = vec({1, kNan, -0.0, kInf}), b = vec({2, kNan, 0.0, kInf});
  require_bits(evaluate(Op::eq, {a, b}), flags({0, 0, 1, 1}));
  require_bits(evaluate(Op::ne, {a, b}), flags({1, 1, 0, 0}));
  require_bits(evaluate(Op::lt, {a, b}), flags({1, 0, 0, 0}));
  require_bits(evaluate(Op::le, {a, b}), flags({1, 0, 1, 1}));
  require_bits(evaluate(Op::logical_and, {flags({0, 0, 1, 1}), flags({0, 1, 0, 1})}),
               flags({0, 0, 0, 1}));
  require_bits(evaluate(Op::logical_or, {flags({0, 0, 1, 1}), flags({0, 1, 0, 1})}),
               flags({0, 1, 1, 1}));
  require_bits(evaluate(Op::logical_not, {flags({0, 1})}), flags({1, 0}));
  require_bits(evaluate(Op::is_finite, {vec({1, kInf, -kInf, kNan})}), flags({1, 0, 0, 0}));
  require_bits(evaluate(Op::select, {flags({1, 0, 1}), vec({1, kNan, -0.0}), vec({kNan, 2, 0.0})}),
               vec({1, 2, -0.0}));
}

TEST_CASE("elementwise: casts") {
  auto cast = [](const Tensor& x, DType to) {
    return evaluate({x},
                    [&](Builder& b, const std::vector<ValueId>& v) { return b.cast(v[0], to); });
  };
  Tensor saturated = cast(vec({1.9, -1.9, 1e300, -kInf, kNan, 0x1p63}), DType::i64);
  REQUIRE(saturated.data<int64_t>() ==
          std::vector<int64_t>{1, -1, INT64_MAX, INT64_MIN, 0, INT64_MAX});
  require_bits(cast(vec({0.1}), DType::f32), vec({0.1f}, DType::f32));
  require_bits(cast(vec({0.1}, DType::f32), DType::f64), vec({static_cast<double>(0.1f)}));
  require_bits(cast(vec({0, -0.0, kNan, 0.5}), DType::boolean), vec({0, 0, 1, 1}, DType::boolean));
  require_bits(cast(vec({0, 1}, DType::boolean), DType::f64), vec({0, 1}));
  Tensor big(DType::i64, {1});
  big.data<int64_t>()[0] = (int64_t{1} << 24) + 1; // halfway between two floats: to even
  require_bits(cast(big, DType::f32), vec({0x1p24}, DType::f32));
}

TEST_CASE("leaves") {
  InterpreterOptions options;
  options.bindings = {{"n", 3}};
  Evaluated evaluated = evaluate_all(
      {},
      [](Builder& b, const std::vector<ValueId>&) {
        Dim n = Dim::symbol("n");
        return std::vector{b.constant(0.1, DType::f32),
                           b.dim(n * n - Dim(1)),
                           b.iota({Dim(2), n}, 1),
                           b.iota({Dim(2), n}, 0),
                           b.table({1, 2, 3, 4}, {Dim(2), Dim(2)}, DType::i64),
                           b.full(7, Type::tensor(DType::f64, {n})),
                           b.constant(1, DType::boolean)};
      },
      options);
  REQUIRE(evaluated.ok());
  require_bits(evaluated.results[0], Tensor::scalar(0.1f, DType::f32));
  require_bits(evaluated.results[1], Tensor::scalar(8, DType::i64));
  require_bits(evaluated.results[2], Tensor::of({0, 1, 2, 0, 1, 2}, {2, 3}, DType::i64));
  require_bits(evaluated.results[3], Tensor::of({0, 0, 0, 1, 1, 1}, {2, 3}, DType::i64));
  require_bits(evaluated.results[4], Tensor::of({1, 2, 3, 4}, {2, 2}, DType::i64));
  require_bits(evaluated.results[5], vec({7, 7, 7}));
  require_bits(evaluated.results[6], Tensor::scalar(1, DType::boolean));
}
