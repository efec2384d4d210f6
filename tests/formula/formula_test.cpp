// Formulas as a reader sees them: whole problems first, then each construct, then safety.
#include "ir/builder.h"
#include "passes/diff/diff.h"
#include "passes/formula/formula.h"
#include "passes/simplify/simplify.h"
#include "properties/random_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace thalweg;
using formula::Style;

namespace {

const Dim kRows = Dim::symbol("n"), kColumns = Dim::symbol("d");
const Type kReal = Type::scalar(DType::f64);
const Type kVector = Type::tensor(DType::f64, {kColumns});
const Type kLabels = Type::tensor(DType::f64, {kRows});
const Type kMatrix = Type::tensor(DType::f64, {kRows, kColumns});

// mean(log(1 + exp(-margin))) + lambda/2 * sum(w^2), margin = y * (X @ w + b)
struct Logistic {
  Graph graph;
  Builder b{graph};
  Function f;
  formula::Options options;

  explicit Logistic(Style style) {
    f.parameters = {
        {"X", kMatrix}, {"y", kLabels}, {"w", kVector}, {"b", kReal}, {"lambda", kReal}};
    ValueId x = b.arg(0, kMatrix), y = b.arg(1, kLabels), w = b.arg(2, kVector);
    ValueId bias = b.arg(3, kReal), lambda = b.arg(4, kReal);
    ValueId score =
        b.add(b.contract(x, {0, 1}, w, {1}, {0}), b.broadcast_scalar(bias, kLabels.shape));
    ValueId margin = b.mul(y, score);
    ValueId e = b.make(Op::exp, {b.neg(margin)});
    ValueId loss = b.make(Op::log, {b.add(b.full(1, kLabels), e)});
    ValueId n = b.cast(b.dim(kRows), DType::f64);
    ValueId mean = b.div(b.reduce_all(Op::reduce_sum, loss), n);
    ValueId square = b.make(Op::pow, {w, b.full(2, kVector)});
    ValueId decay = b.mul(b.div(lambda, b.constant(2)), b.reduce_all(Op::reduce_sum, square));
    f.results.push_back({"objective", b.add(mean, decay)});
    options.style = style;
    // Simplified before and after, the name of the margin carried along.
    simplify::Simplifier first(graph);
    Function simple = first.run(f);
    margin = first.value(margin);
    std::vector<size_t> wrt{2, 3};
    simplify::Simplifier second(graph);
    f = second.run(*diff::hessian(graph, simple, 0, wrt));
    options.names[second.value(margin)] = "margin";
  }
  std::string text(size_t result) {
    return formula::formula_text(graph, f, f.results[result].value, options);
  }
};

// One expression over x, y: [d]; A: [n, d]; s, t: scalars; i: integers [n].
struct One {
  Graph graph;
  Builder b{graph};
  ValueId x = b.arg(0, kVector), y = b.arg(1, kVector), a = b.arg(2, kMatrix), s = b.arg(3, kReal),
          t = b.arg(4, kReal), i = b.arg(5, Type::tensor(DType::i64, {kRows}));
  Function f;
  One() {
    f.parameters = {{"x", kVector}, {"y", kVector}, {"A", kMatrix},
                    {"s", kReal},   {"t", kReal},   {"i", b.type(i)}};
  }
  std::string text(ValueId value, Style style = Style::ascii) {
    formula::Options options;
    options.style = style;
    return formula::formula_text(graph, f, value, options);
  }
};

} // namespace

TEST_CASE("logistic regression: value, gradient and Hessian read like a paper") {
  Logistic p(Style::ascii);
  const char* margin = "\n  where margin = y * (X @ w + b)";
  CHECK(p.text(0) == std::string("mean(softplus(-margin)) + lambda/2 * sum(w^2)") + margin);
  CHECK(p.text(1) == std::string("lambda*w - X.T @ (y * sigmoid(-margin)) / n") + margin);
  CHECK(p.text(2) == std::string("-dot(y, sigmoid(-margin)) / n") + margin);
  // The Hessian, block by block; the mixed blocks are one vector.
  CHECK(p.text(3) == std::string("lambda * eye(d) + X.T @ (X * (y^2 * sigmoid(-margin) * "
                                 "sigmoid(margin))[:, new]) / n") +
                         margin);
  CHECK(p.text(4) == std::string("X.T @ (y^2 * sigmoid(-margin) * sigmoid(margin)) / n") + margin);
  CHECK(p.text(5) == p.text(4));
  CHECK(p.text(6) == std::string("dot(y, y * sigmoid(-margin) * sigmoid(margin)) / n") + margin);
}

TEST_CASE("logistic regression in Unicode and LaTeX") {
  Logistic unicode(Style::unicode), latex(Style::latex);
  CHECK(unicode.text(1) ==
        "lambda*w - Xᵀ @ (y * sigmoid(-margin)) / n\n  where margin = y * (X @ w + b)");
  CHECK(latex.text(1) == "\\lambda \\, w - \\frac{1}{n} \\, X^\\top \\left(y \\odot "
                         "\\sigma\\left(-\\mathrm{margin}\\right)\\right) \\\\\n\\text{where } "
                         "\\mathrm{margin} = y \\odot \\left(X w + b\\right)");
}

TEST_CASE("precedence and signs") {
  One o;
  Builder& b = o.b;
  ValueId sum = b.add(o.x, o.y), difference = b.sub(o.x, o.y);
  CHECK(o.text(b.mul(sum, o.y)) == "(x + y) * y");
  CHECK(o.text(b.sub(o.x, sum)) == "x - (x + y)");
  CHECK(o.text(b.add(o.x, difference)) == "x + x - y");
  CHECK(o.text(b.neg(sum)) == "-(x + y)");
  CHECK(o.text(b.neg(b.mul(o.x, o.y))) == "-x*y");
  CHECK(o.text(b.add(b.neg(o.x), o.y)) == "y - x");
  CHECK(o.text(b.div(o.s, b.mul(o.t, o.s))) == "s/(t*s)");
  CHECK(o.text(b.div(b.div(o.s, o.t), o.s)) == "s/(t*s)");
  CHECK(o.text(b.make(Op::pow, {b.neg(o.s), o.t})) == "(-s)^t");
  CHECK(o.text(b.neg(b.make(Op::pow, {o.s, o.t}))) == "-s^t");
  CHECK(o.text(b.make(Op::pow, {o.s, b.make(Op::pow, {o.t, o.s})})) == "s^t^s");
  CHECK(o.text(b.make(Op::pow, {b.make(Op::pow, {o.s, o.t}), o.s})) == "(s^t)^s");
  CHECK(o.text(b.make(Op::pow, {o.s, b.neg(o.t)})) == "s^(-t)");
  CHECK(o.text(b.mul(o.s, b.neg(o.t))) == "-s*t");
  CHECK(o.text(b.add(o.s, b.constant(-0.1))) == "s - 0.1");
  CHECK(o.text(b.mul(o.x, b.mul(o.x, o.x))) == "x^3");
  ValueId less = b.make(Op::lt, {o.s, o.t});
  CHECK(o.text(b.add(b.select(less, o.s, o.t), o.s)) == "(if s < t then s else t) + s");
  CHECK(o.text(b.make(Op::logical_not, {less})) == "not s < t");
  CHECK(o.text(b.make(Op::fma, {o.x, o.y, b.neg(o.x)})) == "x*y - x");
}

TEST_CASE("matrix products, transposes, reductions, indices") {
  One o;
  Builder& b = o.b;
  ValueId v = b.contract(o.a, {0, 1}, o.x, {1}, {0}); // [n]
  CHECK(o.text(v) == "A @ x");
  CHECK(o.text(b.contract(o.x, {1}, o.a, {0, 1}, {0})) == "A @ x");
  CHECK(o.text(b.contract(v, {0}, o.a, {0, 1}, {1})) == "A.T @ (A @ x)");
  CHECK(o.text(b.contract(o.a, {0, 1}, o.a, {0, 2}, {1, 2})) == "A.T @ A");
  CHECK(o.text(b.contract(o.a, {0, 1}, o.a, {2, 1}, {2, 0})) == "A @ A.T");
  CHECK(o.text(b.contract(o.x, {0}, o.y, {0}, {})) == "dot(x, y)");
  CHECK(o.text(b.contract(o.x, {0}, o.x, {0}, {})) == "sum(x^2)");
  CHECK(o.text(b.contract(o.a, {0, 1}, o.a, {0, 1}, {0})) == "tensor[j] sum[k] A[j, k]^2");
  CHECK(o.text(b.transpose(o.a, {1, 0})) == "A.T");
  CHECK(o.text(b.reduce(Op::reduce_sum, o.a, {0})) == "sum(A, axis = 0)");
  CHECK(o.text(b.reduce_all(Op::reduce_max, o.a)) == "max(A)");
  ValueId count = b.cast(b.dim(kRows * kColumns), DType::f64);
  CHECK(o.text(b.div(b.reduce_all(Op::reduce_sum, o.a), count)) == "mean(A)");
  CHECK(o.text(b.div(b.reduce_all(Op::reduce_sum, o.x), count)) == "sum(x) / (d*n)");
  ValueId shifted = b.slice(o.x, {Dim(1)}, {kColumns - Dim(1)});
  ValueId head = b.slice(o.x, {Dim(0)}, {kColumns - Dim(1)});
  CHECK(o.text(b.sub(shifted, head)) == "x[1..] - x[..-1]");
  CHECK(o.text(b.gather(o.a, {b.iota({kRows}, 0), o.i})) == "tensor[j] A[j, i[j]]");
  CHECK(o.text(b.mul(o.a, b.broadcast(o.x, kMatrix.shape, {1}))) == "A*x");
  CHECK(o.text(b.mul(o.a, b.broadcast(v, kMatrix.shape, {0}))) == "A * (A @ x)[:, new]");
  CHECK(o.text(diff::identity(o.graph, {kColumns}, DType::f64)) == "eye(d)");
}

TEST_CASE("what is used twice and not small gets a line") {
  One o;
  Builder& b = o.b;
  ValueId big = b.add(b.mul(o.x, o.y), b.make(Op::exp, {b.add(o.x, o.y)}));
  CHECK(o.text(b.div(big, b.make(Op::sqrt, {big}))) ==
        "s1 / sqrt(s1)\n  where s1 = x*y + exp(x + y)");
  ValueId small = b.add(o.x, o.y);
  CHECK(o.text(b.div(small, b.make(Op::sqrt, {small}))) == "(x + y) / sqrt(x + y)");
}

TEST_CASE("numbers print shortest and round-trip") {
  One o;
  CHECK(o.text(o.b.constant(0.1)) == "0.1");
  CHECK(o.text(o.b.constant(1e-8)) == "1e-08");
  CHECK(o.text(o.b.constant(1.0 / 3)) == "0.3333333333333333");
  CHECK(o.text(o.b.constant(0.1, DType::f32)) == "0.1");
  CHECK(o.text(o.b.constant(-2)) == "-2");
  CHECK(o.text(o.b.constant(1e-8), Style::latex) == "1 \\cdot 10^{-8}");
  CHECK(o.text(o.b.constant(3.141592653589793)) == "pi");
}

// Two subscripts or two superscripts of one base, which TeX refuses.
static bool has_double_script(const std::string& text) {
  std::string scripts; // of the base at hand
  for (size_t at = 0; at < text.size(); ++at) {
    const char mark = text[at];
    if (mark != '_' && mark != '^') {
      scripts.clear();
      continue;
    }
    if (at > 0 && text[at - 1] == '\\') continue; // \_ in a name
    if (scripts.find(mark) != std::string::npos) return true;
    scripts += mark;
    if (text[at + 1] != '{') {
      REQUIRE(text.substr(at + 1, 4) == "\\top");
      at += 4;
      continue;
    }
    for (int depth = 0;;) {
      ++at;
      depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
      if (depth == 0) break;
    }
  }
  return false;
}

TEST_CASE("LaTeX: one script of a kind for each base") {
  CHECK(has_double_script("I_{d}_{:, 1}"));
  CHECK(has_double_script("x_{1}^{2}_{3}"));
  CHECK_FALSE(has_double_script("{I_{d}}_{:, 1} X^\\top x_{1}^{2} \\mathrm{a\\_b}_{2}"));
}

TEST_CASE("every random graph prints, with balanced brackets, in every style") {
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    Graph graph;
    thalweg::testing::RandomCase c = thalweg::testing::random_case(graph, seed);
    for (Style style : {Style::ascii, Style::unicode, Style::latex})
      for (const Result& result : c.function.results) {
        formula::Options options;
        options.style = style;
        std::string text = formula::formula_text(graph, c.function, result.value, options);
        INFO("seed " << seed << "\n" << text);
        REQUIRE(!text.empty());
        for (auto [open, close] : {std::pair{'(', ')'}, {'{', '}'}, {'[', ']'}})
          REQUIRE(std::count(text.begin(), text.end(), open) ==
                  std::count(text.begin(), text.end(), close));
        REQUIRE(text.size() < 20000);
        if (style == Style::latex) REQUIRE_FALSE(has_double_script(text));
      }
  }
}
