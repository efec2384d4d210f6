// Folds on every target: lanes in chunks and trees, serial ones, inside vector loops, over rows.
#include "codegen/fold_reference.h"
#include "codegen/program_builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

template <typename T> void check_lanes(bool with_function) {
  // Five folds in one pass, the elements doubled and stored on the way.
  ProgramBuilder b("lanes");
  const DType dtype = dtype_for<T>;
  const BufferId a = b.buffer("a", dtype, {n()}), c = b.buffer("c", dtype, {n()});
  const BufferId out = b.buffer("out", dtype, {5}, Buffer::Role::output);
  const BufferId twice = b.buffer("twice", dtype, {n()}, Buffer::Role::output);
  Val results[5];
  b.loop(Loop::Kind::lanes, n(), [&](Var i) {
    Val x = b.load(a, {{i, 1}}), y = b.load(c, {{i, 1}});
    if (with_function) x = b.op(Op::exp, {x});
    for (int k = 0; k < 4; ++k)
      results[k] = b.fold(kPlainFolds[k], x);
    results[4] = b.fold(Fold::Op::fma, x, y);
    b.store(twice, b.op(Op::add, {x, x}), {{i, 1}});
  });
  for (int k = 0; k < 5; ++k)
    b.store(out, results[k], {}, {}, k);
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    if (with_function && !target.has_fma) continue; // exp itself has other bits there
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("lanes");
    for (int64_t size : sizes())
      for (bool special : {false, true}) {
        INFO(target.name << ", n = " << size << ", special " << special);
        std::vector<T> av = numbers<T>(size, 1, special), cv = numbers<T>(size, 2, special);
        if (special) // NaN is everywhere else; here zeros of both signs decide
          for (T& x : av)
            if (std::isnan(x) && size % 2 == 0) x = -T(0);
        std::vector<T> got(5), got_twice(size), expected, expected_twice;
        Arguments arguments{{av.data(), cv.data(), got.data(), got_twice.data()}, {size}, {}};
        const tw_call call = arguments.call();
        REQUIRE(function(&call) == TW_OK);
        if (with_function)
          for (T& x : av) {
            math::ScalarBackend<T> s;
            x = math::exp(s, x);
          }
        for (Fold::Op op : kPlainFolds)
          expected.push_back(lanes_fold<T>(op, av, cv, target.has_fma));
        expected.push_back(lanes_fold<T>(Fold::Op::fma, av, cv, target.has_fma));
        for (T x : av)
          expected_twice.push_back(x + x);
        CHECK(first_difference(expected, got) == -1);
        CHECK(first_difference(expected_twice, got_twice) == -1);
      }
  }
}

// y[j] = fold over i of a[i, j]: one accumulator per element of a vector; also inside a serial loop
// over j, with scalar accumulators. Positions with argmin and argmax.
template <typename T> void check_serial(Loop::Kind outer) {
  const Dim m = Dim::symbol("m");
  ProgramBuilder b("serial", {"n", "m"});
  const DType dtype = dtype_for<T>;
  const BufferId a = b.buffer("a", dtype, {n(), m}), w = b.buffer("w", dtype, {n()});
  BufferId out[5], position[2];
  for (BufferId& buffer : out)
    buffer = b.buffer("out", dtype, {m}, Buffer::Role::output);
  for (BufferId& buffer : position)
    buffer = b.buffer("position", DType::i64, {m}, Buffer::Role::output);
  b.loop(outer, m, [&](Var j) {
    Val results[7];
    b.loop(Loop::Kind::serial, n(), [&](Var i) {
      const Val x = b.load(a, {{i, m}, {j, 1}});
      for (int k = 0; k < 4; ++k)
        results[k] = b.fold(kPlainFolds[k], x);
      results[4] = b.fold(Fold::Op::fma, x, b.load(w, {{i, 1}}));
    });
    b.loop(Loop::Kind::serial, n(), [&](Var i) {
      const Val x = b.load(a, {{i, m}, {j, 1}});
      results[5] = b.fold(Fold::Op::argmin, x);
      results[6] = b.fold(Fold::Op::argmax, x);
    });
    for (int k = 0; k < 5; ++k)
      b.store(out[k], results[k], {{j, 1}});
    for (int k = 0; k < 2; ++k)
      b.store(position[k], results[5 + k], {{j, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("serial");
    for (int64_t rows :
         {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{13}, int64_t{100}, kChunk, 2 * kChunk + 1})
      for (int64_t columns : {0, 1, 3, 31, 64, 77}) {
        INFO(target.name << ", " << rows << " by " << columns);
        std::vector<T> av = numbers<T>(rows * columns, 7, columns != 31), wv = numbers<T>(rows, 8);
        std::vector<T> got(5 * columns), expected(5 * columns);
        std::vector<int64_t> got_at(2 * columns), expected_at(2 * columns);
        Arguments arguments{{av.data(), wv.data()}, {rows, columns}, {}};
        for (int k = 0; k < 5; ++k)
          arguments.buffers.push_back(got.data() + k * columns);
        for (int k = 0; k < 2; ++k)
          arguments.buffers.push_back(got_at.data() + k * columns);
        const tw_call call = arguments.call();
        REQUIRE(function(&call) == TW_OK);
        for (int64_t j = 0; j < columns; ++j) {
          T product_sum = 0, best[2] = {T(INFINITY), -T(INFINITY)};
          for (int k = 0; k < 4; ++k)
            expected[k * columns + j] = start_of<T>(kPlainFolds[k]);
          T parts[4] = {}, product_part = 0; // of the chunk
          for (int64_t i = 0; i < rows; ++i) {
            const T x = av[i * columns + j];
            const bool first = i % kChunk == 0, last = i + 1 == rows || (i + 1) % kChunk == 0;
            for (int k = 0; k < 4; ++k) {
              if (first) parts[k] = start_of<T>(kPlainFolds[k]);
              parts[k] = fold_step(kPlainFolds[k], parts[k], x);
              T& total = expected[k * columns + j];
              if (last) total = i < kChunk ? parts[k] : fold_step(kPlainFolds[k], total, parts[k]);
            }
            if (first) product_part = 0;
            product_part =
                target.has_fma ? std::fma(x, wv[i], product_part) : x * wv[i] + product_part;
            if (last) product_sum = i < kChunk ? product_part : product_sum + product_part;
            for (int k = 0; k < 2; ++k)
              if ((std::isnan(x) && !std::isnan(best[k])) || (k == 0 ? x < best[k] : x > best[k])) {
                best[k] = x;
                expected_at[k * columns + j] = i;
              }
          }
          expected[4 * columns + j] = product_sum;
        }
        CHECK(first_difference(expected, got) == -1);
        CHECK(first_difference(expected_at, got_at) == -1);
      }
  }
}

} // namespace

TEST_CASE("lanes folds have the bits of the definition, f64") { check_lanes<double>(false); }
TEST_CASE("lanes folds have the bits of the definition, f32") { check_lanes<float>(false); }
TEST_CASE("lanes folds of an element function, f32") { check_lanes<float>(true); }
TEST_CASE("serial folds, f64") { check_serial<double>(Loop::Kind::serial); }
TEST_CASE("serial folds, f32") { check_serial<float>(Loop::Kind::serial); }
TEST_CASE("serial folds inside vectors, f64") { check_serial<double>(Loop::Kind::vector); }
TEST_CASE("serial folds inside vectors, f32") { check_serial<float>(Loop::Kind::vector); }

TEST_CASE("integers and what does not vary fold in lanes too") {
  ProgramBuilder b("counts");
  const BufferId x = b.buffer("x", DType::f64, {n()});
  const BufferId y = b.buffer("y", DType::i64, {2}, Buffer::Role::output);
  Val positive{0}, tripled{0};
  b.loop(Loop::Kind::lanes, n(), [&](Var i) {
    const Val above = b.op(Op::lt, {b.constant(DType::f64, 0), b.load(x, {{i, 1}})});
    positive = b.fold(Fold::Op::sum, b.cast(DType::i64, above));
    tripled = b.fold(Fold::Op::sum, b.constant(DType::i64, 3));
  });
  b.store(y, positive);
  b.store(y, tripled, {}, {}, 1);
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t size : sizes()) {
      INFO(target.name << ", n = " << size);
      std::vector<double> xv = numbers<double>(size, 11, true);
      std::vector<int64_t> got(2), expected{0, 3 * size};
      for (double v : xv)
        expected[0] += v > 0;
      Arguments arguments{{xv.data(), got.data()}, {size}, {}};
      const tw_call call = arguments.call();
      jit::Jit jit(target);
      REQUIRE(jit.compile({&program, 1}).function("counts")(&call) == TW_OK);
      CHECK(got == expected);
    }
}
