// Recognizes sums of squares: sumsq(r), c*sumsq(r), mean(r^2), sum(w*r^2), (1 - x)^2 and sums of
// these, c and w being free of the params. A factor goes into the residual as its root. What has
// another form is no sum of squares here, whatever it may be equal to.
#include "irgen/residuals.h"

namespace thalweg::irgen {
namespace {

class Squares {
public:
  Squares(Graph& graph, const ProblemUnit& problem) : graph_(graph), b_(graph) {
    first_ = static_cast<int64_t>(problem.first_parameter());
    end_ = first_ + static_cast<int64_t>(problem.parameters.size());
  }

  // Takes Σ factor·value apart, over all elements; the factor is a scalar, or of value's shape, or
  // one where it is invalid.
  bool take(ValueId value, ValueId factor) {
    const Node node = graph_.node(value);
    switch (node.op) {
    case Op::cast:
      return is_real(b_.type(node.operands[0]).dtype) &&
             take(node.operands[0],
                  factor.valid() ? b_.cast(factor, b_.type(node.operands[0]).dtype) : factor);
    case Op::add: return take(node.operands[0], factor) && take(node.operands[1], factor);
    case Op::mul:
      if (node.operands[0] == node.operands[1]) return square(node.operands[0], factor);
      for (size_t k = 0; k < 2; ++k)
        if (is_free(node.operands[k]))
          return take(node.operands[1 - k], times(factor, node.operands[k]));
      return false;
    case Op::div:
      return is_free(node.operands[1]) &&
             take(node.operands[0],
                  times(factor, b_.div(b_.full(1, b_.type(node.operands[1])), node.operands[1])));
    case Op::pow: {
      std::optional<double> power = scalar_constant(graph_, node.operands[1]);
      return power && *power == 2 && square(node.operands[0], factor);
    }
    case Op::reduce_sum:
      if (node.type.rank() > 0) return false;
      if (factor.valid()) factor = b_.broadcast_scalar(factor, b_.shape(node.operands[0]));
      return take(node.operands[0], factor);
    case Op::reshape:
      if (factor.valid()) factor = b_.reshape(factor, b_.shape(node.operands[0]));
      return take(node.operands[0], factor);
    case Op::constant: return scalar_constant(graph_, value) == 0.0; // adds nothing
    default: return false;
    }
  }

  std::optional<ValueId> vector(DType precision) {
    if (parts_.empty()) return std::nullopt;
    for (ValueId& part : parts_)
      part = b_.cast(part, precision);
    return parts_.size() == 1 ? parts_[0] : b_.concat(parts_, 0);
  }

private:
  // It does not depend on the params.
  bool is_free(ValueId value) const {
    for (ValueId id : reachable(graph_, std::span(&value, 1)))
      if (const Node& node = graph_.node(id);
          node.op == Op::arg && node.attr.ints[0] >= first_ && node.attr.ints[0] < end_)
        return false;
    std::optional<double> known = scalar_constant(graph_, value);
    return !known || *known >= 0;
  }
  ValueId times(ValueId factor, ValueId other) {
    return factor.valid() ? b_.mul(factor, other) : other;
  }
  bool square(ValueId residual, ValueId factor) {
    if (factor.valid()) residual = b_.mul(b_.make(Op::sqrt, {factor}), residual);
    parts_.push_back(b_.reshape(residual, {element_count(b_.shape(residual))}));
    return true;
  }

  Graph& graph_;
  Builder b_;
  int64_t first_, end_; // the params among the arguments
  std::vector<ValueId> parts_;
};

} // namespace

std::optional<Function> residuals_of(Graph& graph, const ProblemUnit& problem) {
  if (problem.maximize) return std::nullopt;
  Squares squares(graph, problem);
  if (!squares.take(problem.objective.results[0].value, {})) return std::nullopt;
  std::optional<ValueId> vector =
      squares.vector(graph.type(problem.objective.results[0].value).dtype);
  if (!vector) return std::nullopt;
  Function f = problem.objective;
  f.name += ".residuals";
  f.results = {{"residuals", *vector, false, -1}};
  return f;
}

} // namespace thalweg::irgen
