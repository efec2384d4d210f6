// Derivatives of reduce_prod, reduce_min, reduce_max (see folds.h).
#include "passes/diff/folds.h"

#include "support/check.h"

#include <algorithm>

namespace thalweg::diff {
namespace {

// Π over the other elements, without dividing by a zero. With P the product of the nonzero
// elements, c the number of zeros and S the sum of the zero elements (0, but with their
// derivatives): no zero: P/x; one zero: P there, S·P/x elsewhere; two zeros: (S - x)·P at each;
// more: 0. Written with S, the derivative of this factor is exact too, so that second derivatives
// are.
ValueId product_of_others(Builder& b, const Node& node, ValueId x) {
  const Type& type = b.type(x);
  std::vector<int64_t> axes(node.attr.ints.begin() + 1, node.attr.ints.end());
  ValueId none = b.full(0, type), one = b.full(1, type), two = b.full(2, type);
  ValueId is_zero = b.make(Op::eq, {x, none});
  auto over_axes = [&](Op op, ValueId value) {
    return spread(b, node, b.reduce(op, value, axes), type.shape, 0);
  };
  ValueId product = over_axes(Op::reduce_prod, b.select(is_zero, one, x));
  ValueId count = over_axes(Op::reduce_sum, b.cast(is_zero, type.dtype));
  ValueId zeros = over_axes(Op::reduce_sum, b.select(is_zero, x, none));
  auto count_is = [&](ValueId n) { return b.make(Op::eq, {count, n}); };

  ValueId among = b.select(count_is(two), b.mul(b.sub(zeros, x), product), none);
  ValueId at_zero = b.select(count_is(one), product, among);
  ValueId quotient = b.div(product, b.select(is_zero, one, x));
  ValueId beside = b.select(count_is(one), b.mul(zeros, quotient), none);
  ValueId elsewhere = b.select(count_is(none), quotient, beside);
  return b.select(is_zero, at_zero, elsewhere);
}

} // namespace

ValueId spread(Builder& b, const Node& node, ValueId result, const Shape& to, size_t lead) {
  std::vector<int64_t> map;
  for (int64_t axis = 0; axis < static_cast<int64_t>(to.size()); ++axis) {
    int64_t own = axis - static_cast<int64_t>(lead);
    bool reduced =
        std::find(node.attr.ints.begin() + 1, node.attr.ints.end(), own) != node.attr.ints.end();
    if (own < 0 || !reduced) map.push_back(axis);
  }
  return b.broadcast(result, to, std::move(map));
}

FoldPartial fold_partial(Builder& b, const Node& node, ValueId operand, ValueId result) {
  if (node.op == Op::reduce_prod) return {product_of_others(b, node, operand), {}, false};
  TW_CHECK(node.op == Op::reduce_min || node.op == Op::reduce_max);
  ValueId wins = b.make(Op::eq, {operand, spread(b, node, result, b.shape(operand), 0)});
  std::vector<int64_t> axes(node.attr.ints.begin() + 1, node.attr.ints.end());
  ValueId ties = b.reduce(Op::reduce_sum, b.cast(wins, b.type(operand).dtype), axes);
  return {wins, ties, true};
}

} // namespace thalweg::diff
