// Derivatives of solve and cholesky (see factorizations.h). With Φ(M) the lower triangle of M, its
// diagonal halved:
//   X = A⁻¹ B    dX = A⁻¹ (dB - dA X)        B̄ = A⁻ᵀ X̄,  Ā = -B̄ Xᵀ
//   A = L Lᵀ     dL = L Φ(L⁻¹ dA L⁻ᵀ)        Ā = Φ(S + Sᵀ), S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹
// (Giles 2008; Murray 2016, arXiv:1602.07527). cholesky reads the lower triangle alone: dA is that
// triangle's, mirrored, and Ā is lower triangular.
#include "passes/diff/factorizations.h"

#include "passes/diff/partials.h"
#include "support/check.h"

#include <numeric>

namespace thalweg::diff {
namespace {

using Axes = std::vector<int64_t>;

Axes axes_from(size_t first, size_t count) {
  Axes axes(count);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  return axes;
}

// The last two axes exchanged.
ValueId turned(Builder& b, ValueId matrices) {
  Axes axes = axes_from(0, b.type(matrices).rank());
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return b.transpose(matrices, axes);
}

// matrix @ each of [batch…, n, k…]: labels 0 and 1 of the matrix, the batch's, those of the rest.
ValueId times_each(Builder& b, ValueId matrix, ValueId each, size_t batch) {
  const size_t rank = b.type(each).rank();
  Axes labels = axes_from(2, rank), out = labels;
  labels[batch] = 1;
  out[batch] = 0;
  return b.contract(matrix, {0, 1}, each, labels, out);
}

// Solutions for [batch…, n, k…], the right-hand sides side by side in one matrix.
ValueId solve_each(Builder& b, ValueId matrix, ValueId each, size_t batch) {
  const size_t rank = b.type(each).rank();
  if (batch == 0 && rank <= 2) return b.make(Op::solve, {matrix, each});
  Axes forward{static_cast<int64_t>(batch)};
  for (size_t k = 0; k < rank; ++k)
    if (k != batch) forward.push_back(static_cast<int64_t>(k));
  ValueId first = b.transpose(each, forward);
  const Shape shape = b.shape(first);
  Dim sides(1);
  for (size_t k = 1; k < rank; ++k)
    sides = sides * shape[k];
  ValueId solved = b.make(Op::solve, {matrix, b.reshape(first, {shape[0], sides})});
  Axes back(rank);
  for (size_t k = 0; k < rank; ++k)
    back[static_cast<size_t>(forward[k])] = static_cast<int64_t>(k);
  return b.transpose(b.reshape(solved, shape), back);
}

// Weights on, below and above the diagonal of the last two axes.
ValueId weighted(Builder& b, ValueId matrices, double diagonal, double below) {
  const Shape shape = b.shape(matrices);
  const auto rank = static_cast<int64_t>(shape.size());
  const Type& type = b.type(matrices);
  auto number = [&](double value) { return b.full(value, type); };
  ValueId row = b.iota(shape, rank - 2), column = b.iota(shape, rank - 1);
  ValueId factor = b.select(b.make(Op::eq, {row, column}), number(diagonal), number(below));
  ValueId inside = b.make(Op::le, {column, row});
  return b.select(inside, b.mul(factor, matrices), number(0));
}
ValueId half_lower(Builder& b, ValueId matrices) { return weighted(b, matrices, 0.5, 1); }
// L + Lᵀ with the diagonal once, L being the lower triangle.
ValueId mirrored(Builder& b, ValueId matrices) {
  ValueId lower = half_lower(b, matrices);
  return b.add(lower, turned(b, lower));
}

ValueId forward_cholesky(Builder& b, ValueId factor, ValueId d, size_t batch) {
  ValueId left = solve_each(b, factor, mirrored(b, d), batch);
  ValueId both = solve_each(b, factor, turned(b, left), batch); // symmetric
  return times_each(b, factor, half_lower(b, both), batch);
}

ValueId reverse_cholesky(Builder& b, ValueId factor, ValueId d) {
  ValueId lower = weighted(b, d, 1, 1);
  ValueId inner = half_lower(b, b.contract(factor, {1, 0}, lower, {1, 2}, {0, 2}));
  ValueId flipped = b.transpose(factor, {1, 0});
  ValueId left = b.make(Op::solve, {flipped, inner});
  ValueId both = b.make(Op::solve, {flipped, b.transpose(left, {1, 0})}); // Sᵀ
  return half_lower(b, b.add(both, b.transpose(both, {1, 0})));
}

} // namespace

ValueId forward_factorization(Builder& b, const Node& node, std::span<const ValueId> operands,
                              ValueId value, std::span<const Maybe> tangents, const Shape& batch) {
  if (node.op == Op::cholesky) return forward_cholesky(b, value, *tangents[0], batch.size());
  TW_CHECK(node.op == Op::solve, "no derivative of '{}'", op_info(node.op).name);
  ValueId right = tangents[1] ? *tangents[1] : zero_tangent(b, operands[1], batch);
  if (tangents[0]) {
    // dA [batch…, i, j] times X [j, k…].
    const size_t lead = batch.size();
    Axes a = axes_from(0, lead + 2), out = axes_from(0, lead + 1);
    Axes x{static_cast<int64_t>(lead) + 1};
    for (size_t k = 1; k < b.type(value).rank(); ++k) {
      x.push_back(static_cast<int64_t>(lead) + 2);
      out.push_back(static_cast<int64_t>(lead) + 2);
    }
    right = b.sub(right, b.contract(*tangents[0], a, value, x, out));
  }
  return solve_each(b, operands[0], right, batch.size());
}

ValueId reverse_factorization(Builder& b, const Node& node, ValueId value, size_t k, ValueId d) {
  if (node.op == Op::cholesky) return reverse_cholesky(b, value, d);
  TW_CHECK(node.op == Op::solve, "no derivative of '{}'", op_info(node.op).name);
  ValueId right = b.make(Op::solve, {b.transpose(node.operands[0], {1, 0}), d});
  if (k == 1) return right;
  const bool vector = b.type(value).rank() == 1;
  ValueId outer = vector ? b.contract(right, {0}, value, {1}, {0, 1})
                         : b.contract(right, {0, 2}, value, {1, 2}, {0, 1});
  return b.neg(outer);
}

} // namespace thalweg::diff
