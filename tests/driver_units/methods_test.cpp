// Methods that look for minima, beside SciPy's counterparts: what they find, and in how many
// evaluations (tests/reference/methods).
#include "driver_units/experiment_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

struct Found {
  RunResult run;
  int64_t values = 0, gradients = 0;
};
Found look(const std::string& text, const driver::CommonOptions& options = {}) {
  ExperimentProgram program("tests/reference/methods_run.tw", options, text);
  Found found{program.run(), 0, 0};
  auto counts = program.prepared().racers[0]->evaluations();
  REQUIRE(counts.size() >= 2);
  found.values = counts[0].second;
  found.gradients = counts[1].second;
  return found;
}

} // namespace

TEST_CASE("methods find the minima that SciPy finds, in about as many evaluations", "[driver]") {
  const std::string problems = source_file("tests/reference/methods.tw");
  const auto theirs = nlohmann::json::parse(source_file("tests/reference/methods/minima.json"));
  std::map<std::string, std::vector<double>> ratios;
  for (const auto& [problem, by_method] : theirs["problems"].items())
    for (const auto& [method, reference] : by_method.items()) {
      INFO(method << " on " << problem);
      Found found = look(problems + experiment_text(problem, method + "()",
                                                    "until norminf(grad) <= 1e-6\n  steps 5000"));
      CHECK(found.run.outcome.stopped_by == runtime::StoppedBy::until);
      double f = *found.run.rows.back().values[0], least = reference["f"].get<double>();
      CHECK(f <= least + 1e-8 * std::abs(least) + 1e-8);
      const auto x = reference["x"].get<std::vector<double>>();
      REQUIRE(x.size() == found.run.params.size());
      // Powell's function is flat at its minimum.
      for (size_t k = 0; k < x.size() && problem != "powell"; ++k)
        CHECK(found.run.params[k] == Approx(x[k]).margin(1e-5));
      CHECK(found.values == found.gradients);
      ratios[method].push_back(static_cast<double>(found.values) /
                               reference["evaluations"].get<double>());
    }
  for (auto& [method, list] : ratios) {
    std::sort(list.begin(), list.end());
    INFO(method << ": " << fmt::format("{}", fmt::join(list, " ")) << " of SciPy's evaluations");
    CHECK((list[list.size() / 2 - 1] + list[list.size() / 2]) / 2 <= 1.1);
  }
}

TEST_CASE("no point is evaluated twice", "[driver]") {
  // Curvature 8 from x = 1 against the gradient 8: 1, 1/2 and 1/4 are too far, 1/8 is the minimum.
  const std::string bowl = "problem Bowl { param x: [1] = 1; minimize 4*sumsq(x) }\n";
  Found one = look(bowl + experiment_text("Bowl", "SteepestDescent()", "steps 1"));
  CHECK(one.run.outcome.steps == 1);
  CHECK(one.run.params[0] == 0);
  CHECK(one.values == 5);    // x and four trials, of which one is asked for again and becomes x'
  CHECK(one.gradients == 2); // at x and at x'
  // The first trial is good: value and gradient at x and x', whose gradient the rule and the next
  // step ask for.
  const std::string flat = "problem Bowl { param x: [3] = 1; minimize sumsq(x)/2 }\n";
  Found two =
      look(flat + experiment_text("Bowl", "LBFGS()", "until norm(grad) < 1e-12\n  steps 20"));
  CHECK(two.run.outcome.steps == 2);
  CHECK(two.values == 3);
  CHECK(two.gradients == 3);
}

TEST_CASE("Newton's method finds the same minima, and counts its Hessians", "[driver]") {
  const std::string problems = source_file("tests/reference/methods.tw");
  const auto theirs = nlohmann::json::parse(source_file("tests/reference/methods/minima.json"));
  for (const auto& [problem, by_method] : theirs["problems"].items()) {
    INFO(problem);
    ExperimentProgram program(
        "tests/reference/methods_run.tw", {},
        problems +
            experiment_text(problem, "DampedNewton()", "until norminf(grad) <= 1e-8\n  steps 300"));
    RunResult run = program.run();
    CHECK(run.outcome.stopped_by == runtime::StoppedBy::until);
    double least = by_method["BFGS"]["f"].get<double>();
    CHECK(*run.rows.back().values[0] <= least + 1e-8 * std::abs(least) + 1e-8);
    const auto x = by_method["BFGS"]["x"].get<std::vector<double>>();
    for (size_t k = 0; k < x.size() && problem != "powell"; ++k)
      CHECK(run.params[k] == Approx(x[k]).margin(1e-5));
    auto counts = program.prepared().racers[0]->evaluations();
    REQUIRE(counts.size() == 3);
    CHECK(counts[2] == std::pair<std::string, int64_t>{"hess", run.outcome.steps});
    CHECK(counts[1].second == run.outcome.steps + 1);
  }
}

TEST_CASE("first-order methods with all of their variants find minima of smooth problems",
          "[driver]") {
  const std::string problems = source_file("tests/reference/methods.tw");
  const auto theirs = nlohmann::json::parse(source_file("tests/reference/methods/minima.json"));
  for (const char* problem : {"quadratic", "logarithms"})
    for (const char* use :
         {"SteepestDescent()", "SteepestDescent(line_search = \"wolfe\")",
          "SteepestDescent(line_search = \"strong_wolfe\")",
          "SteepestDescent(line_search = \"nonmonotone\")",
          "SteepestDescent(line_search = \"exact\")", "BarzilaiBorwein(step = \"long\")",
          "BarzilaiBorwein(step = \"short\")", "BarzilaiBorwein()", "NonlinearCG(beta = \"FR\")",
          "NonlinearCG(beta = \"HS\")", "NonlinearCG(beta = \"DY\")", "AcceleratedGradient()",
          "AcceleratedGradient(restart = \"function\")", "NewtonCG()", "TrustRegion()"}) {
      INFO(use << " on " << problem);
      Found found = look(
          problems + experiment_text(problem, use, "until norminf(grad) <= 1e-6\n  steps 2000"));
      CHECK(found.run.outcome.stopped_by == runtime::StoppedBy::until);
      const auto x = theirs["problems"][problem]["BFGS"]["x"].get<std::vector<double>>();
      for (size_t k = 0; k < x.size(); ++k)
        CHECK(found.run.params[k] == Approx(x[k]).margin(1e-5));
    }
}

TEST_CASE("linear conjugate gradients end after as many steps as there are eigenvalues",
          "[driver]") {
  const std::string bowl =
      "problem Bowl { param x: [60] = 1; minimize sum(tensor[i] (1 + i mod 5)*(x[i] - i)^2)/2 }\n";
  Found found =
      look(bowl + experiment_text("Bowl", "LinearCG()", "until norm(grad) < 1e-9\n  steps 9"));
  CHECK(found.run.outcome.stopped_by == runtime::StoppedBy::until);
  CHECK(found.run.outcome.steps == 5);
  // No quadratic with a minimum: told, not gone on with.
  const std::string saddle = "problem Saddle { param x: [2] = [0, 1]; minimize x[0]^2 - x[1]^2 }\n";
  Found failed = look(saddle + experiment_text("Saddle", "LinearCG()", "steps 9"));
  CHECK(failed.run.outcome.stopped_by == runtime::StoppedBy::failed);
  CHECK(failed.run.outcome.message.find("f has no minimum") != std::string::npos);
}

TEST_CASE("Polyak's step reaches a known minimum, also at a kink", "[driver]") {
  const std::string cone = "problem Cone { param x: [2] = [3, 4]; minimize norm(x) + abs(x[0]) }\n";
  auto stopped_by = [&](const char* use, const char* end) {
    return ExperimentProgram("tests/reference/methods_run.tw", {},
                             cone + experiment_text("Cone", use, end))
        .run()
        .outcome.stopped_by;
  };
  CHECK(stopped_by("PolyakStep()", "until loss < 1e-8\n  steps 500") == runtime::StoppedBy::until);
  CHECK(stopped_by("PolyakStep(least = 100)", "steps 5") == runtime::StoppedBy::failed);
}

TEST_CASE("a method's run has the same bits on any number of threads and on every target with fma",
          "[driver]") {
  const std::string text = "problem Chain(n = 3000) {\n  param x: [n] = -1.2\n"
                           "  minimize sum(100*(x[1..] - x[..-1]^2)^2 + (1 - x[..-1])^2)\n}\n" +
                           experiment_text("Chain", "LBFGS(history = 4)", "steps 30");
  for (const char* precision : {"f64", "f32"}) {
    driver::CommonOptions options;
    options.precision = precision;
    options.pipeline.threads = 1;
    Found one = look(text, options);
    options.pipeline.threads = 4;
    Found four = look(text, options);
    CHECK(one.run.outcome.steps == 30);
    bool same = one.run.bits == four.run.bits;
    CHECK(same);
    options.pipeline.target = "avx2";
    if (!codegen::TargetSpec::by_name("avx2")->runs_here()) continue;
    same = one.run.bits == look(text, options).run.bits;
    CHECK(same);
  }
}
