// Draws in loops on every target against single draws of the interpreter, bit for bit.
#include "codegen/fold_reference.h"
#include "codegen/program_builder.h"

#include "ir/draw.h"
#include "ir/math/random.h"
#include "math/backends.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

const tw_key kKey{11, 0x9876543210fedcba, 5, 0, 7};

// A draw at the element, keyed by three integers in memory.
Val draw(ProgramBuilder& b, BufferId key, Distribution distribution, DType dtype, Val element) {
  Value v{Value::Kind::random, dtype};
  v.operands = {element};
  for (int k = 0; k < 3; ++k)
    v.operands.push_back(b.load(key, {}, {}, k));
  v.site = static_cast<int64_t>(distribution) << 32 | kKey.site;
  return b.let(std::move(v));
}

template <class T> T expected(Distribution distribution, int64_t element, bool fma) {
  const uint64_t stream = tw_stream(&kKey);
  if (fma || distribution != Distribution::normal)
    return static_cast<T>(draw_element(distribution, stream, kKey.step, element, dtype_for<T>));
  NoFmaBackend<T> b;
  using Int = typename NoFmaBackend<T>::Int;
  const auto bits = [&](int64_t at) {
    const auto e = static_cast<uint64_t>(at);
    return static_cast<Int>(sizeof(T) == 4 ? tw_word(stream, kKey.step, e)
                                           : tw_long_word(stream, kKey.step, e));
  };
  const int64_t even = element & ~int64_t{1};
  const auto pair = math::normal_pair(b, bits(even), bits(even + 1));
  return element == even ? pair.first : pair.second;
}

template <class Body> void for_each_target(const Program& program, const Body& body) {
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function(program.name);
    for (int64_t size : {0, 1, 3, 33, 127, 1000, 1024, 1025, 2500}) {
      INFO(target.name << ", n = " << size);
      body(function, size, target.has_fma);
    }
  }
}

std::vector<int64_t> key() {
  return {static_cast<int64_t>(kKey.seed), static_cast<int64_t>(kKey.name), kKey.step};
}

constexpr Distribution kAll[] = {Distribution::normal, Distribution::uniform,
                                 Distribution::rademacher};

// y[i] = draw(offset + stride·i): in a row, and where it is not known to stand in one.
template <class T> void check_elements(int64_t offset, int64_t stride) {
  for (Distribution distribution : kAll) {
    ProgramBuilder b("draws");
    const BufferId keys = b.buffer("key", DType::i64, {3});
    const BufferId out = b.buffer("y", dtype_for<T>, {n()}, Buffer::Role::output);
    b.loop(Loop::Kind::vector, n(), [&](Var i) {
      Val element = b.index(i);
      if (stride != 1)
        element = b.op(Op::mul, {element, b.constant(DType::i64, static_cast<double>(stride))});
      if (offset != 0)
        element = b.op(Op::add, {element, b.constant(DType::i64, static_cast<double>(offset))});
      const Val drawn = draw(b, keys, distribution, dtype_for<T>, element);
      b.store(out, drawn, {{i, 1}});
    });
    const Program program = b.done();
    for_each_target(program, [&](tw_function function, int64_t size, bool fma) {
      std::vector<T> wanted(static_cast<size_t>(size) + 2, T(77)), got = wanted;
      for (int64_t i = 0; i < size; ++i)
        wanted[static_cast<size_t>(i) + 1] = expected<T>(distribution, offset + stride * i, fma);
      std::vector<int64_t> keys_at = key();
      Arguments arguments{{keys_at.data(), got.data() + 1}, {size}, {}};
      const tw_call call = arguments.call();
      REQUIRE(function(&call) == TW_OK);
      INFO("distribution " << static_cast<int>(distribution));
      CHECK(first_difference(wanted, got) == -1);
    });
  }
}

template <class T> void check_folded() {
  for (Distribution distribution : kAll) {
    ProgramBuilder b("folded");
    const BufferId keys = b.buffer("key", DType::i64, {3});
    const BufferId out = b.buffer("sum", dtype_for<T>, {}, Buffer::Role::output);
    Val sum{0};
    b.loop(Loop::Kind::lanes, n(), [&](Var i) {
      const Val drawn = draw(b, keys, distribution, dtype_for<T>, b.index(i));
      sum = b.fold(Fold::Op::sum, drawn);
    });
    b.store(out, sum);
    const Program program = b.done();
    for_each_target(program, [&](tw_function function, int64_t size, bool fma) {
      std::vector<T> terms;
      for (int64_t i = 0; i < size; ++i)
        terms.push_back(expected<T>(distribution, i, fma));
      T got = 77;
      std::vector<int64_t> keys_at = key();
      Arguments arguments{{keys_at.data(), &got}, {size}, {}};
      const tw_call call = arguments.call();
      REQUIRE(function(&call) == TW_OK);
      CHECK(same_bits(got, lanes_fold<T>(Fold::Op::sum, terms, {}, fma)));
    });
  }
}

// y[i] = on ? a + b·draw(i) : a[i], z[i] = on ? 3 : draw(i) where both read one draw or two: only
// the side that a draw belongs to may need it.
template <class T> void check_chosen(bool shared) {
  ProgramBuilder b("chosen");
  const BufferId keys = b.buffer("key", DType::i64, {3});
  const BufferId on = b.buffer("on", DType::boolean, {});
  const BufferId a = b.buffer("a", dtype_for<T>, {n()});
  const BufferId y = b.buffer("y", dtype_for<T>, {n()}, Buffer::Role::output);
  const BufferId z = b.buffer("z", dtype_for<T>, {n()}, Buffer::Role::output);
  const Val condition = b.load(on);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val x = b.load(a, {{i, 1}});
    const Val first = draw(b, keys, Distribution::normal, dtype_for<T>, b.index(i));
    const Val second =
        shared ? first : draw(b, keys, Distribution::rademacher, dtype_for<T>, b.index(i));
    const Val sum = b.op(Op::add, {x, b.op(Op::mul, {x, first})});
    b.store(y, b.op(Op::select, {condition, sum, x}), {{i, 1}});
    b.store(z, b.op(Op::select, {condition, b.constant(dtype_for<T>, 3), second}), {{i, 1}});
  });
  const Program program = b.done();
  for_each_target(program, [&](tw_function function, int64_t size, bool fma) {
    for (bool is : {false, true}) {
      const std::vector<T> x = numbers<T>(size, 1);
      std::vector<T> got_y(x.size(), 77), got_z = got_y, wanted_y, wanted_z;
      for (int64_t i = 0; i < size; ++i) {
        const T at = x[static_cast<size_t>(i)];
        const T drawn = expected<T>(Distribution::normal, i, fma);
        wanted_y.push_back(is ? at + at * drawn : at);
        wanted_z.push_back(is ? 3 : shared ? drawn : expected<T>(Distribution::rademacher, i, fma));
      }
      uint8_t flag = is;
      std::vector<int64_t> keys_at = key();
      Arguments arguments{
          {keys_at.data(), &flag, const_cast<T*>(x.data()), got_y.data(), got_z.data()},
          {size},
          {}};
      const tw_call call = arguments.call();
      REQUIRE(function(&call) == TW_OK);
      CHECK(first_difference(wanted_y, got_y) == -1);
      CHECK(first_difference(wanted_z, got_z) == -1);
    }
  });
}

} // namespace

TEST_CASE("draws: elements in a row share blocks, others have their own, with the same bits") {
  check_elements<float>(0, 1);
  check_elements<double>(0, 1);
  check_elements<float>(3, 1);
  check_elements<double>(3, 1);
  check_elements<float>(1, 5);
  check_elements<double>(1, 5);
}

TEST_CASE("draws: folded in lanes") {
  check_folded<float>();
  check_folded<double>();
}

TEST_CASE("draws: under a condition") {
  for (bool shared : {false, true}) {
    check_chosen<float>(shared);
    check_chosen<double>(shared);
  }
}
