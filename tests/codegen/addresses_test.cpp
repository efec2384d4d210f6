// Addresses in loops: strides, repeated and gathered elements, tables, in-place buffers.
#include "codegen/program_builder.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const Dim m = Dim::symbol("m");

int32_t run(const Program& program, const codegen::TargetSpec& target, Arguments arguments) {
  jit::Jit jit(target);
  const tw_call call = arguments.call();
  return jit.compile({&program, 1}).function(program.name)(&call);
}

} // namespace

TEST_CASE("a transposed and scaled copy: strided loads, a row's factor repeated") {
  ProgramBuilder b("transpose", {"n", "m"});
  const BufferId a = b.buffer("a", DType::f32, {n(), m}), s = b.buffer("s", DType::f32, {n()});
  const BufferId rows = b.buffer("rows", DType::f32, {m}), one = b.buffer("one", DType::f32, {});
  const BufferId y = b.buffer("y", DType::f32, {m, n()}, Buffer::Role::output);
  b.loop(Loop::Kind::serial, m, [&](Var j) {
    b.loop(Loop::Kind::vector, n(), [&](Var i) {
      const Val x = b.op(Op::mul, {b.load(a, {{i, m}, {j, 1}}), b.load(s, {{i, 1}})});
      const Val z = b.op(Op::add, {x, b.load(rows, {{j, 1}})});
      b.store(y, b.op(Op::sub, {z, b.load(one)}), {{j, n()}, {i, 1}});
    });
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t rows_count : {0, 1, 7, 32, 45})
      for (int64_t columns : {0, 1, 5, 64}) {
        INFO(target.name << ": " << rows_count << " by " << columns);
        std::vector<float> av = numbers<float>(rows_count * columns, 1),
                           sv = numbers<float>(rows_count, 2), rv = numbers<float>(columns, 3),
                           ov{0.75f}, got(rows_count * columns, 9), expected = got;
        for (int64_t j = 0; j < columns; ++j)
          for (int64_t i = 0; i < rows_count; ++i)
            expected[j * rows_count + i] = av[i * columns + j] * sv[i] + rv[j] - ov[0];
        REQUIRE(run(program, target,
                    {{av.data(), sv.data(), rv.data(), ov.data(), got.data()},
                     {rows_count, columns},
                     {}}) == TW_OK);
        CHECK(first_difference(expected, got) == -1);
      }
}

TEST_CASE("a gather reads what its index says, and an index outside ends the call") {
  ProgramBuilder b("gather", {"n", "m"});
  const BufferId x = b.buffer("x", DType::f64, {m}), at = b.buffer("at", DType::i64, {n()});
  const BufferId y = b.buffer("y", DType::f64, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val index = b.load(at, {{i, 1}});
    b.index_check(index, m);
    b.store(y, b.load(x, {}, {{index, 1}}), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t size : {1, 3, 17, 64, 200}) {
      INFO(target.name << ", n = " << size);
      const std::vector<double> data = numbers<double>(50, 4);
      std::vector<int64_t> index;
      std::vector<double> expected, got(size);
      for (int64_t i = 0; i < size; ++i) {
        index.push_back(i * 37 % 50);
        expected.push_back(data[i * 37 % 50]);
      }
      const Arguments arguments{
          {const_cast<double*>(data.data()), index.data(), got.data()}, {size, 50}, {}};
      REQUIRE(run(program, target, arguments) == TW_OK);
      CHECK(first_difference(expected, got) == -1);
      for (int64_t bad : {int64_t{-1}, int64_t{50}, INT64_MIN, INT64_MAX}) {
        const int64_t kept = index.back();
        index.back() = bad; // in the tail
        CHECK(run(program, target, arguments) == TW_INDEX_OUT_OF_RANGE);
        index.back() = kept;
      }
    }
}

TEST_CASE("a check looks at the elements of the loop alone") {
  ProgramBuilder b("own");
  const BufferId x = b.buffer("x", DType::f32, {n()});
  const BufferId y = b.buffer("y", DType::f32, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val index = b.index(i);
    b.index_check(index, n()); // lanes past the end would fail it
    b.store(y, b.load(x, {}, {{index, 1}}), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t size : {1, 5, 31, 64, 70}) {
      INFO(target.name << ", n = " << size);
      std::vector<float> xv = numbers<float>(size, 6), got(size);
      REQUIRE(run(program, target, {{xv.data(), got.data()}, {size}, {}}) == TW_OK);
      CHECK(first_difference(xv, got) == -1);
    }
}

TEST_CASE("a scatter adds one element after the other") {
  ProgramBuilder b("scatter", {"n", "m"});
  const BufferId x = b.buffer("x", DType::f32, {n()}), at = b.buffer("at", DType::i64, {n()});
  const BufferId y = b.buffer("y", DType::f32, {m}, Buffer::Role::in_out);
  b.loop(Loop::Kind::serial, n(), [&](Var i) {
    const Val index = b.load(at, {{i, 1}});
    b.index_check(index, m);
    const Val sum = b.op(Op::add, {b.load(y, {}, {{index, 1}}), b.load(x, {{i, 1}})});
    b.store(y, sum, {}, {{index, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    std::vector<float> xv = numbers<float>(300, 5), expected(20, 0.5f), got = expected;
    std::vector<int64_t> index;
    for (int64_t i = 0; i < 300; ++i) {
      index.push_back(i * i % 20);
      expected[i * i % 20] += xv[i];
    }
    REQUIRE(run(program, target, {{xv.data(), index.data(), got.data()}, {300, 20}, {}}) == TW_OK);
    CHECK(first_difference(expected, got) == -1);
  }
}

TEST_CASE("indices, sizes, quotients and scattered stores in vectors") {
  // y[n - 1 - i] = i div m, z[2*i + 1] = i*(i div m) + n
  ProgramBuilder b("indices", {"n", "m"});
  const BufferId y = b.buffer("y", DType::i64, {n()}, Buffer::Role::output);
  const BufferId z = b.buffer("z", DType::i64, {n() * 2}, Buffer::Role::in_out);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val q = b.quotient(b.index(i), m);
    b.store(y, q, {{i, -1}}, {}, n() - 1);
    b.store(z, b.op(Op::add, {b.op(Op::mul, {b.index(i), q}), b.size(n())}), {{i, 2}}, {}, 1);
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t size : {0, 1, 2, 33, 1000})
      for (int64_t divisor : {1, 2, 3, 7, 64, 999, 1001}) {
        INFO(target.name << ", " << size << " by " << divisor);
        std::vector<int64_t> expected_y(size), expected_z(2 * size, -5), got_y(size),
            got_z = expected_z;
        for (int64_t i = 0; i < size; ++i) {
          expected_y[size - 1 - i] = i / divisor;
          expected_z[2 * i + 1] = i * (i / divisor) + size;
        }
        REQUIRE(run(program, target, {{got_y.data(), got_z.data()}, {size, divisor}, {}}) == TW_OK);
        CHECK(first_difference(expected_y, got_y) == -1);
        CHECK(first_difference(expected_z, got_z) == -1);
      }
}

TEST_CASE("quotients of large numbers round down") {
  ProgramBuilder b("quotients", {"n", "m"});
  const BufferId x = b.buffer("x", DType::i64, {n()});
  const BufferId y = b.buffer("y", DType::i64, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(),
         [&](Var i) { b.store(y, b.quotient(b.load(x, {{i, 1}}), m), {{i, 1}}); });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t divisor :
         {int64_t{1}, int64_t{3}, int64_t{10}, int64_t{1} << 25, (int64_t{1} << 51) - 1}) {
      std::vector<int64_t> xv, expected;
      for (int64_t multiple :
           {int64_t{0}, int64_t{1}, int64_t{5}, ((int64_t{1} << 52) - 2) / divisor})
        for (int64_t step : {-1, 0, 1}) {
          const int64_t value = multiple * divisor + step;
          if (value < 0 || value >= int64_t{1} << 52) continue;
          xv.push_back(value), expected.push_back(value / divisor);
        }
      std::vector<int64_t> got(xv.size());
      INFO(target.name << " by " << divisor);
      REQUIRE(run(program, target,
                  {{xv.data(), got.data()}, {static_cast<int64_t>(xv.size()), divisor}, {}}) ==
              TW_OK);
      CHECK(first_difference(expected, got) == -1);
    }
}

TEST_CASE("tables of the program are read like buffers") {
  ProgramBuilder b("table");
  const BufferId table = b.buffer("table", DType::f32, {4}, Buffer::Role::constant);
  for (double value : {0.1, -2.0, 3.5, 1e10})
    b.program().buffers[table.value].data.push_back(std::bit_cast<int64_t>(value));
  const BufferId flags = b.buffer("flags", DType::boolean, {4}, Buffer::Role::constant);
  b.program().buffers[flags.value].data = {1, 0, 0, 1};
  const BufferId y = b.buffer("y", DType::f32, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val q = b.quotient(b.index(i), 4);
    const Val rest = b.op(Op::sub, {b.index(i), b.op(Op::mul, {q, b.constant(DType::i64, 4)})});
    const Val x = b.load(table, {}, {{rest, 1}});
    b.store(y, b.op(Op::select, {b.load(flags, {}, {{rest, 1}}), x, b.op(Op::neg, {x})}), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    std::vector<float> got(71), expected;
    for (int i = 0; i < 71; ++i) {
      const float x[] = {0.1f, -2.0f, 3.5f, 1e10f};
      expected.push_back(i % 4 == 0 || i % 4 == 3 ? x[i % 4] : -x[i % 4]);
    }
    REQUIRE(run(program, target, {{got.data()}, {71}, {}}) == TW_OK);
    INFO(target.name);
    CHECK(first_difference(expected, got) == -1);
  }
}
