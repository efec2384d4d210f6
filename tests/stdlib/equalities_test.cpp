// Methods of the library that are one method seen twice: the same bits, or the same to rounding.
#include "stdlib/rule_runner.h"

#include "reference/stream.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace thalweg;
using namespace thalweg::test;

namespace {

using Points = std::vector<std::vector<double>>;

constexpr int kSteps = 120;

// x of a rule after every step, on gradients from a stream that are never 0.
struct Fed {
  double scale = 1; // of all gradients
  bool quadratic = false;
};
Points path(const std::string& rule, const std::string& declarations = "", Fed fed = {}) {
  RuleProgram program(rule, DType::f64, declarations);
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner runner(program, pipeline);
  reference::Stream stream(4711);
  std::vector<double> x(19), stiffness(19);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = stream.uniform();
    stiffness[i] = 1.2 + stream.uniform();
  }
  runner.start({x}, {{19}});
  Points points;
  for (int t = 0; t < kSteps; ++t) {
    std::vector<double> g(x.size());
    for (double& value : g) {
      value = stream.uniform();
      value = fed.scale * (value + (value < 0 ? -0.1 : 0.1));
    }
    int32_t status = runner.step([&](size_t, const std::vector<double>& at) {
      if (!fed.quadratic) return g;
      std::vector<double> slope(at.size());
      for (size_t i = 0; i < at.size(); ++i)
        slope[i] = stiffness[i] * (at[i] - 0.3);
      return slope;
    });
    REQUIRE(status == 0);
    points.emplace_back();
    for (size_t i = 0; i < x.size(); ++i)
      points.back().push_back(runner.row(0, "x").number(static_cast<int64_t>(i)));
  }
  return points;
}

double distance(const Points& a, const Points& b) {
  double top = 0;
  REQUIRE(a.size() == b.size());
  for (size_t t = 0; t < a.size(); ++t)
    for (size_t i = 0; i < a[t].size(); ++i) {
      REQUIRE(std::isfinite(a[t][i]));
      top = std::max(top, std::abs(a[t][i] - b[t][i]));
    }
  return top;
}

void same(const std::string& a, const std::string& b, const std::string& declarations = "") {
  INFO(a << " and " << b);
  CHECK(path(a, declarations) == path(b, declarations));
}
void near(const std::string& a, const std::string& b, const std::string& declarations = "",
          Fed fed = {}, Fed other = {}) {
  INFO(a << " and " << b);
  Points left = path(a, declarations, fed);
  CHECK(distance(left, path(b, declarations, other)) <= 2e-13);
  CHECK(left.front() != left.back());
}

} // namespace

TEST_CASE("names of one rule give the same bits", "[stdlib]") {
  same("GD(lr = 0.03)", "SGD(lr = 0.03)");
  same("SignSGD(lr = 0.01)", "Signum(lr = 0.01, momentum = 0)");
  same("SignSGD(lr = 0.01)", "scale_by_sign() |> GD(lr = 0.01)");
  same("Adam(lr = 0.01, weight_decay = 0.2)", "add_decayed_weights(0.2) |> Adam(lr = 0.01)");
  same("clip_by_value(inf) |> Adam()", "Adam()");
  same("clip_by_norm(inf) |> Adam()", "Adam()");
  same("scale_gradient(2) |> GD(lr = 0.01)", "GD(lr = 0.02)");
  same("AdamW(lr = 0.02, weight_decay = 0.1)",
       "AdamW(lr = batch_scaled(0.01, batch = 512), weight_decay = 0.1)");
}

TEST_CASE("the forms of momentum are one method at a constant rate", "[stdlib]") {
  const char* polyak = R"(
optimizer TwoPoint(lr = 0.03, momentum = 0.8) on tensor x {
  state before = x
  before' = x
  x' = x - lr*∇f(x) + momentum*(x - before)
})";
  near("HeavyBall(lr = 0.03, momentum = 0.8)", "TwoPoint()", polyak);
  near("HeavyBall(lr = 0.03, momentum = 0.8)",
       "HeavyBall(lr = 0.03, momentum = 0.8, rate_inside = true)");
  near("HeavyBall(lr = 0.03, momentum = 0.8)",
       "HeavyBall(lr = 0.15, momentum = 0.8, average = true)");
  near("HeavyBall(lr = 0.03, momentum = 0.8)", "SGD(lr = 0.03, momentum = 0.8)");
}

TEST_CASE("the three spellings of Nesterov's momentum coincide", "[stdlib]") {
  const char* added = R"(
optimizer Added(lr = 0.1, momentum = 0.7) on tensor x {
  state v = 0
  v' = momentum*v - lr*∇f(x + momentum*v)
  x' = x + v'
}
optimizer Ahead(lr = 0.1, momentum = 0.7) on tensor x {
  state y = x, v = 0
  v' = momentum*v + ∇f(y)
  x' = y - lr*∇f(y)
  y' = y - lr*(∇f(y) + momentum*v')
})";
  Fed quadratic{1, true};
  near("Nesterov(lr = 0.1, momentum = 0.7)", "Added()", added, quadratic, quadratic);
  near("Nesterov(lr = 0.1, momentum = 0.7)",
       "Nesterov(lr = 0.1, momentum = 0.7, rate_inside = true)", "", quadratic, quadratic);
  // torch's variable is the look-ahead point y; x is one gradient step behind it.
  near("Nesterov(lr = 0.1, momentum = 0.7)", "Ahead()", added, quadratic, quadratic);
}

TEST_CASE("adaptive rules that are one", "[stdlib]") {
  const char* raw = R"(
optimizer Uncorrected(lr = 0.01, beta = 0.9) on tensor x {
  state m = 0, v = 0
  let g = ∇f(x)
  m' = beta*m + (1 - beta)*g
  v' = beta^2*v + (1 - beta^2)*g^2
  x' = x - lr*√(1 - beta^2)/(1 - beta)*m'/√v'
})";
  near("AdamFTRL(lr = 0.01, beta = 0.9)", "Uncorrected()", raw);
  near("FTRLProximal(lr = 0.1, beta = 0)", "Adagrad(lr = 0.1, eps = 0)");
  near("RMSProp(lr = 0.01, alpha = 0.97, bias_correction = true)",
       "Adam(lr = 0.01, beta1 = 0, beta2 = 0.97)");
  near("AdamW(lr = 0.01, weight_decay = 0)", "Adam(lr = 0.01)");
  near("Adam(lr = 0.01, eps = 0)", "Adam(lr = 0.01, eps = 0)", "", {}, {37.3, false});
  near("Adagrad(lr = 0.1, eps = 0)", "Adagrad(lr = 0.1, eps = 0)", "", {}, {0.013, false});
  near("Lion(lr = 0.01)", "Lion(lr = 0.01)", "", {}, {16, false});
  near("AdEMAMix(lr = 0.01, alpha = 0)", "Adam(lr = 0.01)");
}

// On a quadratic every element of gradient descent is a geometric sequence.
TEST_CASE("wrappers that do nothing are their inner rule", "[stdlib]") {
  const std::string inner = "Adam(lr = 0.01)", around = "(inner = Adam(lr = 0.01)";
  same("SAM" + around + ", rho = 0)", inner);
  same("ASAM" + around + ", rho = 0)", inner);
  same("EMA" + around + ")", inner); // the points; the average is the answer
  same("SWA" + around + ", start = 3, every = 2)", inner);
  near("Lookahead" + around + ", alpha = 1, k = 3)", inner);
  same("accumulate(1) |> " + inner, inner);
  same("add_noise(0) |> " + inner, inner);
  same("decoupled_decay(0) |> " + inner, inner);
  near("decoupled_decay(0.1) |> " + inner, "AdamW(lr = 0.01, weight_decay = 0.1)");
  near("decoupled_decay(0.1) |> Lookahead" + around + ", k = 1, alpha = 1)",
       "AdamW(lr = 0.01, weight_decay = 0.1)");
  near("accumulate(1) |> decoupled_decay(0.1) |> " + inner, "AdamW(lr = 0.01, weight_decay = 0.1)");
  near("decoupled_decay(0.001, fixed = true) |> " + inner, "AdamW(lr = 0.01, weight_decay = 0.1)");
  // Plain descent goes down every element's gradient.
  near("Cautious(inner = GD(lr = 0.01))", "GD(lr = 0.01)");
  near("ASGD(lr = 0.01, lambda = 0)", "GD(lr = 0.01)");
  // Without momentum decay may be in the gradient or beside it.
  near("decoupled_decay(0.2) |> SGD(lr = 0.03)", "SGD(lr = 0.03, weight_decay = 0.2)");
}

TEST_CASE("steps that are known in closed form", "[stdlib]") {
  // x after each step on the same gradients again and again.
  auto on_constant = [](const std::string& rule, std::vector<double> x,
                        const std::vector<double>& g) {
    RuleProgram program(rule, DType::f64);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner runner(program, pipeline);
    runner.start({x}, {{static_cast<int64_t>(x.size())}});
    Points points;
    for (int t = 0; t < 40; ++t) {
      REQUIRE(runner.step({g}) == 0);
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = runner.row(0, "x").number(static_cast<int64_t>(i));
      points.push_back(x);
    }
    return points;
  };
  const Points decayed = on_constant("AdamW(lr = 0.1, weight_decay = 0.3)", {2, -1}, {0, 0});
  const Points adam = on_constant("Adam(lr = 0.1, eps = 0)", {2, -1}, {3, -1e-9});
  const Points adagrad = on_constant("Adagrad(lr = 0.1, eps = 0)", {2, -1}, {3, -1e-9});
  double roots = 0;
  for (size_t t = 0; t < decayed.size(); ++t) {
    const auto steps = static_cast<double>(t + 1);
    roots += 1 / std::sqrt(steps);
    CHECK(decayed[t][0] == Approx(2 * std::pow(1 - 0.1 * 0.3, steps)).epsilon(1e-13));
    CHECK(adam[t][0] == Approx(2 - 0.1 * steps).margin(1e-13));
    CHECK(adam[t][1] == Approx(-1 + 0.1 * steps).margin(1e-13));
    CHECK(adagrad[t][0] == Approx(2 - 0.1 * roots).margin(1e-13));
    CHECK(adagrad[t][1] == Approx(-1 + 0.1 * roots).margin(1e-13));
  }
  // LARS moves w by c times as much where w is c times as large and g as much smaller.
  const Points small = on_constant("LARS(lr = 1, trust = 0.1)", {2, -1}, {3, 0.5});
  const Points large = on_constant("LARS(lr = 1, trust = 0.1)", {14, -7}, {3.0 / 7, 0.5 / 7});
  for (size_t t = 0; t < small.size(); ++t)
    CHECK(large[t][1] == Approx(7 * small[t][1]).epsilon(1e-12));
}

TEST_CASE("gradient descent multiplies the distance by 1 - lr*h", "[stdlib]") {
  reference::Stream stream(4711);
  std::vector<double> start(19), stiffness(19);
  for (size_t i = 0; i < start.size(); ++i) {
    start[i] = stream.uniform();
    stiffness[i] = 1.2 + stream.uniform();
  }
  Points points = path("GD(lr = 0.4)", "", {1, true});
  for (size_t t = 0; t < points.size(); ++t)
    for (size_t i = 0; i < start.size(); ++i)
      CHECK(points[t][i] ==
            Approx(0.3 +
                   std::pow(1 - 0.4 * stiffness[i], static_cast<double>(t + 1)) * (start[i] - 0.3))
                .epsilon(0)
                .margin(1e-14));
}

// The largest curvature that each rule bears: 2/lr, (2 + 2β)/lr, (2 + 2β)/((1 + 2β)*lr).
TEST_CASE("rules are stable up to their limit and not beyond", "[stdlib]") {
  auto grows = [](const std::string& rule, double curvature) {
    RuleProgram program(rule, DType::f64);
    driver::Pipeline pipeline = program.pipeline();
    RuleRunner runner(program, pipeline);
    runner.start({{1.0}}, {{1}});
    for (int t = 0; t < 4000; ++t)
      REQUIRE(runner.step([&](size_t, const std::vector<double>& at) {
        return std::vector<double>{curvature * at[0]};
      }) == 0);
    return std::abs(runner.row(0, "x").number(0)) > 1;
  };
  for (auto [rule, limit] : {std::pair{"GD(lr = 0.1)", 20.0},
                             {"HeavyBall(lr = 0.1, momentum = 0.9)", 38.0},
                             {"HeavyBall(lr = 0.1, momentum = 0.9, average = true)", 380.0},
                             {"Nesterov(lr = 0.1, momentum = 0.9)", 3.8 / 0.28}}) {
    INFO(rule);
    CHECK_FALSE(grows(rule, 0.99 * limit));
    CHECK(grows(rule, 1.01 * limit));
  }
}
