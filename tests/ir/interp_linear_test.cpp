// Linear algebra against its defining equations and hand values.
#include "ir/evaluate.h"

#include <cmath>

using namespace thalweg;
using namespace thalweg::testing;

namespace {

std::vector<Tensor> parts(Op op, const Tensor& a, size_t count) {
  Evaluated evaluated = evaluate_all({a}, [&](Builder& b, const std::vector<ValueId>& x) {
    ValueId tuple = b.make(op, {x[0]});
    std::vector<ValueId> all;
    for (size_t k = 0; k < count; ++k)
      all.push_back(b.get(tuple, static_cast<int64_t>(k)));
    return all;
  });
  INFO((evaluated.failure ? evaluated.failure->text : ""));
  REQUIRE(evaluated.ok());
  return evaluated.results;
}

int status(Op op, const std::vector<Tensor>& inputs, Attr attr = {}) {
  Evaluated evaluated = evaluate_all(inputs, [&](Builder& b, const std::vector<ValueId>& x) {
    ValueId value = b.make(op, x, attr);
    return std::vector{b.type(value).is_tuple ? b.get(value, 0) : value};
  });
  return evaluated.ok() ? 0 : evaluated.failure->status;
}

// a·b, with either transposed.
Tensor times(const Tensor& a, const Tensor& b, bool ta = false, bool tb = false) {
  return evaluate({a, b}, [&](Builder& bld, const std::vector<ValueId>& x) {
    std::vector<int64_t> la = {0, 1}, lb = {1, 2};
    if (ta) std::swap(la[0], la[1]);
    if (tb) std::swap(lb[0], lb[1]);
    return bld.contract(x[0], la, x[1], lb, {0, 2});
  });
}

Tensor diagonal(const Tensor& values) {
  int64_t n = values.size();
  Tensor out(DType::f64, {n, n});
  for (int64_t i = 0; i < n; ++i)
    out.set_number(i * n + i, values.number(i));
  return out;
}

Tensor sample(int64_t m, int64_t n) {
  Tensor a(DType::f64, {m, n});
  for (int64_t i = 0; i < m * n; ++i)
    a.set_number(i, std::sin(1.3 * static_cast<double>(i * i + 1)));
  return a;
}

} // namespace

TEST_CASE("linear: solve") {
  Tensor a = mat({0, 2, 1, 1}, 2, 2); // needs an exchange of rows
  require_close(evaluate(Op::solve, {a, vec({4, 3})}), vec({1, 2}));
  require_close(evaluate(Op::solve, {a, mat({4, 2, 3, 1}, 2, 2)}), mat({1, 0, 2, 1}, 2, 2));
  require_bits(evaluate(Op::solve, {Tensor(DType::f64, {0, 0}), vec({})}), vec({}));
  REQUIRE(status(Op::solve, {mat({1, 2, 2, 4}, 2, 2), vec({1, 1})}) == run_status::kSingular);
  REQUIRE(status(Op::solve, {mat({kNan, 2, 2, 4}, 2, 2), vec({1, 1})}) == run_status::kSingular);
}

TEST_CASE("linear: cholesky") {
  require_close(evaluate(Op::cholesky, {mat({4, 99, 2, 5}, 2, 2)}),
                mat({2, 0, 1, 2}, 2, 2)); // lower half
  REQUIRE(status(Op::cholesky, {mat({1, 2, 2, 1}, 2, 2)}) == run_status::kSingular);
  // A positive definite matrix is left alone; of an indefinite one only the diagonal changes.
  require_close(evaluate(Op::modified_cholesky, {mat({4, 2, 2, 5}, 2, 2)}),
                mat({2, 0, 1, 2}, 2, 2));
  Tensor a = mat({1, 2, 3, 2, -4, 1, 3, 1, 0}, 3, 3);
  Tensor l = evaluate(Op::modified_cholesky, {a}), product = times(l, l, false, true);
  for (int64_t i = 0; i < 9; ++i) {
    double change = product.number(i) - a.number(i);
    if (i % 4 == 0)
      REQUIRE(change >= -1e-12);
    else
      REQUIRE(std::abs(change) < 1e-12);
  }
}

TEST_CASE("linear: qr") {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{5, 3}, {3, 3}, {1, 1}, {4, 0}}) {
    Tensor a = sample(m, n);
    std::vector<Tensor> qr = parts(Op::qr, a, 2);
    require_close(times(qr[0], qr[1]), a, 1e-14);
    require_close(times(qr[0], qr[0], true),
                  diagonal(Tensor::of(std::vector<double>(static_cast<size_t>(n), 1.0), {n})),
                  1e-14);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j <= i; ++j)
        REQUIRE((i == j ? qr[1].number(i * n + j) >= 0 : qr[1].number(i * n + j) == 0));
  }
  std::vector<Tensor> minus = parts(Op::qr, mat({-2}, 1, 1), 2);
  require_bits(minus[1], mat({2}, 1, 1));
  require_bits(minus[0], mat({-1}, 1, 1));
  REQUIRE(status(Op::qr, {sample(2, 3)}) == run_status::kShapeMismatch);
}

TEST_CASE("linear: eigh") {
  std::vector<Tensor> two = parts(Op::eigh, mat({2, 99, 1, 2}, 2, 2), 2); // reads the lower half
  double r = std::sqrt(0.5);
  require_close(two[0], vec({1, 3}), 1e-14);
  require_close(two[1], mat({r, r, -r, r}, 2, 2), 1e-14);
  Tensor a = sample(6, 6), symmetric = times(a, a, true);
  std::vector<Tensor> six = parts(Op::eigh, symmetric, 2);
  require_close(times(times(six[1], diagonal(six[0])), six[1], false, true), symmetric, 1e-12);
  for (int64_t i = 1; i < 6; ++i)
    REQUIRE(six[0].number(i - 1) <= six[0].number(i));
  require_close(parts(Op::eigh, diagonal(vec({3, -1, 0})), 2)[0], vec({-1, 0, 3}), 0);
}

TEST_CASE("linear: svd") {
  for (auto [m, n] : {std::pair<int64_t, int64_t>{5, 3}, {4, 4}, {1, 1}, {3, 0}}) {
    Tensor a = sample(m, n);
    std::vector<Tensor> svd = parts(Op::svd, a, 3);
    Tensor one = diagonal(Tensor::of(std::vector<double>(static_cast<size_t>(n), 1.0), {n}));
    require_close(times(times(svd[0], diagonal(svd[1])), svd[2], false, true), a, 1e-13);
    require_close(times(svd[0], svd[0], true), one, 1e-13);
    require_close(times(svd[2], svd[2], true), one, 1e-13);
    for (int64_t i = 1; i < n; ++i)
      REQUIRE(svd[1].number(i - 1) >= svd[1].number(i));
  }
  // Rank one: the columns of U stay orthonormal.
  std::vector<Tensor> low = parts(Op::svd, mat({1, 2, 2, 4, 3, 6}, 3, 2), 3);
  require_close(low[1], vec({std::sqrt(70.0), 0}), 1e-13);
  require_close(times(low[0], low[0], true), mat({1, 0, 0, 1}, 2, 2), 1e-13);
  REQUIRE(status(Op::svd, {sample(2, 3)}) == run_status::kShapeMismatch);
}

TEST_CASE("linear: inverse_root") {
  Attr fourth{{4}, {}, {}, {}}, second{{2}, {}, {}, {}};
  require_close(evaluate(Op::inverse_root, {diagonal(vec({16, 81}))}, fourth),
                diagonal(vec({0.5, 1.0 / 3})), 1e-14);
  Tensor a = sample(4, 4), spd = times(a, a, true);
  Tensor root = evaluate(Op::inverse_root, {spd}, second);
  require_close(times(times(root, spd), root), diagonal(vec({1, 1, 1, 1})), 1e-8);
  // A zero eigenvalue counts as eps times the largest.
  require_close(evaluate(Op::inverse_root, {diagonal(vec({1, 0}))}, second),
                diagonal(vec({1, 0x1p26})), 1e-6);
  REQUIRE(status(Op::inverse_root, {diagonal(vec({0, 0}))}, second) == run_status::kSingular);
}
