// Reductions and contractions: the two schemes bit by bit, special values, empty folds.
#include "ir/evaluate.h"

#include <cmath>

using namespace thalweg;
using namespace thalweg::testing;
using Args = const std::vector<ValueId>&;

namespace {

Attr fold_attr(Scheme scheme, std::vector<int64_t> axes) {
  axes.insert(axes.begin(), static_cast<int64_t>(scheme));
  return {axes, {}, {}, {}};
}

Tensor reduce(Op op, const Tensor& x, Scheme scheme, std::vector<int64_t> axes = {0}) {
  return evaluate(op, {x}, fold_attr(scheme, std::move(axes)));
}

// Numbers whose sum depends on the order.
template <class T> std::vector<T> rough(int64_t n) {
  std::vector<T> x;
  for (int64_t i = 0; i < n; ++i)
    x.push_back(static_cast<T>(std::sin(0.7 * static_cast<double>(i)) *
                               std::pow(10.0, static_cast<double>(i % 7))));
  return x;
}

// The lanes scheme written out once more, from the text of graph.h.
template <class T> T lanes_sum(const std::vector<T>& x) {
  double total = 0;
  for (size_t start = 0; start < x.size(); start += 1024) {
    T lane[32] = {};
    for (size_t i = start; i < x.size() && i < start + 1024; ++i)
      lane[i % 32] += x[i];
    for (int j = 0; j < 16; ++j)
      lane[j] += lane[j + 16];
    for (int j = 0; j < 8; ++j)
      lane[j] += lane[j + 8];
    for (int j = 0; j < 4; ++j)
      lane[j] += lane[j + 4];
    for (int j = 0; j < 2; ++j)
      lane[j] += lane[j + 2];
    total += lane[0] + lane[1];
  }
  return static_cast<T>(total);
}

template <class T> void check_sums(int64_t n, DType dtype) {
  std::vector<T> x = rough<T>(n);
  Tensor tensor(dtype, {n});
  tensor.data<T>() = x;
  T serial = 0, fused = 0;
  for (size_t start = 0; start < x.size(); start += 1024) {
    T part = 0, fused_part = 0;
    for (size_t i = start; i < x.size() && i < start + 1024; ++i) {
      part += x[i];
      fused_part = std::fma(x[i], x[i], fused_part);
    }
    serial = start == 0 ? part : serial + part;
    fused = start == 0 ? fused_part : fused + fused_part;
  }
  CAPTURE(n);
  REQUIRE(reduce(Op::reduce_sum, tensor, Scheme::lanes).data<T>()[0] == lanes_sum(x));
  REQUIRE(reduce(Op::reduce_sum, tensor, Scheme::serial).data<T>()[0] == serial);
  Tensor dot = evaluate(Op::contract, {tensor, tensor}, {{1, 1, 0, 1, 0}, {}, {}, {}});
  REQUIRE(dot.data<T>()[0] == fused);
}

} // namespace

TEST_CASE("folding: sums follow the scheme bit by bit") {
  for (int64_t n : {0, 1, 2, 31, 32, 33, 100, 1000, 1024, 1025, 50000}) {
    check_sums<double>(n, DType::f64);
    check_sums<float>(n, DType::f32);
  }
  // Chunks meet in f64: 2^30, 1 and -2^30 give 1, which an f32 total would lose.
  Tensor x(DType::f32, {2 * kChunk + 1});
  x.data<float>()[0] = 0x1p30f;
  x.data<float>()[kChunk] = 1;
  x.data<float>()[2 * kChunk] = -0x1p30f;
  REQUIRE(reduce(Op::reduce_sum, x, Scheme::lanes).number(0) == 1);
  REQUIRE(reduce(Op::reduce_sum, x, Scheme::serial).number(0) == 0);
}

TEST_CASE("folding: a dot product in lanes accumulates by fma in each lane") {
  int64_t n = 40000;
  std::vector<float> a = rough<float>(n), b = rough<float>(n);
  std::reverse(b.begin(), b.end());
  Tensor x(DType::f32, {n}), y(DType::f32, {n});
  x.data<float>() = a;
  y.data<float>() = b;
  double total = 0;
  for (int64_t start = 0; start < n; start += 1024) {
    float lane[32] = {};
    for (int64_t i = start; i < std::min(n, start + 1024); ++i)
      lane[i % 32] = std::fma(a[static_cast<size_t>(i)], b[static_cast<size_t>(i)], lane[i % 32]);
    for (int h = 16; h >= 1; h /= 2)
      for (int j = 0; j < h; ++j)
        lane[j] += lane[j + h];
    total += lane[0];
  }
  Tensor dot =
      evaluate({x, y}, [](Builder& bld, Args v) { return bld.contract(v[0], {0}, v[1], {0}, {}); });
  REQUIRE(dot.data<float>()[0] == static_cast<float>(total));
}

TEST_CASE("folding: the builder chooses the scheme") {
  auto axes = [](std::vector<int64_t> list) { return list; };
  REQUIRE(reduce_scheme(2, axes({1})) == Scheme::lanes);
  REQUIRE(reduce_scheme(2, axes({0, 1})) == Scheme::lanes);
  REQUIRE(reduce_scheme(2, axes({0})) == Scheme::serial);
  REQUIRE(contract_scheme(axes({0, 1}), axes({1}), axes({0})) == Scheme::lanes);
  REQUIRE(contract_scheme(axes({0, 1}), axes({0}), axes({1})) == Scheme::serial);
  REQUIRE(contract_scheme(axes({0, 1}), axes({1, 2}), axes({0, 2})) == Scheme::serial);
  REQUIRE(contract_scheme(axes({0}), axes({1}), axes({0, 1})) == Scheme::serial);
}

TEST_CASE("folding: special values and empty folds") {
  for (Scheme scheme : {Scheme::lanes, Scheme::serial}) {
    require_bits(reduce(Op::reduce_min, vec({3, -0.0, 0.0}), scheme), Tensor::scalar(-0.0));
    require_bits(reduce(Op::reduce_max, vec({-3, -0.0, 0.0}), scheme), Tensor::scalar(0.0));
    require_bits(reduce(Op::reduce_max, vec({kInf, kNan, 1}), scheme), Tensor::scalar(kNan));
    require_bits(reduce(Op::reduce_min, vec({-kInf, kNan, 1}), scheme), Tensor::scalar(kNan));
    require_bits(reduce(Op::reduce_sum, vec({kInf, -kInf}), scheme), Tensor::scalar(kNan));
    require_bits(reduce(Op::reduce_prod, vec({2, 3, -4}), scheme), Tensor::scalar(-24));
    require_bits(reduce(Op::reduce_sum, vec({-0.0}), scheme), Tensor::scalar(0.0));
    require_bits(reduce(Op::reduce_sum, vec({}), scheme), Tensor::scalar(0));
    require_bits(reduce(Op::reduce_prod, vec({}), scheme), Tensor::scalar(1));
    require_bits(reduce(Op::reduce_min, vec({}), scheme), Tensor::scalar(kInf));
    require_bits(reduce(Op::reduce_max, vec({}), scheme), Tensor::scalar(-kInf));
    require_bits(reduce(Op::reduce_max, vec({5}, DType::i64), scheme),
                 Tensor::scalar(5, DType::i64));
    REQUIRE(reduce(Op::reduce_max, vec({}, DType::i64), scheme).data<int64_t>()[0] == INT64_MIN);
    REQUIRE(reduce(Op::reduce_min, vec({}, DType::i64), scheme).data<int64_t>()[0] == INT64_MAX);
  }
}

TEST_CASE("folding: axes") {
  Tensor cube = Tensor::of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {2, 3, 2});
  require_bits(reduce(Op::reduce_sum, cube, Scheme::serial, {1}), mat({6, 9, 24, 27}, 2, 2));
  require_bits(reduce(Op::reduce_sum, cube, Scheme::serial, {0, 2}), vec({14, 22, 30}));
  require_bits(reduce(Op::reduce_max, cube, Scheme::lanes, {1, 2}), vec({5, 11}));
  require_bits(reduce(Op::reduce_sum, Tensor(DType::f64, {0, 2}), Scheme::serial, {0}),
               vec({0, 0}));
  require_bits(reduce(Op::reduce_sum, Tensor(DType::f64, {2, 0}), Scheme::lanes, {1}), vec({0, 0}));
}

TEST_CASE("folding: positions of extremes") {
  auto at = [](Op op, const Tensor& x, int64_t axis) {
    return evaluate(op, {x}, {{axis}, {}, {}, {}});
  };
  auto index = [](double i) { return Tensor::scalar(i, DType::i64); };
  require_bits(at(Op::argmax, vec({1, 3, 3, 2}), 0), index(1));
  require_bits(at(Op::argmin, vec({2, 1, 1}), 0), index(1));
  require_bits(at(Op::argmax, vec({1, kNan, 5, kNan}), 0), index(1));
  require_bits(at(Op::argmin, vec({1, kNan, 0}), 0), index(1));
  require_bits(at(Op::argmax, vec({-0.0, 0.0}), 0), index(0));
  require_bits(at(Op::argmax, vec({}), 0), index(0));
  require_bits(at(Op::argmax, mat({1, 9, 3, 8, 2, 7}, 2, 3), 1), vec({1, 0}, DType::i64));
  require_bits(at(Op::argmax, mat({1, 9, 3, 8, 2, 7}, 2, 3), 0), vec({1, 0, 1}, DType::i64));
}

TEST_CASE("folding: contractions") {
  Tensor a = mat({1, 2, 3, 4, 5, 6}, 2, 3), b = mat({1, 0, 2, 1, 0, 3}, 3, 2);
  auto contract = [&](const Tensor& x, std::vector<int64_t> lx, const Tensor& y,
                      std::vector<int64_t> ly, std::vector<int64_t> out) {
    return evaluate({x, y},
                    [&](Builder& bld, Args v) { return bld.contract(v[0], lx, v[1], ly, out); });
  };
  require_bits(contract(a, {0, 1}, b, {1, 2}, {0, 2}), mat({5, 11, 14, 23}, 2, 2));
  require_bits(contract(a, {0, 1}, b, {1, 2}, {2, 0}), mat({5, 14, 11, 23}, 2, 2));
  require_bits(contract(a, {0, 1}, vec({1, 1, 1}), {1}, {0}), vec({6, 15}));
  require_bits(contract(vec({1, 2}), {0}, vec({3, 4}), {1}, {0, 1}), mat({3, 4, 6, 8}, 2, 2));
  require_bits(contract(a, {0, 1}, a, {0, 1}, {}), Tensor::scalar(91));
  require_bits(contract(a, {0, 1}, a, {0, 1}, {1}), vec({17, 29, 45}));
  require_bits(contract(a, {0, 1}, Tensor::scalar(2), {}, {1}),
               vec({10, 14, 18})); // sums over a label of one side
  require_bits(
      contract(Tensor(DType::f64, {2, 0}), {0, 1}, Tensor(DType::f64, {0, 2}), {1, 2}, {0, 2}),
      mat({0, 0, 0, 0}, 2, 2));
}
