// Names and hashes of types (see type.h).
#include "types/type.h"

namespace thalweg {

const char* dtype_name(DType type) {
  switch (type) {
  case DType::f64: return "f64";
  case DType::f32: return "f32";
  case DType::i64: return "i64";
  case DType::boolean: return "bool";
  }
  return "?";
}

std::string shape_str(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + shape[i].str();
  return text + "]";
}

Dim element_count(const Shape& shape) {
  Dim count(1);
  for (const Dim& dim : shape)
    count = count * dim;
  return count;
}

size_t Type::hash() const {
  size_t seed = static_cast<size_t>(dtype) * 31 + shape.size() * 7 + is_tuple;
  auto mix = [&](size_t h) { seed ^= h + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2); };
  for (const Dim& dim : shape)
    mix(dim.hash());
  for (const Type& element : elements)
    mix(element.hash());
  return seed;
}

std::string Type::str() const {
  if (!is_tuple) return dtype_name(dtype) + (shape.empty() ? std::string() : shape_str(shape));
  std::string text = "(";
  for (size_t i = 0; i < elements.size(); ++i)
    text += (i ? ", " : "") + elements[i].str();
  return text + ")";
}

} // namespace thalweg
