// Declarations and statements: the trees of every form the language has.
#include <catch2/catch.hpp>

#include "parse_support.h"

using thalweg::testing::tree_of;

TEST_CASE("problem") {
  CHECK(tree_of("## Doc one.\n## Doc two.\nproblem P(lambda = 1e-3, k) {\n"
                " data X: [n, d] data y: class(k)[n] data c\n"
                " param W: [d, k] role head = normal(0, 1) param b = 0 param z: [d]\n"
                " let m = X @ W; maximize mean(m)\n"
                " subject to { box: 1 <= b <= 5, W in Simplex; z[0] == 1 up: b < 2 }\n"
                " metric acc = mean(m > 0) require lambda > 0\n"
                " function h(u) = u^2 }") == "doc \"Doc one.\\nDoc two.\"\n"
                                             "problem P (lambda = 0.001) (k)\n"
                                             "  data X: [n, d]\n"
                                             "  data y: class(k)[n]\n"
                                             "  data c\n"
                                             "  param W: [d, k] role head = (call normal 0 1)\n"
                                             "  param b = 0\n"
                                             "  param z: [d]\n"
                                             "  let m = (* X @ W)\n"
                                             "  maximize (call mean m)\n"
                                             "  subject to\n"
                                             "    box: (compare 1 <= b <= 5)\n"
                                             "    -: (compare W in Simplex)\n"
                                             "    -: (compare (index z [0]) == 1)\n"
                                             "    up: (compare b < 2)\n"
                                             "  metric acc = (call mean (compare m > 0))\n"
                                             "  require (compare lambda > 0)\n"
                                             "  function h (u) = (^ u 2)\n");
}

TEST_CASE("optimizer in its three forms") {
  CHECK(tree_of("optimizer A(inner: optimizer = SGD()) on matrix W {\n"
                " state m: like W = 0, s: bf16 = 1\n require 0 <= m < 1\n m' = m\n"
                " report a, b = c\n fail \"bad {m[0]} \\\"x\\\"\" if a > 0\n done \"ok\" if b\n"
                " answer W\n W' = inner.step(W, ∇f(W)) }") ==
        "optimizer A (inner: optimizer = (call SGD)) on matrix W\n"
        "  state m: like W = 0\n"
        "  state s: bf16 = 1\n"
        "  require (compare 0 <= m < 1)\n"
        "  m' = m\n"
        "  report a, b = c\n"
        "  fail (\"bad \" (index m [0]) \" \\\"x\\\"\") if (compare a > 0)\n"
        "  done (\"ok\") if b\n"
        "  answer W\n"
        "  W' = (call (field inner step) W (call (grad f) W))\n");
  CHECK(tree_of("optimizer R(lr = 1) { head, embedding: A() matrices: B(lr = lr) }") ==
        "optimizer R (lr = 1) routes\n"
        "  head embedding: (call A)\n"
        "  matrices: (call B lr=lr)\n");
  CHECK(tree_of("optimizer D(h = 0.1) = backward_euler(Flow(), step = h)") ==
        "optimizer D (h = 0.1) = (call backward_euler (call Flow) step=h)\n");
}

TEST_CASE("transform, schedule, set, flow") {
  CHECK(tree_of("transform c on g { g' = g\n step when t mod 4 == 0 }") ==
        "transform c on g\n  g' = g\n  step when (compare (* t mod 4) == 0)\n");
  CHECK(tree_of("schedule s(a) { state b = a  b' = b/2  return b }") ==
        "schedule s (a)\n  state b = a\n  b' = (* b / 2)\n  return b\n");
  CHECK(tree_of("set Box(lo) of x: lo <= x project(y) = max(y, lo)") ==
        "set Box (lo) of x (compare lo <= x)\n  project y = (call max y lo)\n");
  CHECK(tree_of("flow F { let a = 1; dx/dt = p; dp/dt = -a*p }") ==
        "flow F\n  let a = 1\n  d/dt x = p\n  d/dt p = (* (neg a) * p)\n");
}

TEST_CASE("function bodies") {
  CHECK(tree_of("function f(x) {\n var q = x\n for i in reversed(0..=n) { q[i] = 1 q = 2 }\n"
                " while q > 1 max 10 { q = q/2 }\n repeat 5 { let a = q }\n"
                " if q > 0 { return 1 } else if q < 0 { return 2 } else { fail \"no\" }\n}\n"
                "function g(x) = x prox(y, s) = y") == "function f (x)\n"
                                                       "  var q = x\n"
                                                       "  for i reversed (..= 0 n)\n"
                                                       "    q[i] = 1\n"
                                                       "    q = 2\n"
                                                       "  while (compare q > 1) max 10\n"
                                                       "    q = (* q / 2)\n"
                                                       "  repeat 5\n"
                                                       "    let a = q\n"
                                                       "  if (compare q > 0)\n"
                                                       "    return 1\n"
                                                       "  if (compare q < 0)\n"
                                                       "    return 2\n"
                                                       "  else\n"
                                                       "    fail (\"no\") if -\n"
                                                       "function g (x) = x\n"
                                                       "  prox y s = y\n");
}

TEST_CASE("experiment clauses") {
  CHECK(
      tree_of("experiment e { minimize P(a = 1) given X, y = csv(\"d.csv\") using T() |> A() as a\n"
              "holdout 0.2 batch 64 of n order shuffled steps 10 epochs 2 until norm(grad) < 1\n"
              "record loss, grad every 10 checkpoint every 5 checkpoint \"d\" every 7\n"
              "search asha(trials = 2) by validation.loss precision f32 seed 3 }\nuse \"x.tw\"") ==
      "experiment e\n"
      "  minimize (call P a=1)\n"
      "  given X y = (call csv \"d.csv\")\n"
      "  using (pipe (call T) (call A)) as a\n"
      "  holdout 0.2\n"
      "  batch 64 of n\n"
      "  order shuffled\n"
      "  steps 10\n"
      "  epochs 2\n"
      "  until (compare (call norm grad) < 1)\n"
      "  record loss, grad every 10\n"
      "  checkpoint - every 5\n"
      "  checkpoint \"d\" every 7\n"
      "  search (call asha trials=2) by (field validation loss)\n"
      "  precision f32\n"
      "  seed 3\n"
      "use \"x.tw\"\n");
}

TEST_CASE("white space and line ends only separate tokens") {
  std::string text = "optimizer A on tensor x { state m = 0 m' = m x' = x - m' }";
  std::string tree = tree_of(text);
  for (const char* gap : {"\n", "\r\n", "\t", " \n\n "}) {
    std::string other;
    for (char c : text)
      c == ' ' ? other += gap : other += c;
    CHECK(tree_of(other) == tree);
  }
}

TEST_CASE("contextual words stay usable as names everywhere") {
  CHECK(tree_of("optimizer step(data = 1, on = 2) on tensor state {\n"
                " state let = 0, report = data\n let' = report\n report' = on\n"
                " state' = state - let'\n}") ==
        "optimizer step (data = 1) (on = 2) on tensor state\n"
        "  state let = 0\n"
        "  state report = data\n"
        "  let' = report\n"
        "  report' = on\n"
        "  state' = (+ state -let')\n");
  CHECK(tree_of("function record(every, seed) { var steps = every steps = seed return steps }") ==
        "function record (every) (seed)\n"
        "  var steps = every\n  steps = seed\n  return steps\n");
}

TEST_CASE("spans cover what was written") {
  thalweg::SourceManager sources;
  thalweg::Diagnostics diagnostics;
  thalweg::ast::Context context;
  auto id = sources.add("t", "function f(x) = (a + b)*c");
  const auto* file = thalweg::parse_file(sources, id, context, diagnostics);
  REQUIRE(file->decls.size() == 1);
  const auto* f = file->decls[0]->as<thalweg::ast::FunctionDecl>();
  REQUIRE(f);
  CHECK(sources.text(f->formula->span) == "(a + b)*c");
  const auto* product = f->formula->as<thalweg::ast::Product>();
  REQUIRE(product);
  CHECK(sources.text(product->first->span) == "a + b");
  CHECK(sources.text(product->rest[0].op_span) == "*");
  CHECK(f->formula->id < context.expr_count);
}

TEST_CASE("the tree tells what errors took from it") {
  thalweg::SourceManager sources;
  thalweg::Diagnostics diagnostics;
  thalweg::ast::Context context;
  auto id =
      sources.add("t", "problem A { minimize 1 }\nproblem B {\n  let x = 1 +\n  minimize 2\n}\n"
                       "schedule c 3\nproblem D { minimize 4 }\n");
  const auto* file = thalweg::parse_file(sources, id, context, diagnostics);
  CHECK(file->has_errors);
  REQUIRE(file->decls.size() == 3);
  CHECK(!file->decls[0]->damaged);
  CHECK(file->decls[1]->damaged);
  CHECK(file->decls[1]->as<thalweg::ast::ProblemDecl>()->items.size() == 1);
  CHECK(!file->decls[2]->damaged);
  REQUIRE(file->lost_names.size() == 1);
  CHECK(file->lost_names[0] == "c");
}
