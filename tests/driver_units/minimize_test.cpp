// Inner optimizers that are run to a stop inside a step, and what ends a step in a loop.
#include "driver_units/experiment_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const std::string kValley = R"(
problem Valley {
  param w: [4] = [1, 2, 3, 4]
  minimize sum(100*(w[1..] - w[..-1]^2)^2 + (1 - w[..-1])^2)
}
optimizer Whole(inner: optimizer = LBFGS(), most = 7, tolerance = 0) on vector x {
  state total = 0
  x' = inner.minimize(f, from = x, steps = most, tolerance = tolerance)
  total' = total + inner.t
  report total = total'
}
)";

std::string use(const std::string& rule, const std::string& end) {
  return fmt::format("experiment e {{\n  minimize Valley()\n  using {}\n  {}\n}}\n", rule, end);
}

struct Ran {
  RunResult run;
  std::vector<std::pair<std::string, int64_t>> counts;
};
Ran ran(const std::string& text, const std::string& precision = "f64") {
  driver::CommonOptions options;
  options.precision = precision;
  ExperimentProgram program("tests/reference/minimize_run.tw", options, text);
  Ran out{program.run(), {}};
  out.counts = program.prepared().racers[0]->evaluations();
  return out;
}

} // namespace

TEST_CASE("an inner optimizer run to a stop goes where it goes by itself, bit for bit",
          "[driver]") {
  for (const char* precision : {"f64", "f32"})
    for (const char* rule :
         {"LBFGS(history = 3)", "BFGS()", "NonlinearCG()", "DampedNewton()", "BarzilaiBorwein()",
          "TrustRegion()", "NewtonCG()", "AcceleratedGradient()", "SteepestDescent()"}) {
      INFO(rule << " in " << precision);
      Ran alone = ran(kValley + use(rule, "steps 7"), precision);
      Ran inside = ran(kValley + use(fmt::format("Whole(inner = {})", rule), "steps 1"), precision);
      CHECK(alone.run.outcome.steps == 7);
      CHECK(alone.run.bits == inside.run.bits);
      // It looks at the gradient at its last point, as the run's own end does; nothing twice.
      REQUIRE(inside.counts.size() == alone.counts.size());
      CHECK(inside.counts[0] == alone.counts[0]);
      if (alone.counts.size() > 2) CHECK(inside.counts[2] == alone.counts[2]);
    }
}

TEST_CASE("it begins anew at every call, and stops by its tolerance, its number of steps or itself",
          "[driver]") {
  // Two calls of seven steps are two runs of seven, not one of fourteen.
  Ran first = ran(kValley + use("Whole()", "steps 1"));
  Ran second = ran(kValley + use("Whole()", "steps 2"));
  std::string moved = kValley;
  const std::string start = "[1, 2, 3, 4]";
  std::string at = fmt::format("[{:.17g}, {:.17g}, {:.17g}, {:.17g}]", first.run.params[0],
                               first.run.params[1], first.run.params[2], first.run.params[3]);
  moved.replace(moved.find(start), start.size(), at);
  CHECK(ran(moved + use("Whole()", "steps 1")).run.bits == second.run.bits);
  // The minimum is (1, 1, 1, 1). A tolerance of 1e-8 ends it before its 1000 steps.
  Ran whole = ran(kValley + use("Whole(most = 1000, tolerance = 1e-8)", "steps 1\n  record total"));
  for (double x : whole.run.params)
    CHECK(x == Approx(1).margin(1e-7));
  const double taken = *whole.run.rows.back().values[0];
  CHECK(taken > 7);
  CHECK(taken < 100);
  // A rule that says `done` stays where it said so.
  const std::string careful = kValley + R"(
optimizer Careful(lr = 1e-4) on vector x {
  state k = 0
  k' = k + 1
  done "five steps" if k == 5
  x' = x - lr*∇f(x)
}
)";
  CHECK(ran(careful + use("Whole(inner = Careful(), most = 50)", "steps 1")).run.bits ==
        ran(careful + use("Careful()", "steps 50")).run.bits);
}

TEST_CASE("an inner optimizer minimizes what the rule around it makes of f", "[driver]") {
  // The proximal point of a quadratic is a linear system.
  const std::string bowl = R"(
problem Valley {
  param w: [3] = [1, -2, 3]
  let A = [[4, 1, 0], [1, 3, 1], [0, 1, 2]]
  minimize w @ A @ w/2 - sum(w)
}
optimizer Implicit(h = 0.7) on vector x {
  x' = solve(eye(size(x)) + h*∇²f(x), x + h)
}
)";
  for (const char* inner :
       {"LBFGS()", "DampedNewton()", "ProximalPoint(step = 0.5, tolerance = 1e-12)"}) {
    INFO(inner);
    RunResult found =
        ran(bowl +
            use(fmt::format("ProximalPoint(step = 0.7, inner = {}, tolerance = 1e-12)", inner),
                "steps 4"))
            .run;
    RunResult solved = ran(bowl + use("Implicit()", "steps 4")).run;
    for (size_t k = 0; k < 3; ++k)
      CHECK(found.params[k] == Approx(solved.params[k]).margin(1e-11));
  }
  // Under a condition, with names of the step in it, and with transforms inside.
  const std::string penalty = kValley + R"(
optimizer Plain(lr = 1e-3) on vector x {
  x' = x - lr*∇f(x)
}
optimizer Penalty(inner: optimizer = LBFGS()) on vector x {
  state r = 1, nu = 0
  function h(z) = z[0] + z[1] - 1
  function L(z) = f(z) + nu*h(z) + r/2*h(z)^2
  let near = abs(h(x)) < 1e-9
  x' = if near then x else inner.minimize(L, from = x, steps = 200, tolerance = 1e-9)
  nu' = nu + r*h(x')
  r' = min(4*r, 1e4)
}
)";
  RunResult constrained = ran(penalty + use("Penalty()", "steps 12")).run;
  CHECK(constrained.params[0] + constrained.params[1] == Approx(1).margin(1e-8));
  RunResult clipped =
      ran(penalty + use("Penalty(inner = clip_by_global_norm(5) |> Plain())", "steps 3")).run;
  // 200 steps of length 5e-3 at most.
  const double start_at[] = {1, 2, 3, 4};
  double square = 0;
  for (size_t k = 0; k < 4; ++k)
    square += std::pow(clipped.params[k] - start_at[k], 2);
  CHECK(std::sqrt(square) <= 3 * 200 * 5e-3);
  CHECK(std::sqrt(square) > 0.5);
}

TEST_CASE("a stop in a loop ends the step there", "[driver]") {
  const std::string text = R"(
problem Bowl { param w: [3] = [1, 2, 3]; minimize sumsq(w) }
optimizer Loops(k = 3) on vector x {
  function go(f, x, k) {
    var y = x
    for i in 0..k {
      y = y - 0.1*∇f(y)
      if norm(y) < 1.5 {
        let deeper = i + 10
        fail "y got to {norm(y)} in round {deeper}" if norm(y) < 1
      }
    }
    return y
  }
  x' = go(f, x, k)
}
experiment e { minimize Bowl(); using Loops(); steps 20 }
)";
  Ran out = ran(text);
  CHECK(out.run.outcome.stopped_by == runtime::StoppedBy::failed);
  CHECK(out.run.outcome.steps == 1);
  CHECK(out.run.outcome.message.find("y got to 0.98085303399846") != std::string::npos);
  CHECK(out.run.outcome.message.find("in round 12") != std::string::npos);
  CHECK(out.run.params[2] == Approx(1.536));
}
