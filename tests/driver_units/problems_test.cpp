// The library's problems beside their 30 digits (tests/reference/problems/minima.json): start,
// value and gradient there, and every minimum.
#include "driver/derivatives.h"
#include "driver/evaluation.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::driver;
using nlohmann::json;

namespace {

const std::string kRoot = std::string(THALWEG_SOURCE_DIR) + "/";

json fixture() {
  std::ifstream in(kRoot + "tests/reference/problems/minima.json");
  REQUIRE(in);
  return json::parse(in);
}

double number(const json& digits) { return std::stod(digits.get<std::string>()); }
std::vector<double> numbers(const json& list) {
  std::vector<double> out;
  for (const json& digits : list)
    out.push_back(number(digits));
  return out;
}

// A problem with its value and gradient, by the interpreter.
class Problem {
public:
  explicit Problem(const json& c) : front_(kRoot + "stdlib") {
    const std::string name = c.at("problem");
    REQUIRE(front_.load(kRoot + "stdlib/problems/" + name + ".tw"));
    const ast::Decl* decl = front_.pick<ast::ProblemDecl>(name, "problem");
    REQUIRE(decl);
    irgen::Unit unit = front_.unit(graph_, DType::f64);
    problem_ = irgen::elaborate_problem(unit, *decl);
    INFO(render_all(front_.diags, front_.sources));
    REQUIRE(problem_);
    REQUIRE(problem_->parameters.size() == 1);
    for (const auto& hyper : problem_->hypers) {
      given_.hypers.emplace_back(hyper.name, c.at("hyper").at(hyper.name).get<double>());
      given_.set.push_back(hyper.name);
    }
    gradient_ = derive(front_, graph_, loss_of(graph_, *problem_), driver::Derivative::gradient);
    REQUIRE(gradient_);
  }

  struct There {
    std::vector<double> x, gradient;
    double f;
  };
  There start() { return at(given_); }
  There at(const std::vector<double>& x) {
    Given given = given_;
    given.values.push_back({"x", {static_cast<int64_t>(x.size())}, x, {}});
    return at(given);
  }

private:
  There at(const Given& given) {
    auto values = assemble(front_, graph_, *problem_, given);
    INFO(render_all(front_.diags, front_.sources));
    REQUIRE(values);
    InterpreterOptions options;
    options.bindings = values->sizes;
    Evaluated out = Interpreter(graph_, options).evaluate(*gradient_, values->inputs);
    REQUIRE(out.ok());
    auto flat = [](const Tensor& t) {
      std::vector<double> v;
      for (int64_t i = 0; i < t.size(); ++i)
        v.push_back(t.number(i));
      return v;
    };
    return {flat(values->inputs[problem_->first_parameter()]), flat(out.results[1]),
            out.results[0].number(0)};
  }

  Front front_;
  Graph graph_;
  std::optional<irgen::ProblemUnit> problem_;
  std::optional<Function> gradient_;
  Given given_;
};

double largest(const std::vector<double>& v) {
  double top = 0;
  for (double e : v)
    top = std::max(top, std::abs(e));
  return top;
}

} // namespace

TEST_CASE("problems have the start, value, gradient and minima of the source", "[driver]") {
  std::map<std::string, int> cases;
  const json file = fixture();
  for (const json& c : file.at("cases")) {
    INFO(c.at("problem") << c.at("hyper"));
    Problem problem(c);
    ++cases[c.at("problem")];
    const Problem::There start = problem.start();
    const std::vector<double> x = c.at("start").get<std::vector<double>>();
    REQUIRE(start.x.size() == x.size());
    for (size_t k = 0; k < x.size(); ++k)
      CHECK(start.x[k] == Approx(x[k]).epsilon(1e-15));
    CHECK(start.f == Approx(number(c.at("f"))).epsilon(1e-12));
    const std::vector<double> slopes = numbers(c.at("gradient"));
    for (size_t k = 0; k < slopes.size(); ++k)
      CHECK(std::abs(start.gradient[k] - slopes[k]) <= 1e-12 * largest(slopes));

    CHECK(c.at("minima").size() + c.at("at_infinity").size() >= 1);
    for (const json& m : c.at("minima")) {
      const double f = number(m.at("f"));
      INFO("at the minimum " << f);
      const Problem::There there = problem.at(numbers(m.at("x")));
      // Where f* is 0 what is left is the rounding of x; outside the collection, where f is no sum
      // of squares, terms of size 20 cancel.
      const double cancels = c.at("number") == 0 ? 1e-14 : 0;
      CHECK(std::abs(there.f - f) <= 1e-11 * std::abs(f) + 1e-20 * std::abs(start.f) + cancels);
      CHECK(largest(there.gradient) <= 1e-8 * std::max(1.0, largest(slopes)));
    }
  }
  // Those with data have certified parameters instead (nist_test.cpp).
  std::ifstream certified(kRoot + "tests/reference/nist/certified.json");
  const json regressions = json::parse(certified);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot + "stdlib/problems")) {
    INFO(entry.path().stem());
    const std::string name = entry.path().stem().string();
    CHECK((cases.contains(name) || regressions.contains(name)));
    ++files;
  }
  CHECK(files >= 51);
}

TEST_CASE("all 35 functions of the collection are there", "[driver]") {
  std::vector<int> numbers;
  const json file = fixture();
  for (const json& c : file.at("cases"))
    numbers.push_back(c.at("number").get<int>());
  for (int k = 1; k <= 35; ++k)
    CHECK(std::find(numbers.begin(), numbers.end(), k) != numbers.end());
}
