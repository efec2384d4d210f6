// Vector loops on every target against plain C++ loops, bit for bit.
#include "codegen/program_builder.h"

#include "ir/math/math.h"
#include "math/backends.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// y[i] = op(a[i], b[i], c[i]) through a JIT for each target; `reference` gets the same elements.
template <typename T, typename R = T>
void check_elementwise(const std::string& name,
                       const std::function<Val(ProgramBuilder&, Val, Val, Val)>& emit,
                       const std::type_identity_t<std::function<R(T, T, T, bool fma)>>& reference) {
  ProgramBuilder b("elementwise");
  const DType dtype = dtype_for<T>;
  const BufferId in[3] = {b.buffer("a", dtype, {n()}), b.buffer("b", dtype, {n()}),
                          b.buffer("c", dtype, {n()})};
  const BufferId out = b.buffer("y", dtype_for<R>, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val x = b.load(in[0], {{i, 1}}), y = b.load(in[1], {{i, 1}}), z = b.load(in[2], {{i, 1}});
    b.store(out, emit(b, x, y, z), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const tw_function function = jit.compile({&program, 1}).function("elementwise");
    for (int64_t size : {0, 1, 2, 31, 32, 33, 63, 64, 65, 1000}) {
      INFO(name << " on " << target.name << ", n = " << size);
      std::vector<T> x, y, z;
      if constexpr (std::is_floating_point_v<T>) {
        x = numbers<T>(size, 1, true), y = numbers<T>(size, 2, true), z = numbers<T>(size, 3, true);
      } else {
        for (int64_t i = 0; i < size; ++i)
          x.push_back(i * 7919 % 41 - 20), y.push_back(i * 104729 % 13 - 6), z.push_back(i);
      }
      // One element more on each side finds writes outside.
      std::vector<R> expected(size + 2, R(77)), got(size + 2, R(77));
      for (int64_t i = 0; i < size; ++i)
        expected[i + 1] = reference(x[i], y[i], z[i], target.has_fma);
      Arguments arguments{{x.data(), y.data(), z.data(), got.data() + 1}, {size}, {}};
      const tw_call call = arguments.call();
      REQUIRE(function(&call) == TW_OK);
      const int64_t at = first_difference(expected, got);
      if (at > 0 && at <= size)
        INFO("element " << at - 1 << ": " << +x[at - 1] << ", " << +y[at - 1] << " gave "
                        << +got[at] << ", not " << +expected[at]);
      CHECK(at == -1);
    }
  }
}

template <typename T> void check_operators() {
  const auto unary = [](Op op) {
    return [op](ProgramBuilder& b, Val x, Val, Val) { return b.op(op, {x}); };
  };
  const auto binary = [](Op op) {
    return [op](ProgramBuilder& b, Val x, Val y, Val) { return b.op(op, {x, y}); };
  };
  using S = math::ScalarBackend<T>;
  check_elementwise<T>("add", binary(Op::add), [](T x, T y, T, bool) { return x + y; });
  check_elementwise<T>("sub", binary(Op::sub), [](T x, T y, T, bool) { return x - y; });
  check_elementwise<T>("mul", binary(Op::mul), [](T x, T y, T, bool) { return x * y; });
  check_elementwise<T>("div", binary(Op::div), [](T x, T y, T, bool) { return x / y; });
  check_elementwise<T>("sqrt", unary(Op::sqrt), [](T x, T, T, bool) { return std::sqrt(x); });
  check_elementwise<T>("neg", unary(Op::neg), [](T x, T, T, bool) { return -x; });
  check_elementwise<T>("abs", unary(Op::abs), [](T x, T, T, bool) { return std::fabs(x); });
  check_elementwise<T>("floor", unary(Op::floor), [](T x, T, T, bool) { return std::floor(x); });
  check_elementwise<T>("ceil", unary(Op::ceil), [](T x, T, T, bool) { return std::ceil(x); });
  check_elementwise<T>("round", unary(Op::round),
                       [](T x, T, T, bool) { return std::nearbyint(x); });
  check_elementwise<T>("min", binary(Op::min), [](T x, T y, T, bool) {
    S s;
    return math::min(s, x, y);
  });
  check_elementwise<T>("max", binary(Op::max), [](T x, T y, T, bool) {
    S s;
    return math::max(s, x, y);
  });
  check_elementwise<T>(
      "fma", [](ProgramBuilder& b, Val x, Val y, Val z) { return b.op(Op::fma, {x, y, z}); },
      [](T x, T y, T z, bool fma) { return fma ? std::fma(x, y, z) : x * y + z; });
  // One value of each comparison is stored as a byte, read back and used to select.
  check_elementwise<T>(
      "select",
      [](ProgramBuilder& b, Val x, Val y, Val z) {
        return b.op(Op::select, {b.op(Op::lt, {x, y}), b.op(Op::add, {y, z}), x});
      },
      [](T x, T y, T z, bool) { return x < y ? y + z : x; });
  using Byte = uint8_t;
  check_elementwise<T, Byte>("eq", binary(Op::eq), [](T x, T y, T, bool) { return x == y; });
  check_elementwise<T, Byte>("ne", binary(Op::ne), [](T x, T y, T, bool) { return x != y; });
  check_elementwise<T, Byte>("le", binary(Op::le), [](T x, T y, T, bool) { return x <= y; });
  check_elementwise<T, Byte>("is_finite", unary(Op::is_finite),
                             [](T x, T, T, bool) { return std::isfinite(x); });
  check_elementwise<T, Byte>(
      "to boolean", [](ProgramBuilder& b, Val x, Val, Val) { return b.cast(DType::boolean, x); },
      [](T x, T, T, bool) { return x != 0; });
  check_elementwise<T, int64_t>(
      "to integer",
      [](ProgramBuilder& b, Val x, Val, Val) {
        return b.cast(DType::i64, b.op(Op::mul, {x, b.constant(b.dtype_of(x), 1e15)}));
      },
      [](T x, T, T, bool) -> int64_t {
        const T v = x * T(1e15);
        if (std::isnan(v)) return 0;
        if (v >= T(0x1p63)) return INT64_MAX;
        if (v < T(-0x1p63)) return INT64_MIN;
        return static_cast<int64_t>(v);
      });
}

template <typename T> void check_functions() {
#define TW_MATH1(f, ...)                                                                           \
  if (const auto op = op_by_name(#f); op)                                                          \
    check_elementwise<T>(                                                                          \
        #f, [&](ProgramBuilder& b, Val x, Val, Val) { return b.op(*op, {x}); },                    \
        [](T x, T, T, bool fma) {                                                                  \
          math::ScalarBackend<T> fused;                                                            \
          NoFmaBackend<T> unfused;                                                                 \
          return fma ? math::f(fused, x) : math::f(unfused, x);                                    \
        });
#define TW_MATH2(f, ...)                                                                           \
  check_elementwise<T>(                                                                            \
      #f, [](ProgramBuilder& b, Val x, Val y, Val) { return b.op(Op::f, {x, y}); },                \
      [](T x, T y, T, bool fma) {                                                                  \
        math::ScalarBackend<T> fused;                                                              \
        NoFmaBackend<T> unfused;                                                                   \
        return fma ? math::f(fused, x, y) : math::f(unfused, x, y);                                \
      });
#include "ir/math/functions.def"
}

} // namespace

TEST_CASE("elementwise operators give the bits of the definition, f64") {
  check_operators<double>();
}
TEST_CASE("elementwise operators give the bits of the definition, f32") {
  check_operators<float>();
}
TEST_CASE("element functions give the bits of the scalar evaluation, f64") {
  check_functions<double>();
}
TEST_CASE("element functions give the bits of the scalar evaluation, f32") {
  check_functions<float>();
}

TEST_CASE("integer operators wrap, and mod has the divisor's sign") {
  const auto wrap = [](auto f, int64_t x, int64_t y) {
    return static_cast<int64_t>(f(static_cast<uint64_t>(x), static_cast<uint64_t>(y)));
  };
  check_elementwise<int64_t>(
      "mul", [](ProgramBuilder& b, Val x, Val y, Val) { return b.op(Op::mul, {x, y}); },
      [&](int64_t x, int64_t y, int64_t, bool) { return wrap(std::multiplies<>(), x, y); });
  check_elementwise<int64_t>(
      "mod", [](ProgramBuilder& b, Val x, Val y, Val) { return b.op(Op::mod, {x, y}); },
      [](int64_t x, int64_t y, int64_t, bool) -> int64_t {
        if (y == 0) return 0;
        const int64_t r = x % y;
        return r != 0 && (r < 0) != (y < 0) ? r + y : r;
      });
  check_elementwise<int64_t>(
      "abs min max sign",
      [](ProgramBuilder& b, Val x, Val y, Val) {
        return b.op(Op::add, {b.op(Op::mul, {b.op(Op::min, {x, y}), b.op(Op::abs, {x})}),
                              b.op(Op::mul, {b.op(Op::max, {x, y}), b.op(Op::sign, {y})})});
      },
      [](int64_t x, int64_t y, int64_t, bool) {
        return std::min(x, y) * std::abs(x) + std::max(x, y) * ((y > 0) - (y < 0));
      });
  check_elementwise<int64_t, double>(
      "to real", [](ProgramBuilder& b, Val x, Val, Val) { return b.cast(DType::f64, x); },
      [](int64_t x, int64_t, int64_t, bool) { return static_cast<double>(x); });
  check_elementwise<int64_t, float>(
      "large to real",
      [](ProgramBuilder& b, Val x, Val y, Val) {
        const Val large = b.op(Op::mul, {x, b.constant(DType::i64, 123456789012345.0)});
        return b.cast(DType::f32, b.op(Op::add, {large, y}));
      },
      [](int64_t x, int64_t y, int64_t, bool) {
        return static_cast<float>(x * 123456789012345 + y);
      });
}

TEST_CASE("booleans are bytes in memory and combine") {
  ProgramBuilder b("booleans");
  const BufferId p = b.buffer("p", DType::boolean, {n()}), q = b.buffer("q", DType::boolean, {n()});
  const BufferId y = b.buffer("y", DType::boolean, {n()}, Buffer::Role::output);
  const BufferId x = b.buffer("x", DType::f32, {n()}, Buffer::Role::output);
  b.loop(Loop::Kind::vector, n(), [&](Var i) {
    const Val u = b.load(p, {{i, 1}}), v = b.load(q, {{i, 1}});
    const Val both = b.op(Op::logical_and, {u, b.op(Op::logical_not, {v})});
    b.store(y, b.op(Op::logical_or, {both, b.op(Op::eq, {u, v})}), {{i, 1}});
    b.store(x, b.cast(DType::f32, both), {{i, 1}});
  });
  const Program program = b.done();
  for (const codegen::TargetSpec& target : targets())
    for (int64_t size : {0, 1, 5, 33, 100}) {
      INFO(target.name << ", n = " << size);
      jit::Jit jit(target);
      std::vector<uint8_t> u, v, expected, got(size);
      std::vector<float> expected_x, got_x(size);
      for (int64_t i = 0; i < size; ++i) {
        u.push_back(i % 2), v.push_back(i / 2 % 2);
        expected.push_back((u[i] && !v[i]) || u[i] == v[i]);
        expected_x.push_back(u[i] && !v[i] ? 1.0f : 0.0f);
      }
      Arguments arguments{{u.data(), v.data(), got.data(), got_x.data()}, {size}, {}};
      const tw_call call = arguments.call();
      REQUIRE(jit.compile({&program, 1}).function("booleans")(&call) == TW_OK);
      CHECK(first_difference(expected, got) == -1);
      CHECK(first_difference(expected_x, got_x) == -1);
    }
}
