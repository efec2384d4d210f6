// Safe forms far out, what simplify refuses to do, and the contraction to fma.
#include "diff/numeric.h"
#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::testing;

namespace {

const Type kReal = Type::scalar(DType::f64);

struct Scalars {
  Graph graph;
  Builder b{graph};
  ValueId x = b.arg(0, kReal), y = b.arg(1, kReal), z = b.arg(2, kReal);
  ValueId one = b.constant(1);
  ValueId un(Op op, ValueId a) { return b.make(op, {a}); }
  Function function(ValueId value) {
    Function f;
    f.parameters = {{"x", kReal}, {"y", kReal}, {"z", kReal}};
    f.results.push_back({"value", value});
    return f;
  }
  double at(const Function& f, double x0, double y0 = 0, double z0 = 0) {
    return evaluate(graph, f, {Tensor::scalar(x0), Tensor::scalar(y0), Tensor::scalar(z0)}, {})[0]
        .number(0);
  }
};

size_t count(const Graph& graph, const Function& f, Op op) {
  size_t n = 0;
  for (ValueId id : reachable(graph, roots_of(f)))
    n += graph.node(id).op == op;
  return n;
}

} // namespace

TEST_CASE("safe forms are finite and right at 800 and -800") {
  Scalars s;
  ValueId e = s.un(Op::exp, s.x), below = s.b.add(s.one, e);
  ValueId minus = s.un(Op::exp, s.b.neg(s.x));
  struct Form {
    const char* name;
    ValueId value;
    double high, low;
  };
  ValueId sigmoid = s.b.div(s.one, s.b.add(s.one, minus));
  const Form forms[] = {
      {"log(1 + exp(x))", s.un(Op::log, below), 800, 0},
      {"log(1 + exp(-x))", s.un(Op::log, s.b.add(s.one, minus)), 0, 800},
      {"-log(1/(1 + exp(-x)))", s.b.neg(s.un(Op::log, sigmoid)), 0, 800},
      {"log(1 - 1/(1 + exp(-x)))", s.un(Op::log, s.b.sub(s.one, sigmoid)), -800, 0},
      {"exp(x)/(1 + exp(x))", s.b.div(e, below), 1, 0},
      {"1/(1 + exp(x))", s.b.div(s.one, below), 0, 1},
      {"1/(1 + exp(x))*exp(x)", s.b.mul(s.b.div(s.one, below), e), 1, 0},
      {"log(exp(x))", s.un(Op::log, e), 800, -800},
  };
  for (const Form& form : forms) {
    Function f = simplify::simplify(s.graph, s.function(form.value));
    INFO(form.name);
    CHECK(s.at(f, 800) == Approx(form.high).margin(1e-300));
    CHECK(s.at(f, -800) == Approx(form.low).margin(1e-300));
    // Derivatives too, whether taken before or after.
    std::vector<size_t> wrt{0};
    Function late = simplify::simplify(s.graph, *diff::gradient(s.graph, f, 0, wrt));
    Function early =
        simplify::simplify(s.graph, *diff::gradient(s.graph, s.function(form.value), 0, wrt));
    std::swap(late.results[0], late.results[1]);
    std::swap(early.results[0], early.results[1]);
    for (double x : {-800.0, 800.0})
      CHECK(std::isfinite(s.at(late, x)));
    for (double x : {-1.5, 0.0, 2.0})
      CHECK(s.at(early, x) == Approx(s.at(late, x)).margin(1e-14));
  }
}

TEST_CASE("small arguments keep their digits") {
  Scalars s;
  Function log1p = simplify::simplify(s.graph, s.function(s.un(Op::log, s.b.add(s.one, s.x))));
  Function expm1 = simplify::simplify(s.graph, s.function(s.b.sub(s.un(Op::exp, s.x), s.one)));
  CHECK(s.at(log1p, 1e-18) == 1e-18);
  CHECK(s.at(expm1, 1e-18) == 1e-18);
}

TEST_CASE("log-sum-exp survives 800, and its gradient is softmax with one exp") {
  Graph graph;
  Builder b(graph);
  Type vector = Type::tensor(DType::f64, {Dim(3)});
  ValueId x = b.arg(0, vector);
  Function f;
  f.parameters.push_back({"x", vector});
  f.results.push_back(
      {"value", b.make(Op::log, {b.reduce_all(Op::reduce_sum, b.make(Op::exp, {x}))})});
  f = simplify::simplify(graph, f);
  Function g = simplify::simplify(graph, *diff::gradient(graph, f, 0, std::vector<size_t>{0}));
  CHECK(count(graph, g, Op::reduce_max) == 1);
  CHECK(count(graph, g, Op::exp) == 1);
  std::vector<Tensor> high = evaluate(graph, g, {Tensor::of({800, 799, -800}, {3})}, {});
  CHECK(high[0].number(0) == Approx(800 + std::log1p(std::exp(-1))));
  CHECK(high[1].number(0) == Approx(1 / (1 + std::exp(-1))));
  double inf = std::numeric_limits<double>::infinity();
  CHECK(evaluate(graph, f, {Tensor::of({-inf, -inf, -inf}, {3})}, {})[0].number(0) == -inf);
  CHECK(evaluate(graph, f, {Tensor::of({-inf, inf, 0}, {3})}, {})[0].number(0) == inf);
}

TEST_CASE("what is not the same for NaN, infinities or domains stays") {
  Scalars s;
  ValueId zero = s.b.constant(0);
  ValueId root = s.un(Op::sqrt, s.x);
  for (ValueId value :
       {s.b.mul(s.x, zero), s.b.sub(s.x, s.x), s.b.div(s.x, s.x), s.b.mul(root, root),
        s.un(Op::exp, s.un(Op::log, s.x)), s.b.make(Op::eq, {s.x, s.x})}) {
    INFO(op_info(s.graph.node(value).op).name);
    CHECK(simplify::simplify(s.graph, s.function(value)).results[0].value == value);
  }
}

TEST_CASE("scalars of a step are computed once: reciprocals, products, casts") {
  Graph graph;
  Builder b(graph);
  Type tensor = Type::tensor(DType::f32, {Dim::symbol("n")});
  ValueId x = b.arg(0, tensor), lr = b.arg(1, kReal), beta = b.arg(2, kReal), t = b.arg(3, kReal);
  auto spread = [&](ValueId scalar) {
    return b.broadcast_scalar(b.cast(scalar, DType::f32), tensor.shape);
  };
  // lr * (x / (1 - beta^t)), the correction computed in f64 and cast where it meets the tensor
  ValueId correction = b.sub(b.constant(1), b.make(Op::pow, {beta, t}));
  ValueId value = b.mul(spread(lr), b.div(x, spread(correction)));
  Function f;
  f.parameters = {{"x", tensor}, {"lr", kReal}, {"beta", kReal}, {"t", kReal}};
  f.results.push_back({"value", value});
  f = simplify::simplify(graph, f);
  size_t wide = 0;
  for (ValueId id : reachable(graph, roots_of(f))) {
    const Node& node = graph.node(id);
    if (node.type.shape.empty()) CHECK((node.type.dtype == DType::f64 || node.op == Op::cast));
    wide += is_elementwise(node.op) && !node.type.shape.empty();
  }
  CHECK(wide == 1); // one product per element
  CHECK(count(graph, f, Op::cast) == 1);
}

TEST_CASE("fma takes products with a single use, and signs go where they are free") {
  Scalars s;
  ValueId product = s.b.mul(s.x, s.y);
  struct Case {
    ValueId value;
    double expected; // at x = 1 + 2^-30, y = 1 - 2^-30, z = 1: the exact x*y - 1 is -2^-60
  };
  double x = 1 + 0x1p-30, y = 1 - 0x1p-30;
  for (auto [value, expected] :
       {Case{s.b.sub(product, s.z), -0x1p-60}, Case{s.b.sub(s.z, product), 0x1p-60},
        Case{s.b.add(product, s.b.neg(s.z)), -0x1p-60},
        Case{s.b.add(s.b.neg(s.z), product), -0x1p-60}}) {
    Function f = simplify::contract_fma(s.graph, s.function(value));
    CHECK(count(s.graph, f, Op::fma) == 1);
    CHECK(count(s.graph, f, Op::mul) == 0);
    CHECK(s.at(f, x, y, 1) == expected);
  }
  // A product that is used twice stays, also when the second use is a result.
  Function shared = s.function(s.b.add(product, s.z));
  shared.results.push_back({"product", product});
  shared = simplify::contract_fma(s.graph, shared);
  CHECK(count(s.graph, shared, Op::fma) == 0);
  // Integers never.
  Type integer = Type::scalar(DType::i64);
  ValueId i = s.b.arg(3, integer);
  Function whole = s.function(s.b.add(s.b.mul(i, i), i));
  whole.parameters.push_back({"i", integer});
  CHECK(count(s.graph, simplify::contract_fma(s.graph, whole), Op::fma) == 0);
}

TEST_CASE("fma keeps values on random graphs and is done once") {
  RandomOptions options;
  options.smooth = true;
  options.f32 = false;
  size_t found = 0;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    Function f = simplify::contract_fma(graph, c.function);
    found += count(graph, f, Op::fma) > count(graph, c.function, Op::fma);
    REQUIRE(roots_of(simplify::contract_fma(graph, f)) == roots_of(f));
    std::vector<Tensor> inputs = random_inputs(c.function, c.bindings[0], seed, {1.0, false});
    std::vector<Tensor> before = evaluate(graph, c.function, inputs, c.bindings[0]);
    std::vector<Tensor> after = evaluate(graph, f, inputs, c.bindings[0]);
    for (size_t r = 0; r < before.size(); ++r)
      for (int64_t k = 0; k < before[r].size(); ++k)
        REQUIRE(close(before[r].number(k), after[r].number(k),
                      1e-9 * (1 + std::abs(before[r].number(k)))));
  }
  CHECK(found > 50);
}
