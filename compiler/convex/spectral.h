// Norms and eigenvalues of matrices at hand, for bounds.
#pragma once

#include "ir/tensor.h"

#include <optional>

namespace thalweg::convex {

// The largest singular value of a [m, n], rounded up; nothing if it is not finite or has too many
// rows and columns both.
std::optional<double> spectral_norm(const Tensor& a);
// The eigenvalues of the symmetric part of a square matrix.
struct Spectrum {
  double least = 0, greatest = 0;
};
std::optional<Spectrum> spectrum(const Tensor& a);

} // namespace thalweg::convex
