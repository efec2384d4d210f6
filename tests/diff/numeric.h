// Numbers for the tests of derivatives: evaluation and central finite differences.
#pragma once

#include "ir/builder.h"
#include "ir/interp.h"
#include "support/check.h"

#include <cmath>
#include <string>
#include <vector>

namespace thalweg::testing {

inline std::vector<Tensor> evaluate(const Graph& graph, const Function& function,
                                    const std::vector<Tensor>& inputs, const Bindings& bindings) {
  InterpreterOptions options;
  options.bindings = bindings;
  Evaluated run = Interpreter(graph, options).evaluate(function, inputs);
  TW_CHECK(run.ok(), "{}", run.failure->text);
  return run.results;
}

// d results[result] / d inputs[parameter][element] by a five-point rule, and an estimate of its
// error (its distance from the three-point rule and rounding).
struct Slope {
  std::vector<double> value, error;
};
inline Slope finite_difference(const Graph& graph, const Function& f, std::vector<Tensor> inputs,
                               const Bindings& bindings, size_t result, size_t parameter,
                               int64_t element, double h = 1e-3) {
  double x = inputs[parameter].number(element);
  std::vector<Tensor> at;
  for (double step : {-2.0, -1.0, 1.0, 2.0}) {
    inputs[parameter].set_number(element, x + step * h);
    at.push_back(evaluate(graph, f, inputs, bindings)[result]);
  }
  Slope slope;
  for (int64_t k = 0; k < at[0].size(); ++k) {
    double near = (at[2].number(k) - at[1].number(k)) / (2 * h);
    double far = (at[3].number(k) - at[0].number(k)) / (4 * h);
    double size = std::max(std::abs(at[0].number(k)), std::abs(at[3].number(k)));
    slope.value.push_back((4 * near - far) / 3);
    slope.error.push_back(0.05 * std::abs(near - far) + 1e-11 * size / h + 1e-12);
  }
  return slope;
}

inline bool close(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= tolerance;
}

} // namespace thalweg::testing
