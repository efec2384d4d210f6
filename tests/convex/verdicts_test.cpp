// Verdicts by hand: reasons, bounds, prox rules, and what is not known without data.
#include "convex/examined.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;
using convex::Curvature;

namespace {

const std::string kLasso = R"(
problem Lasso(lambda = 0.5) {
  data  A: [n, d]
  data  b: [n]
  param x: [d] = 0
  param intercept = 0
  minimize sumsq(A @ x + intercept - b)/(2*n) + lambda*norm1(x)
}
)";
// AᵀA = diag(4, 9).
const std::vector<std::string> kData{"A=[[2, 0], [0, 3]]", "b=[1, 1]"};

} // namespace

TEST_CASE("a lasso is a smooth term and one with a prox rule") {
  Examined e(kLasso, kData);
  std::vector<convex::Term> terms = e.terms();
  REQUIRE(terms.size() == 2);
  CHECK(terms[0].facts.curvature == Curvature::convex);
  CHECK(terms[0].facts.smooth);
  // 2(‖A‖² + n)/(2n)
  REQUIRE(terms[0].facts.bend);
  CHECK(*terms[0].facts.bend->value == Approx(5.5).epsilon(1e-12));
  CHECK(terms[0].prox == nullptr);
  CHECK_FALSE(terms[1].facts.smooth);
  CHECK(terms[1].facts.separable);
  REQUIRE(terms[1].prox);
  CHECK(terms[1].prox->function == "norm1");
  CHECK(terms[1].param == 0);
}

TEST_CASE("a factor below zero takes a prox rule away, two signs give it back") {
  auto prox = [](const std::string& objective) {
    Examined e("problem P(k = -2) { param x: [3] = 1; minimize " + objective + " }", {});
    return e.terms().back().prox != nullptr;
  };
  CHECK(prox("sumsq(x) + 3*norm1(x)"));
  CHECK(prox("sumsq(x) - k*norm1(x)"));
  CHECK(prox("sumsq(x) + norm1(x)/7"));
  CHECK_FALSE(prox("sumsq(x) + k*norm1(x)"));
  CHECK_FALSE(prox("sumsq(x) - norm1(x)"));
  CHECK_FALSE(prox("sumsq(x) + norm1(x[1..])"));
  CHECK_FALSE(prox("sumsq(x) + norm1(2*x)"));
  CHECK_FALSE(prox("sumsq(x) + norm1(x)^2"));
}

TEST_CASE("declarations count where the formula says nothing") {
  const std::string head = "problem P { param x: [3] = 1; minimize h(x) }\nfunction h(x) = ";
  auto of = [&](const std::string& rest) { return Examined(head + rest, {}).whole().curvature; };
  CHECK(of("sum(if x > 0 then x else 0)") == Curvature::unknown);
  CHECK(of("sum(if x > 0 then x else 0)\n  convex") == Curvature::convex);
  CHECK(of("sum(x^2)\n  concave") == Curvature::convex);
  const std::string inside = "problem P { param x: [3] = 1; minimize h(x^2) }\nfunction h(x) = "
                             "sum(if x > 0 then x else 0)";
  CHECK(Examined(inside + " convex", {}).whole().curvature == Curvature::unknown);
  CHECK(Examined(inside + " convex decreasing", {}).whole().curvature == Curvature::unknown);
  CHECK(Examined(inside + " convex increasing", {}).whole().curvature == Curvature::convex);
  // The other arguments have to be free of params.
  CHECK(Examined("problem P { param x: [3] = 1; minimize h(x, sum(x)) }\n"
                 "function h(x, w) = sum(if x > w then x else 0)\n  convex",
                 {})
            .whole()
            .curvature == Curvature::unknown);
}

TEST_CASE("a quadratic form is what the eigenvalues of its matrix say") {
  auto of = [](const std::string& matrix) {
    return Examined("problem P { data S: [2, 2]; param x: [2] = 1; minimize x @ S @ x }",
                    {"S=" + matrix})
        .whole()
        .curvature;
  };
  CHECK(of("[[2, 1], [1, 2]]") == Curvature::convex);
  CHECK(of("[[1, 1], [1, 1]]") == Curvature::convex);
  CHECK(of("[[-2, 1], [1, -2]]") == Curvature::concave);
  CHECK(of("[[1, 2], [2, 1]]") == Curvature::unknown);
  CHECK(of("[[1, 4], [-4, 1]]") == Curvature::convex); // its symmetric part counts
}

TEST_CASE("a maximized objective is examined as what is minimized") {
  CHECK(Examined("problem P { param x = 1; maximize -x^2 }", {}).whole().curvature ==
        Curvature::convex);
  CHECK(Examined("problem P { param x = 1; maximize x^2 }", {}).whole().curvature ==
        Curvature::concave);
}

TEST_CASE("what the tree shows") {
  const std::string text = Examined(kLasso, kData).explained();
  CHECK(
      text ==
      R"(problem Lasso: f is convex, in part smooth; its smooth part has L ≤ 5.5 = (2·(‖A‖² + n))/(2*n)
├─ sumsq(A @ x + intercept - b)/(2*n)  convex, ≥ 0, smooth, L ≤ 5.5 = (2·(‖A‖² + n))/(2*n): times or by 2*n ≥ 0
│  └─ sumsq(A @ x + intercept - b)  convex, ≥ 0: a sum of convex elements
│     └─ (A @ x + intercept - b)²  convex, ≥ 0: the square, convex, of an affine value
│        └─ A @ x + intercept - b  affine: a difference of affine values
│           └─ A @ x + intercept  affine: a sum of affine values
│              └─ A @ x  affine: a linear map of an affine value
└─ lambda*norm1(x)  convex, ≥ 0, not smooth, separable, prox of norm1 in x: times or by lambda ≥ 0
   └─ norm1(x)  convex, ≥ 0: a sum of convex elements
      └─ abs(x)  convex, ≥ 0: abs, convex, of an affine value
)");
}
