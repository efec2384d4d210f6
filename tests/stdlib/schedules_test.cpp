// The schedules of the library against those of others, as the values that a rule records.
#include "reference/stream.h"
#include "stdlib/rule_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

nlohmann::json schedule_fixture(const std::string& item) {
  std::ifstream in(std::string(THALWEG_SOURCE_DIR) + "/tests/reference/schedules/" + item +
                   ".json");
  return in ? nlohmann::json::parse(in) : nlohmann::json();
}

std::vector<std::string> schedule_items() {
  std::vector<std::string> items;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(THALWEG_SOURCE_DIR) / "stdlib" / "schedules"))
    items.push_back(entry.path().stem().string());
  return items;
}

// What the schedules of a case are told, as make_schedule_fixtures.py has it.
class Losses {
public:
  explicit Losses(uint64_t seed) : stream_(seed) {}
  double next() {
    loss_ += 0.02 * (stream_.uniform() - (++step_ < 200 ? 0.3 : 0.0));
    return loss_;
  }

private:
  reference::Stream stream_;
  double loss_ = 1;
  int step_ = 0;
};

void check_rates(const nlohmann::json& c) {
  const std::string text = c.at("using");
  INFO(text << " by " << c.at("made_by"));
  const std::vector<double> rates = c.at("rates");
  REQUIRE(rates.size() == 500);
  double top = 0;
  for (double rate : rates)
    top = std::max(top, std::abs(rate));
  REQUIRE(top > 0);
  for (DType precision : {DType::f64, DType::f32}) {
    RuleProgram program("SGD(lr = " + text + ")", precision);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner compiled(program, pipeline), interpreted(program, pipeline, Way::interpreted);
    compiled.start({{1.0}}, {{1}});
    interpreted.start({{1.0}}, {{1}});
    Losses losses(c.value("losses", 0));
    for (size_t k = 0; k < rates.size(); ++k) {
      INFO("step " << k + 1);
      REQUIRE(compiled.step({{0.5}}) == 0);
      // Schedules are f64 whatever the run's precision. Near 0 the references are exact to the
      // rounding of their largest rate only.
      double found = compiled.recorded("lr");
      CHECK(std::abs(found - rates[k]) <= 1e-9 * std::abs(rates[k]) + 1e-15 * top);
      if (k < 60) {
        REQUIRE(interpreted.step({{0.5}}) == 0);
        CHECK(found == interpreted.recorded("lr"));
        CHECK(compiled.row(0, "x").same_bits(interpreted.row(0, "x")));
      }
      double loss = losses.next();
      compiled.loss(loss);
      interpreted.loss(loss);
    }
  }
}

} // namespace

TEST_CASE("every schedule equals its reference over 500 steps", "[stdlib]") {
  std::vector<std::string> items = schedule_items();
  REQUIRE(items.size() >= 18);
  for (const std::string& item : items) {
    INFO(item);
    const nlohmann::json file = schedule_fixture(item);
    REQUIRE_FALSE(file.is_null());
    CHECK(file.at("item") == item);
    REQUIRE_FALSE(file.at("cases").empty());
    for (const nlohmann::json& c : file.at("cases"))
      check_rates(c);
  }
}

TEST_CASE("the constant schedule is its argument", "[stdlib]") {
  RuleProgram scheduled("AdamW(lr = constant(0.0173))", DType::f32),
      plain("AdamW(lr = 0.0173)", DType::f32);
  driver::Pipeline scheduled_code = scheduled.pipeline(), plain_code = plain.pipeline();
  RuleRunner a(scheduled, scheduled_code), b(plain, plain_code);
  a.start({{1, -2, 3}}, {{3}});
  b.start({{1, -2, 3}}, {{3}});
  for (int t = 1; t <= 30; ++t) {
    std::vector<std::vector<double>> gradient{{0.3 * t, 1.0 / t, -2.5}};
    REQUIRE(a.step(gradient) == 0);
    REQUIRE(b.step(gradient) == 0);
    CHECK(a.recorded("lr") == 0.0173);
    REQUIRE(a.row(0, "x").same_bits(b.row(0, "x")));
  }
}
