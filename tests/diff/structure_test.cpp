// Derivatives of folds at zeros and ties, of control flow, over tables; and what is refused.
#include "diff/numeric.h"
#include "passes/diff/diff.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::testing;

namespace {

const Type kReal = Type::scalar(DType::f64);
const Type kThree = Type::tensor(DType::f64, {Dim(3)});
const std::vector<size_t> kFirst{0};

Function of_vector(ValueId value) {
  Function f;
  f.parameters.push_back({"x", kThree});
  f.results.push_back({"value", value});
  return f;
}
std::vector<double> numbers(const Tensor& t) {
  std::vector<double> out;
  for (int64_t k = 0; k < t.size(); ++k)
    out.push_back(t.number(k));
  return out;
}

} // namespace

TEST_CASE("products with zeros have exact first and second derivatives") {
  Graph graph;
  Builder b(graph);
  Function f = of_vector(b.reduce_all(Op::reduce_prod, b.arg(0, kThree)));
  diff::Outcome h = diff::hessian(graph, f, 0, kFirst);
  REQUIRE(h);
  for (std::vector<double> x :
       {std::vector<double>{2, 3, 5}, {0, 3, 5}, {0, 3, 0}, {0, 0, 0}, {2, 0, -4}}) {
    std::vector<Tensor> values = evaluate(graph, *h, {Tensor::of(x, {3})}, {});
    CHECK(numbers(values[1]) == std::vector<double>{x[1] * x[2], x[0] * x[2], x[0] * x[1]});
    std::vector<double> second{0, x[2], x[1], x[2], 0, x[0], x[1], x[0], 0};
    for (int64_t k = 0; k < 9; ++k)
      CHECK(std::abs(values[2].number(k) - second[k]) < 1e-14);
  }
}

TEST_CASE("ties of the largest and smallest split evenly") {
  for (Op op : {Op::reduce_max, Op::reduce_min}) {
    Graph graph;
    Builder b(graph);
    Function f = of_vector(b.reduce_all(op, b.arg(0, kThree)));
    diff::Outcome g = diff::gradient(graph, f, 0, kFirst);
    diff::Outcome t = diff::jacobian(graph, f, 0, kFirst);
    REQUIRE(g);
    REQUIRE(t);
    double sign = op == Op::reduce_max ? 1 : -1;
    Tensor x = Tensor::of({sign * 4, sign * 1, sign * 4}, {3});
    CHECK(numbers(evaluate(graph, *g, {x}, {})[1]) == std::vector<double>{0.5, 0, 0.5});
    CHECK(numbers(evaluate(graph, *t, {x}, {})[1]) == std::vector<double>{0.5, 0, 0.5});
  }
}

TEST_CASE("the norm has the gradient 0 at 0") {
  Graph graph;
  Builder b(graph);
  ValueId x = b.arg(0, kThree);
  Function f = of_vector(b.make(Op::sqrt, {b.reduce_all(Op::reduce_sum, b.mul(x, x))}));
  diff::Outcome g = diff::gradient(graph, f, 0, kFirst);
  REQUIRE(g);
  CHECK(numbers(evaluate(graph, *g, {Tensor::of({0, 0, 0}, {3})}, {})[1]) ==
        std::vector<double>{0, 0, 0});
  std::vector<double> at = numbers(evaluate(graph, *g, {Tensor::of({3, 0, 4}, {3})}, {})[1]);
  CHECK(at[0] == Approx(0.6));
  CHECK(at[2] == Approx(0.8));
}

TEST_CASE("a gather's gradient counts repeated indices") {
  Graph graph;
  Builder b(graph);
  ValueId index = b.table({2, 0, 2, 2}, {Dim(4)}, DType::i64);
  ValueId picked = b.gather(b.arg(0, kThree), {index});
  Function f = of_vector(b.reduce_all(Op::reduce_sum, b.mul(picked, picked)));
  diff::Outcome g = diff::gradient(graph, f, 0, kFirst);
  diff::Outcome t = diff::jacobian(graph, f, 0, kFirst);
  REQUIRE(g);
  REQUIRE(t);
  Tensor x = Tensor::of({1, 2, 3}, {3});
  CHECK(numbers(evaluate(graph, *g, {x}, {})[1]) == std::vector<double>{2, 0, 18});
  CHECK(numbers(evaluate(graph, *t, {x}, {})[1]) == std::vector<double>{2, 0, 18});
}

TEST_CASE("both sides of a conditional are differentiated, each on its own") {
  Graph graph;
  Builder b(graph);
  ValueId x = b.arg(0, kReal), y = b.arg(1, kReal);
  // then x*y, else x^2 (which does not mention y)
  LambdaId yes = graph.add_lambda({{kReal, kReal}, {b.mul(x, y)}});
  LambdaId no = graph.add_lambda({{kReal, kReal}, {b.mul(x, x)}});
  ValueId tuple =
      b.make(Op::if_else, {b.make(Op::lt, {b.constant(0), x}), x, y}, {{}, {}, {}, {yes, no}});
  Function f;
  f.parameters = {{"x", kReal}, {"y", kReal}};
  f.results.push_back({"value", b.mul(b.get(tuple, 0), y)});
  std::vector<size_t> wrt{0, 1};
  diff::Outcome g = diff::gradient(graph, f, 0, wrt);
  diff::Outcome h = diff::hessian(graph, f, 0, wrt);
  REQUIRE(g);
  REQUIRE(h);
  auto run = [&](const diff::Outcome& d, double x, double y) {
    std::vector<double> out;
    for (const Tensor& t : evaluate(graph, *d, {Tensor::scalar(x), Tensor::scalar(y)}, {}))
      out.push_back(t.number(0));
    return out;
  };
  CHECK(run(g, 2, 3) == std::vector<double>{18, 9, 12});   // x*y^2
  CHECK(run(g, -2, 3) == std::vector<double>{12, -12, 4}); // x^2*y
  CHECK(run(h, 2, 3) == std::vector<double>{18, 9, 12, 0, 6, 6, 4});
  CHECK(run(h, -2, 3) == std::vector<double>{12, -12, 4, 6, -4, -4, 0});
}

TEST_CASE("tangents go through a loop whose state becomes active in the body") {
  Graph graph;
  Builder b(graph);
  Type integer = Type::scalar(DType::i64);
  // p = 1; for i in 0..n: p = p*x, in a loop that counts i
  ValueId i = b.arg(0, integer), p = b.arg(1, kReal), x = b.arg(2, kReal), n = b.arg(3, integer);
  std::vector<Type> types{integer, kReal, kReal, integer};
  LambdaId condition = graph.add_lambda({types, {b.make(Op::lt, {i, n})}});
  LambdaId body = graph.add_lambda({types, {b.add(i, b.constant(1, DType::i64)), b.mul(p, x)}});
  Function f;
  f.parameters = {{"x", kReal}, {"n", integer}};
  ValueId start = b.constant(0, DType::i64);
  ValueId loop = b.make(
      Op::while_loop,
      {b.constant(100, DType::i64), start, b.constant(1), b.arg(0, kReal), b.arg(1, integer)},
      {{2}, {}, {}, {condition, body}});
  f.results.push_back({"value", b.get(loop, 1)});
  diff::Outcome t = diff::forward(graph, f, kFirst);
  REQUIRE(t);
  std::vector<Tensor> values = evaluate(
      graph, *t, {Tensor::scalar(3), Tensor::scalar(4, DType::i64), Tensor::scalar(1)}, {});
  CHECK(values[0].number(0) == 81);
  CHECK(values[1].number(0) == 108);

  Span place{1, 10, 20};
  graph.set_origin(loop, place);
  diff::Outcome g = diff::gradient(graph, f, 0, kFirst);
  REQUIRE(!g);
  CHECK(g.error().text ==
        "the gradient through a loop whose number of rounds is not known, or large");
  CHECK(g.error().span.begin == 10);
}

TEST_CASE("an operator without a derivative is an error, also through a tuple") {
  Graph graph;
  Builder b(graph);
  Type square = Type::tensor(DType::f64, {Dim(2), Dim(2)});
  ValueId q = b.get(b.make(Op::qr, {b.arg(0, square)}), 0);
  Function f;
  f.parameters.push_back({"A", square});
  f.results.push_back({"value", b.reduce_all(Op::reduce_sum, q)});
  for (const diff::Outcome& d :
       {diff::gradient(graph, f, 0, kFirst), diff::jacobian(graph, f, 0, kFirst)}) {
    REQUIRE(!d);
    CHECK(d.error().text == "the derivative of 'qr' is not known");
  }
}

TEST_CASE("what does not depend on a parameter has the gradient 0, and zeros leave no nodes") {
  Graph graph;
  Builder b(graph);
  ValueId x = b.arg(0, kReal), y = b.arg(1, kReal);
  Function f;
  f.parameters = {{"x", kReal}, {"y", kReal}};
  f.results.push_back({"value", b.mul(b.make(Op::floor, {x}), y)});
  std::vector<size_t> wrt{0, 1};
  diff::Outcome g = diff::gradient(graph, f, 0, wrt);
  REQUIRE(g);
  CHECK(graph.node(g->results[1].value).op == Op::constant);
  std::vector<Tensor> values = evaluate(graph, *g, {Tensor::scalar(2.5), Tensor::scalar(3)}, {});
  CHECK(values[1].number(0) == 0);
  CHECK(values[2].number(0) == 2);
}

TEST_CASE("over a table, cotangents of shared values are summed over the tensors") {
  Graph graph;
  Builder b(graph);
  // L = Σ over tensors of dot(x, x) * s, with s shared
  Type own = Type::tensor(DType::f64, {Dim::symbol("k")});
  ValueId x = b.arg(0, own), s = b.arg(1, kReal);
  Function f;
  f.over_table = true;
  f.tensor_symbols = {"k"};
  f.parameters = {{"x", own, true}, {"s", kReal, false}};
  ValueId local = b.mul(b.reduce_all(Op::reduce_sum, b.mul(x, x)), s);
  f.results.push_back({"value", b.make(Op::across_sum, {local}), false});
  std::vector<size_t> wrt{0, 1};
  diff::Outcome g = diff::gradient(graph, f, 0, wrt);
  REQUIRE(g);
  std::vector<TableRow> rows{{{{"k", 2}}, {Tensor::of({1, 2}, {2})}},
                             {{{"k", 1}}, {Tensor::of({3}, {1})}}};
  std::vector<Tensor> shared{Tensor::scalar(10)};
  TableEvaluated run = Interpreter(graph).evaluate_table(*g, shared, rows);
  REQUIRE(run.ok());
  CHECK(run.shared[0].number(0) == 140);
  CHECK(run.shared[1].number(0) == 14); // dL/ds
  CHECK(numbers(run.rows[0][0]) == std::vector<double>{20, 40});
  CHECK(numbers(run.rows[1][0]) == std::vector<double>{60});
}
