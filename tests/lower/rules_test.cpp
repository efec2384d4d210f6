// Update rules over tables, built by hand: how many passes and bytes, and the interpreter's bits.
#include "lower/compare.h"

#include "ir/builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const Dim kP = Dim::symbol("p");
const Type kTensor = Type::tensor(DType::f32, {kP});

// A rule over rows with parameters x, g, m, v [p] in f32 and shared f64 scalars rate and t.
struct Rule {
  Graph graph;
  Builder b{graph};
  Function function;
  ValueId rate, t, x, g, m, v;

  Rule() {
    function.name = "rule";
    function.over_table = true;
    function.tensor_symbols = {"p"};
    rate = shared("rate");
    t = shared("t");
    x = tensor("x");
    g = tensor("g");
    m = tensor("m");
    v = tensor("v");
  }
  ValueId shared(const char* name) { return parameter(name, Type::scalar(DType::f64), false); }
  ValueId tensor(const char* name) { return parameter(name, kTensor, true); }
  ValueId parameter(const char* name, const Type& type, bool per_tensor) {
    function.parameters.push_back({name, type, per_tensor});
    return b.arg(static_cast<int64_t>(function.parameters.size()) - 1, type);
  }
  ValueId spread(ValueId scalar) { return b.broadcast_scalar(b.cast(scalar, DType::f32), {kP}); }
  ValueId number(double value) { return b.full(value, kTensor); }
  // The moments, bias-corrected, and the step direction.
  ValueId m_next() { return b.add(b.mul(number(0.9), m), b.mul(number(0.1), g)); }
  ValueId v_next() { return b.add(b.mul(number(0.99), v), b.mul(number(0.01), b.mul(g, g))); }
  ValueId corrected(ValueId moment, double beta) {
    ValueId bias = b.sub(b.constant(1), b.make(Op::pow, {b.constant(beta), t}));
    return b.div(moment, spread(bias));
  }
  ValueId direction(ValueId m1, ValueId v1) {
    ValueId root = b.add(b.make(Op::sqrt, {corrected(v1, 0.99)}), number(1e-8));
    return b.add(b.div(corrected(m1, 0.9), root), b.mul(number(0.01), x));
  }
  void result(const char* name, ValueId value, int updates, bool per_tensor = true) {
    function.results.push_back({name, value, per_tensor, updates});
  }
  ValueId norm(ValueId a) { return b.make(Op::sqrt, {b.reduce_all(Op::reduce_sum, b.mul(a, a))}); }

  loops::Lowered lower() {
    auto outcome = loops::lower(graph, function, {true});
    REQUIRE(std::holds_alternative<loops::Lowered>(outcome));
    return std::get<loops::Lowered>(std::move(outcome));
  }
  // Bits against the interpreter: many rows, among them an empty one and one of a single element.
  void check_bits() {
    std::vector<TableRow> rows;
    for (int64_t size : {5, 0, 1, 40, 17000}) {
      TableRow row{{{"p", size}}, {}};
      for (const Parameter& parameter : function.parameters) {
        if (!parameter.per_tensor) continue;
        Tensor tensor(parameter.type.dtype, *evaluate_shape(parameter.type.shape, row.bindings));
        for (int64_t i = 0; i < tensor.size(); ++i)
          tensor.set_number(i, (static_cast<double>((i * 7919 + 31 * size) % 1000) - 300) / 500 +
                                   static_cast<double>(row.inputs.size() / 3));
        row.inputs.push_back(tensor);
      }
      rows.push_back(row);
    }
    std::vector<Tensor> shared;
    for (const Parameter& parameter : function.parameters)
      if (!parameter.per_tensor)
        shared.push_back(Tensor::scalar(1.5 + static_cast<double>(shared.size())));
    CHECK(compare_table(graph, function, {}, shared, rows) == "");
    CHECK(compare_table(graph, function, {}, shared, {}) == "");
  }
};

int temporaries_of_size_p(const loops::Lowered& lowered) {
  int count = 0;
  for (const loops::Slot& slot : lowered.layout.temporaries)
    count += !slot.shape.empty();
  return count;
}

} // namespace

TEST_CASE("an elementwise rule is one pass of 28 bytes an element") {
  Rule r;
  ValueId m1 = r.m_next(), v1 = r.v_next();
  r.result("m", m1, 4);
  r.result("v", v1, 5);
  r.result("x", r.b.sub(r.x, r.b.mul(r.spread(r.rate), r.direction(m1, v1))), 2);
  loops::Lowered lowered = r.lower();
  loops::Traffic traffic = loops::traffic(lowered.program);
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(traffic.passes == 1);
  CHECK(traffic.bytes_read.str() == "16*p");
  CHECK(traffic.bytes_written.str() == "12*p");
  CHECK(lowered.layout.temporaries.empty());
  // What is uniform over the step is computed before the rows: nothing in their loop divides by a
  // power, and nothing in it is f64.
  for (const loops::Statement& statement : lowered.program.body) {
    const auto* rows = std::get_if<loops::Rows>(&statement.is);
    if (!rows) continue;
    REQUIRE(rows->body.size() == 1);
    for (const loops::Statement& inner : std::get<loops::Loop>(rows->body[0].is).body)
      if (const auto* let = std::get_if<loops::Let>(&inner.is))
        CHECK(lowered.program.values[let->value.value].dtype == DType::f32);
  }
  r.check_bits();
}

TEST_CASE("a reported norm rides in the pass that reads its operand") {
  Rule r;
  ValueId m1 = r.m_next();
  r.result("m", m1, 4);
  r.result("x", r.b.sub(r.x, r.b.mul(r.spread(r.rate), m1)), 2);
  r.result("norm", r.norm(r.g), -1);
  loops::Lowered lowered = r.lower();
  CHECK(loops::traffic(lowered.program).passes == 1);
  CHECK(lowered.layout.temporaries.empty());
  r.check_bits();
}

TEST_CASE("a norm over all tensors before the rule makes two passes") {
  Rule r;
  ValueId squares = r.b.reduce_all(Op::reduce_sum, r.b.mul(r.g, r.g));
  ValueId total = r.b.make(Op::sqrt, {r.b.make(Op::across_sum, {squares})});
  ValueId one = r.b.constant(1, DType::f32);
  ValueId scale = r.b.make(Op::min, {one, r.b.div(one, total)});
  ValueId raw = r.g;
  r.g = r.b.mul(raw, r.spread(scale));
  ValueId m1 = r.m_next(), v1 = r.v_next();
  r.result("m", m1, 4);
  r.result("v", v1, 5);
  r.result("x", r.b.sub(r.x, r.b.mul(r.spread(r.rate), r.direction(m1, v1))), 2);
  r.result("total", total, -1, false);
  loops::Lowered lowered = r.lower();
  loops::Traffic traffic = loops::traffic(lowered.program);
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(traffic.passes == 2);
  CHECK(traffic.bytes_read.str() == "20*p"); // g twice
  CHECK(temporaries_of_size_p(lowered) == 0);
  r.check_bits();
}

TEST_CASE("a trust ratio makes two passes, the second reading the stored moments") {
  Rule r;
  ValueId m1 = r.m_next(), v1 = r.v_next();
  ValueId u = r.direction(m1, v1);
  ValueId zero = r.b.constant(0, DType::f32), one = r.b.constant(1, DType::f32);
  ValueId norm_x = r.norm(r.x), norm_u = r.norm(u);
  ValueId both = r.b.make(Op::logical_and,
                          {r.b.make(Op::lt, {zero, norm_x}), r.b.make(Op::lt, {zero, norm_u})});
  ValueId ratio = r.b.select(both, r.b.div(norm_x, norm_u), one);
  r.result("m", m1, 4);
  r.result("v", v1, 5);
  r.result("x",
           r.b.sub(r.x, r.b.mul(r.b.mul(r.spread(r.rate), r.b.broadcast_scalar(ratio, {kP})), u)),
           2);
  loops::Lowered lowered = r.lower();
  loops::Traffic traffic = loops::traffic(lowered.program);
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(traffic.passes == 2);
  CHECK(traffic.bytes_read.str() == "28*p"); // x g m v, then x m v
  CHECK(traffic.bytes_written.str() == "12*p");
  CHECK(temporaries_of_size_p(lowered) == 0);
  r.check_bits();
}

TEST_CASE("a state that is still read later is stored later") {
  Rule r;
  ValueId m1 = r.m_next();
  ValueId ratio = r.b.broadcast_scalar(r.norm(m1), {kP});
  r.result("m", m1, 4);
  r.result("x", r.b.sub(r.x, r.b.mul(ratio, r.m)), 2); // the old m, after the fold over the new one
  loops::Lowered lowered = r.lower();
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(loops::traffic(lowered.program).passes == 2);
  CHECK(temporaries_of_size_p(lowered) == 0);
  r.check_bits();
}

TEST_CASE("two states that exchange their contents need no temporary") {
  Rule r;
  r.result("m", r.v, 4);
  r.result("v", r.m, 5);
  loops::Lowered lowered = r.lower();
  CHECK(temporaries_of_size_p(lowered) == 0);
  r.check_bits();
}

TEST_CASE("a parameter read at other elements is updated through a copy") {
  Rule r;
  ValueId doubled = r.b.concat({r.x, r.x}, 0);
  ValueId shifted = r.b.slice(doubled, {Dim(0)}, {kP});
  // Element i of the new x is element p - 1 - i of the old one.
  ValueId last = r.b.broadcast_scalar(r.b.sub(r.b.dim(kP), r.b.constant(1, DType::i64)), {kP});
  ValueId reversed = r.b.gather(r.x, {r.b.sub(last, r.b.iota({kP}, 0))});
  r.result("x", r.b.add(reversed, shifted), 2);
  loops::Lowered lowered = r.lower();
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(temporaries_of_size_p(lowered) == 2); // the concatenation and the new x
  r.check_bits();
}

TEST_CASE("scalar states and per-row scalars cross stages") {
  Rule r;
  ValueId count = r.parameter("count", Type::scalar(DType::f64), true);
  ValueId own = r.norm(r.g);
  ValueId total = r.b.make(Op::across_sum, {own});
  ValueId share = r.b.div(own, total);
  r.result("x", r.b.mul(r.x, r.b.broadcast_scalar(share, {kP})), 2);
  r.result("count", r.b.add(count, r.b.cast(share, DType::f64)), 6);
  loops::Lowered lowered = r.lower();
  INFO(lowered.plan_text << print(lowered.program));
  CHECK(loops::traffic(lowered.program).passes == 2); // the norm is kept, not folded again
  r.check_bits();
}

TEST_CASE("checks end the call in their order, before later ones are looked at") {
  Rule r;
  ValueId total = r.b.make(Op::across_sum, {r.norm(r.g)});
  ValueId zero = r.b.constant(0, DType::f32);
  auto finite = [&](ValueId a) {
    return r.b.make(Op::logical_not, {r.b.make(Op::is_finite, {a})});
  };
  r.result("x", r.b.mul(r.x, r.number(2)), 2);
  r.function.checks.push_back({finite(total), 21, "", {}});
  r.function.checks.push_back({r.b.make(Op::lt, {zero, r.norm(r.x)}), 22, "", {}});
  r.function.checks.push_back({r.b.make(Op::lt, {zero, total}), 23, "", {}});
  r.check_bits();
  std::swap(r.function.checks[1], r.function.checks[2]);
  r.check_bits();
  r.function.checks.erase(r.function.checks.begin() + 1);
  r.check_bits();
}

TEST_CASE("a shared tensor that every row reads is updated after the rows") {
  Rule r;
  Type type = Type::tensor(DType::f32, {Dim::symbol("s")});
  ValueId table = r.parameter("table", type, false);
  ValueId own = r.parameter("own", type, true);
  r.result("table", r.b.sub(table, r.b.full(1, type)), 6, false);
  r.result("own", r.b.add(own, table), 7);
  loops::Lowered lowered = r.lower();
  INFO(lowered.plan_text << print(lowered.program));
  Tensor start = Tensor::of({1, 2, 3}, {3}, DType::f32);
  Tensor empty(DType::f32, {0});
  std::vector<TableRow> rows(2, TableRow{{{"p", 0}}, {empty, empty, empty, empty, start}});
  std::vector<Tensor> shared{Tensor::scalar(1), Tensor::scalar(2), start};
  CHECK(compare_table(r.graph, r.function, {{"s", 3}}, shared, rows) == "");
}
