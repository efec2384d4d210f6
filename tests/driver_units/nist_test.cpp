// The 27 regression sets of NIST against their certified values (tests/reference/nist), by least
// squares run until nothing lowers the objective.
#include "driver_units/experiment_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

std::string experiment(const std::string& set, int start, const std::string& use) {
  const std::string file = fmt::format("csv(\"data/nist/{}.csv\"", set);
  std::string given = fmt::format("given x, y = {}, target = \"y\")", file);
  if (set == "Nelson")
    given = fmt::format("given x1 = {0}, columns = [\"x1\"])\n  given x2 = {0}, columns = "
                        "[\"x2\"])\n  given y = {0}, columns = [\"y\"])",
                        file);
  return fmt::format(
      "experiment e {{\n  minimize {}(start = {})\n  {}\n  using {}\n  steps 5000\n  record loss "
      "every 5000\n}}\n",
      set, start, given, use);
}

// The least number of decimal digits that a parameter shares with its certified value.
double digits(const std::vector<double>& found, const std::vector<double>& certified) {
  double least = 15;
  for (size_t k = 0; k < certified.size(); ++k) {
    double error = std::abs(found[k] - certified[k]) / std::abs(certified[k]);
    least = std::min(least, std::isfinite(error) ? -std::log10(std::max(error, 1e-15)) : 0.0);
  }
  return std::max(least, 0.0);
}

struct Row {
  std::string set;
  double digits = 0, loss = 0;
  int64_t steps = 0, residuals = 0, jacobians = 0;
};
Row solve(const std::string& set, int start, const nlohmann::json& certified) {
  ExperimentProgram program("examples/nist_run.tw", {},
                            experiment(set, start, "LevenbergMarquardt()"));
  RunResult run = program.run();
  Row row{set};
  row.digits = digits(run.params, certified["parameters"].get<std::vector<double>>());
  row.loss = run.rows.back().values[0].value_or(std::nan(""));
  row.steps = run.outcome.steps;
  for (const auto& [name, count] : program.prepared().racers[0]->evaluations()) {
    if (name == "residuals") row.residuals = count;
    if (name == "jac") row.jacobians = count;
  }
  return row;
}

} // namespace

TEST_CASE("least squares reach the certified values of NIST from the nearer start", "[driver]") {
  std::ifstream file(std::filesystem::path(THALWEG_SOURCE_DIR) /
                     "tests/reference/nist/certified.json");
  const auto certified = nlohmann::json::parse(file);
  REQUIRE(certified.size() == 27);
  int reached = 0;
  std::string table;
  for (const auto& [set, values] : certified.items()) {
    Row row = solve(set, 2, values);
    reached += row.digits >= 6;
    table += fmt::format("{:10} {:5.1f} digits  loss {:.11g}  {} steps  {} residuals  {} jac\n",
                         set, row.digits, row.loss, row.steps, row.residuals, row.jacobians);
    INFO(table);
    CHECK(row.residuals >= row.jacobians);
    CHECK(row.loss <= values["rss"].get<double>() * (1 + 1e-9) + 1e-20);
  }
  INFO(table);
  CHECK(reached >= 25);
}

// Run by its name: nist_table, beside the test's own start the farther one.
TEST_CASE("table of the sets of NIST", "[.table]") {
  std::ifstream file(std::filesystem::path(THALWEG_SOURCE_DIR) /
                     "tests/reference/nist/certified.json");
  for (const auto& [set, values] : nlohmann::json::parse(file).items()) {
    fmt::print("| {} ", set);
    for (int start : {2, 1}) {
      Row row = solve(set, start, values);
      fmt::print("| {:.1f} | {:.11g} | {} | {} ", row.digits, row.loss, row.steps, row.residuals);
    }
    fmt::print("|\n");
  }
}
