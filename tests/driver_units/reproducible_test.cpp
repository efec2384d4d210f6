// The same experiment gives the same bits: run after run, and on every CPU target with an fma.
#include "driver_units/experiment_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const std::string kExample = "examples/01_logistic_regression.tw";

driver::CommonOptions options(const std::string& precision, const std::string& target = "host") {
  driver::CommonOptions o;
  o.precision = precision;
  o.pipeline.target = target;
  return o;
}
// Recorded values as bits: no tolerance, NaN included.
bool same_rows(const RunResult& a, const RunResult& b) {
  return a.rows.size() == b.rows.size() &&
         std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), [](const auto& p, const auto& q) {
           return p.step == q.step && p.values == q.values;
         });
}

} // namespace

TEST_CASE("the same run twice gives the same bits", "[driver]") {
  for (const char* precision : {"f64", "f32"}) {
    INFO(precision);
    ExperimentProgram program(kExample, options(precision));
    RunResult first = program.run(), again = program.run();
    RunResult fresh = run_experiment(kExample, options(precision));
    CHECK(first.outcome.steps == 400);
    CHECK(first.rows.size() == 41);
    CHECK(first.params.size() == 31);
    CHECK(first.bits == again.bits);
    CHECK(first.bits == fresh.bits);
    CHECK(same_rows(first, again));
    CHECK(same_rows(first, fresh));
    // It trained: the loss fell from log 2, and another seed ends elsewhere.
    CHECK(*first.rows.front().values[0] == Approx(std::log(2.0)));
    CHECK(*first.rows.back().values[0] < 0.2);
    driver::CommonOptions other = options(precision);
    other.sets = {"seed=1"};
    CHECK(run_experiment(kExample, other).bits != first.bits);
  }
}

TEST_CASE("every target with fma that runs here gives the same bits", "[driver]") {
  for (const char* precision : {"f64", "f32"}) {
    RunResult host = run_experiment(kExample, options(precision));
    int compared = 0;
    for (const char* target : {"avx2", "avx512"}) {
      if (!codegen::TargetSpec::by_name(target)->runs_here()) continue;
      INFO(precision << ", " << target);
      RunResult other = run_experiment(kExample, options(precision, target));
      CHECK(other.bits == host.bits);
      CHECK(same_rows(other, host));
      ++compared;
    }
    if (codegen::TargetSpec::avx2().runs_here()) CHECK(compared > 0);
  }
}

TEST_CASE("the target without fma stays near", "[driver]") {
  for (const auto& [precision, bound] : {std::pair("f64", 1e-12), std::pair("f32", 1e-6)}) {
    RunResult host = run_experiment(kExample, options(precision));
    RunResult least = run_experiment(kExample, options(precision, "baseline"));
    REQUIRE(least.params.size() == host.params.size());
    double apart = 0, top = 0;
    for (size_t k = 0; k < host.params.size(); ++k) {
      apart = std::max(apart, std::abs(least.params[k] - host.params[k]));
      top = std::max(top, std::abs(host.params[k]));
    }
    INFO(precision << ": " << apart / top);
    CHECK(apart <= bound * top);
  }
}

TEST_CASE("any number of threads gives the same bits", "[driver]") {
  const std::string program = R"(
problem Digits(hidden = 300) {
  data  X: [n, d]
  data  y: class(k)[n]
  param W1: [d, hidden] = normal(0, √(2/d))
  param b1: [hidden] = 0
  param W2: [hidden, k] = normal(0, √(2/hidden))
  let logits = relu(X @ W1 + b1) @ W2
  minimize mean(cross_entropy(logits, y)) + 1e-4*sumsq(W1)
}
experiment digits {
  minimize Digits()
  given    X, y = csv("data/digits.csv", target = "digit", scale = 1/16)
  using    clip_by_global_norm(1) |> AdamW(lr = 3e-3)
  holdout  0.2
  steps    4
  record   loss, norm(grad) every 1
}
)";
  for (const char* precision : {"f64", "f32"}) {
    driver::CommonOptions one = options(precision);
    one.pipeline.threads = 1;
    RunResult alone = run_experiment("examples/digits_on_threads.tw", one, program);
    REQUIRE(alone.params.size() == 64 * 300 + 300 + 3000);
    for (int threads : {2, 5}) {
      INFO(precision << ", " << threads << " threads");
      driver::CommonOptions more = options(precision);
      more.pipeline.threads = threads;
      RunResult shared = run_experiment("examples/digits_on_threads.tw", more, program);
      CHECK(shared.bits == alone.bits);
      CHECK(same_rows(shared, alone));
    }
  }
}
