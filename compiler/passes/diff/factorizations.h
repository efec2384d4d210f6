// Derivatives of solve and cholesky: linear systems with the matrix or factor at hand.
#pragma once

#include "passes/diff/linear.h"

namespace thalweg::diff {

// The tangent of the node's result `value`; `batch` axes lead in every tangent, at least one of
// which is present.
ValueId forward_factorization(Builder& b, const Node& node, std::span<const ValueId> operands,
                              ValueId value, std::span<const Maybe> tangents, const Shape& batch);

// What the result's cotangent d sends to operand k.
ValueId reverse_factorization(Builder& b, const Node& node, ValueId value, size_t k, ValueId d);

} // namespace thalweg::diff
