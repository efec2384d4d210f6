// One row of partial derivatives per elementwise operator, used by forward and reverse alike.
//
// A partial is not a value but a way to act on a (co)tangent d: that keeps `select` exact (the side
// not taken contributes 0 whatever d is), spares products by 1 and -1, and lets the factor be
// computed once on the operand's shape when the tangent carries batch axes.
#pragma once

#include "ir/builder.h"

#include <array>
#include <span>

namespace thalweg::diff {

struct Partial {
  enum class Form : uint8_t {
    zero,      // locally constant in this operand
    same,      // d
    negated,   // -d
    times,     // d * factor
    over,      // d / factor
    where,     // select(factor, d, 0)
    where_not, // select(factor, 0, d)
    share,     // select(factor, d, select(tie, d/2, 0))
    cast,      // d in the other precision
  };
  Form form = Form::zero;
  ValueId factor;
  ValueId tie;
};

// The node's operands and its result, of one shape.
struct Operands {
  std::span<const ValueId> x;
  ValueId y;
};

// Where a row is tested: operand k is drawn from [lo[k], hi[k]]; `kink` gives the distance from the
// nearest point without a derivative (null if there is none). A boolean first operand is drawn
// from both values.
struct Domain {
  std::array<double, 3> lo{};
  std::array<double, 3> hi{};
  double (*kink)(const double* x) = nullptr;
};

struct PartialRow {
  Op op;
  Partial (*partial)(Builder& b, const Operands& v, size_t k);
  Domain domain;
};

// Every operator whose derivative column says `elementwise`.
std::span<const PartialRow> partial_rows();
const PartialRow& partial_row(Op op);

// d acted on by the partial. `batch` axes lead in d's shape and are missing in the factor's.
// `to` is the element type of the result (it differs from d's only for `cast`).
ValueId apply_partial(Builder& b, const Partial& partial, ValueId d, const Shape& batch, DType to);

// A value with the batch axes put in front.
ValueId with_batch(Builder& b, ValueId value, const Shape& batch);

} // namespace thalweg::diff
