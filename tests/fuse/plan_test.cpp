// Fusion plans of small functions: what shares a loop, what is stored and why.
#include "ir/builder.h"
#include "passes/fuse/plan.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::fuse;

namespace {

const Dim kN = Dim::symbol("n"), kD = Dim::symbol("d"), kK = Dim::symbol("k");

struct Plain {
  Graph graph;
  Builder b{graph};
  Function function;
  ValueId parameter(const char* name, Shape shape) {
    Type type = Type::tensor(DType::f64, std::move(shape));
    function.parameters.push_back({name, type, false});
    return b.arg(static_cast<int64_t>(function.parameters.size()) - 1, type);
  }
  void result(const char* name, ValueId value, int updates = -1) {
    function.results.push_back({name, value, false, updates});
  }
  Plan made() {
    auto outcome = plan(graph, function);
    REQUIRE(std::holds_alternative<Plan>(outcome));
    return std::get<Plan>(std::move(outcome));
  }
  std::string text() { return print(graph, function, made()); }
};

int count(const Plan& plan, Kernel::Kind kind) {
  int number = 0;
  for (const Kernel& kernel : plan.kernels)
    number += kernel.kind == kind;
  return number;
}

} // namespace

TEST_CASE("a loss over rows reads the data once per product") {
  Plain p;
  ValueId x = p.parameter("X", {kN, kD}), y = p.parameter("y", {kN}), w = p.parameter("w", {kD});
  ValueId margin = p.b.mul(y, p.b.contract(x, {0, 1}, w, {1}, {0}));
  ValueId loss = p.b.make(Op::softplus, {p.b.neg(margin)});
  ValueId slope = p.b.mul(y, p.b.make(Op::sigmoid, {p.b.neg(margin)}));
  p.result("loss", p.b.reduce_all(Op::reduce_sum, loss));
  p.result("slope", p.b.reduce_all(Op::reduce_sum, slope));
  p.result("gradient", p.b.contract(x, {0, 1}, slope, {0}, {1}));
  Plan plan = p.made();
  INFO(p.text());
  REQUIRE(plan.kernels.size() == 3);
  CHECK(plan.kernels[0].kind == Kernel::Kind::per_point);
  CHECK(plan.kernels[0].lanes);
  // The loss, the sum of slopes and the stored slopes share the loop over rows.
  CHECK(plan.kernels[1].kind == Kernel::Kind::flat);
  CHECK(plan.kernels[1].folds.size() == 2);
  CHECK(plan.kernels[1].stores.size() == 1);
  CHECK(plan.kernels[2].kind == Kernel::Kind::per_point);
  CHECK_FALSE(plan.kernels[2].lanes);
  CHECK(plan.temporaries.size() == 2); // X @ w and the slopes
}

TEST_CASE("a matrix product takes its elementwise consumers into its loops") {
  Plain p;
  ValueId x = p.parameter("X", {kN, kD}), w = p.parameter("W", {kD, kK}),
          bias = p.parameter("b", {kK});
  ValueId z =
      p.b.add(p.b.contract(x, {0, 1}, w, {1, 2}, {0, 2}), p.b.broadcast(bias, {kN, kK}, {1}));
  p.result("h", p.b.make(Op::tanh, {z}));
  Plan plan = p.made();
  INFO(p.text());
  CHECK(plan.kernels.size() == 1);
  CHECK(plan.temporaries.empty());
  CHECK(plan.kernels[0].stores.size() == 1);
}

TEST_CASE("a consumer that needs another element stays outside of the product's loops") {
  Plain p;
  ValueId x = p.parameter("X", {kN, kN}), w = p.parameter("W", {kN, kN});
  ValueId z = p.b.contract(x, {0, 1}, w, {1, 2}, {0, 2});
  p.result("s", p.b.add(z, p.b.transpose(z, {1, 0})));
  Plan plan = p.made();
  INFO(p.text());
  CHECK(plan.kernels.size() == 2);
  CHECK(plan.temporaries.size() == 1);
}

TEST_CASE("a costly value is stored where several kernels use it, a cheap one is not") {
  for (bool costly : {false, true}) {
    Plain p;
    ValueId x = p.parameter("x", {kN, kD});
    ValueId e = x;
    for (int k = 0; k < 5; ++k)
      e = costly ? p.b.make(Op::tanh, {e}) : p.b.mul(e, x);
    p.result("rows", p.b.reduce(Op::reduce_sum, e, {1}));
    p.result("columns", p.b.reduce(Op::reduce_max, e, {0}));
    Plan plan = p.made();
    INFO(p.text());
    CHECK(plan.temporaries.size() == (costly ? 1 : 0));
  }
}

TEST_CASE("an operand of a product that is computed is stored, not computed per round") {
  Plain p;
  ValueId x = p.parameter("X", {kN, kD}), w = p.parameter("w", {kD});
  p.result("z", p.b.contract(x, {0, 1}, p.b.mul(w, w), {1}, {0}));
  Plan plan = p.made();
  INFO(p.text());
  CHECK(plan.temporaries.size() == 1);
  CHECK(p.text().find("operand of a contraction, read several times") != std::string::npos);
}

TEST_CASE("what does not fold alike does not share a loop") {
  Plain p;
  ValueId x = p.parameter("X", {kN, kD});
  p.result("all", p.b.reduce_all(Op::reduce_sum, x));
  p.result("rows", p.b.reduce(Op::reduce_sum, x, {1}));
  p.result("largest", p.b.reduce(Op::reduce_max, x, {1}));
  p.result("columns", p.b.reduce(Op::reduce_sum, x, {0}));
  Plan plan = p.made();
  INFO(p.text());
  CHECK(count(plan, Kernel::Kind::flat) == 1);
  CHECK(count(plan, Kernel::Kind::per_point) == 2); // rows and largest together
}

TEST_CASE("unsupported operators are refused with their place") {
  Plain p;
  ValueId x = p.parameter("x", {});
  const Type scalar = Type::scalar(DType::f64);
  ValueId arg = p.b.arg(0, scalar);
  LambdaId square = p.graph.add_lambda({{scalar}, {p.b.mul(arg, arg)}});
  p.b.set_origin(Span{1, 10, 20});
  p.result("slope", p.b.make(Op::derivative, {x}, {{0}, {}, {}, {square}}));
  auto outcome = plan(p.graph, p.function);
  REQUIRE(std::holds_alternative<NotLowered>(outcome));
  const NotLowered& refusal = std::get<NotLowered>(outcome);
  CHECK(refusal.op == Op::derivative);
  CHECK(refusal.reason == "'derivative' is not compiled yet");
  CHECK(refusal.span == Span{1, 10, 20});
}

TEST_CASE("conditionals become selections, nested ones too") {
  Plain p;
  ValueId x = p.parameter("x", {});
  Type scalar = Type::scalar(DType::f64);
  Builder& b = p.b;
  ValueId arg = b.arg(0, scalar);
  LambdaId twice = p.graph.add_lambda({{scalar}, {b.mul(arg, b.constant(2))}});
  LambdaId same = p.graph.add_lambda({{scalar}, {arg}});
  ValueId inner =
      b.make(Op::if_else, {b.make(Op::lt, {arg, b.constant(5)}), arg}, {{}, {}, {}, {twice, same}});
  LambdaId nested = p.graph.add_lambda({{scalar}, {b.get(inner, 0)}});
  ValueId outer =
      b.make(Op::if_else, {b.make(Op::lt, {b.constant(0), x}), x}, {{}, {}, {}, {nested, same}});
  p.result("y", b.get(outer, 0));
  REQUIRE(has_conditionals(p.graph, p.function));
  Flattened flat = flatten_conditionals(p.graph, p.function);
  CHECK_FALSE(has_conditionals(flat.graph, flat.function));
  int selections = 0;
  for (ValueId id : reachable(flat.graph, roots_of(flat.function)))
    selections += flat.graph.node(id).op == Op::select;
  CHECK(selections == 2);
}

TEST_CASE("a loop takes on what reads the same data, and little else") {
  Plain apart;
  for (int k = 0; k < 40; ++k) {
    ValueId x = apart.parameter("x", {kN}), y = apart.parameter("y", {kN});
    apart.result("s", apart.b.contract(x, {0}, y, {0}, {}));
    apart.result("x'", apart.b.mul(x, y), 2 * k);
  }
  Plan plan = apart.made();
  INFO(apart.text());
  size_t folds = 0, stores = 0;
  for (const Kernel& kernel : plan.kernels) {
    CHECK(kernel.folds.size() <= 8);
    // What is read goes where it is overwritten.
    CHECK(kernel.folds.size() == kernel.stores.size());
    folds += kernel.folds.size();
    stores += kernel.stores.size();
  }
  CHECK(folds == 40);
  CHECK(stores == 40);
  CHECK(plan.temporaries.empty());

  Plain shared;
  ValueId x = shared.parameter("x", {kN});
  for (int k = 0; k < 40; ++k)
    shared.result("s", shared.b.reduce_all(
                           Op::reduce_sum,
                           shared.b.mul(x, shared.b.full(k + 2, Type::tensor(DType::f64, {kN})))));
  Plan one = shared.made();
  INFO(shared.text());
  REQUIRE(count(one, Kernel::Kind::flat) == 1);
  CHECK(one.kernels[0].folds.size() == 40);
}
