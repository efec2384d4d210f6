// Builds and evaluates one expression over given inputs, for the tests of single operators.
#pragma once

#include "ir/builder.h"
#include "ir/interp.h"
#include "ir/verify.h"

#include <catch2/catch.hpp>

#include <functional>
#include <limits>

namespace thalweg::testing {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The tensor's type with its sizes as literals.
inline Type type_of(const Tensor& tensor) {
  Shape shape;
  for (int64_t size : tensor.shape())
    shape.push_back(Dim(size));
  return Type::tensor(tensor.dtype(), shape);
}

using Expression = std::function<std::vector<ValueId>(Builder&, const std::vector<ValueId>&)>;

inline Evaluated evaluate_all(const std::vector<Tensor>& inputs, const Expression& expression,
                              InterpreterOptions options = {}) {
  Graph graph;
  Builder builder(graph);
  Function function;
  function.name = "test";
  std::vector<ValueId> arguments;
  for (size_t k = 0; k < inputs.size(); ++k) {
    function.parameters.push_back({fmt::format("x{}", k), type_of(inputs[k])});
    arguments.push_back(builder.arg(static_cast<int64_t>(k), type_of(inputs[k])));
  }
  for (ValueId value : expression(builder, arguments))
    function.results.push_back({fmt::format("r{}", function.results.size()), value});
  verify_or_die(graph, function, "test");
  return Interpreter(graph, std::move(options)).evaluate(function, inputs);
}

inline Tensor evaluate(const std::vector<Tensor>& inputs,
                       const std::function<ValueId(Builder&, const std::vector<ValueId>&)>& one) {
  Evaluated evaluated = evaluate_all(
      inputs, [&](Builder& b, const std::vector<ValueId>& x) { return std::vector{one(b, x)}; });
  INFO((evaluated.failure ? evaluated.failure->text : ""));
  REQUIRE(evaluated.ok());
  return evaluated.results[0];
}

// An operator without attributes.
inline Tensor evaluate(Op op, const std::vector<Tensor>& inputs, Attr attr = {}) {
  return evaluate(inputs,
                  [&](Builder& b, const std::vector<ValueId>& x) { return b.make(op, x, attr); });
}

inline Tensor vec(std::vector<double> values, DType dtype = DType::f64) {
  int64_t n = static_cast<int64_t>(values.size());
  return Tensor::of(std::move(values), {n}, dtype);
}
inline Tensor mat(std::vector<double> values, int64_t rows, int64_t cols) {
  return Tensor::of(std::move(values), {rows, cols});
}

// Same type, shape and bits (NaN equals NaN), with both printed on failure.
inline void require_bits(const Tensor& got, const Tensor& expected) {
  INFO("got " << got.str() << " expected " << expected.str());
  REQUIRE(got.same_bits(expected));
}
inline void require_close(const Tensor& got, const Tensor& expected, double tolerance = 1e-12) {
  INFO("got " << got.str() << " expected " << expected.str());
  REQUIRE(got.shape() == expected.shape());
  for (int64_t i = 0; i < got.size(); ++i)
    REQUIRE(std::abs(got.number(i) - expected.number(i)) <= tolerance);
}

} // namespace thalweg::testing
