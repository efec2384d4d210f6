// Why simplification ends: a measure of values that every rule decreases.
//
// The measure is a pair, compared lexicographically. Both parts are sums over the value seen as a
// tree, strictly monotone in every operand, so that a smaller part makes the whole smaller.
//   cost: what evaluation would cost. An elementwise operator pays its price times the extent of
//         its shape (1 + 2 per axis, 1 for a literal-1 axis), a little more in f32 than in f64. A
//         fold pays for its operand's extent squared and doubles what is inside it, so that
//         factors leave it; a reshape pays so much that a fold does better without it, and a
//         broadcast that stretches pays for the reshape that would spare the stretching. pow pays
//         four times its operands, since it may become a product of copies.
//   order: among equal costs, negations and uniform factors are cheaper outside: both add 1, every
//         other operator doubles what is inside.
// One rule is outside of the measure: log-sum-exp copies its operand. It applies only where the
// operand holds no reduce_max, gives one that does, and no rule removes a reduce_max of a value
// that is not a spread constant, so it applies once per logarithm.
#pragma once

#include "ir/graph.h"

#include <compare>
#include <unordered_map>

namespace thalweg::simplify {

class Measurer {
public:
  // Saturates at kLimit; comparisons of saturated measures mean nothing.
  __extension__ typedef unsigned __int128 Number;
  static constexpr Number kLimit = static_cast<Number>(1) << 120;
  struct Measure {
    Number cost = 0, order = 0;
    bool saturated() const { return cost >= kLimit || order >= kLimit; }
    auto operator<=>(const Measure&) const = default;
  };

  explicit Measurer(const Graph& graph) : graph_(graph) {}
  const Measure& of(ValueId id);

private:
  Measure compute(ValueId id);
  const Graph& graph_;
  std::unordered_map<ValueId, Measure> known_;
};

} // namespace thalweg::simplify
