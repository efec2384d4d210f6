// Evaluation of reductions, contractions and folds across a table: the schemes of graph.h.
#include "ir/builder.h"
#include "ir/interp_call.h"
#include "ir/math/math.h"
#include "ir/math/scalar_backend.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace thalweg::interp {
namespace {

// Folds elements 0 … n-1: `accumulate(acc, i)` takes element i in, `combine(a, b)` joins two
// accumulators.
template <class T, class Accumulate, class Combine>
T fold(Scheme scheme, int64_t n, T identity, bool is_sum, Accumulate accumulate, Combine combine) {
  if (scheme == Scheme::serial) {
    T total = identity;
    for (int64_t start = 0; start < n; start += kChunk) {
      T part = identity;
      for (int64_t i = start; i < std::min(n, start + kChunk); ++i)
        part = accumulate(part, i);
      total = start == 0 ? part : combine(total, part);
    }
    return total;
  }
  T total = identity;
  double wide_total = 0; // of sums of reals
  for (int64_t start = 0; start < n; start += kChunk) {
    T lane[kLanes];
    std::fill(lane, lane + kLanes, identity);
    for (int64_t i = start; i < std::min(n, start + kChunk); ++i)
      lane[(i - start) % kLanes] = accumulate(lane[(i - start) % kLanes], i);
    for (int64_t h = kLanes / 2; h >= 1; h /= 2)
      for (int64_t j = 0; j < h; ++j)
        lane[j] = combine(lane[j], lane[j + h]);
    wide_total += static_cast<double>(lane[0]);
    total = combine(total, lane[0]);
  }
  if (std::is_floating_point_v<T> && is_sum) return static_cast<T>(wide_total);
  return total;
}

template <class T> T join(Op op, T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    math::ScalarBackend<T> backend;
    switch (op) {
    case Op::reduce_sum: return a + b;
    case Op::reduce_prod: return a * b;
    case Op::reduce_min: return math::min(backend, a, b);
    default: return math::max(backend, a, b);
    }
  } else {
    uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    switch (op) {
    case Op::reduce_sum: return static_cast<T>(x + y);
    case Op::reduce_prod: return static_cast<T>(x * y);
    case Op::reduce_min: return std::min(a, b);
    default: return std::max(a, b);
    }
  }
}

template <class T> T identity_of(Op op) {
  using Limits = std::numeric_limits<T>;
  constexpr bool kReal = std::is_floating_point_v<T>;
  switch (op) {
  case Op::reduce_sum: return 0;
  case Op::reduce_prod: return 1;
  case Op::reduce_min: return kReal ? Limits::infinity() : Limits::max();
  default: return kReal ? -Limits::infinity() : Limits::min();
  }
}

} // namespace

void eval_reduce(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& a = call.operand(0);
  const Op op = call.node.op;
  const Scheme scheme = static_cast<Scheme>(call.ints()[0]);
  std::vector<bool> reduced(a.rank(), false);
  for (size_t k = 1; k < call.ints().size(); ++k)
    reduced[static_cast<size_t>(call.ints()[k])] = true;
  // Split the axes: sizes and strides of those that stay and of those that are folded.
  std::vector<int64_t> strides = strides_of(a.shape()), sizes[2], steps[2];
  for (size_t k = 0; k < a.rank(); ++k) {
    sizes[reduced[k]].push_back(a.shape()[k]);
    steps[reduced[k]].push_back(strides[k]);
  }
  auto offset = [&](bool side, int64_t i) {
    std::vector<int64_t> index = unravel(i, sizes[side]);
    int64_t at = 0;
    for (size_t k = 0; k < index.size(); ++k)
      at += index[k] * steps[side][k];
    return at;
  };
  int64_t n = count_elements(sizes[1]);
  a.with_type([&]<class T>(T*) {
    const std::vector<T>& x = a.data<T>();
    for (int64_t i = 0; i < out->size(); ++i) {
      int64_t base = offset(false, i);
      out->data<T>()[static_cast<size_t>(i)] = fold<T>(
          scheme, n, identity_of<T>(op), op == Op::reduce_sum,
          [&](T accumulator, int64_t j) {
            return join<T>(op, accumulator, x[static_cast<size_t>(base + offset(true, j))]);
          },
          [&](T p, T q) { return join<T>(op, p, q); });
    }
  });
  call.give(std::move(*out));
}

void eval_arg_reduce(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& a = call.operand(0);
  size_t axis = static_cast<size_t>(call.ints()[0]);
  std::vector<int64_t> strides = strides_of(a.shape());
  a.with_type([&]<class T>(T*) {
    const std::vector<T>& x = a.data<T>();
    for (int64_t i = 0; i < out->size(); ++i) {
      std::vector<int64_t> index = unravel(i, out->shape());
      index.insert(index.begin() + static_cast<ptrdiff_t>(axis), 0);
      int64_t base = 0, best = 0;
      for (size_t k = 0; k < index.size(); ++k)
        base += index[k] * strides[k];
      auto at = [&](int64_t j) { return x[static_cast<size_t>(base + j * strides[axis])]; };
      for (int64_t j = 1; j < a.shape()[axis]; ++j) {
        bool best_is_nan = std::isnan(static_cast<double>(at(best)));
        bool is_nan = std::isnan(static_cast<double>(at(j)));
        bool better = call.node.op == Op::argmin ? at(j) < at(best) : at(best) < at(j);
        if (!best_is_nan && (is_nan || better)) best = j;
      }
      out->data<int64_t>()[static_cast<size_t>(i)] = best;
    }
  });
  call.give(std::move(*out));
}

void eval_contract(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor &a = call.operand(0), &b = call.operand(1);
  const ContractLabels labels = contract_labels(call.node.attr);
  // For every label its step in a and in b (0 where it does not occur) and its size.
  struct Axis {
    int64_t size = 0, step_a = 0, step_b = 0;
  };
  std::map<int64_t, Axis> axes;
  std::vector<int64_t> summed;
  auto visit = [&](const Tensor& tensor, const std::vector<int64_t>& names, int64_t Axis::* step) {
    std::vector<int64_t> strides = strides_of(tensor.shape());
    for (size_t k = 0; k < names.size(); ++k) {
      auto [it, fresh] = axes.try_emplace(names[k]);
      it->second.size = tensor.shape()[k];
      it->second.*step = strides[k];
      bool kept = std::find(labels.out.begin(), labels.out.end(), names[k]) != labels.out.end();
      if (fresh && !kept) summed.push_back(names[k]);
    }
  };
  visit(a, labels.a, &Axis::step_a);
  visit(b, labels.b, &Axis::step_b);
  auto sizes = [&](const std::vector<int64_t>& names) {
    std::vector<int64_t> shape;
    for (int64_t name : names)
      shape.push_back(axes[name].size);
    return shape;
  };
  const std::vector<int64_t> sum_shape = sizes(summed);
  auto offsets = [&](const std::vector<int64_t>& names, const std::vector<int64_t>& index) {
    std::pair<int64_t, int64_t> at{0, 0};
    for (size_t k = 0; k < names.size(); ++k) {
      at.first += index[k] * axes[names[k]].step_a;
      at.second += index[k] * axes[names[k]].step_b;
    }
    return at;
  };
  int64_t n = count_elements(sum_shape);
  auto run = [&]<class T>(T*) {
    const std::vector<T>&x = a.data<T>(), &y = b.data<T>();
    for (int64_t i = 0; i < out->size(); ++i) {
      auto base = offsets(labels.out, unravel(i, out->shape()));
      out->data<T>()[static_cast<size_t>(i)] = fold<T>(
          labels.scheme, n, T{0}, true,
          [&](T accumulator, int64_t j) {
            auto at = offsets(summed, unravel(j, sum_shape));
            return std::fma(x[static_cast<size_t>(base.first + at.first)],
                            y[static_cast<size_t>(base.second + at.second)], accumulator);
          },
          [](T p, T q) { return p + q; });
    }
  };
  if (a.dtype() == DType::f64)
    run(static_cast<double*>(nullptr));
  else
    run(static_cast<float*>(nullptr));
  call.give(std::move(*out));
}

void eval_across(Call& call) {
  call.fail(run_status::kUnsupported, "a fold across a table stands outside of one");
}

} // namespace thalweg::interp

namespace thalweg {

static Op within(Op across) {
  return across == Op::across_sum   ? Op::reduce_sum
         : across == Op::across_min ? Op::reduce_min
                                    : Op::reduce_max;
}

double across_identity(Op op) { return interp::identity_of<double>(within(op)); }
double join_across(Op op, double total, double number) {
  return interp::join<double>(within(op), total, number);
}

} // namespace thalweg
