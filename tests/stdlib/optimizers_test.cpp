// The optimizers of the library against torch.optim, step by step (tests/reference/torch).
#include "reference/fixtures.h"
#include "stdlib/rule_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fmt/format.h>

using namespace thalweg;
using namespace thalweg::test;
using reference::Case;
using reference::Fixture;
using reference::Tensors;

namespace {

// As a `using` line: exactly the numbers of the fixture.
std::string rule_text(const Fixture& fixture, const Case& c) {
  std::map<std::string, std::string> arguments;
  for (const auto& [name, value] : c.hyper)
    arguments[name] = value.is_boolean() ? (value.get<bool>() ? "true" : "false")
                                         : fmt::format("{}", value.get<double>());
  if (c.max_norm == 0) return fmt::format("{}({})", fixture.item, arguments_text(arguments));
  return fmt::format("{}(max_norm = {}) |> AdamW({})", fixture.item, c.max_norm,
                     arguments_text(arguments));
}

double largest(const std::vector<double>& values) {
  double top = 0;
  for (double value : values)
    top = std::max(top, std::abs(value));
  return top;
}
// max |a - b|; infinite where either is not finite.
double distance(const Tensor& a, const std::vector<double>& b) {
  double top = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    double d = std::abs(a.number(static_cast<int64_t>(i)) - b[i]);
    top = std::isfinite(d) ? std::max(top, d) : std::numeric_limits<double>::infinity();
  }
  return top;
}

void same_bits(const RuleRunner& a, const RuleRunner& b) {
  std::vector<Tensor> left = a.everything(), right = b.everything();
  REQUIRE(left.size() == right.size());
  for (size_t k = 0; k < left.size(); ++k) {
    INFO("value " << k << ": " << left[k].str() << "\n" << right[k].str());
    REQUIRE(left[k].same_bits(right[k]));
  }
}

// Steps the compiled rule and the interpreted one together; calls `after(t, runner)`.
template <class F>
void replay(const Fixture& fixture, const Case& c, DType precision, const F& after) {
  RuleProgram program(rule_text(fixture, c), precision);
  REQUIRE_FALSE(program.unit.shape_sensitive); // one table for all ranks
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner compiled(program, pipeline), interpreted(program, pipeline, Way::interpreted);
  reference::Replay replay(fixture, c);
  compiled.start(replay.start(), fixture.shapes);
  interpreted.start(replay.start(), fixture.shapes);
  same_bits(compiled, interpreted);
  for (int t = 1; t <= fixture.steps; ++t) {
    INFO("step " << t);
    Tensors gradients = replay.gradients();
    REQUIRE(compiled.step(gradients) == 0);
    REQUIRE(interpreted.step(gradients) == 0);
    same_bits(compiled, interpreted);
    after(t, compiled);
  }
}

void check_case(const Fixture& fixture, const Case& c) {
  INFO(fixture.item << ", " << c.name << ": " << rule_text(fixture, c));
  int compared = 0;
  replay(fixture, c, DType::f64, [&](int t, const RuleRunner& runner) {
    auto wanted = c.f64.find(t);
    if (wanted == c.f64.end()) return;
    ++compared;
    REQUIRE(wanted->second.size() == runner.rows());
    for (size_t r = 0; r < runner.rows(); ++r) {
      INFO("step " << t << ", tensor " << r);
      REQUIRE(runner.row(r, "x").size() == static_cast<int64_t>(wanted->second[r].size()));
      CHECK(distance(runner.row(r, "x"), wanted->second[r]) <= 1e-12 * largest(wanted->second[r]));
    }
  });
  CHECK(compared == static_cast<int>(c.f64.size()));
  CHECK(compared == 4);

  const Tensors& exact = c.f64.at(fixture.steps);
  const Tensors& torch = c.f32.at(fixture.steps);
  double own = 0, theirs = 0;
  replay(fixture, c, DType::f32, [&](int t, const RuleRunner& runner) {
    if (t != fixture.steps) return;
    for (size_t r = 0; r < runner.rows(); ++r) {
      own = std::max(own, distance(runner.row(r, "x"), exact[r]));
      for (size_t i = 0; i < exact[r].size(); ++i)
        theirs = std::max(theirs, std::abs(torch[r][i] - exact[r][i]));
    }
  });
  CHECK(own > 0); // it did run in f32
  CHECK(own <= 2 * theirs);
}

void check_item(const std::string& item, size_t cases) {
  Fixture fixture = reference::load_fixture(item);
  REQUIRE(fixture.cases.size() == cases);
  // Ranks 0 to 3, an empty tensor and one of a single element.
  REQUIRE(fixture.shapes.size() == 6);
  for (const Case& c : fixture.cases)
    check_case(fixture, c);
}

} // namespace

TEST_CASE("SGD is torch.optim.SGD", "[stdlib]") { check_item("SGD", 9); }
TEST_CASE("Adam is torch.optim.Adam", "[stdlib]") { check_item("Adam", 4); }
TEST_CASE("AdamW is torch.optim.AdamW", "[stdlib]") { check_item("AdamW", 3); }
TEST_CASE("clip_by_global_norm before AdamW is clip_grad_norm_", "[stdlib]") {
  check_item("clip_by_global_norm", 2);
}

// A rule that looks at shapes is compiled for each rank. With axes it is the same arithmetic; a
// number of rank 0 is divided by numbers, where tensors are multiplied by the reciprocal.
TEST_CASE("a rule gives the same bits for tensors with axes and seen flat", "[stdlib]") {
  Fixture fixture = reference::load_fixture("AdamW");
  const Case& c = fixture.cases.at(1);
  for (DType precision : {DType::f64, DType::f32})
    for (size_t rank : {0u, 2u, 3u}) {
      INFO("rank " << rank);
      RuleProgram flat(rule_text(fixture, c), precision),
          ranked(rule_text(fixture, c), precision, "", rank);
      REQUIRE(ranked.unit.rank == rank);
      driver::Pipeline flat_pipeline = flat.pipeline(), ranked_pipeline = ranked.pipeline();
      RuleRunner a(flat, flat_pipeline), b(ranked, ranked_pipeline);
      reference::Replay replay(fixture, c);
      auto of_rank = [&](const Tensors& all) {
        Tensors chosen;
        for (size_t k = 0; k < all.size(); ++k)
          if (fixture.shapes[k].size() == rank) chosen.push_back(all[k]);
        return chosen;
      };
      RuleRunner::Shapes shapes;
      for (const auto& shape : fixture.shapes)
        if (shape.size() == rank) shapes.push_back(shape);
      REQUIRE_FALSE(shapes.empty());
      a.start(of_rank(replay.start()), shapes);
      b.start(of_rank(replay.start()), shapes);
      for (int t = 1; t <= 20; ++t) {
        Tensors gradients = of_rank(replay.gradients());
        REQUIRE(a.step(gradients) == 0);
        REQUIRE(b.step(gradients) == 0);
      }
      for (size_t r = 0; r < shapes.size(); ++r)
        for (const char* name : {"x", "state m", "state v"})
          for (int64_t i = 0; i < a.row(r, name).size(); ++i) {
            double own = b.row(r, name).number(i), other = a.row(r, name).number(i);
            if (rank > 0)
              CHECK(a.row(r, name).bits(i) == b.row(r, name).bits(i));
            else
              CHECK(std::abs(own - other) <=
                    (precision == DType::f32 ? 1e-6 : 1e-15) * std::abs(other));
          }
    }
}

TEST_CASE("the example rules: spelled in ASCII, and with a ratio per tensor", "[stdlib]") {
  Fixture fixture = reference::load_fixture("AdamW");
  const Case& c = fixture.cases.at(0);
  for (DType precision : {DType::f64, DType::f32}) {
    auto of_example = [&](const std::string& rule) {
      return RuleProgram(rule, precision, "use \"02_update_rules.tw\"", 1, "examples");
    };
    RuleProgram library("AdamW()", precision), ascii = of_example("AdamW_ascii()"),
                                               ratio = of_example("LAMB()");
    driver::Pipeline library_code = library.pipeline(), ascii_code = ascii.pipeline(),
                     ratio_code = ratio.pipeline();
    RuleRunner a(library, library_code), b(ascii, ascii_code), lamb(ratio, ratio_code),
        slow(ratio, ratio_code, Way::interpreted);
    reference::Replay replay(fixture, c);
    for (RuleRunner* runner : {&a, &b, &lamb, &slow})
      runner->start(replay.start(), fixture.shapes);
    for (int t = 1; t <= 50; ++t) {
      INFO("step " << t);
      Tensors gradients = replay.gradients();
      for (RuleRunner* runner : {&a, &b, &lamb, &slow})
        REQUIRE(runner->step(gradients) == 0);
      same_bits(a, b);
      same_bits(lamb, slow);
    }
    CHECK_FALSE(a.row(2, "x").same_bits(lamb.row(2, "x")));
  }
}

TEST_CASE("ranges that a hyperparameter leaves end the step", "[stdlib]") {
  RuleProgram program("SGD(lr = 0.1)", DType::f64);
  driver::Pipeline pipeline = program.pipeline();
  for (Way way : {Way::compiled, Way::interpreted}) {
    RuleRunner runner(program, pipeline, way);
    runner.start({{1, 2}}, {{2}});
    REQUIRE(runner.step({{1, 1}}) == 0);
    runner.hyper("lr", -1);
    int32_t status = runner.step({{1, 1}});
    CHECK(status >= irgen::kFirstRequire);
    CHECK(runner.row(0, "x").number(0) == Approx(0.9)); // no step was taken
    runner.hyper("lr", 0.1);
    CHECK(runner.step({{1, 1}}) == 0);
  }
}
