// Rules of the library seen flat and with axes, spelled in other ways, out of their ranges.
#include "reference/fixtures.h"
#include "stdlib/rule_runner.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace thalweg;
using namespace thalweg::test;
using reference::Case;
using reference::Fixture;
using reference::Tensors;

namespace {

void same_bits(const RuleRunner& a, const RuleRunner& b) {
  std::vector<Tensor> left = a.everything(), right = b.everything();
  REQUIRE(left.size() == right.size());
  for (size_t k = 0; k < left.size(); ++k) {
    INFO("value " << k << ": " << left[k].str() << "\n" << right[k].str());
    REQUIRE(left[k].same_bits(right[k]));
  }
}

} // namespace

// A rule that looks at shapes is compiled for each rank. With axes it is the same arithmetic; a
// number of rank 0 is divided by numbers, where tensors are multiplied by the reciprocal.
TEST_CASE("a rule gives the same bits for tensors with axes and seen flat", "[stdlib]") {
  Fixture fixture = reference::load_fixture("AdamW");
  const Case& c = fixture.cases.at(1);
  for (DType precision : {DType::f64, DType::f32})
    for (size_t rank : {0u, 2u, 3u}) {
      INFO("rank " << rank);
      RuleProgram flat(c.use, precision), ranked(c.use, precision, "", rank);
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
      for (size_t row = 0; row < a.rows(); ++row) // the library's has a hyperparameter more
        for (const char* name : {"x", "state m", "state v"})
          REQUIRE(a.row(row, name).same_bits(b.row(row, name)));
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
