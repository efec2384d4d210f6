// Rows of a table, oracles, checks and branches of compiled functions.
#include "codegen/program_builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {
const Dim m = Dim::symbol("m");
}

TEST_CASE("rows have their own buffers and sizes, and fold in order in f64") {
  // x += rate, per tensor; result: the sum over tensors of the sum of the new x, and the largest.
  ProgramBuilder b("rows", {});
  b.program().tensor_symbols = {"k", "n"};
  const BufferId rate = b.buffer("rate", DType::f32, {});
  const BufferId total = b.buffer("total", DType::f32, {2}, Buffer::Role::output);
  const BufferId x = b.buffer("x", DType::f32, {n()}, Buffer::Role::in_out, true);
  Val sum{0}, largest{0};
  const Val step = b.load(rate);
  b.rows([&] {
    Val row_sum{0}, row_max{0};
    b.loop(Loop::Kind::lanes, n(), [&](Var i) {
      const Val next = b.op(Op::add, {b.load(x, {{i, 1}}), step});
      b.store(x, next, {{i, 1}});
      row_sum = b.fold(Fold::Op::sum, next);
      row_max = b.fold(Fold::Op::max, next);
    });
    sum = b.fold(Fold::Op::sum, row_sum);
    largest = b.fold(Fold::Op::max, row_max);
  });
  b.store(total, sum);
  b.store(total, largest, {}, {}, 1);
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    INFO(target.name);
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("rows");
    for (size_t rows : {0, 1, 2, 50}) {
      std::vector<std::vector<float>> tensors;
      for (size_t r = 0; r < rows; ++r)
        tensors.push_back(numbers<float>(r * r % 97, static_cast<uint32_t>(r)));
      auto expected = tensors;
      float step_value = 0.125f, got[2];
      double expected_sum = 0;
      float expected_max = -INFINITY;
      for (auto& tensor : expected) {
        float lane[32] = {};
        for (size_t i = 0; i < tensor.size(); ++i) {
          tensor[i] += step_value;
          lane[i % 32] += tensor[i];
          expected_max = std::fmax(expected_max, tensor[i]);
        }
        for (int h = 16; h >= 1; h /= 2)
          for (int j = 0; j < h; ++j)
            lane[j] += lane[j + h];
        expected_sum += lane[0];
      }
      Arguments arguments{{&step_value, got}, {}, {}};
      std::vector<void*> pointers;
      std::vector<int64_t> dims;
      for (auto& tensor : tensors) {
        pointers.push_back(tensor.data());
        dims.insert(dims.end(), {-1, static_cast<int64_t>(tensor.size())});
      }
      for (size_t r = 0; r < rows; ++r)
        arguments.rows.push_back({&pointers[r], &dims[2 * r]});
      const tw_call call = arguments.call();
      REQUIRE(function(&call) == TW_OK);
      CHECK(tensors == expected);
      CHECK(got[0] == static_cast<float>(expected_sum));
      CHECK(got[1] == expected_max);
    }
  }
}

TEST_CASE("an oracle is called with its site and the call, and what it writes is read after it") {
  ProgramBuilder b("oracle");
  const BufferId x = b.buffer("x", DType::f64, {n()}, Buffer::Role::in_out);
  const BufferId y = b.buffer("y", DType::f64, {}, Buffer::Role::output);
  const Val before = b.load(x);
  b.oracle(3);
  b.store(y, b.op(Op::sub, {b.load(x), before}));
  const Program program = b.done();
  struct Seen {
    int32_t site = -1, status = 0;
    const tw_call* call = nullptr;
  } seen;
  const auto oracle = [](void* context, int32_t site, const tw_call* call) -> int32_t {
    auto* seen = static_cast<Seen*>(context);
    seen->site = site;
    seen->call = call;
    static_cast<double*>(call->buffers[0])[0] += 5;
    return seen->status;
  };
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    double xv = 1.5, yv = 0;
    Arguments arguments{{&xv, &yv}, {1}, {}};
    tw_call call = arguments.call();
    call.oracle = oracle;
    call.oracle_context = &seen;
    const tw_function function = jit.compile({&program, 1}).function("oracle");
    seen.status = 0;
    REQUIRE(function(&call) == TW_OK);
    CHECK(yv == 5);
    CHECK(seen.site == 3);
    CHECK(seen.call == &call);
    seen.status = TW_INTERRUPTED;
    yv = 9;
    CHECK(function(&call) == TW_INTERRUPTED);
    CHECK(yv == 9);
  }
}

TEST_CASE("checks end the call with their status, branches take one side") {
  // status 5 unless x < 10; y = x < 0 ? sum of i below n : n·m
  ProgramBuilder b("branches", {"n", "m"});
  const BufferId x = b.buffer("x", DType::f64, {});
  const BufferId y = b.buffer("y", DType::i64, {}, Buffer::Role::output);
  const Val value = b.load(x);
  const Val fine = b.op(Op::lt, {value, b.constant(DType::f64, 10)});
  b.status_check(b.op(Op::logical_not, {fine}), TW_REQUIRE_VIOLATED);
  b.branch(
      b.op(Op::lt, {value, b.constant(DType::f64, 0)}),
      [&] {
        Val sum{0};
        b.loop(Loop::Kind::serial, n(), [&](Var i) { sum = b.fold(Fold::Op::sum, b.index(i)); });
        b.store(y, sum);
      },
      [&] { b.store(y, b.size(n() * m - n() * 2 + 7)); });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("branches");
    const auto result = [&](double x, int64_t n, int64_t m) {
      int64_t y = -1;
      Arguments arguments{{&x, &y}, {n, m}, {}};
      const tw_call call = arguments.call();
      const int32_t status = function(&call);
      return std::pair(status, y);
    };
    CHECK(result(-1, 5, 3) == std::pair<int32_t, int64_t>(TW_OK, 10));
    CHECK(result(2, 5, 3) == std::pair<int32_t, int64_t>(TW_OK, 12));
    CHECK(result(11, 5, 3) == std::pair<int32_t, int64_t>(TW_REQUIRE_VIOLATED, -1));
    CHECK(result(NAN, 5, 3) == std::pair<int32_t, int64_t>(TW_REQUIRE_VIOLATED, -1));
  }
}
