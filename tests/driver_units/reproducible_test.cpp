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
