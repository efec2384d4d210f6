// Expressions: precedence, chains, both spellings, contextual words.
#include <catch2/catch.hpp>

#include "parse_support.h"

using thalweg::testing::expr_of;

TEST_CASE("operators bind as the language page orders them") {
  CHECK(expr_of("a + b*c") == "(+ a (* b * c))");
  CHECK(expr_of("-x^2") == "(neg (^ x 2))");
  CHECK(expr_of("2^-x") == "(^ 2 (neg x))");
  CHECK(expr_of("a^b^c") == "(^ a (^ b c))");
  CHECK(expr_of("-a*b") == "(* (neg a) * b)");
  CHECK(expr_of("a @ b * c / d mod e") == "(* a @ b * c / d mod e)");
  CHECK(expr_of("a - b + c") == "(+ a -b c)");
  CHECK(expr_of("a - (b + c)") == "(+ a -(+ b c))");
  CHECK(expr_of("0..n - 1") == "(.. 0 (+ n -1))");
  CHECK(expr_of("1 <= x <= 5") == "(compare 1 <= x <= 5)");
  CHECK(expr_of("not a == b and c or d") == "(or (and (not (compare a == b)) c) d)");
  CHECK(expr_of("a |> b or c") == "(pipe a (or b c))");
  CHECK(expr_of("x.T[0]^2") == "(^ (index (transpose x) [0]) 2)");
  CHECK(expr_of("if a then b else if c then d else e + f") ==
        "(if a then b else c then d else (+ e f))");
  CHECK(expr_of("√x + 1") == "(+ (call sqrt x) 1)");
  CHECK(expr_of("√x^2") == "(call sqrt (^ x 2))");
  CHECK(expr_of("norm(all g + h)") == "(call norm (all (+ g h)))");
}

TEST_CASE("every symbol has an ASCII spelling and both give the same tree") {
  auto same = [](const char* a, const char* b) {
    INFO(a);
    CHECK(expr_of(a) == expr_of(b));
    CHECK(expr_of(a).find("error") == std::string::npos);
  };
  same("∇f(x)", "grad f(x)");
  same("∇²f(x)", "hess f(x)");
  same("∇f.smooth(y)", "grad f.smooth(y)");
  same("√(x + 1)", "sqrt((x + 1))");
  same("a ⊙ b", "a*b");
  same("Aᵀ", "A.T");
  same("‖x - y‖", "norm(x - y)");
  same("‖x‖₁ + ‖y‖", "norm1(x) + norm(y)");
  same("x²", "x^2");
  same("x⁻¹⁰", "x^-10");
  same("a ≤ b ≤ c", "a <= b <= c");
  same("a ≥ b", "a >= b");
  same("a ≠ b", "a != b");
  same("w ∈ Simplex", "w in Simplex");
  same("-∞", "-inf");
  same("2*π", "2*pi");
  same("m′", "m'");
}

TEST_CASE("names are normalized, the source is not") {
  // m with a combining circumflex has no composed form; é has one.
  CHECK(expr_of("m\u0302") == "m\u0302");
  CHECK(expr_of("e\u0301") == expr_of("\u00e9"));
  CHECK(expr_of("\u212B") == expr_of("\u00C5")); // the angstrom sign is the letter Å
  CHECK(expr_of("θ₁ + データ") == "(+ θ₁ データ)");
}

TEST_CASE("norm bars nest and close") {
  CHECK(expr_of("‖‖x‖*y‖") == "(call norm (* (call norm x) * y))");
  CHECK(expr_of("‖a‖*‖b‖") == "(* (call norm a) * (call norm b))");
  CHECK(expr_of("‖x‖²") == "(^ (call norm x) 2)");
}

TEST_CASE("subscripts") {
  CHECK(expr_of("x[0]") == "(index x [0])");
  CHECK(expr_of("x[1..]") == "(index x [1..])");
  CHECK(expr_of("x[..-1]") == "(index x [..(neg 1)])");
  CHECK(expr_of("x[a..=b, :, new]") == "(index x [a..=b, :, new])");
  CHECK(expr_of("x[i + 1][j]") == "(index (index x [(+ i 1)]) [j])");
  CHECK(expr_of("z[i, y[i]]") == "(index z [i, (index y [i])])");
  CHECK(expr_of("new[new + 1]") == "(index new [(+ new 1)])");
}

TEST_CASE("calls and arguments") {
  CHECK(expr_of("f()") == "(call f)");
  CHECK(expr_of("SGD(lr = 0.1, momentum = 0.9,)") == "(call SGD lr=0.1 momentum=0.9)");
  CHECK(expr_of("AdamW(lr ~ loguniform(1e-4, 1e-1))") ==
        "(call AdamW lr~(call loguniform 0.0001 0.1))");
  CHECK(expr_of("inner.step(x, ∇f(x + e))") ==
        "(call (field inner step) x (call (grad f) (+ x e)))");
  CHECK(expr_of("ring(k, like x)") == "(call ring k (like x))");
  CHECK(expr_of("[[1, 2], [3, 4]]") == "[[1, 2], [3, 4]]");
}

TEST_CASE("index notation") {
  CHECK(expr_of("sum[i in 0..m] a[i]*b[i] + c") ==
        "(+ (sum[i in (.. 0 m)] (* (index a [i]) * (index b [i]))) c)");
  CHECK(expr_of("tensor[i, j] sum[k] A[i, k]*B[k, j]") ==
        "(tensor[i, j] (sum[k] (* (index A [i, k]) * (index B [k, j]))))");
  CHECK(expr_of("max [i] x[i]") == "(max[i] (index x [i]))");
  CHECK(expr_of("sum(x) + max(a, b)") == "(+ (call sum x) (call max a b))");
}

TEST_CASE("words that are keywords elsewhere are names") {
  CHECK(expr_of("data + batch*step") == "(+ data (* batch * step))");
  CHECK(expr_of("norm(grad)") == "(call norm grad)");
  CHECK(expr_of("grad") == "grad");
  CHECK(expr_of("grad(x)") == "(call grad x)");
  CHECK(expr_of("f.set.project(y)") == "(call (field (field f set) project) y)");
  CHECK(expr_of("state' + max") == "(+ state' max)");
}

TEST_CASE("numbers keep what was written") {
  CHECK(expr_of("007") == "7");
  CHECK(expr_of("1e3") == "1000.0");
  CHECK(expr_of("0.1") == "0.1");
  CHECK(expr_of("9223372036854775808") == "9.223372036854776e+18");
  CHECK(expr_of("5e-324") == "5e-324");
}
