// Derivatives of functions in the text of rules against the same by hand, and against f's own.
#include "driver_units/experiment_runner.h"

#include <catch2/catch.hpp>

using namespace thalweg::test;

namespace {

// Reports of one step, which are distances that ought to be nothing.
void all_zero(const std::string& rule) {
  const std::string text = R"(
problem Bowl {
  param u: [3] = [1, -2, 0.5]
  param v = 1.5
  minimize sum(exp(u)) - v*sum(u) + (v - u[0])^4
}
)" + rule + "\nexperiment e {\n  minimize Bowl()\n  using Compare()\n  steps 3\n}\n";
  ExperimentProgram program("tests/driver_units/derivatives_run.tw", {}, text);
  RunResult run = program.run();
  REQUIRE(run.outcome.steps == 3);
  const auto reports = program.prepared().racers[0]->reports();
  REQUIRE(reports.size() > 0);
  for (const auto& [name, value] : reports) {
    INFO(name);
    CHECK(std::abs(value) < 1e-11);
  }
}

} // namespace

TEST_CASE("gradients, Hessians, products and Jacobians of functions that mention f and x") {
  all_zero(R"(
optimizer Compare() on vector x {
  function h(z) = f(z) + sum(z^4) + dot(z, x)
  function slope(z) = dot(∇f(z), x)
  function pairs(z) = z[1..]*z[..-1] + sum(x)*z[1..]
  let y = x + 0.25
  report gradient = norm(∇h(x) - (∇f(x) + 4*x^3 + x))
  report elsewhere = norm(∇h(y) - (∇f(y) + 4*y^3 + x))
  report hessian = norm(∇²h(y) - (∇²f(y) + diag(12*y^2)))
  report product = norm(hvp(h, y, x) - (hvp(f, y, x) + 12*y^2*x))
  report second = norm(∇slope(y) - hvp(f, y, x))
  report jacobian = norm(jac(pairs, y) @ x - (x[1..]*y[..-1] + y[1..]*x[..-1] + sum(x)*x[1..]))
  x' = x - 0.01*∇h(x)
}
)");
}

TEST_CASE("a function stands for an objective where one is wanted, in loops too") {
  all_zero(R"(
optimizer Compare() on vector x {
  function h(z) = f(z) + 10*sumsq(z - 1)
  function descended(f, x, steps) {
    var z = x
    repeat steps { z = z - 0.005*∇f(z) }
    return z
  }
  function by_hand(f, x, steps) {
    var z = x
    repeat steps { z = z - 0.005*(∇f(z) + 20*(z - 1)) }
    return z
  }
  let d = -∇h(x)
  let alpha = backtracking(h, x, d)
  report descent = norm(descended(h, x, 5) - by_hand(f, x, 5))
  report armijo = if h(x + alpha*d) <= h(x) then 0 else 1
  x' = x + alpha*d
}
)");
}

TEST_CASE("functions without f in rules for single tensors") {
  all_zero(R"(
optimizer Compare() on tensor x {
  function ridge(z, weight = 0.5) = weight*sum(z^2) + sum(exp(-z))
  let g = ∇ridge(x)
  report gradient = norm(all (g - (x - exp(-x))))
  x' = x - 0.01*(∇f(x) + g)
}
)");
}
