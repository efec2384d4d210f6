// No certificate is wrong: convexity, signs, bounds and separability at random points, and no
// verdict against CVXPY's.
#include "convex/examined.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::test;
using convex::Curvature;

namespace {

struct Case {
  std::string text, cvxpy, known;
};
struct Cases {
  std::vector<Case> all;
  std::vector<std::string> data;
};

std::string nested(const nlohmann::json& value) { return value.dump(); }

const Cases& cases() {
  static const Cases cases = [] {
    std::ifstream file(std::string(THALWEG_SOURCE_DIR) + "/tests/reference/convexity.json");
    nlohmann::json json = nlohmann::json::parse(file);
    Cases out;
    for (const auto& [name, value] : json["data"].items())
      out.data.push_back(name + "=" + nested(value));
    for (const auto& one : json["cases"])
      out.all.push_back({one["thalweg"], one["cvxpy"], one.value("known", "")});
    return out;
  }();
  return cases;
}

Examined examine(const std::string& objective) {
  return Examined("problem P {\n"
                  "  data A: [4, 5]\n  data b: [4]\n  data c: [5]\n  data p: [5]\n"
                  "  data P: [5, 5]\n  data Q: [5, 5]\n  data y: [4]\n"
                  "  param x: [5] = 1\n  param z: [5] = 1\n  param s = 1\n  param M: [3, 3] = 1\n"
                  "  minimize " +
                      objective + "\n}\n",
                  cases().data);
}

// Inequalities hold up to the rounding of the values that they compare.
double slack(double a, double b) { return 1e-9 * (1 + std::abs(a) + std::abs(b)); }

} // namespace

TEST_CASE("verdicts beside those of CVXPY") {
  REQUIRE(cases().all.size() >= 100);
  size_t agree = 0, more = 0, less = 0;
  std::string silent;
  for (const Case& one : cases().all) {
    INFO(one.text << ": CVXPY says " << one.cvxpy);
    Examined e = examine(one.text);
    const std::string own(name_of(e.whole().curvature));
    INFO(e.explained());
    const std::string truth = one.known.empty() ? one.cvxpy : one.known;
    if (own == one.cvxpy) {
      ++agree;
    } else if (own == "unknown" && truth == "unknown") {
      // CVXPY takes the domain of a power as given: 1/x there is one of x > 0.
      ++agree;
    } else if (own == "unknown") {
      ++less;
      silent += one.text + "; ";
    } else {
      // More than CVXPY says has to be known from elsewhere.
      CHECK(own == truth);
      ++more;
    }
  }
  INFO(agree << " agree, " << more << " say more, " << less << " say less: " << silent);
  CHECK(agree >= cases().all.size() * 9 / 10);
  CHECK(less == 1);
}

TEST_CASE("what is called convex is, at the middle of random points") {
  uint64_t seed = 11;
  size_t compared = 0;
  for (const Case& one : cases().all) {
    Examined e = examine(one.text);
    INFO(one.text);
    // All that it is made of has a verdict too.
    const ValueId loss = e.loss();
    for (ValueId id : reachable(e.graph(), std::span(&loss, 1))) {
      const Type& type = e.graph().type(id);
      if (!is_real(type.dtype)) continue;
      const convex::Facts f = e.analysis().of(id);
      if (f.curvature == Curvature::constant) continue;
      for (int k = 0; k < 12; ++k) {
        const double spread = k % 3 == 0 ? 0.3 : k % 3 == 1 ? 1.5 : 5;
        std::vector<double> a = e.draw(seed, spread), b = e.draw(seed, spread), middle = a;
        for (size_t i = 0; i < a.size(); ++i)
          middle[i] = (a[i] + b[i]) / 2;
        const std::vector<double> fa = e.values(id, a), fb = e.values(id, b),
                                  fm = e.values(id, middle);
        for (size_t i = 0; i < fm.size(); ++i) {
          const double between = (fa[i] + fb[i]) / 2;
          if (!std::isfinite(fa[i]) || !std::isfinite(fb[i])) continue;
          ++compared;
          const double room = slack(fa[i], fb[i]);
          if (convex::is_convex(f.curvature)) CHECK(fm[i] <= between + room);
          if (convex::is_concave(f.curvature)) CHECK(fm[i] >= between - room);
          if (convex::is_plus(f.sign)) CHECK(fm[i] >= 0);
          if (convex::is_minus(f.sign)) CHECK(fm[i] <= 0);
          if (f.positive) CHECK(fm[i] > 0);
          if (f.root_convex)
            CHECK(std::sqrt(fm[i]) <= (std::sqrt(fa[i]) + std::sqrt(fb[i])) / 2 + room);
          if (f.log_convex && fa[i] > 0 && fb[i] > 0)
            CHECK(std::log(fm[i]) <= (std::log(fa[i]) + std::log(fb[i])) / 2 + room);
        }
      }
    }
  }
  CHECK(compared > 15000);
}

TEST_CASE("gradients are as steep as their bound at most, and separable sums have no mixed terms") {
  uint64_t seed = 5;
  size_t bounds = 0, separable = 0;
  for (const Case& one : cases().all) {
    Examined e = examine(one.text);
    INFO(one.text);
    const convex::Facts f = e.whole();
    for (int k = 0; k < 10; ++k) {
      std::vector<double> a = e.draw(seed, 2), b = e.draw(seed, k < 5 ? 2 : 0.01);
      if (k >= 5)
        for (size_t i = 0; i < a.size(); ++i)
          b[i] += a[i];
      if (f.smooth && f.bend) {
        REQUIRE(f.bend->value);
        const std::vector<double> ga = e.gradient(a), gb = e.gradient(b);
        REQUIRE(ga.size() == a.size());
        double change = 0, distance = 0;
        for (size_t i = 0; i < a.size(); ++i) {
          change += (ga[i] - gb[i]) * (ga[i] - gb[i]);
          distance += (a[i] - b[i]) * (a[i] - b[i]);
        }
        if (!std::isfinite(change)) continue;
        ++bounds;
        CHECK(std::sqrt(change) <= *f.bend->value * std::sqrt(distance) * (1 + 1e-9) + 1e-9);
      }
      if (f.separable) { // f(a with bᵢ) - f(a) does not depend on the other elements
        ++separable;
        const size_t i = static_cast<size_t>(k) % a.size(), j = (i + 2) % a.size();
        std::vector<double> ai = a, aj = a, both = a;
        ai[i] = both[i] = b[i];
        aj[j] = both[j] = b[j];
        const double mixed = e.value(both) - e.value(ai) - e.value(aj) + e.value(a);
        if (std::isfinite(mixed)) CHECK(std::abs(mixed) <= 10 * slack(e.value(both), e.value(a)));
      }
    }
  }
  CHECK(bounds > 150);
  CHECK(separable > 150);
}
