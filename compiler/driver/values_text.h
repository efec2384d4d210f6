// Values as text: those given on the command line (`--at x=[1, 2]`) and those printed.
#pragma once

#include "driver/front.h"
#include "ir/tensor.h"
#include "record/json_text.h"

namespace thalweg::driver {

// NAME=VALUE, where VALUE is a number or nested lists of numbers of one shape.
struct GivenValue {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> numbers; // row-major
  Span span;                   // of VALUE
};
// Nothing after messages. A name may be given once.
std::optional<std::vector<GivenValue>> read_values(Front& front, const irgen::Unit& unit,
                                                   const std::vector<std::string>& texts);

// "[2, 3]"; "" for a scalar.
std::string shape_label(const std::vector<int64_t>& shape);
// Shortest text that reads back to the same number; a f32 in its own precision.
std::string element_text(const Tensor& tensor, int64_t element);
// All elements as nested lists, or for more than `limit` the first three, the last and the norm.
std::string tensor_text(const Tensor& tensor, int64_t limit);
// Nested lists by the tensor's shape.
runtime::Json tensor_json(const Tensor& tensor);

} // namespace thalweg::driver
