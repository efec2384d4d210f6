// Symbolic dimensions: canonical form, text, evaluation, overflow.
#include <catch2/catch.hpp>

#include "types/dim.h"
#include "types/type.h"

#include <cstdint>
#include <limits>
#include <map>

using thalweg::Dim;

namespace {

const Dim n = Dim::symbol("n"), k = Dim::symbol("k"), d = Dim::symbol("d");

std::optional<int64_t> at(const Dim& dim, std::map<std::string, int64_t, std::less<>> bindings) {
  return dim.evaluate([&](std::string_view name) -> std::optional<int64_t> {
    auto it = bindings.find(name);
    return it == bindings.end() ? std::nullopt : std::optional(it->second);
  });
}

} // namespace

TEST_CASE("dim: equal sizes have one form") {
  REQUIRE(n + k == k + n);
  REQUIRE(n * k == k * n);
  REQUIRE((n + k) * d == d * k + n * d);
  REQUIRE(n - n == Dim(0));
  REQUIRE(n - n == Dim());
  REQUIRE((n + Dim(1)) * (n - Dim(1)) == n * n - Dim(1));
  REQUIRE((n + k).hash() == (k + n).hash());
  REQUIRE_FALSE(n == k);
  REQUIRE_FALSE(n == Dim(1));
  REQUIRE((n * Dim(0)).is_constant(0));
}

TEST_CASE("dim: queries") {
  REQUIRE(Dim(0).is_constant(0));
  REQUIRE(Dim(7).constant() == 7);
  REQUIRE((n + Dim(3)).constant() == 3);
  REQUIRE_FALSE((n + Dim(3)).is_constant());
  REQUIRE(n.as_symbol() == std::optional<std::string>("n"));
  REQUIRE_FALSE((n * Dim(2)).as_symbol());
  REQUIRE_FALSE((n * n).as_symbol());
  REQUIRE_FALSE(Dim(1).as_symbol());
  std::vector<std::string> names;
  (k * n + n + d).collect_symbols(names);
  REQUIRE(names.size() == 3);
}

TEST_CASE("dim: text as people write it") {
  REQUIRE(Dim(0).str() == "0");
  REQUIRE(n.str() == "n");
  REQUIRE((n - Dim(1)).str() == "n - 1");
  REQUIRE((Dim(2) * n * k + Dim(3)).str() == "2*k*n + 3");
  REQUIRE((Dim(0) - n).str() == "-n");
  REQUIRE((Dim(0) - Dim(2) * n - k).str() == "-k - 2*n");
}

TEST_CASE("dim: parse reads what str wrote") {
  const std::vector<Dim> samples = {Dim(0),
                                    Dim(-5),
                                    n,
                                    n - Dim(1),
                                    Dim(0) - n,
                                    Dim(2) * n * k + Dim(3),
                                    n * n * n - k * d + Dim(12),
                                    Dim(0) - Dim(2) * n - k,
                                    Dim::symbol("x_1"),
                                    Dim::symbol("größe")};
  for (const Dim& dim : samples) {
    CAPTURE(dim.str());
    REQUIRE(Dim::parse(dim.str()) == dim);
  }
  REQUIRE(Dim::parse("n-1") == n - Dim(1));
  REQUIRE(Dim::parse(" n + 1 ") == n + Dim(1));
}

TEST_CASE("dim: parse refuses everything else") {
  for (const char* text : {"", " ", "n k", "n +", "*n", "n*", "n**k", "2x", "1.5", "(n)", "n, k",
                           "+", "9223372036854775808", "n + 1x", "!overflow", "-", "n:"}) {
    CAPTURE(text);
    REQUIRE_FALSE(Dim::parse(text));
  }
}

TEST_CASE("dim: evaluation") {
  REQUIRE(at(n * n - k, {{"n", 5}, {"k", 3}}) == 22);
  REQUIRE(at(Dim(4), {}) == 4);
  REQUIRE_FALSE(at(n, {}));
  REQUIRE(at(n - Dim(1), {{"n", 0}}) == -1);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  REQUIRE(at(n, {{"n", kMax}}) == kMax);
  REQUIRE_FALSE(at(n + Dim(1), {{"n", kMax}}));
  REQUIRE_FALSE(at(n * n, {{"n", int64_t{1} << 32}}));
  REQUIRE(at(n * n, {{"n", int64_t{1} << 31}}) == int64_t{1} << 62);
}

TEST_CASE("dim: substitution") {
  auto lookup = [](std::string_view name) -> std::optional<Dim> {
    if (name == "n") return k + Dim(1);
    return std::nullopt;
  };
  REQUIRE((n * n + d).substitute(lookup) == k * k + Dim(2) * k + Dim(1) + d);
}

TEST_CASE("dim: arithmetic that leaves 63 bits is marked and never evaluates") {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const Dim& dim :
       {Dim(kMax) + Dim(1), Dim(kMax) * Dim(2), Dim(int64_t{1} << 32) * Dim(int64_t{1} << 32),
        Dim(kMax) * n * Dim(3), Dim(std::numeric_limits<int64_t>::min())}) {
    REQUIRE(dim.is_overflow());
    REQUIRE_FALSE(at(dim, {{"n", 1}}));
    REQUIRE((dim + n).is_overflow());
    REQUIRE((dim - dim).is_overflow());
    REQUIRE((Dim(0) * dim).is_overflow());
  }
  REQUIRE_FALSE((Dim(kMax) - Dim(1)).is_overflow());
  Dim power = n + k + d + Dim(1);
  for (int i = 0; i < 10 && !power.is_overflow(); ++i)
    power = power * power;
  REQUIRE(power.is_overflow()); // and it took no time
}

TEST_CASE("type: text and identity") {
  using thalweg::DType;
  using thalweg::Type;
  Type matrix = Type::tensor(DType::f32, {n, k - Dim(1)});
  REQUIRE(matrix.str() == "f32[n, k - 1]");
  REQUIRE(Type::scalar(DType::boolean).str() == "bool");
  REQUIRE(Type::tuple({matrix, Type::scalar(DType::i64)}).str() == "(f32[n, k - 1], i64)");
  REQUIRE_FALSE(matrix == Type::tensor(DType::f64, matrix.shape));
  REQUIRE(matrix.hash() == Type::tensor(DType::f32, {n, Dim(-1) + k}).hash());
  REQUIRE(thalweg::element_count({n, Dim(3), n}) == Dim(3) * n * n);
  REQUIRE(thalweg::element_count({}) == Dim(1));
  REQUIRE(thalweg::dtype_size(DType::f32) == 4);
}
