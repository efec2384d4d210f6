// Large functions: the lowering's work grows with the function, not with its square.
#include "lower/compare.h"

#include "ir/builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const Dim kN = Dim::symbol("n");

size_t lowered_values(const Graph& graph, const Function& function) {
  auto outcome = loops::lower(graph, function);
  REQUIRE(std::holds_alternative<loops::Lowered>(outcome));
  return std::get<loops::Lowered>(outcome).program.values.size();
}

Tensor ramp(int64_t size) {
  Tensor tensor(DType::f64, {size});
  for (int64_t i = 0; i < size; ++i)
    tensor.set_number(i, 0.25 + static_cast<double>(i) / 64);
  return tensor;
}

} // namespace

TEST_CASE(
    "a chain in which every fold reads all that came before is not computed again and again") {
  Graph graph;
  Builder b(graph);
  Type type = Type::tensor(DType::f64, {kN});
  ValueId x = b.arg(0, type), y = x;
  const int kLinks = 5000;
  for (int k = 0; k < kLinks; ++k) {
    y = b.add(b.mul(y, x), x);
    if (k % 10 == 9) y = b.mul(y, b.broadcast_scalar(b.reduce_all(Op::reduce_min, y), {kN}));
  }
  Function function{"chain", {{"x", type, false}}, {{"y", y, false, -1}}, {}, {}, false};
  CHECK(graph.size() > 2 * kLinks);
  CHECK(lowered_values(graph, function) < 20 * kLinks);
  CHECK(compare_plain(graph, function, {{"n", 3}}, {ramp(3)}) == "");
}

TEST_CASE("a deep elementwise graph of 20,000 values is one loop") {
  Graph graph;
  Builder b(graph);
  Type type = Type::tensor(DType::f64, {kN});
  ValueId x = b.arg(0, type), y = x, z = x;
  while (graph.size() < 20000) {
    y = b.make(Op::sin, {b.add(y, z)});
    z = b.mul(y, x);
  }
  Function function{"deep", {{"x", type, false}}, {{"y", y, false, -1}}, {}, {}, false};
  auto outcome = loops::lower(graph, function);
  REQUIRE(std::holds_alternative<loops::Lowered>(outcome));
  const loops::Lowered& lowered = std::get<loops::Lowered>(outcome);
  CHECK(lowered.program.body.size() == 1);
  CHECK(lowered.layout.temporaries.empty());
  CHECK(lowered.program.values.size() < 20010);
  CHECK(compare_plain(graph, function, {{"n", 2}}, {ramp(2)}) == "");
}

TEST_CASE("many scalar folds over one tensor share one loop") {
  Graph graph;
  Builder b(graph);
  Type type = Type::tensor(DType::f64, {kN});
  ValueId x = b.arg(0, type);
  Function function{"folds", {{"x", type, false}}, {}, {}, {}, false};
  for (int k = 0; k < 200; ++k) {
    ValueId shifted = b.add(x, b.full(k, type));
    function.results.push_back(
        {"r" + std::to_string(k), b.reduce_all(Op::reduce_sum, shifted), false, -1});
  }
  auto outcome = loops::lower(graph, function);
  const loops::Program& program = std::get<loops::Lowered>(outcome).program;
  int loops = 0;
  for (const loops::Statement& statement : program.body)
    loops += std::holds_alternative<loops::Loop>(statement.is);
  CHECK(loops == 1);
  CHECK(compare_plain(graph, function, {{"n", 40}}, {ramp(40)}) == "");
}

TEST_CASE("an axis of size 0 is not divided by") {
  Graph graph;
  Builder b(graph);
  Dim m = Dim::symbol("m");
  Type type = Type::tensor(DType::f64, {kN, m});
  ValueId x = b.arg(0, type);
  ValueId row = b.slice(x, {Dim(0), Dim(0)}, {Dim(1), m}); // legal for n >= 1
  ValueId spread = b.broadcast(row, {kN, m}, {0, 1});
  ValueId all =
      b.reduce_all(Op::reduce_sum, b.add(spread, b.transpose(b.transpose(x, {1, 0}), {1, 0})));
  Function function{"empty", {{"x", type, false}}, {{"sum", all, false, -1}}, {}, {}, false};
  for (int64_t size : {0, 1, 5}) {
    Tensor tensor(DType::f64, {3, size});
    for (int64_t i = 0; i < tensor.size(); ++i)
      tensor.set_number(i, static_cast<double>(i + 1));
    CHECK(compare_plain(graph, function, {{"n", 3}, {"m", size}}, {tensor}) == "");
  }
}
