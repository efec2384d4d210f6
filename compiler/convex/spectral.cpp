// By the eigenvalues of a Gram matrix (see spectral.h).
#include "convex/spectral.h"

#include "thalweg/linear.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thalweg::convex {

constexpr int64_t kMaxOrder = 2000; // of a matrix whose eigenvalues are computed

static std::optional<Spectrum> symmetric_spectrum(const std::vector<double>& a, int64_t n) {
  if (n > kMaxOrder) return std::nullopt;
  if (n == 0) return Spectrum{};
  std::vector<double> values(static_cast<size_t>(n)), vectors(static_cast<size_t>(n * n)),
      work(static_cast<size_t>(2 * n * n + 4 * n + 64));
  if (tw_linear(TW_LINEAR_EIGH, false, 0, n, n, 0, a.data(), nullptr, values.data(), vectors.data(),
                nullptr, work.data(), tw_linear_plain_product) != TW_LINEAR_OK)
    return std::nullopt;
  return Spectrum{values.front(), values.back()};
}

std::optional<double> spectral_norm(const Tensor& a) {
  const int64_t m = a.shape()[0], n = a.shape()[1], order = std::min(m, n), inner = std::max(m, n);
  if (order > kMaxOrder) return std::nullopt;
  // Gram matrix of the shorter side.
  const int64_t step = m < n ? n : 1, along = m < n ? 1 : n;
  std::vector<double> x(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m * n; ++i)
    x[static_cast<size_t>(i)] = a.number(i);
  std::vector<double> gram(static_cast<size_t>(order * order), 0.0);
  tw_linear_plain_product(x.data(), step, along, x.data(), along, step, gram.data(), order, order,
                          order, inner, true);
  std::optional<Spectrum> s = symmetric_spectrum(gram, order);
  if (!s || !std::isfinite(s->greatest)) return std::nullopt;
  // Rounding of the products and of the eigenvalue may have taken something away.
  const double slack = 8 * std::numeric_limits<double>::epsilon() * static_cast<double>(m + n);
  return std::sqrt(std::max(0.0, s->greatest) * (1 + slack));
}

std::optional<Spectrum> spectrum(const Tensor& a) {
  const int64_t n = a.shape()[0];
  if (n > kMaxOrder) return std::nullopt;
  std::vector<double> x(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < n; ++k)
      x[static_cast<size_t>(i * n + k)] = (a.number(i * n + k) + a.number(k * n + i)) / 2;
  return symmetric_spectrum(x, n);
}

} // namespace thalweg::convex
