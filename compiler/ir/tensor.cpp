// Run-time values of the interpreter and the tests (see tensor.h).
#include "ir/tensor.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace thalweg {

int64_t count_elements(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  bool empty = false, fits = true;
  for (int64_t size : shape) {
    if (size < 0) return -1;
    empty |= size == 0;
    if (size != 0) fits &= !__builtin_mul_overflow(count, size, &count);
  }
  return empty ? 0 : fits ? count : -1;
}

std::optional<int64_t> evaluate_dim(const Dim& dim, const Bindings& bindings) {
  return dim.evaluate([&](std::string_view name) -> std::optional<int64_t> {
    auto it = bindings.find(name);
    return it == bindings.end() ? std::nullopt : std::optional(it->second);
  });
}

std::optional<std::vector<int64_t>> evaluate_shape(const Shape& shape, const Bindings& bindings) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape) {
    std::optional<int64_t> size = evaluate_dim(dim, bindings);
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  if (count_elements(sizes) < 0) return std::nullopt;
  return sizes;
}

int64_t saturating_integer(double value) {
  if (value != value) return 0;
  if (value >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (value < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

Tensor::Tensor(DType dtype, std::vector<int64_t> shape) : shape_(std::move(shape)) {
  int64_t count = count_elements(shape_);
  TW_CHECK(count >= 0, "a tensor of impossible size");
  size_t n = static_cast<size_t>(count);
  switch (dtype) {
  case DType::f64: data_ = std::vector<double>(n); break;
  case DType::f32: data_ = std::vector<float>(n); break;
  case DType::i64: data_ = std::vector<int64_t>(n); break;
  case DType::boolean: data_ = std::vector<uint8_t>(n); break;
  }
}

Tensor Tensor::scalar(double value, DType dtype) {
  Tensor tensor(dtype, {});
  tensor.set_number(0, value);
  return tensor;
}

Tensor Tensor::of(std::vector<double> values, std::vector<int64_t> shape, DType dtype) {
  Tensor tensor(dtype, std::move(shape));
  TW_CHECK(tensor.size() == static_cast<int64_t>(values.size()), "wrong number of elements");
  for (size_t i = 0; i < values.size(); ++i)
    tensor.set_number(static_cast<int64_t>(i), values[i]);
  return tensor;
}

int64_t Tensor::size() const {
  return std::visit([](const auto& data) { return static_cast<int64_t>(data.size()); }, data_);
}

void* Tensor::raw() {
  return std::visit([](auto& data) { return static_cast<void*>(data.data()); }, data_);
}

double Tensor::number(int64_t element) const {
  return std::visit([&](const auto& data) { return static_cast<double>(data[element]); }, data_);
}

void Tensor::set_number(int64_t element, double value) {
  switch (dtype()) {
  case DType::f64: data<double>()[element] = value; break;
  case DType::f32: data<float>()[element] = static_cast<float>(value); break;
  case DType::i64: data<int64_t>()[element] = saturating_integer(value); break;
  case DType::boolean: data<uint8_t>()[element] = value != 0; break;
  }
}

uint64_t Tensor::bits(int64_t element) const {
  switch (dtype()) {
  case DType::f64: return std::bit_cast<uint64_t>(data<double>()[element]);
  case DType::f32: return std::bit_cast<uint32_t>(data<float>()[element]);
  case DType::i64: return static_cast<uint64_t>(data<int64_t>()[element]);
  case DType::boolean: break;
  }
  return data<uint8_t>()[element];
}

bool Tensor::same_bits(const Tensor& other) const {
  if (dtype() != other.dtype() || shape_ != other.shape_) return false;
  bool real = is_real(dtype());
  for (int64_t i = 0; i < size(); ++i) {
    if (bits(i) == other.bits(i)) continue;
    bool both_nan = real && number(i) != number(i) && other.number(i) != other.number(i);
    if (!both_nan) return false;
  }
  return true;
}

std::string Tensor::str(int64_t max_elements) const {
  std::string text = dtype_name(dtype());
  if (!shape_.empty()) {
    text += '[';
    for (size_t k = 0; k < shape_.size(); ++k)
      text += fmt::format("{}{}", k ? ", " : "", shape_[k]);
    text += ']';
  }
  text += " {";
  for (int64_t i = 0; i < std::min(size(), max_elements); ++i) {
    if (i) text += ", ";
    if (dtype() == DType::f32)
      text += fmt::format("{}", data<float>()[i]);
    else if (dtype() == DType::f64)
      text += fmt::format("{}", data<double>()[i]);
    else
      text += fmt::format("{}", static_cast<int64_t>(bits(i)));
  }
  return text + (size() > max_elements ? ", …}" : "}");
}

} // namespace thalweg
