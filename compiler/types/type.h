// Types of values: element type and symbolic shape, or a tuple of these.
#pragma once

#include "types/dim.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thalweg {

enum class DType : uint8_t { f64, f32, i64, boolean };

inline bool is_real(DType type) { return type == DType::f64 || type == DType::f32; }
// "f64", "f32", "i64", "bool"
const char* dtype_name(DType type);
// Bytes of one stored element; a boolean is one byte, 0 or 1.
inline int64_t dtype_size(DType type) {
  return type == DType::boolean ? 1 : type == DType::f32 ? 4 : 8;
}

using Shape = std::vector<Dim>;
std::string shape_str(const Shape& shape); // "[n, d]", "scalar" is "[]"
Dim element_count(const Shape& shape);

struct Type {
  DType dtype = DType::f64;
  Shape shape;
  bool is_tuple = false;
  std::vector<Type> elements; // of a tuple

  static Type tensor(DType dtype, Shape shape) { return {dtype, std::move(shape), false, {}}; }
  static Type scalar(DType dtype) { return {dtype, {}, false, {}}; }
  static Type tuple(std::vector<Type> elements) {
    return {DType::f64, {}, true, std::move(elements)};
  }
  size_t rank() const { return shape.size(); }
  bool is_scalar() const { return !is_tuple && shape.empty(); }
  bool operator==(const Type&) const = default;
  size_t hash() const;
  std::string str() const; // "f64[n, d]", "i64", "(f64, f64[n])"
};

} // namespace thalweg
