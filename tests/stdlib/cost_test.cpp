// What a step of each rule of the library costs, as `check --cost` and the library's page say it.
#include "codegen/flops.h"
#include "driver/rule_cost.h"
#include "stdlib/library_items.h"
#include "stdlib/rule_runner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

using namespace thalweg;
using namespace thalweg::test;

namespace {

driver::RuleCost cost_of(const std::string& rule, DType precision = DType::f32,
                         const std::string& declarations = "", size_t rank = 1) {
  RuleProgram program(rule, precision, declarations, rank);
  driver::Pipeline pipeline = program.pipeline();
  auto cost = driver::rule_cost(pipeline, program.unit);
  REQUIRE(cost);
  return *cost;
}

// How many folds over tensors wait for each other: each needs a pass before the next one.
int levels(const Graph& graph, const Function& function) {
  std::map<uint32_t, int> level;
  int most = 0;
  for (ValueId id : reachable(graph, roots_of(function))) {
    const Node& node = graph.node(id);
    int below = 0;
    for (ValueId operand : node.operands)
      below = std::max(below, level[operand.value]);
    const bool folds =
        op_info(node.op).emission == Emission::fold && !op_info(node.op).name.starts_with("across");
    level[id.value] = below + folds;
    most = std::max(most, level[id.value]);
  }
  return most;
}

} // namespace

TEST_CASE("elementwise rules make one pass, rules with norms one more for each", "[stdlib]") {
  int elementwise = 0, with_norms = 0;
  for (const LibraryItem& item : library_items({"optimizers", "transforms"})) {
    INFO(item.name << ": " << item.example);
    RuleProgram program(item.example, DType::f32);
    driver::Pipeline pipeline = program.pipeline();
    auto cost = driver::rule_cost(pipeline, program.unit);
    REQUIRE(cost);
    const int norms = levels(program.graph, program.unit.step);
    int least = 1 + norms;
    for (const irgen::RuleUnit::Query& query : program.unit.queries)
      least += 1 + levels(program.graph, query.point); // forming a point is a pass of its own
    CHECK(cost->passes <= least);
    const bool plain = least == 1 + static_cast<int>(program.unit.queries.size());
    ++(plain ? elementwise : with_norms);
    if (plain) CHECK(cost->passes == least);
    // A trust ratio takes two; norms of what a norm has scaled wait for it.
    if (item.name != "FAdam" && item.name != "DAdaptSGD") CHECK(norms <= 1);
    // Nothing is written but x, the states, the points and their directions.
    int points = 0; // and directions
    for (const irgen::RuleUnit::Query& query : program.unit.queries)
      points += query.order == 2 ? 2 : 1;
    CHECK(cost->written <= 4 + cost->state + 4 * points);
  }
  CHECK(elementwise >= 25);
  CHECK(with_norms >= 8);
}

TEST_CASE("what is counted of a rule", "[stdlib]") {
  const std::string rules = R"(
optimizer Counted(lr = 0.1) on tensor x {
  state v = 0
  let g = ∇f(x)
  v' = v + g*g
  x' = x - lr*(g/√v')
}
optimizer Rows(lr = 0.1) on matrix W {
  state r = zeros(rows(W))
  let g = ∇f(W)
  r' = r + sum(g^2, axis = 1)
  W' = W - lr*g
})";
  driver::RuleCost c = cost_of("Counted()", DType::f32, rules);
  CHECK(c.passes == 1);
  CHECK(c.read == 12);
  CHECK(c.written == 8);
  CHECK(c.state == 4);
  CHECK(c.flops == 6); // two multiply-adds, a quotient, a root
  CHECK(c.gradients == 1);
  c = cost_of("Counted()", DType::f64, rules);
  CHECK(c.read == 24);
  CHECK(c.flops == 6);
  c = cost_of("Rows()", DType::f32, rules, 2);
  CHECK(c.state == Approx(4.0 / 1024));
}

TEST_CASE("a chain compiles into the passes that its optimizer makes anyway", "[stdlib]") {
  driver::RuleCost plain = cost_of("AdamW()");
  CHECK(plain.passes == 1);
  CHECK(plain.read == 16);
  CHECK(plain.written == 12);
  driver::RuleCost chain = cost_of("accumulate(k = 4) |> clip_by_global_norm(1) |> AdamW()");
  CHECK(chain.passes == 2);
  CHECK(chain.state == 12);
  driver::RuleCost element = cost_of(
      "add_noise() |> clip_by_value(1) |> add_decayed_weights(0.1) |> scale_by_sign() |> AdamW()");
  CHECK(element.passes == 1);
  CHECK(element.read == 16);
  driver::RuleCost wrapped = cost_of("EMA(inner = Lookahead(inner = AdamW()))");
  CHECK(wrapped.passes == 1);
  CHECK(wrapped.state == 16);
}
