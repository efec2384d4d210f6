// The gradient check itself: it confirms right derivatives, catches wrong ones, and tells kinks.
#include "driver/derivative_check.h"
#include "driver/derivatives.h"
#include "ir/builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::driver;

namespace {

// A problem of one param x: [3], with its derivatives.
struct Checked {
  explicit Checked(const std::string& objective)
      : front(std::string(THALWEG_SOURCE_DIR) + "/stdlib") {
    const std::string text =
        "problem P {\n  param x: [3] = [0.3, -1.2, 2]\n  minimize " + objective + "\n}\n";
    sema::Compilation compilation{front.sources, front.context, front.library, front.diags};
    front.program = sema::analyze(compilation, front.sources.add("p.tw", text));
    const ast::Decl* decl = front.program.find("P");
    REQUIRE(decl);
    irgen::Unit unit = front.unit(graph, DType::f64);
    problem = irgen::elaborate_problem(unit, *decl);
    INFO(render_all(front.diags, front.sources));
    REQUIRE(problem);
    const Loss loss = loss_of(graph, *problem);
    derived.value = loss.function;
    derived.gradient = *derive(front, graph, loss, driver::Derivative::gradient);
    derived.product = *derive(front, graph, loss, driver::Derivative::product);
    at.inputs.push_back(Tensor::of({0.3, -1.2, 2}, {3}));
  }
  Compared first(double spread = 0.1) const {
    DerivativeCheck check(graph, *problem, at);
    check.move(1, spread);
    return check.first(derived, 100, 1);
  }
  Compared second() const {
    DerivativeCheck check(graph, *problem, at);
    check.move(1, 0.1);
    return check.second(derived, 100, 1);
  }
  Front front;
  Graph graph;
  std::optional<irgen::ProblemUnit> problem;
  Derived derived;
  Evaluation at;
};

} // namespace

TEST_CASE("right derivatives are confirmed", "[driver]") {
  for (const char* objective :
       {"sumsq(x)", "sum(exp(x)*sin(3*x))", "log(1 + sumsq(x))^3", "prod(x)*1e8",
        "logsumexp(x)/1e6", "sum(tanh(1e3*x))", "1e10 + sum(x^4)"}) {
    INFO(objective);
    Checked c(objective);
    for (const Compared& compared : {c.first(), c.second()}) {
      CHECK_FALSE(compared.wrong);
      CHECK(compared.numbers >= 3);
      CHECK(compared.kinks == 0);
    }
  }
}

TEST_CASE("a wrong derivative is caught, however little it is off", "[driver]") {
  for (double factor : {-1.0, 0.0, 2.0, 1.01, 1.00001}) {
    INFO("by the factor " << factor);
    Checked c("sum(exp(x)*sin(3*x))");
    Builder b(c.graph);
    // One element of the gradient: x[1]'s.
    auto spoil = [&](ValueId v) {
      const Shape shape = b.shape(v);
      const ValueId index = b.iota(shape, 0);
      const ValueId here =
          b.make(Op::eq, {index, b.broadcast_scalar(b.constant(1, DType::i64), shape)});
      const ValueId scaled =
          b.make(Op::mul, {v, b.broadcast_scalar(b.constant(factor, DType::f64), shape)});
      return b.select(here, scaled, v);
    };
    Checked second("sum(exp(x)*sin(3*x))");
    c.derived.gradient.results[1].value = spoil(c.derived.gradient.results[1].value);
    Compared first = c.first();
    REQUIRE(first.wrong);
    CHECK(first.wrong->element == 1);
    CHECK(first.numbers == 3);
    c.derived.gradient = second.derived.gradient;
  }
  Checked c("sum(exp(x)*sin(3*x))");
  Builder b(c.graph);
  const ValueId v = c.derived.product.results[0].value;
  c.derived.product.results[0].value =
      b.make(Op::mul, {v, b.broadcast_scalar(b.constant(1.001, DType::f64), b.shape(v))});
  CHECK(c.second().wrong);
  CHECK_FALSE(c.first().wrong);
}

TEST_CASE("kinks are told as such", "[driver]") {
  Checked c("sum(abs(x - 0.3)) + sumsq(x)");
  Compared at_kink = c.first(0); // x[0] lies on it
  CHECK_FALSE(at_kink.wrong);
  CHECK(at_kink.kinks == 1);
  CHECK(at_kink.numbers == 2);
  CHECK(c.first(0.1).kinks == 0);
}

TEST_CASE("where f is not finite nothing is said", "[driver]") {
  Checked c("sum(log(x))");
  Compared compared = c.first();
  CHECK(compared.unknown == 3);
  CHECK(compared.numbers == 0);
}
