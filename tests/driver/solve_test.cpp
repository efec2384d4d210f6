// `thalweg solve` and `thalweg gradcheck`: what they choose, find and tell.
#include "driver/program.h"

#include "driver/method_choice.h"

#include <filesystem>
#include <fstream>

using namespace thalweg::test;
using nlohmann::json;

namespace {

const char* const kPrograms = R"(
problem Bowl(n = 4) {
  param x: [n] = 1
  minimize sum(tensor[i] (1 + i)*(x[i] - 2)^2)
}
problem Valley {
  param x: [2] = [-1.2, 1]
  minimize 100*(x[1] - x[0]^2)^2 + (1 - x[0])^2
}
problem Long(n = 1000) {
  param x: [n] = 1
  minimize sum(exp(x) - x)
}
problem Saddle {
  param x = 0
  param y = 0
  minimize x^4/4 - x^2/2 + y^2
}
problem Inflection {
  param x: [2] = 1
  minimize sum(x^3)
}
problem Cone {
  param x: [2] = [3, 4]
  minimize sum(abs(x))
}
problem Slope {
  param x: [2] = 1
  minimize sum(x)
}
problem Hole {
  param x = -1
  minimize log(x) + x^2
}
problem Hidden {
  param x: [3] = [1, 2, 3]
  minimize sumsq(x) + x[0]^2*stop_gradient(x[1])
}
problem Fit(lambda = 0.1) {
  data  X: [n, d]
  data  y: [n]
  param w: [d] = 0
  minimize mean((X @ w - y)^2) + lambda*sumsq(w)
}
experiment fit {
  minimize Fit(lambda = 0.5)
  given X, y = csv("data.csv", target = "y")
  using GD(lr = 0.1)
  batch 2
  steps 1
}
)";

Ran solve(Folder& folder, const std::string& rest) {
  folder.file("programs.tw", kPrograms);
  folder.file("data.csv", "a,b,y\n1,2,3\n2,-1,0\n0,1,1\n1,1,2\n");
  return folder.thalweg("solve " + folder.path("programs.tw") + " --json --problem " + rest);
}

} // namespace

TEST_CASE("solve takes the method that fits the problem, and says why") {
  Folder folder;
  Ran bowl = solve(folder, "Bowl");
  REQUIRE(bowl.code == 0);
  json out = bowl.json();
  CHECK(out["found"] == true);
  CHECK(out["reason"] == "the objective is a quadratic of 4 params");
  CHECK(out["steps"].get<int>() <= 5); // as many as different eigenvalues
  for (const json& x : out["params"]["x"])
    CHECK(x.get<double>() == Approx(2).epsilon(1e-9));
  CHECK(out["eigenvalues"][0].get<double>() == Approx(2));
  CHECK(out["eigenvalues"][1].get<double>() == Approx(8));

  Ran valley = solve(folder, "Valley");
  REQUIRE(valley.code == 0);
  CHECK(valley.json()["evaluations"].contains("jac"));
  CHECK(valley.json()["reason"] == "the objective is a sum of squares of 2 params (up to 200)");
  Ran slope = solve(folder, "Saddle --method 'DampedNewton()'");
  CHECK(slope.json()["evaluations"].contains("hess"));
  Ran other = solve(folder, "Valley --method 'LBFGS(history = 3)'");
  REQUIRE(other.code == 0);
  CHECK(other.json()["reason"] == "by --method");
  CHECK_FALSE(other.json()["evaluations"].contains("hess"));
  for (const Ran& ran : {valley, other})
    CHECK(ran.json()["params"]["x"][0].get<double>() == Approx(1).epsilon(1e-6));
  CHECK(valley.json()["certain"] == true);

  Ran large = solve(folder, "Long");
  REQUIRE(large.code == 0);
  CHECK_FALSE(large.json().contains("eigenvalues")); // not looked at
  CHECK(large.json()["value"].get<double>() == Approx(1000));
}

TEST_CASE("solve takes data and hyperparameters from the experiment, all rows at once") {
  Folder folder;
  Ran fit = solve(folder, "Fit");
  INFO(fit.err);
  REQUIRE(fit.code == 0);
  // (XᵀX/2 + λ)w = Xᵀy/2 with XᵀX/4 = [[1.5, 0.25], [0.25, 1.75]], Xᵀy/4 = [1.25, 2.25], λ = 1/2.
  const double a = 2, b = 0.25, c = 2.25, p = 1.25, q = 2.25, det = a * c - b * b;
  CHECK(fit.json()["params"]["w"][0].get<double>() == Approx((c * p - b * q) / det));
  CHECK(fit.json()["params"]["w"][1].get<double>() == Approx((a * q - b * p) / det));
}

// The sum of squares is about 124, so that rounding of it hides the last falls.
TEST_CASE("solve knows a minimum where rounding ends the method before the tolerance") {
  Folder folder;
  Ran ran = folder.thalweg("solve " + kLibrary + "problems/JennrichSampson.tw");
  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.find("a minimum: ") != std::string::npos);
  Ran early = folder.thalweg("solve " + kLibrary + "problems/JennrichSampson.tw --steps 3");
  CHECK(early.code == 1);
}

TEST_CASE("solve calls no point a minimum that is none") {
  Folder folder;
  Ran saddle = solve(folder, "Saddle");
  CHECK(saddle.code == 1);
  CHECK(saddle.json()["found"] == false);
  CHECK(saddle.says("the Hessian has the eigenvalue -1"));
  // On the way down a cubic, all eigenvalues are positive wherever it ends.
  Ran inflection = solve(folder, "Inflection");
  CHECK(inflection.json()["eigenvalues"][0].get<double>() > 0);
  CHECK(inflection.json()["certain"] == false);
  CHECK(folder.thalweg("solve " + folder.path("programs.tw") + " --problem Inflection")
            .out.find("whether this is a minimum is not known") != std::string::npos);
  Ran slope = solve(folder, "Slope --steps 20");
  CHECK(slope.code == 1);
  CHECK(slope.json()["found"] == false);
  Ran cone = solve(folder, "Cone");
  CHECK((cone.code == 0) == cone.json()["found"].get<bool>());
  if (cone.code != 0) CHECK(cone.says("has a kink"));
  Ran hole = solve(folder, "Hole");
  CHECK(hole.code == 1);
  CHECK(hole.says("not finite at the start"));
  Ran few = solve(folder, "Valley --method 'SteepestDescent()' --steps 5");
  CHECK(few.code == 1);
  CHECK(few.says("no minimum within 5 steps"));
  CHECK(few.says("after 5 steps"));
}

TEST_CASE("gradcheck confirms what is right, term by term, and names what is not") {
  Folder folder;
  folder.file("programs.tw", kPrograms);
  auto check = [&](const std::string& problem) {
    return folder.thalweg("gradcheck " + folder.path("programs.tw") + " --json --problem " +
                          problem);
  };
  Ran valley = check("Valley");
  REQUIRE(valley.code == 0);
  REQUIRE(valley.json()["terms"].size() == 2);
  CHECK(valley.json()["terms"][1]["term"] == "(1 - x[0])^2");
  const json terms = valley.json()["terms"];
  for (const json& term : terms)
    for (const char* which : {"gradient", "hessian"}) {
      CHECK(term[which]["agrees"] == true);
      CHECK(term[which]["compared"].get<int>() >= 10);
      CHECK(term[which]["worst"].get<double>() <= 1e-7);
    }
  // A gradient that is not that of the value.
  Ran hidden = check("Hidden");
  CHECK(hidden.code == 1);
  CHECK(hidden.json()["terms"][0]["gradient"]["agrees"] == true);
  CHECK(hidden.json()["terms"][1]["gradient"]["agrees"] == false);
  CHECK(hidden.says("x[0]^2*stop_gradient(x[1])"));
  CHECK(hidden.says("by x, element 1, is 0"));
  CHECK(hidden.says("makes its argument a constant"));
  Ran hole = check("Hole");
  CHECK(hole.code == 1);
  CHECK(hole.says("not finite at any"));
}

TEST_CASE("what methods say that they are for is understood") {
  using namespace thalweg::driver;
  size_t said = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kLibrary + "methods")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("## Solves: ")) {
        INFO(entry.path() << ": " << line);
        CHECK(parse_purpose(std::string_view(line).substr(11)));
        ++said;
      }
  }
  CHECK(said >= 4);
  CHECK(parse_purpose("smooth functions of up to 200 params")->params == 200);
  CHECK(parse_purpose("quadratics of any size")->of == ProblemClass::quadratics);
  for (const char* text :
       {"", "quadratics", "convex functions of any size", "quadratics of up to 0 params",
        "quadratics of up to 5 paramss", "smooth functions of any sizes"})
    CHECK_FALSE(parse_purpose(text));
}
