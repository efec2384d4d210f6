// Every row of partials: forward and reverse against finite differences over the row's own domain.
#include "diff/numeric.h"
#include "passes/diff/diff.h"
#include "passes/diff/partials.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::testing;

namespace {

// A function `value` of scalar f64 parameters x0, x1, … that applies the operator once. For
// `select` the first parameter is boolean; for `cast` the value goes to f64 and stays (f32 is
// tested apart).
Function apply_once(Graph& graph, Op op) {
  Builder b(graph);
  Function f;
  std::vector<ValueId> operands;
  int arity = op_info(op).arity;
  for (int k = 0; k < arity; ++k) {
    Type type = Type::scalar(op == Op::select && k == 0 ? DType::boolean : DType::f64);
    f.parameters.push_back({"x" + std::to_string(k), type});
    operands.push_back(b.arg(k, type));
  }
  ValueId value = op == Op::cast ? b.cast(operands[0], DType::f64) : b.make(op, operands);
  f.results.push_back({"value", value});
  return f;
}

std::vector<size_t> real_parameters(const Function& f) {
  std::vector<size_t> out;
  for (size_t k = 0; k < f.parameters.size(); ++k)
    if (is_real(f.parameters[k].type.dtype)) out.push_back(k);
  return out;
}

} // namespace

TEST_CASE("every row of partials agrees with finite differences, forward and reverse") {
  Rng rng(11);
  for (const diff::PartialRow& row : diff::partial_rows()) {
    Graph graph;
    Function f = apply_once(graph, row.op);
    std::vector<size_t> wrt = real_parameters(f);
    diff::Outcome reverse = diff::gradient(graph, f, 0, wrt);
    diff::Outcome forward = diff::jacobian(graph, f, 0, wrt);
    REQUIRE(reverse);
    REQUIRE(forward);
    int tested = 0;
    for (int trial = 0; trial < 400 && tested < 100; ++trial) {
      std::vector<Tensor> inputs;
      double x[3] = {};
      for (size_t k = 0; k < f.parameters.size(); ++k) {
        bool flag = !is_real(f.parameters[k].type.dtype);
        x[k] = flag ? static_cast<double>(rng.below(2))
                    : row.domain.lo[k] + rng.unit() * (row.domain.hi[k] - row.domain.lo[k]);
        inputs.push_back(Tensor::scalar(x[k], f.parameters[k].type.dtype));
      }
      if (row.domain.kink && row.domain.kink(x) < 0.05) continue;
      ++tested;
      std::vector<Tensor> g = evaluate(graph, *reverse, inputs, {});
      std::vector<Tensor> t = evaluate(graph, *forward, inputs, {});
      for (size_t j = 0; j < wrt.size(); ++j) {
        Slope slope = finite_difference(graph, f, inputs, {}, 0, wrt[j], 0);
        double exact = g[j + 1].number(0);
        INFO(op_info(row.op).name << " at " << x[0] << " " << x[1] << " " << x[2] << " by operand "
                                  << wrt[j] << ": " << exact << " against " << slope.value[0]);
        CHECK(close(exact, slope.value[0], slope.error[0] + 1e-9 * std::abs(exact) + 1e-10));
        CHECK(close(exact, t[j + 1].number(0), 1e-15 * std::abs(exact)));
      }
    }
    INFO(op_info(row.op).name);
    CHECK(tested >= 50);
  }
}

TEST_CASE("derivatives at kinks are the documented ones") {
  struct Kink {
    Op op;
    std::vector<double> x, expected;
  };
  double inf = std::numeric_limits<double>::infinity();
  const Kink kinks[] = {
      {Op::abs, {0}, {0}},           {Op::sqrt, {0}, {0}},
      {Op::max, {2, 2}, {0.5, 0.5}}, {Op::min, {2, 2}, {0.5, 0.5}},
      {Op::max, {3, 2}, {1, 0}},     {Op::min, {3, 2}, {0, 1}},
      {Op::pow, {0, 2}, {0, 0}},     {Op::pow, {0, 0}, {0, 0}},
      {Op::pow, {0, 1}, {1, 0}},     {Op::pow, {0, 3}, {0, 0}},
      {Op::atan2, {0, 0}, {0, 0}},   {Op::pow, {-2, 2}, {-4, std::nan("")}},
      {Op::softplus, {800}, {1}},    {Op::softplus, {-800}, {0}},
      {Op::sigmoid, {800}, {0}},     {Op::tanh, {800}, {0}},
      {Op::exp, {-800}, {0}},        {Op::log, {0}, {inf}},
  };
  for (const Kink& kink : kinks) {
    Graph graph;
    Function f = apply_once(graph, kink.op);
    std::vector<size_t> wrt = real_parameters(f);
    diff::Outcome g = diff::gradient(graph, f, 0, wrt);
    REQUIRE(g);
    std::vector<Tensor> inputs;
    for (double x : kink.x)
      inputs.push_back(Tensor::scalar(x));
    std::vector<Tensor> values = evaluate(graph, *g, inputs, {});
    for (size_t k = 0; k < wrt.size(); ++k) {
      INFO(op_info(kink.op).name << " by operand " << k);
      CHECK(close(values[k + 1].number(0), kink.expected[k], 0));
    }
  }
}

TEST_CASE("powers with constant exponents are differentiable at 0, twice") {
  for (auto [p, first, second] : {std::tuple{2.0, 0.0, 2.0},
                                  {3.0, 0.0, 0.0},
                                  {1.0, 1.0, 0.0},
                                  {0.0, 0.0, 0.0},
                                  {4.0, 0.0, 0.0},
                                  {0.5, 0.0, 0.0}}) {
    Graph graph;
    Builder b(graph);
    Function f;
    f.parameters.push_back({"x", Type::scalar(DType::f64)});
    f.results.push_back(
        {"value", b.make(Op::pow, {b.arg(0, Type::scalar(DType::f64)), b.constant(p)})});
    diff::Outcome h = diff::hessian(graph, f, 0, std::vector<size_t>{0});
    REQUIRE(h);
    std::vector<Tensor> values = evaluate(graph, *h, {Tensor::scalar(0)}, {});
    INFO("exponent " << p);
    CHECK(values[1].number(0) == first);
    CHECK(values[2].number(0) == second);
  }
}

TEST_CASE("the side of a select that is not taken contributes exactly 0") {
  Graph graph;
  Builder b(graph);
  Type real = Type::scalar(DType::f64);
  ValueId x = b.arg(0, real);
  ValueId positive = b.make(Op::lt, {b.constant(0), x});
  Function f;
  f.parameters.push_back({"x", real});
  f.results.push_back({"value", b.select(positive, b.make(Op::log, {x}), b.constant(3))});
  diff::Outcome g = diff::gradient(graph, f, 0, std::vector<size_t>{0});
  REQUIRE(g);
  CHECK(evaluate(graph, *g, {Tensor::scalar(-1)}, {})[1].number(0) == 0);
  CHECK(evaluate(graph, *g, {Tensor::scalar(4)}, {})[1].number(0) == 0.25);
}

TEST_CASE("casts between precisions pass derivatives through") {
  Graph graph;
  Builder b(graph);
  Type real = Type::scalar(DType::f64);
  ValueId x = b.arg(0, real);
  ValueId half = b.cast(b.mul(b.constant(3), x), DType::f32);
  Function f;
  f.parameters.push_back({"x", real});
  f.results.push_back({"value", b.mul(half, half)});
  diff::Outcome g = diff::gradient(graph, f, 0, std::vector<size_t>{0});
  REQUIRE(g);
  CHECK(graph.type(g->results[1].value) == real);
  CHECK(evaluate(graph, *g, {Tensor::scalar(2)}, {})[1].number(0) == 36);
}
