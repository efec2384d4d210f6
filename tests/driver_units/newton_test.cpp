// Methods by the Hessian: Newton's, its modifications, the trust region along a dogleg, the natural
// gradient, beside what is known of them and where SciPy's dogleg goes (tests/reference/methods).
#include "driver_units/experiment_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

RunResult ran(const std::string& text, const std::string& problem, const std::string& use,
              const std::string& end) {
  return run_experiment("tests/reference/newton_run.tw", {},
                        text + experiment_text(problem, use, end));
}

} // namespace

TEST_CASE("Newton's method takes the steps that are known of it", "[driver]") {
  const std::string quartic = "problem Q { param x = 2; minimize x^4 - 4*x^2 + x }\n";
  const double known[] = {1.575,         1.38995635695, 1.34900378955,
                          1.34700211549, 1.34699740855, 1.34699740853};
  for (int steps = 1; steps <= 6; ++steps)
    CHECK(ran(quartic, "Q", "Newton()", fmt::format("steps {}", steps)).params[0] ==
          Approx(known[steps - 1]).epsilon(1e-11));
  // To a stationary point, whichever it is; half the step as far.
  const std::string saddle = "problem S { param x: [2] = [1, 0.5]; minimize x[0]^2 - x[1]^2 }\n";
  RunResult there = ran(saddle, "S", "Newton()", "steps 1");
  CHECK(there.params == std::vector<double>{0, 0});
  RunResult half = ran(saddle, "S", "Newton(lr = 0.5)", "steps 1");
  CHECK(half.params == std::vector<double>{0.5, 0.25});
}

TEST_CASE("modified factorization and dogleg find the minima", "[driver]") {
  const std::string problems = source_file("tests/reference/methods.tw");
  const auto theirs = nlohmann::json::parse(source_file("tests/reference/methods/minima.json"));
  for (const auto& [problem, by_method] : theirs["problems"].items())
    for (const char* use : {"ModifiedNewton()", "TrustRegion(subproblem = \"dogleg\")"}) {
      INFO(use << " on " << problem);
      RunResult run = ran(problems, problem, use, "until norminf(grad) <= 1e-7\n  steps 500");
      CHECK(run.outcome.stopped_by == runtime::StoppedBy::until);
      const double least = by_method["BFGS"]["f"].get<double>();
      CHECK(*run.rows.back().values[0] <= least + 1e-8 * std::abs(least) + 1e-8);
    }
  // Downhill from a saddle's slope, where Newton's step goes up.
  const std::string double_well =
      "problem W { param x: [2] = [0.1, 1]; minimize (x[0]^2 - 1)^2 + x[1]^2 }\n";
  for (const char* use : {"ModifiedNewton()", "TrustRegion(subproblem = \"dogleg\")"})
    CHECK(std::abs(ran(double_well, "W", use, "steps 40").params[0]) == Approx(1).margin(1e-8));
  CHECK(std::abs(ran(double_well, "W", "Newton()", "steps 40").params[0]) < 1e-8);
}

TEST_CASE("on convex functions the dogleg goes where SciPy's goes", "[driver]") {
  const std::string problems = source_file("tests/reference/methods.tw");
  const auto theirs = nlohmann::json::parse(source_file("tests/reference/methods/dogleg.json"));
  size_t compared = 0;
  for (const auto& [problem, path] : theirs["problems"].items())
    for (size_t k = 0; k < path.size(); ++k) {
      INFO("step " << k + 1 << " on " << problem);
      RunResult run = ran(problems, problem, "TrustRegion(subproblem = \"dogleg\")",
                          fmt::format("steps {}", k + 1));
      const auto x = path[k].get<std::vector<double>>();
      REQUIRE(x.size() == run.params.size());
      for (size_t i = 0; i < x.size(); ++i)
        CHECK(run.params[i] == Approx(x[i]).margin(1e-9));
      ++compared;
    }
  CHECK(compared >= 20);
}

TEST_CASE("the natural gradient is that in the exact metric of the model", "[driver]") {
  // The metric written out: the Hessian of the divergence between the model at x and at z, which
  // for Gaussian noise of variance 1/2 is ‖m(z) - m(x)‖².
  const std::string text = R"(
function model(x) = tensor[i in 0..6] x[0]*exp(-(i + 1)*x[1]/4)
problem Decay {
  param x: [2] = [1, 0.5]
  let y = [1.6, 1.3, 1.1, 0.8, 0.7, 0.5]
  minimize sumsq(model(x) - y)
}
optimizer Written(lr = 1) on vector x {
  function divergence(z) = sumsq(model(z) - model(x))
  x' = x - lr*solve(∇²divergence(x), ∇f(x))
}
problem Other {                        # the same model by log x[0] and x[1]³
  param u: [2] = [0, 0.5^(1/3)]
  let y = [1.6, 1.3, 1.1, 0.8, 0.7, 0.5]
  minimize sumsq(model([exp(u[0]), u[1]^3]) - y)
}
)";
  for (int steps : {1, 2, 5}) {
    RunResult ours =
        ran(text, "Decay", "NaturalGradient(lr = 0.5)", fmt::format("steps {}", steps));
    RunResult theirs = ran(text, "Decay", "Written(lr = 0.5)", fmt::format("steps {}", steps));
    for (size_t k = 0; k < 2; ++k)
      CHECK(ours.params[k] == Approx(theirs.params[k]).epsilon(1e-11));
  }
  // The path does not depend on the parameters, up to the square of the rate.
  double gaps[2];
  for (int part = 0; part < 2; ++part) {
    const std::string use = fmt::format("NaturalGradient(lr = {})", part ? 1e-4 : 1e-3);
    RunResult one = ran(text, "Decay", use, "steps 1"), other = ran(text, "Other", use, "steps 1");
    gaps[part] = std::abs(std::exp(other.params[0]) - one.params[0]) +
                 std::abs(std::pow(other.params[1], 3) - one.params[1]);
  }
  CHECK(gaps[0] > 0);
  CHECK(gaps[1] < gaps[0] / 50);
  // On a linear model one whole step is the least-squares solution.
  const std::string linear = R"(
problem Line {
  param x: [2] = [5, -7]
  let A = [[1, 0], [1, 1], [1, 2], [1, 3]]
  minimize sumsq(A @ x - [1, 3, 5, 7])
}
)";
  RunResult line = ran(linear, "Line", "NaturalGradient()", "steps 1");
  CHECK(line.params[0] == Approx(1).margin(1e-12));
  CHECK(line.params[1] == Approx(2).margin(1e-12));
}
