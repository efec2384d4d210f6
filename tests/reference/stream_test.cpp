// The number stream against the samples that the Python scripts stored beside their results.
#include "reference/fixtures.h"

#include <catch2/catch.hpp>

using namespace thalweg::reference;

TEST_CASE("the stream draws the numbers of the fixtures", "[reference]") {
  REQUIRE(fixture_items().size() >= 4);
  for (const std::string& item : fixture_items()) {
    const Fixture fixture = load_fixture(item);
    INFO(item);
    REQUIRE_FALSE(fixture.cases.empty());
    Stream uniform(fixture.cases[0].seed), magnitude(fixture.cases[0].seed);
    REQUIRE(fixture.stream.at("uniform").size() == 4);
    for (double expected : fixture.stream.at("uniform"))
      CHECK(uniform.uniform() == expected);
    REQUIRE(fixture.stream.at("magnitude").size() == 8);
    for (double expected : fixture.stream.at("magnitude"))
      CHECK(magnitude.magnitude() == expected);
  }
}

// Gradient descent is short enough to be written here: it shows that a replay has the right order.
TEST_CASE("a replayed plain descent ends where the reference ended", "[reference]") {
  const Fixture fixture = load_fixture("GD");
  REQUIRE(fixture.cases.size() == 2);
  for (const Case& c : fixture.cases) {
    const double lr = std::stod(c.use.substr(std::string("GD(lr = ").size()));
    Replay replay(fixture, c);
    Tensors x = replay.start();
    for (int step = 1; step <= fixture.steps; ++step) {
      Tensors g = c.closed ? Tensors() : replay.gradients();
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (c.closed) g.push_back(replay.gradient(i, x[i], false));
        for (std::size_t k = 0; k < x[i].size(); ++k)
          x[i][k] -= lr * g[i][k];
      }
      const auto kept = c.x.find(step);
      if (kept == c.x.end()) continue;
      for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(x[i].size() >= kept->second[i].size());
        for (std::size_t k = 0; k < kept->second[i].size(); ++k)
          CHECK(x[i][k] == Approx(kept->second[i][k]).epsilon(0).margin(1e-12));
      }
    }
  }
}
