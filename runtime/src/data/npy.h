// NumPy's .npy files (format 1.0 and 2.0): little-endian f4, f8, i8 in C order.
#pragma once

#include "base/tensor.h"

#include <string>

namespace thalweg::runtime {

std::string npy_header(Scalar scalar, const Dims& shape);
// Complete or not at all, see AtomicFile.
Outcome write_npy(const std::string& path, const Tensor& tensor);

// Sizes are checked against the bytes at hand before anything is allocated.
Result<Tensor> parse_npy(std::string_view bytes, const std::string& name);
Result<Tensor> read_npy(const std::string& path, const std::string& name);

} // namespace thalweg::runtime
