// What a step of the library's rules costs: passes over memory, bytes, temporaries, compilations.
#include "stdlib/rule_runner.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

struct Cost {
  loops::Traffic traffic;
  int tensors = 0; // temporaries of a size
  std::string text;
};
Cost cost(RuleProgram& program) {
  loops::Lowered lowered = program.lowered_step();
  Cost c{loops::traffic(lowered.program), 0, loops::print(lowered.program)};
  for (const loops::Slot& slot : lowered.layout.temporaries)
    c.tensors += !slot.shape.empty();
  return c;
}

constexpr const char* kReportingRule = R"(
optimizer Reporting(lr = 1e-3, beta = 0.9) on tensor x {
  state m = 0
  let g = ∇f(x)
  m' = beta*m + (1 - beta)*g
  x' = x - lr*m'
  report size = norm(all g)
})";

} // namespace

TEST_CASE("AdamW is one pass: four tensors read, three written", "[stdlib]") {
  for (auto [precision, read, written] :
       {std::tuple(DType::f32, "16*size", "12*size"), std::tuple(DType::f64, "32*size", "24*size")})
    for (const char* rule :
         {"AdamW()", "AdamW(lr = warmup_cosine(peak = 0.1, warmup = 5, total = 9))",
          "Adam(weight_decay = 0.1)"}) {
      RuleProgram program(rule, precision);
      Cost c = cost(program);
      INFO(rule << "\n" << c.text);
      CHECK(c.traffic.passes == 1);
      CHECK(c.traffic.bytes_read.str() == read);
      CHECK(c.traffic.bytes_written.str() == written);
      CHECK(c.tensors == 0);
    }
}

TEST_CASE("SGD is one pass", "[stdlib]") {
  for (const char* rule :
       {"SGD()", "SGD(momentum = 0.9)", "SGD(momentum = 0.9, nesterov = true)"}) {
    RuleProgram program(rule, DType::f32);
    Cost c = cost(program);
    INFO(rule << "\n" << c.text);
    CHECK(c.traffic.passes == 1);
    CHECK(c.traffic.bytes_read.str() == "12*size"); // x, gradient, velocity
    CHECK(c.traffic.bytes_written.str() == "8*size");
    CHECK(c.tensors == 0);
  }
}

TEST_CASE("clipping by the global norm adds one pass over the gradient", "[stdlib]") {
  RuleProgram program("clip_by_global_norm(max_norm = 1) |> AdamW()", DType::f32);
  Cost c = cost(program);
  INFO(c.text);
  CHECK(c.traffic.passes == 2);
  CHECK(c.traffic.bytes_read.str() == "20*size");
  CHECK(c.traffic.bytes_written.str() == "12*size");
  CHECK(c.tensors == 0);
}

TEST_CASE("a trust ratio per tensor makes two passes", "[stdlib]") {
  RuleProgram program("LAMB()", DType::f32, "use \"02_update_rules.tw\"", 1, "examples");
  Cost c = cost(program);
  INFO(c.text);
  CHECK(c.traffic.passes == 2);
  CHECK(c.traffic.bytes_read.str() == "28*size"); // x g m v, then x m v
  CHECK(c.traffic.bytes_written.str() == "12*size");
  CHECK(c.tensors == 0);
}

TEST_CASE("a reported norm rides in the pass of the rule", "[stdlib]") {
  RuleProgram program("Reporting()", DType::f32, kReportingRule);
  Cost c = cost(program);
  INFO(c.text);
  CHECK(c.traffic.passes == 1);
  CHECK(c.traffic.bytes_read.str() == "12*size");
  CHECK(c.tensors == 0);
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner runner(program, pipeline);
  runner.start({{1, 2}, {3}}, {{2}, {1}});
  REQUIRE(runner.step({{3, 0}, {4}}) == 0);
  CHECK(runner.recorded("size") == 5);
}

TEST_CASE("a step writes x and the states where they lie", "[stdlib]") {
  RuleProgram program("AdamW(lr = 0.1)", DType::f32);
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner runner(program, pipeline);
  const driver::CompiledFunction& step = runner.compiled_step();
  REQUIRE(step.function.results.size() == 3);
  for (size_t k = 0; k < 3; ++k) {
    int parameter = step.function.results[k].updates;
    REQUIRE(parameter >= 0);
    CHECK(step.layout.results[k].slot ==
          step.layout.parameters[static_cast<size_t>(parameter)].slot);
    CHECK(step.layout.results[k].buffer ==
          step.layout.parameters[static_cast<size_t>(parameter)].buffer);
  }
  CHECK(step.layout.temporaries.empty());
  CHECK(step.layout.row_slots == 5); // x, gradient, the name that keys draws, m, v
  runner.start({std::vector<double>(100, 1.0)}, {{100}});
  const void* before[] = {runner.row(0, "x").raw(), runner.row(0, "state m").raw(),
                          runner.row(0, "state v").raw()};
  REQUIRE(runner.step({std::vector<double>(100, 0.5)}) == 0);
  const void* after[] = {runner.row(0, "x").raw(), runner.row(0, "state m").raw(),
                         runner.row(0, "state v").raw()};
  for (int k = 0; k < 3; ++k)
    CHECK(before[k] == after[k]);
  for (int64_t i : {0, 57, 99}) { // memory of the caller, changed by the call alone
    CHECK(static_cast<const float*>(before[0])[i] == Approx(1 - 0.1 - 0.1 * 0.01));
    CHECK(static_cast<const float*>(before[1])[i] == Approx(0.05));
    CHECK(static_cast<const float*>(before[2])[i] == Approx(0.00025));
    CHECK(runner.row(0, "gradient").number(i) == 0.5);
  }
}

TEST_CASE("another number, another size and another table need no compilation", "[stdlib]") {
  RuleProgram program("clip_by_global_norm(max_norm = 1) |> AdamW(lr = 0.1)", DType::f64);
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner runner(program, pipeline);
  REQUIRE(pipeline.compilations() == 1);
  auto last = [](RuleRunner& r, const std::vector<int64_t>& sizes) {
    std::vector<std::vector<double>> x, g;
    RuleRunner::Shapes shapes;
    for (int64_t size : sizes) {
      shapes.push_back({size});
      x.emplace_back(size, 1.5);
      g.emplace_back(size, -0.25);
    }
    r.start(x, shapes);
    for (int t = 1; t <= 5; ++t)
      REQUIRE(r.step(g) == 0);
    return r.everything();
  };
  std::vector<Tensor> first = last(runner, {4, 9});
  runner.hyper("lr", 0.03);
  runner.hyper("clip_by_global_norm.max_norm", 0.5);
  std::vector<Tensor> slower = last(runner, {4, 9});
  CHECK_FALSE(slower[0].same_bits(first[0]));
  std::vector<Tensor> many = last(runner, {1, 0, 70000, 3, 17, 1, 1, 1});
  CHECK(last(runner, {}).size() < first.size()); // a table of no tensors
  CHECK(pipeline.compilations() == 1);
  // The numbers did arrive: a program with these defaults does the same.
  RuleProgram fresh("clip_by_global_norm(max_norm = 0.5) |> AdamW(lr = 0.03)", DType::f64);
  driver::Pipeline fresh_pipeline = fresh.pipeline();
  RuleRunner other(fresh, fresh_pipeline);
  std::vector<Tensor> wanted = last(other, {4, 9}),
                      wanted_many = last(other, {1, 0, 70000, 3, 17, 1, 1, 1});
  for (size_t k = 0; k < wanted.size(); ++k)
    CHECK(slower[k].same_bits(wanted[k]));
  REQUIRE(many.size() == wanted_many.size());
  for (size_t k = 0; k < many.size(); ++k)
    CHECK(many[k].same_bits(wanted_many[k]));
}
