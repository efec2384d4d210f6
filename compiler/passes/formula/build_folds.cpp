// Reductions and contracts as expressions: sums, means, matrix products, index sums.
#include "passes/formula/build.h"

#include <algorithm>

namespace thalweg::formula {
namespace {

using Kind = Expr::Kind;
using Axes = std::vector<int64_t>;

bool contains(const Axes& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

} // namespace

std::string Tree::index_letter(size_t k) const {
  for (const char* letter : {"i", "j", "k", "l", "p", "q", "r"})
    if (!taken_.contains(letter) && k-- == 0) return letter;
  return "i" + std::to_string(k);
}

ExprPtr Tree::fold(ValueId id) {
  const Node& n = graph_.node(id);
  const Shape& from = graph_.type(n.operands[0]).shape;
  ExprPtr x = of(n.operands[0]);
  bool arg = n.op == Op::argmin || n.op == Op::argmax;
  std::string name = n.op == Op::reduce_sum    ? "sum"
                     : n.op == Op::reduce_prod ? "prod"
                     : n.op == Op::reduce_min  ? "min"
                     : n.op == Op::reduce_max  ? "max"
                                               : std::string(op_info(n.op).name);
  auto along = [&](ExprPtr part, int64_t axis, size_t rank) {
    Expr call = *node(Kind::call, name, {part}, rank);
    call.option = ", axis = " + std::to_string(axis);
    return std::make_shared<const Expr>(std::move(call));
  };
  if (arg)
    return from.size() == 1 ? node(Kind::call, name, {x}, 0)
                            : along(x, n.attr.ints[0], n.type.rank());
  if (n.type.shape.empty()) {
    ExprPtr all = node(Kind::call, name, {x}, 0);
    if (n.op == Op::reduce_sum) sums_[all.get()] = element_count(from);
    return all;
  }
  // One axis at a time, the last first, so that the numbers of the others stay.
  size_t rank = from.size();
  for (size_t k = n.attr.ints.size(); k-- > 1;)
    x = along(x, n.attr.ints[k], --rank);
  return x;
}

ExprPtr Tree::contract(ValueId id) {
  const Node& n = graph_.node(id);
  ContractLabels l = contract_labels(n.attr);
  ExprPtr side[2] = {of(n.operands[0]), of(n.operands[1])};
  Axes labels[2] = {l.a, l.b};
  size_t rank = n.type.rank();
  if (l.out.empty() && labels[0] == labels[1]) {
    if (n.operands[0] == n.operands[1]) {
      ExprPtr square = times(side[0], side[1]);
      ExprPtr all = node(Kind::call, "sum", {square}, 0);
      sums_[all.get()] = element_count(graph_.type(n.operands[0]).shape);
      return all;
    }
    if (labels[0].size() == 1) return node(Kind::call, "dot", {side[0], side[1]}, 0);
    ExprPtr all = node(Kind::call, "sum", {times(side[0], side[1])}, 0);
    sums_[all.get()] = element_count(graph_.type(n.operands[0]).shape);
    return all;
  }
  // A matrix product: one common label, summed; the matrix stands left of the vector.
  auto spread = [&](size_t s) {
    return graph_.type(visible(n.operands[s])).rank() == labels[s].size();
  };
  bool small =
      labels[0].size() <= 2 && labels[1].size() <= 2 && labels[0].size() + labels[1].size() >= 3;
  Axes summed;
  for (int64_t label : labels[0])
    if (contains(labels[1], label)) summed.push_back(label);
  if (small && summed.size() == 1 && !contains(l.out, summed[0]) && spread(0) && spread(1) &&
      l.out.size() == labels[0].size() + labels[1].size() - 2) {
    bool swap = labels[0].size() == 1 ||
                (labels[1].size() == 2 && l.out[0] != labels[0][0] && l.out[0] != labels[0].back());
    if (l.out.size() == 2) swap = !contains(labels[0], l.out[0]);
    if (swap) {
      std::swap(side[0], side[1]);
      std::swap(labels[0], labels[1]);
    }
    auto turned = [&](ExprPtr e) {
      return e->kind == Kind::transpose ? e->parts[0] : node(Kind::transpose, "", {e}, 2);
    };
    if (labels[0].size() == 2 && labels[0][0] == summed[0]) side[0] = turned(side[0]);
    if (labels[1].size() == 2 && labels[1][1] == summed[0]) side[1] = turned(side[1]);
    return node(Kind::matmul, "", {side[0], side[1]}, rank);
  }
  // Anything else with indices: tensor[i, j] sum[k] a[i, k]*b[k, j].
  std::vector<std::pair<int64_t, std::string>> letters;
  auto letter = [&](int64_t label) {
    for (const auto& [known, text] : letters)
      if (known == label) return text;
    letters.emplace_back(label, index_letter(letters.size()));
    return letters.back().second;
  };
  auto list = [&](const Axes& axes) {
    std::string text;
    for (int64_t axis : axes)
      text += (text.empty() ? "" : ", ") + letter(axis);
    return text;
  };
  std::string binder = l.out.empty() ? "" : "tensor[" + list(l.out) + "] ";
  Axes bound;
  for (const Axes& axes : {l.a, l.b})
    for (int64_t label : axes)
      if (!contains(l.out, label) && !contains(bound, label)) bound.push_back(label);
  if (!bound.empty()) binder += "sum[" + list(bound) + "] ";
  std::vector<ExprPtr> factors;
  for (size_t s = 0; s < 2; ++s) {
    // Axes that an invisible broadcast would add have no index.
    size_t own = graph_.type(visible(n.operands[s])).rank();
    const Axes& all = s == 0 ? l.a : l.b;
    Axes indexed(all.end() - static_cast<int64_t>(std::min(own, all.size())), all.end());
    ExprPtr e = of(n.operands[s]);
    factors.push_back(indexed.empty() ? e : node(Kind::subscript, list(indexed), {e}, 0));
  }
  return node(Kind::indexed, binder, {times(factors[0], factors[1])}, rank);
}

} // namespace thalweg::formula
