// Matrix products: every target, any layout of the operands, sizes around those of tiles, panels,
// blocks and chunks; epilogues, pieces of ranges, threads.
#include "codegen/program_builder.h"

#include "ir/graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// Where an operand's elements stand: steps along its two variables.
struct Layout {
  int64_t first, second;
};
struct Sizes {
  int64_t m, n, k;
  Layout a, b; // along i and k, along k and j
  int64_t c;   // along i
};

std::vector<std::string> symbols() {
  return {"m", "n", "k", "a_i", "a_k", "b_k", "b_j", "c_i", "i0", "i1", "j0", "j1", "k0", "k1"};
}
Dim sym(const char* name) { return Dim::symbol(name); }

template <typename T> struct Builder : ProgramBuilder {
  explicit Builder(const char* name) : ProgramBuilder(name, symbols()) {
    a = buffer("a", dtype_for<T>, {sym("m"), sym("k")});
    b = buffer("b", dtype_for<T>, {sym("k"), sym("n")});
    c = buffer("c", dtype_for<T>, {sym("m"), sym("n")}, Buffer::Role::in_out);
    i = variable(sym("m")), j = variable(sym("n")), k = variable(sym("k"));
  }
  loops::Product whole() {
    loops::Product product{};
    product.i = {i}, product.j = {j}, product.k = {k};
    product.a = {a, 0, {{i, sym("a_i")}, {k, sym("a_k")}}, {}};
    product.b = {b, 0, {{k, sym("b_k")}, {j, sym("b_j")}}, {}};
    product.c = {c, 0, {{i, sym("c_i")}, {j, 1}}, {}};
    return product;
  }
  BufferId a, b, c;
  Var i{0}, j{0}, k{0};
};

// c = a b; out = max(c + left[i], top[j]); c += a b over a part of each range.
template <typename T> std::vector<Program> programs() {
  std::vector<Program> all;
  Builder<T> plain("plain");
  plain.product(plain.whole());
  all.push_back(plain.done());

  Builder<T> b("epilogue");
  const BufferId left = b.buffer("left", dtype_for<T>, {sym("m")});
  const BufferId top = b.buffer("top", dtype_for<T>, {sym("n")});
  const BufferId out = b.buffer("out", dtype_for<T>, {sym("m"), sym("n")}, Buffer::Role::output);
  Val bias{0};
  b.product(
      b.whole(), [&] { bias = b.load(left, {{b.i, 1}}); },
      [&] {
        const Val sum = b.op(Op::add, {b.load(b.c, {{b.i, sym("c_i")}, {b.j, 1}}), bias});
        const Val highest = b.op(Op::max, {sum, b.load(top, {{b.j, 1}})});
        b.store(out, highest, {{b.i, sym("n")}, {b.j, 1}});
      });
  all.push_back(b.done());

  Builder<T> part("pieces");
  loops::Product piece = part.whole();
  piece.accumulate = true;
  piece.i = {part.i, std::pair{part.size(sym("i0")), part.size(sym("i1"))}};
  piece.j = {part.j, std::pair{part.size(sym("j0")), part.size(sym("j1"))}};
  piece.k = {part.k, std::pair{part.size(sym("k0")), part.size(sym("k1"))}};
  part.product(piece);
  all.push_back(part.done());
  return all;
}

template <typename T> T multiply_add(bool fma, T a, T b, T c) {
  return fma ? std::fma(a, b, c) : a * b + c;
}

// The definition, element by element.
template <typename T>
std::vector<T> expected(const Sizes& s, const std::vector<T>& a, const std::vector<T>& b,
                        std::vector<T> c, bool fma) {
  for (int64_t i = 0; i < s.m; ++i)
    for (int64_t j = 0; j < s.n; ++j) {
      T total = 0;
      for (int64_t start = 0; start < s.k; start += kChunk) {
        T part = 0;
        for (int64_t k = start; k < std::min(s.k, start + kChunk); ++k)
          part = multiply_add(fma, a[i * s.a.first + k * s.a.second],
                              b[k * s.b.first + j * s.b.second], part);
        total = start == 0 ? part : total + part;
      }
      c[i * s.c + j] = total;
    }
  return c;
}

std::vector<Sizes> all_sizes() {
  std::vector<Sizes> all;
  const auto with_layouts = [&](int64_t m, int64_t n, int64_t k) {
    all.push_back({m, n, k, {k, 1}, {n, 1}, n});                 // A B
    all.push_back({m, n, k, {1, m}, {n, 1}, n + 3});             // Aᵀ B
    all.push_back({m, n, k, {k, 1}, {1, k}, n});                 // A Bᵀ
    all.push_back({m, n, k, {1, m + 5}, {2, 2 * k + 1}, n + 1}); // gaps, b strided both ways
    all.push_back({m, n, k, {0, 1}, {0, 1}, n});                 // repeated rows
  };
  for (int64_t m : {0, 1, 2, 7, 8, 9, 25})
    for (int64_t n : {0, 1, 3, 16, 31, 70})
      for (int64_t k : {0, 1, 19})
        with_layouts(m, n, k);
  for (int64_t k :
       {int64_t{511}, int64_t{513}, int64_t{1100}, kChunk, kChunk + 1, 2 * kChunk + 700})
    with_layouts(9, 37, k);
  with_layouts(1, 200, kChunk + 300);
  with_layouts(150, 5, kChunk + 1);                     // more rows than wait at once
  all.push_back({72, 33, 520, {520, 1}, {300, 1}, 33}); // large enough to be copied
  all.push_back({72, 33, 1100, {1, 72}, {260, 1}, 33}); // in several blocks
  return all;
}

template <typename T> void check(bool special) {
  const std::vector<Program> list = programs<T>();
  for (const codegen::TargetSpec& target : targets()) {
    jit::Jit jit(target);
    const jit::Compiled compiled = jit.compile(list);
    for (const Sizes& s : all_sizes()) {
      INFO(target.name << ", " << s.m << " x " << s.n << " x " << s.k << ", a " << s.a.first << " "
                       << s.a.second << ", b " << s.b.first << " " << s.b.second);
      const auto extent = [](int64_t p, int64_t q, const Layout& layout) {
        return p == 0 || q == 0 ? 0 : (p - 1) * layout.first + (q - 1) * layout.second + 1;
      };
      std::vector<T> a = numbers<T>(extent(s.m, s.k, s.a), 1, special),
                     b = numbers<T>(extent(s.k, s.n, s.b), 2, special),
                     c = numbers<T>(s.m * s.c, 3), left = numbers<T>(s.m, 4),
                     top = numbers<T>(s.n, 5), out(s.m * s.n);
      const std::vector<T> before = c, wanted = expected(s, a, b, c, target.has_fma);
      Arguments arguments{
          {a.data(), b.data(), c.data(), left.data(), top.data(), out.data()},
          {s.m, s.n, s.k, s.a.first, s.a.second, s.b.first, s.b.second, s.c, 0, 0, 0, 0, 0, 0},
          {}};
      tw_call call = arguments.call();
      REQUIRE(compiled.function("plain")(&call) == TW_OK);
      CHECK(first_difference(wanted, c) == -1); // also between the rows

      c = before;
      REQUIRE(compiled.function("epilogue")(&call) == TW_OK);
      int64_t wrong = -1;
      for (int64_t i = 0; i < s.m; ++i)
        for (int64_t j = 0; j < s.n; ++j) {
          const T sum = wanted[i * s.c + j] + left[i];
          const T highest = std::isnan(sum) ? sum : std::max(sum, top[j]);
          if (!same_bits(highest, out[i * s.n + j])) wrong = i * s.n + j;
        }
      CHECK(wrong == -1);

      // Piece by piece in each range, k in order: the chain of one chunk.
      if (s.k > kChunk) continue;
      c = before;
      for (int64_t i = 0; i < s.m; ++i)
        std::fill_n(c.begin() + i * s.c, s.n, T(0));
      const int64_t i_cut = s.m / 3, j_cut = s.n * 2 / 3, k_cut = s.k / 2;
      for (int piece = 7; piece >= 0; --piece) {
        const auto range = [&](int64_t at, bool second, int64_t cut, int64_t end) {
          arguments.dims[at] = second ? cut : 0;
          arguments.dims[at + 1] = second ? end : cut;
        };
        range(8, piece & 1, i_cut, s.m);
        range(10, piece & 2, j_cut, s.n);
        range(12, !(piece & 4), k_cut, s.k);
        REQUIRE(compiled.function("pieces")(&call) == TW_OK);
      }
      CHECK(first_difference(wanted, c) == -1);
    }
  }
}

int32_t backwards(void*, int64_t count, tw_rounds rounds, void* frame) {
  for (int64_t k = count; k-- > 0;)
    rounds(frame, k, k + 1);
  return TW_OK;
}

} // namespace

TEST_CASE("products have the bits of the definition, f32") { check<float>(false); }
TEST_CASE("products have the bits of the definition, f64") { check<double>(false); }
TEST_CASE("products of special numbers") { check<double>(true); }

TEST_CASE("products shared among threads") {
  const std::vector<Program> list = programs<float>();
  jit::Jit jit;
  const jit::Compiled compiled = jit.compile(list);
  const int64_t m = 200, n = 130, k = 300;
  std::vector<float> a = numbers<float>(m * k, 1), b = numbers<float>(k * n, 2), c(m * n), left(m),
                     top(n), out(m * n), wanted, wanted_out;
  Arguments arguments{{a.data(), b.data(), c.data(), left.data(), top.data(), out.data()},
                      {m, n, k, k, 1, n, 1, n, 0, 0, 0, 0, 0, 0},
                      {}};
  tw_call call = arguments.call();
  for (const char* name : {"plain", "epilogue"}) {
    std::fill(c.begin(), c.end(), 7.f);
    call.parallel = nullptr;
    REQUIRE(compiled.function(name)(&call) == TW_OK);
    wanted = c, wanted_out = out;
    std::fill(c.begin(), c.end(), 7.f);
    std::fill(out.begin(), out.end(), 7.f);
    call.parallel = backwards;
    REQUIRE(compiled.function(name)(&call) == TW_OK);
    CHECK(first_difference(wanted, c) == -1);
    if (name[0] == 'e') CHECK(first_difference(wanted_out, out) == -1);
  }
}

TEST_CASE("a product of more numbers than one block gives its traffic once") {
  const Program program = programs<double>()[1];
  const loops::Traffic traffic = loops::traffic(program);
  const Dim m = sym("m"), n = sym("n"), k = sym("k");
  CHECK(traffic.bytes_read == Dim(8) * (m * k + k * n + m + n));
  CHECK(traffic.bytes_written == Dim(8) * (m * n + m * n));
  CHECK(print(program).find("product i0.0 < m, i1.1 < n, i2.2 < k: c[i0.0*c_i + i1.1] := "
                            "a[i0.0*a_i + i2.2*a_k] b[i2.2*b_k + i1.1*b_j]") != std::string::npos);
}
