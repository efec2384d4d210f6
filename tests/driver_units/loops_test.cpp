// Loops in functions that rules call: what they compute is what the rounds written out compute,
// over a table of tensors, on any number of threads.
#include "driver_units/experiment_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// A round of a polynomial iteration towards the nearest orthogonal matrix.
const std::string kRound = R"(
    let A = X @ X.T
    let B = -4.7750*A + 2.0315*(A @ A)
    X = 3.4445*X + B @ X
)";

std::string program(const std::string& rounds) {
  return R"(
function orthogonal(G) {
  var X = G/(norm(G) + 1e-7)
)" + rounds +
         R"(
  return X
}
optimizer Turned(lr = 0.02, momentum = 0.9) on matrix W {
  state m = 0
  m' = momentum*m + ∇f(W)
  W' = W - lr*orthogonal(m')
}
problem Matrices {
  param A: [3, 4] = normal(0, 1)
  param B: [4, 3] = normal(0, 1)
  param C: [1, 1] = 2
  param D: [40, 70] = normal(0, 1)
  param E: [3, 4] = normal(0, 1)
  minimize sumsq(A @ B - eye(3)) + sum((C - 1)^4) + sumsq(D - 1) + sum(exp(E))
}
experiment e {
  minimize Matrices()
  using Turned()
  steps 12
}
)";
}

driver::CommonOptions options(const std::string& precision, int threads) {
  driver::CommonOptions o;
  o.precision = precision;
  o.pipeline.threads = threads;
  return o;
}

} // namespace

TEST_CASE("a loop computes what its rounds written out compute", "[driver]") {
  std::string numbered;
  for (int k = 0; k < 5; ++k)
    numbered +=
        fmt::format("  let A{0} = X @ X.T\n  let B{0} = -4.7750*A{0} + 2.0315*(A{0} @ A{0})\n"
                    "  X = 3.4445*X + B{0} @ X\n",
                    k);
  for (const char* precision : {"f64", "f32"}) {
    INFO(precision);
    const std::string looped = program("  repeat 5 {" + kRound + "  }\n");
    RunResult loop = run_experiment("examples/loop.tw", options(precision, 1), looped);
    RunResult shared = run_experiment("examples/loop.tw", options(precision, 3), looped);
    RunResult plain = run_experiment("examples/plain.tw", options(precision, 1), program(numbered));
    REQUIRE(loop.params.size() == 12 + 12 + 1 + 2800 + 12);
    CHECK(loop.outcome.steps == 12);
    bool same_on_threads = loop.bits == shared.bits;
    CHECK(same_on_threads);
    // Rounds written out are simplified together: equal up to rounding.
    double worst = 0;
    for (size_t k = 0; k < loop.params.size(); ++k)
      worst = std::max(worst, std::abs(loop.params[k] - plain.params[k]));
    CHECK(worst < (std::string(precision) == "f64" ? 1e-11 : 1e-3));
  }
}
