// fmt: the same tree, the same text the second time, comments and spellings kept.
#include <catch2/catch.hpp>

#include "parse_support.h"

using namespace thalweg::testing;

namespace {

const char* const kPrograms[] = {"examples/01_logistic_regression.tw",
                                 "examples/02_update_rules.tw",
                                 "examples/03_lbfgs.tw",
                                 "examples/04_lasso_fista.tw",
                                 "examples/05_constrained.tw",
                                 "examples/06_matrix_optimizers.tw",
                                 "examples/07_wrappers_and_search.tw"};

std::string without_spaces(const std::string& text) {
  std::string out;
  for (char c : text)
    if (c != ' ' && c != '\n') out += c;
  return out;
}

} // namespace

TEST_CASE("the target programs parse, and formatting keeps their trees and texts") {
  for (const char* path : kPrograms) {
    INFO(path);
    std::string text = read_source(path);
    REQUIRE(!text.empty());
    std::string tree = tree_of(text);
    REQUIRE(tree.find("error[") == std::string::npos);
    std::string once = formatted(text);
    CHECK(tree_of(once) == tree);
    CHECK(formatted(once) == once);
    CHECK(without_spaces(once) == without_spaces(text));
  }
}

TEST_CASE("layout does not depend on how the text was laid out") {
  CHECK(formatted(
            "problem  P( a=1 ,b )\n{\ndata X:[n,d] data y : [n]\nparam w:[d]=0;;let m=X@w\n\n\n\n"
            "minimize mean( (m-y) ^ 2 )+a  *  b }") == "problem P(a = 1, b) {\n"
                                                       "  data  X: [n, d]\n"
                                                       "  data  y: [n]\n"
                                                       "  param w: [d] = 0\n"
                                                       "  let m = X @ w\n"
                                                       "\n"
                                                       "  minimize mean((m - y)^2) + a * b\n"
                                                       "}\n");
}

TEST_CASE("spaces in expressions") {
  auto line = [](const std::string& e) {
    std::string text = formatted("schedule s = " + e);
    return text.substr(13, text.size() - 14);
  };
  CHECK(line("a*b/c+d * e") == "a*b/c + d * e");
  CHECK(line("a *b") == "a * b");
  CHECK(line("- x+ -y") == "-x + -y");
  CHECK(line("not( a )") == "not (a)");
  CHECK(line("if a<b then( c )else d") == "if a < b then (c) else d");
  CHECK(line("x [ 1 .. ] + x[ .. -1 ] + x[ i-1 , : , new ]") ==
        "x[1..] + x[..-1] + x[i-1, :, new]");
  CHECK(line("f ( a=1,b~g() )") == "f(a = 1, b ~ g())");
  CHECK(line("‖ x - y ‖ ₁"
             "") != "");
  CHECK(line("‖ x-y ‖*2") == "‖x - y‖*2");
  CHECK(line("sum [ i in 0 .. m ] x [ i ]") == "sum[i in 0 .. m] x[i]");
  CHECK(line("grad  f( x )+∇ f(x)") == "grad f(x) + ∇f(x)");
  CHECK(line("x ^ 2 + x ² + A . T + A ᵀ + m '") == "x^2 + x² + A.T + Aᵀ + m'");
  CHECK(line("all g") == "all g");
  CHECK(line("a|>b") == "a |> b");
}

TEST_CASE("comments stay where they are") {
  std::string text = "# first\n\n## doc\nfunction f(x) { # opens\n  # own line\n  let a = 1 # one\n"
                     "  let abc = 2   # two\n\n  return a + # why\n    abc\n  # last\n}\n# end\n";
  CHECK(formatted(text) == "# first\n\n## doc\nfunction f(x) {  # opens\n  # own line\n"
                           "  let a = 1    # one\n  let abc = 2  # two\n\n  return a +  # why\n"
                           "    abc\n  # last\n}\n# end\n");
  CHECK(formatted(formatted(text)) == formatted(text));
}

TEST_CASE("blocks on one line stay there") {
  CHECK(formatted("flow F {dx/dt=p;dp/dt=-p}") == "flow F { dx/dt = p; dp/dt = -p }\n");
  CHECK(formatted("function f(x) { if x>0 {return 1} else {return 2} }") ==
        "function f(x) { if x > 0 { return 1 } else { return 2 } }\n");
  CHECK(formatted("function f(x) {\n if x>0 {\n return 1 }\n else {return 2} }") ==
        "function f(x) {\n  if x > 0 {\n    return 1\n  } else { return 2 }\n}\n");
  CHECK(formatted("problem P { }") == "problem P { }\n");
}

TEST_CASE("a break inside a statement is the author's") {
  CHECK(formatted(
            "schedule s(a) =\n      if t > a then 1\nelse 2\nfunction f(x) = x\nprox(y, s) = y") ==
        "schedule s(a) =\n  if t > a then 1\n  else 2\nfunction f(x) = x\n  prox(y, s) = y\n");
}

TEST_CASE("an empty file and a file of comments") {
  CHECK(formatted("").empty());
  CHECK(formatted("\n\n# only this\n\n\n# and this") == "# only this\n\n# and this\n");
}

TEST_CASE("constraints keep the separators they need") {
  CHECK(formatted("problem P { subject to { a: x > 0; b: y > 0; z > 1\n; w in S , v > 2 } }") ==
        "problem P {\n  subject to {\n    a: x > 0\n    b: y > 0;\n    z > 1;\n    w in S,\n"
        "    v > 2\n  }\n}\n");
  CHECK(formatted("problem P { subject to { a > 0, b > 1; c > 2 } }") ==
        "problem P { subject to { a > 0, b > 1; c > 2 } }\n");
}
