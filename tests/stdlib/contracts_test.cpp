// What every optimizer and transform of the library keeps to. The items are found by themselves and
// stepped as the example of their documentation has them.
#include "stdlib/library_items.h"
#include "stdlib/rule_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace thalweg;
using namespace thalweg::test;

namespace {

using Points = std::vector<std::vector<double>>;

// f = Σ h/2*(x - c)² with curvatures between 0.5 and 2, over tensors of these sizes.
struct Bowl {
  std::vector<size_t> sizes;
  size_t first(size_t row) const {
    size_t at = 0;
    for (size_t r = 0; r < row; ++r)
      at += sizes[r];
    return at;
  }
  static double centre(size_t i) { return std::sin(3.0 * static_cast<double>(i) + 1); }
  static double stiffness(size_t i) { return 1.25 + 0.75 * std::cos(static_cast<double>(i)); }

  Points start(double away) const {
    Points x;
    for (size_t r = 0; r < sizes.size(); ++r) {
      x.emplace_back(sizes[r]);
      for (size_t i = 0; i < sizes[r]; ++i)
        x[r][i] = centre(first(r) + i) + away * std::cos(5.0 * static_cast<double>(first(r) + i));
    }
    return x;
  }
  RuleRunner::Shapes shapes() const {
    RuleRunner::Shapes all;
    for (size_t size : sizes)
      all.push_back({static_cast<int64_t>(size)});
    return all;
  }
  RuleRunner::Oracle gradient() const {
    return [this](size_t row, const std::vector<double>& point) {
      std::vector<double> g(point.size());
      for (size_t i = 0; i < g.size(); ++i)
        g[i] = stiffness(first(row) + i) * (point[i] - centre(first(row) + i));
      return g;
    };
  }
  double value(const RuleRunner& runner) const {
    std::vector<Tensor> x;
    for (size_t r = 0; r < sizes.size(); ++r)
      x.push_back(runner.row(r, "x"));
    return value(x);
  }
  double value(const std::vector<Tensor>& x) const {
    double f = 0;
    for (size_t r = 0; r < sizes.size(); ++r)
      for (size_t i = 0; i < sizes[r]; ++i) {
        double d = x[r].number(static_cast<int64_t>(i)) - centre(first(r) + i);
        f += stiffness(first(r) + i) / 2 * d * d;
      }
    return f;
  }
};

const Bowl kBowl{{1, 0, 33, 7}};

// Calls `test(item, runner, program)` for each item's example, seen flat.
template <class Test> void for_each_rule(DType precision, const Test& test) {
  int seen = 0;
  for (const LibraryItem& item : library_items({"optimizers", "transforms"})) {
    INFO(item.name << ": " << item.example);
    REQUIRE_FALSE(item.example.empty());
    RuleProgram program(item.example, precision);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner runner(program, pipeline);
    test(item, runner, program);
    ++seen;
  }
  CHECK(seen >= 35);
}

bool draws(const RuleProgram& program) {
  for (ValueId id : reachable(program.graph, roots_of(program.unit.step)))
    if (program.graph.node(id).op == Op::random) return true;
  return false;
}

} // namespace

TEST_CASE("every rule goes down a quadratic", "[stdlib]") {
  for_each_rule(DType::f64, [](const LibraryItem&, RuleRunner& runner, RuleProgram&) {
    runner.start(kBowl.start(1), kBowl.shapes());
    double before = kBowl.value(runner);
    for (int t = 0; t < 300; ++t)
      REQUIRE(runner.step(kBowl.gradient()) == 0);
    CHECK(kBowl.value(runner) < 0.9 * before);
    CHECK(kBowl.value(runner.answer()) < 0.9 * before);
  });
}

TEST_CASE("where the gradient is 0 nothing moves", "[stdlib]") {
  for_each_rule(DType::f64, [](const LibraryItem& item, RuleRunner& runner, RuleProgram& program) {
    // Made from its states alone, which start at 0.
    if (item.name == "FTRLProximal") return;
    // Decay has its own way.
    if (item.name == "add_decayed_weights") return;
    if (item.name == "add_noise") runner.hyper("add_noise.eta", 0);
    for (const irgen::RuleUnit::Hyper& hyper : program.unit.hypers)
      for (const char* decay : {"weight_decay", "lambda"})
        if (hyper.name == decay || hyper.name.ends_with(std::string(".") + decay))
          runner.hyper(hyper.name, 0);
    Points x = kBowl.start(0);
    runner.start(x, kBowl.shapes());
    Points still;
    for (const auto& row : x)
      still.emplace_back(row.size(), 0.0);
    for (int t = 0; t < 30; ++t)
      REQUIRE(runner.step(still) == 0);
    for (size_t r = 0; r < x.size(); ++r)
      for (size_t i = 0; i < x[r].size(); ++i) {
        double end = runner.row(r, "x").number(static_cast<int64_t>(i));
        CHECK(std::abs(end - x[r][i]) <= 1e-14 * std::abs(x[r][i]));
        double answer = runner.answer()[r].number(static_cast<int64_t>(i));
        CHECK(std::abs(answer - x[r][i]) <= 1e-14 * std::abs(x[r][i]));
      }
  });
}

TEST_CASE("states keep their shape and stay finite", "[stdlib]") {
  for_each_rule(DType::f32, [](const LibraryItem&, RuleRunner& runner, RuleProgram& program) {
    runner.start(kBowl.start(1), kBowl.shapes());
    for (int t = 0; t < 20; ++t)
      REQUIRE(runner.step(kBowl.gradient()) == 0);
    for (const irgen::RuleUnit::State& state : program.unit.states)
      for (size_t r = 0; state.per_tensor && r < runner.rows(); ++r) {
        const Tensor& value = runner.row(r, "state " + state.name);
        INFO(state.name);
        CHECK((state.type.shape.empty() ? value.size() == 1
                                        : value.size() == runner.row(r, "x").size()));
        for (int64_t i = 0; i < value.size(); ++i)
          CHECK(std::isfinite(value.number(i)));
      }
  });
}

TEST_CASE("rules of single elements give the same bits however x is split", "[stdlib]") {
  int elementwise = 0;
  for (DType precision : {DType::f64, DType::f32})
    for_each_rule(precision, [&](const LibraryItem&, RuleRunner& whole, RuleProgram& program) {
      // Draws are keyed by the param and the element's place in it.
      if (draws(program)) return;
      if (program.unit.shape_sensitive || loops::traffic(program.lowered_step().program).passes > 1)
        return;
      ++elementwise;
      driver::Pipeline pipeline = program.pipeline();
      RuleRunner parts(program, pipeline);
      const Bowl one{{41}};
      whole.start(one.start(1), one.shapes());
      parts.start(kBowl.start(1), kBowl.shapes());
      for (int t = 0; t < 40; ++t) {
        REQUIRE(whole.step(one.gradient()) == 0);
        REQUIRE(parts.step(kBowl.gradient()) == 0);
      }
      for (size_t r = 0; r < kBowl.sizes.size(); ++r)
        for (size_t i = 0; i < kBowl.sizes[r]; ++i)
          CHECK(whole.row(0, "x").bits(static_cast<int64_t>(kBowl.first(r) + i)) ==
                parts.row(r, "x").bits(static_cast<int64_t>(i)));
    });
  CHECK(elementwise >= 40);
}

TEST_CASE("a rule goes on from its states as if it had never stopped", "[stdlib]") {
  for_each_rule(DType::f32, [](const LibraryItem&, RuleRunner& runner, RuleProgram& program) {
    runner.start(kBowl.start(1), kBowl.shapes());
    for (int t = 0; t < 15; ++t)
      REQUIRE(runner.step(kBowl.gradient()) == 0);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner other(program, pipeline);
    other.start(kBowl.start(3), kBowl.shapes());
    other.resume(runner);
    for (int t = 0; t < 15; ++t) {
      REQUIRE(runner.step(kBowl.gradient()) == 0);
      REQUIRE(other.step(kBowl.gradient()) == 0);
    }
    for (size_t r = 0; r < runner.rows(); ++r)
      CHECK(runner.row(r, "x").same_bits(other.row(r, "x")));
  });
}

TEST_CASE("hyperparameters out of their range are refused before anything changes", "[stdlib]") {
  int tried = 0;
  for_each_rule(DType::f64, [&](const LibraryItem& item, RuleRunner& runner, RuleProgram& program) {
    for (const irgen::RuleUnit::Hyper& hyper : program.unit.hypers) {
      // These take any number.
      if (hyper.name.ends_with("dampening") || hyper.name == "scale_gradient.factor") continue;
      const double inf = std::numeric_limits<double>::infinity();
      std::vector<double> outside{-1.0, std::numeric_limits<double>::quiet_NaN()};
      if (hyper.name.ends_with("lr")) outside.push_back(inf);
      if (hyper.name.ends_with("momentum") && !item.name.starts_with("ScheduleFree"))
        outside.insert(outside.end(), {1.0, inf});
      for (double bad : outside) {
        INFO(hyper.name << " = " << bad);
        runner.start(kBowl.start(1), kBowl.shapes());
        Tensor before = runner.row(2, "x");
        runner.hyper(hyper.name, bad);
        CHECK(runner.step(kBowl.gradient()) >= irgen::kFirstRequire);
        CHECK(runner.row(2, "x").same_bits(before));
        runner.hyper(hyper.name, hyper.value);
        CHECK(runner.step(kBowl.gradient()) == 0);
        ++tried;
      }
    }
  });
  CHECK(tried > 200);
}

TEST_CASE("the example of every schedule runs and gives a rate", "[stdlib]") {
  int seen = 0;
  for (const LibraryItem& item : library_items({"schedules"})) {
    INFO(item.name << ": " << item.example);
    REQUIRE_FALSE(item.example.empty());
    RuleProgram program("GD(lr = " + item.example + ")", DType::f64);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner runner(program, pipeline);
    runner.start(kBowl.start(1), kBowl.shapes());
    for (int t = 0; t < 30; ++t) {
      REQUIRE(runner.step(kBowl.gradient()) == 0);
      CHECK(runner.recorded("lr") > 0);
      CHECK(runner.recorded("lr") < 2);
    }
    ++seen;
  }
  CHECK(seen >= 18);
}
