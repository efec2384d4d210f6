// Nothing is compiled again because a number changed: steps, schedules, rates, seeds, sizes.
#include "driver_units/experiment_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace thalweg;
using namespace thalweg::test;

namespace {

std::string valley(int64_t n, const std::string& rate, int64_t steps, int64_t seed) {
  return "experiment valley { minimize Rosenbrock(n = " + std::to_string(n) +
         ") using SGD(lr = " + rate + ", momentum = 0.9) record loss, lr every 10000 steps " +
         std::to_string(steps) + " seed " + std::to_string(seed) + " }";
}

// All that is compiled, as assembly.
std::string code_of(const std::string& path, const driver::CommonOptions& given,
                    const std::string& text = "") {
  driver::CommonOptions options = given;
  options.pipeline.code.want_asm = true;
  return ExperimentProgram(path, options, text).pipeline().dumps();
}

// Where two texts part; empty if they don't.
std::string difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  size_t at =
      static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  size_t from = a.rfind('\n', at) + 1; // 0 where there is none
  auto line = [&](const std::string& text) {
    return text.substr(std::min(from, text.size()), text.find('\n', at) - from);
  };
  return "'" + line(a) + "' against '" + line(b) + "'";
}

} // namespace

TEST_CASE("a schedule over 100,000 steps compiles nothing after the start", "[driver]") {
  ExperimentProgram program(
      "examples/valley.tw", {},
      valley(2, "warmup_cosine(peak = 1e-4, warmup = 1000, total = 100000)", 100000, 0));
  const int before = program.pipeline().compilations();
  CHECK(before > 0);
  RunResult result = program.run();
  CHECK(result.outcome.steps == 100000);
  CHECK(program.pipeline().compilations() == before);
  // The schedule did run: its rate at rows 0, 10,000, …, 100,000, the loss on its way down.
  REQUIRE(result.rows.size() == 11);
  for (size_t k = 0; k < result.rows.size(); ++k) {
    double t = static_cast<double>(k) * 10000 + 1, p = std::min(1.0, (t - 1000) / 99000);
    double rate = t <= 1000 ? 1e-4 * t / 1000 : 5e-5 * (1 + std::cos(M_PI * p));
    CHECK(std::abs(*result.rows[k].values[1] - rate) <= 1e-16 + 1e-12 * rate);
  }
  CHECK(*result.rows.back().values[0] < 1e-6 * *result.rows.front().values[0]);
}

TEST_CASE("as many compilations for 10 steps as for 10,000", "[driver]") {
  ExperimentProgram brief("examples/valley.tw", {}, valley(2, "1e-4", 10, 0)),
      lengthy("examples/valley.tw", {}, valley(2, "1e-4", 10000, 0));
  CHECK(brief.run().outcome.steps == 10);
  CHECK(lengthy.run().outcome.steps == 10000);
  CHECK(brief.pipeline().compilations() == lengthy.pipeline().compilations());
}

TEST_CASE("rate, seed, steps and sizes are arguments of the kernels", "[driver]") {
  const std::string wanted = code_of("examples/valley.tw", {}, valley(2, "1e-3", 100, 0));
  REQUIRE(wanted.find("SGD.step") != std::string::npos);
  CHECK(difference(code_of("examples/valley.tw", {}, valley(2, "0.01703", 100, 0)), wanted) == "");
  CHECK(difference(code_of("examples/valley.tw", {}, valley(2, "1e-3", 99999, 0)), wanted) == "");
  CHECK(difference(code_of("examples/valley.tw", {}, valley(2, "1e-3", 100, 12345)), wanted) == "");
  CHECK(difference(code_of("examples/valley.tw", {}, valley(3001, "1e-3", 100, 0)), wanted) == "");
  CHECK(difference(code_of("examples/valley.tw", {}, valley(2, "constant(1e-3)", 100, 0)),
                   wanted) != "");

  const std::string example = "examples/01_logistic_regression.tw";
  const std::string trained = code_of(example, {});
  driver::CommonOptions other;
  other.sets = {"AdamW.lr.peak=0.3", "AdamW.lr.total=77", "AdamW.beta1=0.5",
                "lambda=0.25",       "steps=123",         "seed=5",
                "batch=17"};
  CHECK(difference(code_of(example, other), trained) == "");
  other.precision = "f32";
  CHECK(difference(code_of(example, other), trained) != "");
}

TEST_CASE("a prepared experiment starts again with other sizes", "[driver]") {
  ExperimentProgram program("examples/valley.tw", {}, valley(2, "1e-4", 200, 0));
  driver::ExperimentRun& run = program.prepared();
  const int before = program.pipeline().compilations();
  RunResult two = program.run();
  REQUIRE(run.objective->bind_sizes({{"n", 5000}}, ""));
  REQUIRE(run.initial_point.get(5000 * sizeof(double)));
  REQUIRE(run.objective->initialize(run.initial_point.data(), 0));
  RunResult many = program.run();
  CHECK(program.pipeline().compilations() == before);
  CHECK(many.params.size() == 5000);
  CHECK(many.bits == run_experiment("examples/valley.tw", {}, valley(5000, "1e-4", 200, 0)).bits);
  CHECK(two.params.size() == 2);
}
