// Linear operators: their forward action on tangents and their transpose on cotangents.
#pragma once

#include "ir/builder.h"

#include <optional>
#include <span>

namespace thalweg::diff {

// A tangent or cotangent; absent means zero, so that zeros leave no nodes behind.
using Maybe = std::optional<ValueId>;

// The tangent of the node's result. `batch` axes lead in every tangent. Operands that are linear
// and have no tangent count as zero; at least one tangent is present.
ValueId forward_linear(Builder& b, const Node& node, std::span<const ValueId> operands,
                       std::span<const Maybe> tangents, const Shape& batch);

// What the result's cotangent d sends to operand k (a real operand).
ValueId transpose_linear(Builder& b, const Node& node, size_t k, ValueId d);

// Zeros in the shape of a tangent of `value`.
ValueId zero_tangent(Builder& b, ValueId value, const Shape& batch);

} // namespace thalweg::diff
