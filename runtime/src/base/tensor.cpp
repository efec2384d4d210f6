// Dense tensors, see tensor.h.
#include "base/tensor.h"

#include "base/memory.h"
#include "base/text.h"

#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <unistd.h>

namespace thalweg::runtime {

size_t scalar_size(Scalar scalar) { return scalar == Scalar::f32 ? 4 : 8; }

const char* scalar_name(Scalar scalar) {
  return scalar == Scalar::f32 ? "f32" : scalar == Scalar::f64 ? "f64" : "i64";
}

std::optional<int64_t> element_count(const Dims& shape) {
  constexpr int64_t kMost = int64_t{1} << 59; // times 8 bytes stays below 2^62
  int64_t count = 1;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      empty = true;
      continue;
    }
    // Also a shape with a 0 must not hide sizes that cannot be.
    if (count > kMost / size) return std::nullopt;
    count *= size;
  }
  return empty ? 0 : count;
}

std::string shape_text(const Dims& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

namespace {

size_t physical_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return std::numeric_limits<size_t>::max();
  return static_cast<size_t>(pages) * static_cast<size_t>(size);
}

} // namespace

void Tensor::Free::operator()(void* pointer) const { std::free(pointer); }

Result<Tensor> Tensor::make(Scalar scalar, Dims shape) {
  const std::optional<int64_t> count = element_count(shape);
  if (!count) return DataError{"", 0, 0, "a tensor cannot have the shape " + shape_text(shape), ""};
  Tensor tensor;
  tensor.scalar_ = scalar;
  tensor.shape_ = std::move(shape);
  tensor.elements_ = *count;
  // Systems that promise more memory than they have would kill the process at the first touch.
  const size_t bytes = tensor.bytes();
  if (bytes <= physical_memory()) tensor.storage_.reset(array_memory(bytes));
  if (!tensor.storage_) {
    return DataError{"", 0, 0,
                     fmt::format("no memory for a tensor of shape {} ({} bytes)",
                                 shape_text(tensor.shape_), bytes),
                     ""};
  }
  return tensor;
}

Result<Tensor> Tensor::from(Scalar scalar, Dims shape, const std::vector<double>& values,
                            const std::string& what) {
  Result<Tensor> made = make(scalar, std::move(shape));
  if (!made) return made;
  Tensor& tensor = *made;
  if (static_cast<size_t>(tensor.elements_) != values.size()) {
    return DataError{"", 0, 0,
                     fmt::format("{} has {} values, its shape is {}", what, values.size(),
                                 shape_text(tensor.shape_)),
                     ""};
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    bool fits = true;
    if (scalar == Scalar::f64) {
      tensor.as<double>()[i] = value;
    } else if (scalar == Scalar::f32) {
      tensor.as<float>()[i] = static_cast<float>(value);
      fits = !std::isfinite(value) || std::isfinite(tensor.as<float>()[i]);
    } else {
      fits = value == std::floor(value) && std::fabs(value) <= 9007199254740992.0;
      if (fits) tensor.as<int64_t>()[i] = static_cast<int64_t>(value);
    }
    if (!fits) {
      return DataError{"", 0, 0,
                       fmt::format("{} holds {}, which {} cannot represent", what,
                                   number_text(value), scalar_name(scalar)),
                       scalar == Scalar::f32 ? "use f64, or scale the data" : ""};
    }
  }
  return made;
}

double Tensor::at(int64_t index) const {
  switch (scalar_) {
  case Scalar::f32: return static_cast<double>(as<float>()[index]);
  case Scalar::f64: return as<double>()[index];
  case Scalar::i64: return static_cast<double>(as<int64_t>()[index]);
  }
  return 0;
}

std::vector<double> Tensor::values() const {
  std::vector<double> out(static_cast<size_t>(elements_));
  for (int64_t i = 0; i < elements_; ++i)
    out[static_cast<size_t>(i)] = at(i);
  return out;
}

} // namespace thalweg::runtime
