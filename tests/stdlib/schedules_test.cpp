// The schedules of the library against torch's, as the values that a rule records.
#include "stdlib/rule_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;

TEST_CASE("warmup_cosine is LinearLR, then CosineAnnealingLR", "[stdlib]") {
  std::ifstream in(std::string(THALWEG_SOURCE_DIR) +
                   "/tests/reference/schedules/warmup_cosine.json");
  const nlohmann::json file = nlohmann::json::parse(in);
  REQUIRE(file.at("cases").size() == 4);
  for (const nlohmann::json& c : file.at("cases")) {
    std::map<std::string, std::string> arguments;
    for (const auto& [name, value] : c.at("hyper").items())
      arguments[name] = fmt::format("{}", value.get<double>());
    std::string text = fmt::format("SGD(lr = warmup_cosine({}))", arguments_text(arguments));
    INFO(text);
    std::vector<double> rates = c.at("rates");
    const double peak = c.at("hyper").at("peak");
    for (DType precision : {DType::f64, DType::f32}) {
      RuleProgram program(text, precision);
      driver::Pipeline pipeline = program.pipeline();
      RuleRunner compiled(program, pipeline), interpreted(program, pipeline, Way::interpreted);
      compiled.start({{1.0}}, {{1}});
      interpreted.start({{1.0}}, {{1}});
      for (size_t k = 0; k < rates.size(); ++k) {
        INFO("step " << k + 1);
        REQUIRE(compiled.step({{0.5}}) == 0);
        REQUIRE(interpreted.step({{0.5}}) == 0);
        // Schedules are f64 whatever the run's precision. torch multiplies its rates step by step:
        // near the floor they are exact to the peak's rounding only.
        CHECK(std::abs(compiled.recorded("lr") - rates[k]) <= 1e-12 * peak);
        if (rates[k] > 0.01 * peak)
          CHECK(std::abs(compiled.recorded("lr") - rates[k]) <= 1e-12 * rates[k]);
        CHECK(compiled.recorded("lr") == interpreted.recorded("lr"));
        CHECK(compiled.row(0, "x").same_bits(interpreted.row(0, "x")));
      }
    }
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
