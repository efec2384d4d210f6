// Dense tensors of the runtime: 64-byte aligned storage of one scalar type, row-major.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace thalweg::runtime {

enum class Scalar { f32, f64, i64 };
size_t scalar_size(Scalar scalar);
const char* scalar_name(Scalar scalar);

using Dims = std::vector<int64_t>;

// Product of the sizes; nothing for a negative size or when the bytes would not fit 2^62.
std::optional<int64_t> element_count(const Dims& shape);
std::string shape_text(const Dims& shape); // [3, 4]; [] for a scalar

class Tensor {
public:
  Tensor() = default;
  // Zero-filled. Fails on an impossible shape or when the memory cannot be had.
  static Result<Tensor> make(Scalar scalar, Dims shape);
  // Rounds to the scalar type. Fails on a value that has no finite image there (1e300 as f32,
  // 0.5 as i64); `what` names the tensor in the message.
  static Result<Tensor> from(Scalar scalar, Dims shape, const std::vector<double>& values,
                             const std::string& what);

  Scalar scalar() const { return scalar_; }
  const Dims& shape() const { return shape_; }
  int64_t elements() const { return elements_; }
  size_t bytes() const { return static_cast<size_t>(elements_) * scalar_size(scalar_); }
  void* data() { return storage_.get(); }
  const void* data() const { return storage_.get(); }
  // The caller names the type that scalar() says.
  template <class T> T* as() { return static_cast<T*>(data()); }
  template <class T> const T* as() const { return static_cast<const T*>(data()); }
  double at(int64_t index) const; // element in row-major order, as a double
  std::vector<double> values() const;

private:
  struct Free {
    void operator()(void* pointer) const;
  };
  Scalar scalar_ = Scalar::f64;
  Dims shape_;
  int64_t elements_ = 0;
  std::unique_ptr<void, Free> storage_;
};

} // namespace thalweg::runtime
