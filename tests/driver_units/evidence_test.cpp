// Methods beside SciPy's on the collection of Moré, Garbow and Hillstrom, from the standard starts:
// what they find, and in how many evaluations (tests/reference/problems).
#include "driver_units/experiment_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

using namespace thalweg;
using namespace thalweg::test;
using nlohmann::json;

namespace {

// Ours, and SciPy's counterpart.
const std::vector<std::pair<std::string, std::string>> kPairs{
    {"LBFGS", "L-BFGS-B"},           {"BFGS", "BFGS"},          {"NonlinearCG", "CG"},
    {"DampedNewton", "trust-exact"}, {"NewtonCG", "Newton-CG"}, {"TrustRegion", "trust-ncg"}};
constexpr int kSteps = 5000;
// The start has x[0] = x[4] and x[2] = x[5], and so has every point that gradients lead to from
// there: they end in a saddle of that plane, f = 0.00565…, which only roundings leave.
const std::set<std::string> kUnfair{"BiggsEXP6(m = 13) TrustRegion"};

json fixture(const std::string& name) {
  std::ifstream in(std::string(THALWEG_SOURCE_DIR) + "/tests/reference/problems/" + name);
  REQUIRE(in);
  return json::parse(in);
}

struct Case {
  std::string call;           // "Watson(n = 6)"
  double start = 0;           // f there
  std::vector<double> minima; // ascending, those at infinity too
  json theirs;                // by method
  double allowed(double least) const {
    return least != 0 ? 1e-8 * std::abs(least) : 1e-12 * std::abs(start);
  }
};

std::vector<Case> cases(const std::vector<std::string>& names) {
  std::map<std::string, json> theirs;
  auto key = [](const json& c) { return c.at("problem").dump() + c.at("hyper").dump(); };
  const json peers = fixture("scipy.json"), listed = fixture("minima.json");
  for (const json& c : peers.at("cases"))
    theirs[key(c)] = c.at("methods");
  std::vector<Case> all;
  for (const json& c : listed.at("cases")) {
    const std::string name = c.at("problem");
    if (!theirs.contains(key(c)) ||
        (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()))
      continue;
    Case one;
    std::vector<std::string> hypers;
    for (const auto& [hyper, value] : c.at("hyper").items())
      hypers.push_back(fmt::format("{} = {}", hyper, value.dump()));
    one.call = fmt::format("{}({})", name, fmt::join(hypers, ", "));
    one.start = std::stod(c.at("f").get<std::string>());
    for (const json& m : c.at("minima"))
      one.minima.push_back(std::stod(m.at("f").get<std::string>()));
    for (const json& f : c.at("at_infinity"))
      one.minima.push_back(std::stod(f.get<std::string>()));
    std::sort(one.minima.begin(), one.minima.end());
    one.theirs = theirs[key(c)];
    all.push_back(std::move(one));
  }
  return all;
}

struct Reached {
  std::optional<double> minimum;
  int64_t evaluations = 0; // f, ∇f, ∇²f and products with it, until the value is there
  std::string counts;
};

// One program for all methods; another run tells how soon a method was at another minimum than the
// lowest.
class Runs {
public:
  explicit Runs(const Case& c) : case_(c), first_(program(c.minima.front())) {}

  Reached reached(size_t method) {
    RunResult run = first_.run(method);
    if (run.outcome.stopped_by == runtime::StoppedBy::until)
      return counted(first_, method, case_.minima.front());
    const double end = first_.prepared().racers[method]->final_loss();
    for (double least : case_.minima)
      if (std::abs(end - least) <= case_.allowed(least)) {
        ExperimentProgram again(program(least));
        again.run(method);
        return counted(again, method, least);
      }
    return {std::nullopt, 0, fmt::format("ends at {:.6g}", end)};
  }

private:
  ExperimentProgram program(double least) const {
    std::string text = fmt::format("experiment e {{\n  minimize {}\n", case_.call);
    for (const auto& [ours, theirs] : kPairs)
      text += fmt::format("  using {}()\n", ours);
    text += fmt::format("  until loss <= {:.17g}\n  steps {}\n  record loss every {}\n}}\n",
                        least + case_.allowed(least), kSteps, kSteps);
    return ExperimentProgram("tests/reference/evidence.tw", {}, text);
  }
  static Reached counted(ExperimentProgram& program, size_t method, double least) {
    Reached out{least, 0, ""};
    for (const auto& [name, count] : program.prepared().racers[method]->evaluations()) {
      out.evaluations += count;
      out.counts += fmt::format("{}{}", out.counts.empty() ? "" : "/", count);
    }
    return out;
  }

  const Case& case_;
  ExperimentProgram first_;
};

double median(std::vector<double> list) {
  std::sort(list.begin(), list.end());
  return (list[(list.size() - 1) / 2] + list[list.size() / 2]) / 2;
}

void compare(const std::vector<std::string>& names, bool print) {
  std::map<std::string, std::vector<double>> ratios;
  for (const Case& c : cases(names)) {
    Runs runs(c);
    std::string line = fmt::format("{:40}", c.call);
    for (size_t k = 0; k < kPairs.size(); ++k) {
      const auto& [ours, method] = kPairs[k];
      const json& theirs = c.theirs.at(method);
      const bool they_reach = theirs.contains("minimum");
      Reached reached = runs.reached(k);
      INFO(c.call << ", " << ours << ": " << reached.counts << "; SciPy: " << theirs.dump());
      if (they_reach && !kUnfair.contains(c.call + " " + ours)) CHECK(reached.minimum);
      int64_t evaluations = 0;
      if (they_reach)
        for (const auto& [name, count] : theirs.at("evaluations").items())
          evaluations += count.get<int64_t>();
      if (they_reach && reached.minimum)
        ratios[ours].push_back(static_cast<double>(reached.evaluations) /
                               static_cast<double>(evaluations));
      line += fmt::format(" | {} {:.4g} {} ({})", ours, reached.minimum.value_or(std::nan("")),
                          reached.counts, they_reach ? std::to_string(evaluations) : "-");
    }
    if (print) std::cout << line << "\n";
  }
  for (auto& [method, list] : ratios) {
    INFO(method << ": " << fmt::format("{:.2f}", fmt::join(list, " "))
                << " of SciPy's evaluations");
    CHECK(median(list) <= 1.1);
    if (print)
      std::cout << fmt::format("{}: median {:.3f} of SciPy's evaluations on {} problems\n", method,
                               median(list), list.size());
  }
}

} // namespace

TEST_CASE("methods find what SciPy's find, in about as many evaluations: some of the collection",
          "[driver]") {
  compare({"FreudensteinRoth", "Beale", "Bard", "Gaussian", "KowalikOsborne", "BrownDennis"},
          false);
}

// The whole table: driver_units_test "[.evidence]".
TEST_CASE("methods find what SciPy's find, in about as many evaluations", "[.evidence]") {
  compare({}, true);
}
