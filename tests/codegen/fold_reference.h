// Folds as ir/graph.h defines them, word by word: what compiled ones are compared with.
#pragma once

#include "codegen/loops.h"
#include "ir/math/math.h"
#include "ir/math/scalar_backend.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace thalweg::test {

using loops::Fold;

template <typename T> T fold_step(Fold::Op op, T a, T b) {
  math::ScalarBackend<T> s;
  switch (op) {
  case Fold::Op::product: return a * b;
  case Fold::Op::min: return math::min(s, a, b);
  case Fold::Op::max: return math::max(s, a, b);
  default: return a + b;
  }
}

template <typename T> T start_of(Fold::Op op) {
  if (op == Fold::Op::product) return 1;
  if (op == Fold::Op::min) return INFINITY;
  if (op == Fold::Op::max) return -INFINITY;
  return 0;
}

// Scheme::lanes word by word. fma folds a[i]·b[i].
template <typename T>
T lanes_fold(Fold::Op op, const std::vector<T>& a, const std::vector<T>& b, bool fma) {
  const bool sums = op == Fold::Op::sum || op == Fold::Op::fma;
  double sum = 0;
  T total = start_of<T>(op);
  for (size_t chunk = 0; chunk < a.size(); chunk += kChunk) {
    T lane[kLanes];
    for (T& x : lane)
      x = start_of<T>(op);
    for (size_t i = chunk; i < std::min(a.size(), chunk + kChunk); ++i) {
      T& x = lane[(i - chunk) % kLanes];
      if (op == Fold::Op::fma)
        x = fma ? std::fma(a[i], b[i], x) : a[i] * b[i] + x;
      else
        x = fold_step(op, x, a[i]);
    }
    for (int64_t h = kLanes / 2; h >= 1; h /= 2)
      for (int64_t j = 0; j < h; ++j)
        lane[j] = fold_step(op, lane[j], lane[j + h]);
    if (sums)
      sum += static_cast<double>(lane[0]);
    else
      total = fold_step(op, total, lane[0]);
  }
  return sums ? static_cast<T>(sum) : total;
}

inline constexpr Fold::Op kPlainFolds[] = {Fold::Op::sum, Fold::Op::product, Fold::Op::min,
                                           Fold::Op::max};

} // namespace thalweg::test
