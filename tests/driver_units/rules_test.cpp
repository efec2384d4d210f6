// Rules in whole runs whose course is known by hand: look-ahead points, chains, schedules with a
// state, sides not taken, names that a record line shares with a library function.
#include "driver_units/experiment_runner.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace thalweg;
using test::ExperimentProgram;
using test::RunResult;

namespace {

// f(x) = ½‖x‖², so ∇f(x) = x.
const std::string kQuadratic = "problem Q {\n  param x: [2] = [3, 4]\n  minimize sumsq(x)/2\n}\n";

RunResult run(const std::string& rules, const std::string& experiment) {
  return test::run_experiment("tests/driver_units/none.tw", {},
                              kQuadratic + rules + "experiment e {\n  minimize Q()\n" + experiment +
                                  "\n}\n");
}

} // namespace

TEST_CASE("a gradient at a point ahead is the objective's there") {
  const std::string rule = "optimizer Ahead(lr = 0.1, momentum = 0.9) on tensor x {\n"
                           "  state v = 0\n"
                           "  v' = momentum*v + ∇f(x - lr*momentum*v)\n"
                           "  x' = x - lr*v'\n}\n";
  RunResult r = run(rule, "  using Ahead()\n  steps 5\n  record loss every 1");
  double x = 3, v = 0;
  for (int t = 0; t < 5; ++t) {
    v = 0.9 * v + (x - 0.1 * 0.9 * v);
    x -= 0.1 * v;
  }
  REQUIRE(r.params.size() == 2);
  CHECK(r.params[0] == Approx(x).epsilon(1e-14));
  CHECK(r.params[1] == Approx(x * 4 / 3).epsilon(1e-14));
}

TEST_CASE("a transform may stand twice, each with its own hyperparameters and state") {
  const std::string rules = "transform Scaled(by = 1) on g {\n  state seen = 0\n"
                            "  seen' = seen + 1\n  g' = by*g + 0*seen\n}\n"
                            "optimizer Plain(lr = 1) on tensor x { x' = x - lr*∇f(x) }\n";
  RunResult r = run(rules, "  using Scaled(by = 0.5) |> Scaled(by = 0.2) |> Plain()\n  steps 1");
  CHECK(r.params[0] == Approx(3 - 0.1 * 3));
  CHECK(r.params[1] == Approx(4 - 0.1 * 4));
}

TEST_CASE("a schedule with a state reads the loss of the step before") {
  const std::string rules =
      "schedule Halving(start) {\n  state rate = start, best = inf\n"
      "  best' = min(best, loss)\n"
      "  rate' = if loss >= best and t > 1 then rate/2 else rate\n  return rate\n}\n"
      "optimizer Climb(lr = 1) on tensor x { x' = x + lr*∇f(x) }\n";
  RunResult r =
      run(rules, "  using Climb(lr = Halving(start = 1))\n  steps 5\n  record lr every 1");
  std::vector<double> rates;
  for (const runtime::RecordRow& row : r.rows)
    rates.push_back(*row.values[0]);
  // The loss of step 1 is known at step 2 and first compared at step 3.
  CHECK(rates == std::vector<double>{1, 1, 1, 0.5, 0.25, 0.125});
}

TEST_CASE("norm(grad) is the gradient's also where a parameter is named x") {
  RunResult r =
      run("optimizer Plain(lr = 1) on tensor x { x' = x - lr*∇f(x)/2 }\n",
          "  using Plain()\n  steps 1\n  record norm(grad), norm(x), norm(update) every 1");
  REQUIRE(r.rows.size() == 2);
  CHECK(*r.rows[0].values[0] == Approx(5));
  CHECK(!r.rows[0].values[2].has_value());
  CHECK(*r.rows[1].values[0] == Approx(2.5));
  CHECK(*r.rows[1].values[2] == Approx(2.5));
}

TEST_CASE("a side not taken adds nothing to the gradient, whatever its derivative is there") {
  RunResult r =
      test::run_experiment("tests/driver_units/none.tw", {},
                           "problem P {\n  param x: [3] = 1\n"
                           "  minimize sum(if x > 1 then log(x - 1) else x)\n}\n"
                           "optimizer Plain(lr = 0.5) on tensor x { x' = x - lr*∇f(x) }\n"
                           "experiment e {\n  minimize P()\n  using Plain()\n  steps 1\n}\n");
  CHECK(r.params == std::vector<double>{0.5, 0.5, 0.5});
}
