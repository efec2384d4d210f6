// Nonlinear folds: products and the choices of smallest and largest.
#pragma once

#include "ir/builder.h"

namespace thalweg::diff {

// The partial of reduce_prod, reduce_min or reduce_max with respect to each element of its operand:
// a value of the operand's shape, so that tangent = reduce_sum(d * factor) and cotangent =
// broadcast(d) * factor.
struct FoldPartial {
  ValueId factor; // a number per element, or (if `choice`) a boolean: the elements that win
  ValueId ties;   // if `choice`: how many win, in the result's shape
  bool choice = false;
};
FoldPartial fold_partial(Builder& b, const Node& node, ValueId operand, ValueId result);

// A reduction's result spread over its operand's shape (`lead` batch axes come first in both).
ValueId spread(Builder& b, const Node& node, ValueId result, const Shape& to, size_t lead);

} // namespace thalweg::diff
