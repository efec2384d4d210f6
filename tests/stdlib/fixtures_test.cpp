// Every optimizer and transform of the library against the numbers of others
// (tests/reference/rules): the items are found by themselves.
#include "stdlib/fixture_run.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

using namespace thalweg;
using namespace thalweg::test;
using reference::Case;
using reference::Fixture;

namespace {

constexpr double kExact = 1e-11; // of the largest element of a tensor
constexpr int kInterpreted = 25; // steps that the interpreter takes beside compiled code

// How far a case is from its reference.
struct Figures {
  double f64 = 0;    // max |a - b| / max |b| over tensors and kept steps
  double f32 = 0;    // max |a - b| of the f32 run, b the reference's f64 run
  double theirs = 0; // the same of the reference's own f32 run
};

void interpreted_alike(const Fixture& fixture, const Case& c, DType precision) {
  FixtureRun compiled(fixture, c, precision), slow(fixture, c, precision, Way::interpreted);
  for (int t = 0; t <= kInterpreted; ++t) {
    if (t > 0) {
      REQUIRE(compiled.step() == 0);
      REQUIRE(slow.step() == 0);
    }
    std::vector<Tensor> left = compiled.everything(), right = slow.everything();
    REQUIRE(left.size() == right.size());
    for (size_t k = 0; k < left.size(); ++k) {
      INFO("step " << t << ", value " << k << ": " << left[k].str() << "\n" << right[k].str());
      REQUIRE(left[k].same_bits(right[k]));
    }
  }
}

Figures figures(const Fixture& fixture, const Case& c) {
  Figures out{0, 0, c.f32_error};
  for (DType precision : {DType::f64, DType::f32}) {
    FixtureRun run(fixture, c, precision);
    size_t compared = 0;
    for (int t = 1; t <= fixture.steps; ++t) {
      INFO("step " << t);
      REQUIRE(run.step() == 0);
      auto wanted = c.x.find(t);
      if (wanted == c.x.end()) continue;
      ++compared;
      REQUIRE(wanted->second.size() == fixture.shapes.size());
      for (size_t k = 0; k < fixture.shapes.size(); ++k) {
        std::vector<double> x = run.x(k);
        const std::vector<double>& theirs = wanted->second[k];
        REQUIRE(x.size() == fixture.size(k));
        if (t == fixture.steps) REQUIRE(theirs.size() == x.size());
        double d = distance(x, theirs);
        if (precision == DType::f32) {
          if (t == fixture.steps) out.f32 = std::max(out.f32, d);
        } else if (d > 0) {
          out.f64 = std::max(out.f64, d / largest(x));
        }
      }
    }
    REQUIRE(compared == 3);
  }
  return out;
}

std::vector<std::string> items_of(const std::string& folder) {
  std::vector<std::string> items;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(THALWEG_SOURCE_DIR) / "stdlib" / folder))
    items.push_back(entry.path().stem().string());
  return items;
}

} // namespace

TEST_CASE("every rule and transform has its numbers", "[stdlib]") {
  for (const char* folder : {"optimizers", "transforms"})
    for (const std::string& item : items_of(folder)) {
      INFO(item);
      CHECK(std::filesystem::exists(reference::rules_folder() / (item + ".json")));
    }
}

TEST_CASE("compiled rules give the bits of the interpreter", "[stdlib]") {
  for (const std::string& item : reference::fixture_items()) {
    const Fixture fixture = reference::load_fixture(item);
    for (size_t k = 0; k < fixture.cases.size(); ++k) {
      INFO(fixture.cases[k].use);
      interpreted_alike(fixture, fixture.cases[k], k % 2 == 0 ? DType::f64 : DType::f32);
    }
  }
}

TEST_CASE("every rule equals its reference", "[stdlib]") {
  for (const std::string& item : reference::fixture_items()) {
    const Fixture fixture = reference::load_fixture(item);
    CHECK(fixture.item == item);
    // Ranks 0 to 3, an empty tensor and one of a single element.
    REQUIRE(fixture.shapes.size() == 6);
    for (const Case& c : fixture.cases) {
      INFO(item << ", " << c.name << " by " << c.made_by << ": " << c.use);
      Figures found = figures(fixture, c);
      CHECK(found.f64 <= kExact);
      CHECK(found.f32 <= 2 * found.theirs);
    }
  }
}

// The table of the documentation: stdlib_test "[.table]".
TEST_CASE("how near each rule is to its reference", "[.table]") {
  for (const std::string& item : reference::fixture_items()) {
    const Fixture fixture = reference::load_fixture(item);
    Figures worst;
    double ratio = 0;
    std::string by;
    for (const Case& c : fixture.cases) {
      Figures found = figures(fixture, c);
      worst.f64 = std::max(worst.f64, found.f64);
      worst.f32 = std::max(worst.f32, found.f32);
      if (found.f32 > 0) ratio = std::max(ratio, found.f32 / found.theirs);
      if (by.find(c.made_by) == std::string::npos) by += (by.empty() ? "" : ", ") + c.made_by;
    }
    fmt::print("| `{}` | {} | {} | {:.1e} | {:.1e} | {:.2f} |\n", item, fixture.cases.size(), by,
               worst.f64, worst.f32, ratio);
  }
}
