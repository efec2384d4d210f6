// Tensor: a value at run time, as the interpreter and the tests hold it. Row-major, owns its data.
#pragma once

#include "support/check.h"
#include "types/type.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace thalweg {

template <DType type> struct StorageOf;
template <> struct StorageOf<DType::f64> {
  using type = double;
};
template <> struct StorageOf<DType::f32> {
  using type = float;
};
template <> struct StorageOf<DType::i64> {
  using type = int64_t;
};
template <> struct StorageOf<DType::boolean> {
  using type = uint8_t;
}; // 0 or 1

class Tensor {
public:
  Tensor() : Tensor(DType::f64, {}) {}
  // Filled with zeros. Sizes must not be negative.
  Tensor(DType dtype, std::vector<int64_t> shape);
  static Tensor scalar(double value, DType dtype = DType::f64);
  static Tensor of(std::vector<double> values, std::vector<int64_t> shape,
                   DType dtype = DType::f64);

  DType dtype() const { return static_cast<DType>(data_.index()); }
  const std::vector<int64_t>& shape() const { return shape_; }
  size_t rank() const { return shape_.size(); }
  int64_t size() const; // number of elements

  // The elements; T must be the storage type of dtype().
  template <class T> std::vector<T>& data() {
    auto* vector = std::get_if<std::vector<T>>(&data_);
    TW_CHECK(vector != nullptr, "a tensor of {} read as another type", dtype_name(dtype()));
    return *vector;
  }
  template <class T> const std::vector<T>& data() const {
    return const_cast<Tensor*>(this)->data<T>();
  }
  void* raw();
  const void* raw() const { return const_cast<Tensor*>(this)->raw(); }

  // One element as a double (i64 beyond 2^53 rounds), for printing and tolerant comparison.
  double number(int64_t element) const;
  void set_number(int64_t element, double value); // converted as by `cast`
  // Element bits: doubles and floats in their own width, zero-extended.
  uint64_t bits(int64_t element) const;

  // The same type, shape and bits, except that any NaN equals any NaN.
  bool same_bits(const Tensor& other) const;
  std::string str(int64_t max_elements = 20) const; // "f64[2, 3] {1, 2, …}"

  // Calls f with a null pointer of the storage type: `visit([&]<class T>(T*) { … })`.
  template <class F> auto with_type(F f) const {
    switch (dtype()) {
    case DType::f64: return f(static_cast<double*>(nullptr));
    case DType::f32: return f(static_cast<float*>(nullptr));
    case DType::i64: return f(static_cast<int64_t*>(nullptr));
    case DType::boolean: break;
    }
    return f(static_cast<uint8_t*>(nullptr));
  }

private:
  std::vector<int64_t> shape_;
  // In the order of DType.
  std::variant<std::vector<double>, std::vector<float>, std::vector<int64_t>, std::vector<uint8_t>>
      data_;
};

// What the names of dimensions stand for in one run.
using Bindings = std::map<std::string, int64_t, std::less<>>;
std::optional<int64_t> evaluate_dim(const Dim& dim, const Bindings& bindings);
// Nothing if a name is unbound or a size is negative or too large.
std::optional<std::vector<int64_t>> evaluate_shape(const Shape& shape, const Bindings& bindings);

// Number of elements of a shape; -1 if a size is negative or the product leaves 63 bits.
int64_t count_elements(const std::vector<int64_t>& shape);

// real → integer as `cast` does it: toward zero, saturating, NaN → 0.
int64_t saturating_integer(double value);

} // namespace thalweg
