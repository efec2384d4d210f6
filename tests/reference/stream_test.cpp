// The number stream against the samples that the Python scripts stored beside their results.
#include "reference/fixtures.h"

#include <catch2/catch.hpp>

using namespace thalweg::reference;

TEST_CASE("the stream draws the numbers of the fixtures", "[reference]") {
  for (const char* item : {"SGD", "Adam", "AdamW", "clip_by_global_norm"}) {
    const Fixture fixture = load_fixture(item);
    REQUIRE_FALSE(fixture.cases.empty());
    for (const Case& c : fixture.cases) {
      INFO(item << ", case " << c.name);
      Stream uniform(c.seed), magnitude(c.seed);
      REQUIRE(c.stream.at("uniform").size() == 4);
      for (double expected : c.stream.at("uniform"))
        CHECK(uniform.uniform() == expected);
      REQUIRE(c.stream.at("magnitude").size() == 8);
      for (double expected : c.stream.at("magnitude"))
        CHECK(magnitude.magnitude() == expected);
    }
  }
}

// Gradient descent is short enough to be written here: it shows that a replay has the right order.
TEST_CASE("a replayed plain descent ends where the reference ended", "[reference]") {
  const Fixture fixture = load_fixture("SGD");
  const Case& plain = fixture.cases.front();
  REQUIRE(plain.name == "plain");
  const double lr = plain.hyper.at("lr");

  Replay replay(fixture, plain);
  Tensors x = replay.start();
  for (int step = 1; step <= fixture.steps; ++step) {
    const Tensors g = replay.gradients();
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t k = 0; k < x[i].size(); ++k)
        x[i][k] -= lr * g[i][k];
    const auto kept = plain.f64.find(step);
    if (kept == plain.f64.end()) continue;
    for (std::size_t i = 0; i < x.size(); ++i) {
      REQUIRE(x[i].size() == kept->second[i].size());
      for (std::size_t k = 0; k < x[i].size(); ++k)
        CHECK(x[i][k] == Approx(kept->second[i][k]).epsilon(0).margin(1e-12));
    }
  }
}
