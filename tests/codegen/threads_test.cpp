// Loops and rows that threads share: the same bits, however the rounds are cut and in whatever
// order.
#include "codegen/program_builder.h"
#include "threads/thread_pool.h"

#include <array>
#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

struct Calls {
  int64_t rounds = 0, calls = 0;
};
// Last range first, in pieces of three rounds.
int32_t backwards(void* context, int64_t count, tw_rounds rounds, void* frame) {
  auto* calls = static_cast<Calls*>(context);
  ++calls->calls;
  calls->rounds += count;
  int32_t status = TW_OK;
  for (int64_t first = (count - 1) / 3 * 3; first >= 0; first -= 3)
    if (int32_t own = rounds(frame, first, std::min(count, first + 3)); own != TW_OK) status = own;
  return status;
}

// Runs the call alone, backwards and on real threads; `outputs` must have the same bits each time.
template <typename T>
int64_t check_all(tw_function function, Arguments& arguments, std::vector<std::vector<T>*> outputs,
                  int64_t row_elements = 0) {
  std::vector<std::vector<T>> start, expected;
  for (std::vector<T>* output : outputs)
    start.push_back(*output);
  tw_call call = arguments.call();
  call.row_elements = row_elements;
  REQUIRE(function(&call) == TW_OK);
  for (std::vector<T>* output : outputs)
    expected.push_back(*output);
  const auto same = [&](const char* how) {
    INFO(how);
    REQUIRE(function(&call) == TW_OK);
    for (size_t k = 0; k < outputs.size(); ++k)
      CHECK(first_difference(expected[k], *outputs[k]) == -1);
    for (size_t k = 0; k < outputs.size(); ++k)
      std::copy(start[k].begin(), start[k].end(), outputs[k]->begin()); // same memory
  };
  for (size_t k = 0; k < outputs.size(); ++k)
    std::copy(start[k].begin(), start[k].end(), outputs[k]->begin());
  Calls calls;
  call.parallel = backwards;
  call.parallel_context = &calls;
  same("backwards");
  for (int threads : {2, 3}) {
    runtime::ThreadPool pool(threads);
    pool.lend(call);
    same("threads");
  }
  return calls.rounds;
}

} // namespace

TEST_CASE("threads: vector loops, folds and nests", "[codegen]") {
  const Dim m = Dim::symbol("m");
  ProgramBuilder b("shared", {"n", "m"});
  const BufferId x = b.buffer("x", DType::f32, {n()}), a = b.buffer("a", DType::f32, {n(), m});
  const BufferId y = b.buffer("y", DType::f32, {n()}, Buffer::Role::in_out);
  const BufferId out = b.buffer("out", DType::f32, {3}, Buffer::Role::output);
  const BufferId sums = b.buffer("sums", DType::f32, {n()}, Buffer::Role::output);
  const BufferId columns = b.buffer("columns", DType::f32, {m}, Buffer::Role::output);
  const Val factor = b.op(Op::add, {b.load(x), b.constant(DType::f32, 0.5)}); // captured
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    b.store(y, b.op(Op::fma, {b.load(x, {{i, 1}}), factor, b.load(y, {{i, 1}})}), {{i, 1}});
  });
  Val folded[3];
  b.loop(Loop::Kind::lanes, n(), [&](Var i) {
    const Val v = b.load(y, {{i, 1}});
    folded[0] = b.fold(Fold::Op::sum, b.op(Op::mul, {v, factor}));
    folded[1] = b.fold(Fold::Op::max, v);
    folded[2] = b.fold(Fold::Op::fma, v, b.load(x, {{i, 1}}));
  });
  for (int k = 0; k < 3; ++k)
    b.store(out, folded[k], {}, {}, k);
  b.loop(Loop::Kind::serial, n(), [&](Var i) {
    Val sum{0};
    b.loop(Loop::Kind::lanes, m,
           [&](Var j) { sum = b.fold(Fold::Op::sum, b.load(a, {{i, m}, {j, 1}})); });
    b.store(sums, b.op(Op::mul, {sum, folded[0]}), {{i, 1}});
  });
  b.loop(Loop::Kind::vector, m, [&](Var j) {
    Val sum{0};
    b.loop(Loop::Kind::serial, n(), [&](Var i) {
      sum = b.fold(Fold::Op::fma, b.load(a, {{i, m}, {j, 1}}), b.load(x, {{i, 1}}));
    });
    b.store(columns, sum, {{j, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("shared");
    for (auto [rows, width] :
         {std::pair<int64_t, int64_t>{1, 1}, {300, 100}, {20000, 3}, {70001, 2}}) {
      INFO(target.name << ", " << rows << " by " << width);
      std::vector<float> xv = numbers<float>(rows, 1), av = numbers<float>(rows * width, 2),
                         yv = numbers<float>(rows, 3), outv(3), sumv(rows), columnv(width);
      Arguments arguments{
          {xv.data(), av.data(), yv.data(), outv.data(), sumv.data(), columnv.data()},
          {rows, width},
          {}};
      const int64_t rounds = check_all<float>(function, arguments, {&yv, &outv, &sumv, &columnv});
      CHECK((rounds > 0) == (rows * width > 10000)); // small work stays on one thread
    }
  }
}

TEST_CASE("threads: rows with folds across them, loops inside rows", "[codegen]") {
  ProgramBuilder b("table", {});
  b.program().tensor_symbols = {"n"};
  const BufferId rate = b.buffer("rate", DType::f64, {}),
                 total = b.buffer("total", DType::f64, {}, Buffer::Role::output);
  const BufferId x = b.buffer("x", DType::f64, {n()}, Buffer::Role::in_out, true);
  const BufferId g = b.buffer("g", DType::f64, {n()}, Buffer::Role::input, true);
  const Val lr = b.load(rate);
  Val norm{0}, all{0};
  b.rows([&] {
    b.loop(Loop::Kind::lanes, n(), [&](Var i) {
      const Val v = b.load(g, {{i, 1}});
      norm = b.fold(Fold::Op::fma, v, v);
    });
    all = b.fold(Fold::Op::sum, norm);
  });
  b.store(total, all);
  b.rows([&] {
    b.loop(Loop::Kind::vector, n(), [&](Var i) {
      const Val step = b.op(Op::div, {b.op(Op::mul, {lr, b.load(g, {{i, 1}})}), all});
      b.store(x, b.op(Op::sub, {b.load(x, {{i, 1}}), step}), {{i, 1}});
    });
  });
  const Program program = b.done();
  jit::Jit jit;
  const tw_function function = jit.compile({&program, 1}).function("table");
  for (int64_t tensors : {0, 1, 2, 700}) {
    INFO(tensors << " tensors");
    double lr_value = 0.1;
    std::vector<int64_t> sizes;
    int64_t count = 0;
    for (int64_t k = 0; k < tensors; ++k) {
      sizes.push_back(k % 100 == 1 ? 50000 : k % 7);
      count += sizes.back();
    }
    std::vector<double> xv = numbers<double>(count, 4), gv = numbers<double>(count, 5), tv(1);
    std::vector<std::array<void*, 2>> slots(static_cast<size_t>(tensors));
    Arguments arguments{{&lr_value, tv.data()}, {}, {}};
    int64_t at = 0;
    for (size_t k = 0; k < slots.size(); ++k) {
      slots[k] = {xv.data() + at, gv.data() + at};
      arguments.rows.push_back({slots[k].data(), &sizes[k]});
      at += sizes[k];
    }
    check_all<double>(function, arguments, {&xv, &tv}, count);
  }
}

TEST_CASE("threads: the status of the first round that fails", "[codegen]") {
  ProgramBuilder b("fails");
  const BufferId at = b.buffer("at", DType::i64, {n()}), x = b.buffer("x", DType::f64, {4});
  const BufferId y = b.buffer("y", DType::f64, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val index = b.load(at, {{i, 1}});
    b.index_check(index, 4);
    b.store(y, b.load(x, {}, {{index, 1}}), {{i, 1}});
  });
  const Program program = b.done();
  jit::Jit jit;
  const tw_function function = jit.compile({&program, 1}).function("fails");
  const int64_t count = 100000;
  std::vector<int64_t> index(count, 3);
  std::vector<double> xv{1, 2, 3, 4}, yv(count);
  Arguments arguments{{index.data(), xv.data(), yv.data()}, {count}, {}};
  tw_call call = arguments.call();
  runtime::ThreadPool pool(2);
  pool.lend(call);
  CHECK(function(&call) == TW_OK);
  index[77777] = 4;
  CHECK(function(&call) == TW_INDEX_OUT_OF_RANGE);
}
