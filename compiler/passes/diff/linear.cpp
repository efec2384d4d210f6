// Forward action and transpose of the linear operators (see linear.h).
#include "passes/diff/linear.h"

#include "passes/diff/partials.h"
#include "support/check.h"

#include <algorithm>
#include <numeric>

namespace thalweg::diff {
namespace {

using Axes = std::vector<int64_t>;

bool contains(const Axes& axes, int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}
Axes shifted(std::span<const int64_t> axes, size_t by) {
  Axes out(by);
  std::iota(out.begin(), out.end(), 0);
  for (int64_t axis : axes)
    out.push_back(axis + static_cast<int64_t>(by));
  return out;
}
Shape joined(const Shape& batch, std::span<const Dim> rest) {
  Shape out = batch;
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}
std::span<const Dim> half(const std::vector<Dim>& dims, size_t which) {
  size_t rank = dims.size() / 2;
  return std::span(dims).subspan(which * rank, rank);
}
Axes reduced_axes(const Node& node) { return {node.attr.ints.begin() + 1, node.attr.ints.end()}; }

// Index tensors of a gather or scatter whose data got batch axes in front: the batch positions
// themselves, then the given ones, all over batch + index shape.
std::vector<ValueId> batched_indices(Builder& b, std::span<const ValueId> indices,
                                     const Shape& index_shape, const Shape& batch) {
  std::vector<ValueId> out;
  Shape shape = joined(batch, index_shape);
  for (size_t k = 0; k < batch.size(); ++k)
    out.push_back(b.iota(shape, static_cast<int64_t>(k)));
  for (ValueId index : indices)
    out.push_back(with_batch(b, index, batch));
  return out;
}

ValueId forward_contract(Builder& b, const Node& node, std::span<const ValueId> operands,
                         std::span<const Maybe> tangents, const Shape& batch) {
  ContractLabels labels = contract_labels(node.attr);
  int64_t fresh = 0;
  for (const Axes* side : {&labels.a, &labels.b})
    for (int64_t label : *side)
      fresh = std::max(fresh, label + 1);
  Axes lead(batch.size());
  std::iota(lead.begin(), lead.end(), fresh);
  auto led = [&](const Axes& axes) {
    Axes out = lead;
    out.insert(out.end(), axes.begin(), axes.end());
    return out;
  };
  Maybe sum;
  if (tangents[0])
    sum = b.contract(*tangents[0], led(labels.a), operands[1], labels.b, led(labels.out));
  if (tangents[1]) {
    ValueId second =
        b.contract(operands[0], labels.a, *tangents[1], led(labels.b), led(labels.out));
    sum = sum ? b.add(*sum, second) : second;
  }
  return *sum;
}

ValueId transpose_broadcast(Builder& b, const Node& node, const Shape& from, ValueId d) {
  const Axes& map = node.attr.ints;
  Axes summed;
  for (int64_t axis = 0; axis < static_cast<int64_t>(node.attr.dims.size()); ++axis) {
    auto it = std::find(map.begin(), map.end(), axis);
    bool stretched = it != map.end() && from[it - map.begin()] != node.attr.dims[axis];
    if (it == map.end() || stretched) summed.push_back(axis);
  }
  return b.reshape(b.reduce(Op::reduce_sum, d, summed), from);
}

// The cotangent of one side of a contract is a contract of the other side with d; labels that only
// this side has are spread out afterwards.
ValueId transpose_contract(Builder& b, const Node& node, size_t k, ValueId d) {
  ContractLabels labels = contract_labels(node.attr);
  const Axes& mine = k == 0 ? labels.a : labels.b;
  const Axes& other = k == 0 ? labels.b : labels.a;
  Axes out, map;
  for (size_t axis = 0; axis < mine.size(); ++axis)
    if (contains(other, mine[axis]) || contains(labels.out, mine[axis])) {
      out.push_back(mine[axis]);
      map.push_back(static_cast<int64_t>(axis));
    }
  ValueId partner = node.operands[1 - k];
  ValueId sent = k == 0 ? b.contract(d, labels.out, partner, other, out)
                        : b.contract(partner, other, d, labels.out, out);
  return b.broadcast(sent, b.shape(node.operands[k]), map);
}

ValueId transpose_concat(Builder& b, const Node& node, size_t k, ValueId d) {
  int64_t axis = node.attr.ints[0];
  const Shape& size = b.shape(node.operands[k]);
  std::vector<Dim> start(size.size());
  for (size_t j = 0; j < k; ++j)
    start[axis] = start[axis] + b.shape(node.operands[j])[axis];
  return b.slice(d, std::move(start), size);
}

} // namespace

ValueId zero_tangent(Builder& b, ValueId value, const Shape& batch) {
  const Type& type = b.type(value);
  return b.full(0, Type::tensor(type.dtype, joined(batch, type.shape)));
}

ValueId forward_linear(Builder& b, const Node& node, std::span<const ValueId> operands,
                       std::span<const Maybe> tangents, const Shape& batch) {
  size_t n = batch.size();
  auto d = [&] { return *tangents[0]; };
  switch (node.op) {
  case Op::broadcast:
    return b.broadcast(d(), joined(batch, node.attr.dims), shifted(node.attr.ints, n));
  case Op::reshape: return b.reshape(d(), joined(batch, node.attr.dims));
  case Op::transpose: return b.transpose(d(), shifted(node.attr.ints, n));
  case Op::slice:
    return b.slice(d(), joined(Shape(n), half(node.attr.dims, 0)),
                   joined(batch, half(node.attr.dims, 1)));
  case Op::pad:
    return b.pad(d(), joined(Shape(n), half(node.attr.dims, 0)),
                 joined(Shape(n), half(node.attr.dims, 1)));
  case Op::concat: {
    std::vector<ValueId> parts;
    for (size_t k = 0; k < operands.size(); ++k)
      parts.push_back(tangents[k] ? *tangents[k] : zero_tangent(b, operands[k], batch));
    return b.concat(std::move(parts), node.attr.ints[0] + static_cast<int64_t>(n));
  }
  case Op::gather:
    return b.gather(d(), batched_indices(b, operands.subspan(1), node.type.shape, batch));
  case Op::scatter_add: {
    const Shape& index_shape = b.shape(operands.back());
    auto indices = operands.first(operands.size() - 1);
    return b.scatter_add(batched_indices(b, indices, index_shape, batch), *tangents.back(),
                         joined(batch, node.attr.dims));
  }
  case Op::reduce_sum: {
    Axes axes;
    for (int64_t axis : reduced_axes(node))
      axes.push_back(axis + static_cast<int64_t>(n));
    return b.reduce(Op::reduce_sum, d(), axes);
  }
  case Op::contract: return forward_contract(b, node, operands, tangents, batch);
  case Op::across_sum: return b.make(Op::across_sum, {d()});
  default: TW_CHECK(false, "{} is not linear", op_info(node.op).name);
  }
}

// The transpose of x[i, y[i]]: where column j is y[i], d[i], else 0. Elementwise, so it goes into
// the loops of what uses it; an index out of range has failed where it was gathered.
static std::optional<ValueId> one_of_each_row(Builder& b, const std::vector<ValueId>& indices,
                                              ValueId d, const Shape& from) {
  if (indices.size() != 2 || b.shape(d).size() != 1) return std::nullopt;
  const Node& rows = b.graph().node(indices[0]);
  if (rows.op != Op::iota || b.shape(d)[0] != from[0]) return std::nullopt;
  ValueId column = b.broadcast(indices[1], from, {0});
  ValueId chosen = b.make(Op::eq, {b.iota(from, 1), column});
  return b.select(chosen, b.broadcast(d, from, {0}),
                  b.full(0, Type::tensor(b.type(d).dtype, from)));
}

ValueId transpose_linear(Builder& b, const Node& node, size_t k, ValueId d) {
  const Shape& from = b.shape(node.operands[k]);
  switch (node.op) {
  case Op::broadcast: return transpose_broadcast(b, node, from, d);
  case Op::reshape: return b.reshape(d, from);
  case Op::transpose: {
    Axes inverse(node.attr.ints.size());
    for (size_t axis = 0; axis < inverse.size(); ++axis)
      inverse[node.attr.ints[axis]] = static_cast<int64_t>(axis);
    return b.transpose(d, std::move(inverse));
  }
  case Op::slice: {
    std::span<const Dim> start = half(node.attr.dims, 0), size = half(node.attr.dims, 1);
    std::vector<Dim> after;
    for (size_t axis = 0; axis < from.size(); ++axis)
      after.push_back(from[axis] - start[axis] - size[axis]);
    return b.pad(d, {start.begin(), start.end()}, std::move(after));
  }
  case Op::pad: {
    std::span<const Dim> before = half(node.attr.dims, 0);
    return b.slice(d, {before.begin(), before.end()}, from);
  }
  case Op::concat: return transpose_concat(b, node, k, d);
  case Op::gather: {
    std::vector<ValueId> indices(node.operands.begin() + 1, node.operands.end());
    if (std::optional<ValueId> chosen = one_of_each_row(b, indices, d, from)) return *chosen;
    return b.scatter_add(std::move(indices), d, from);
  }
  case Op::scatter_add:
    if (node.operands.size() == 1) return b.broadcast_scalar(d, from); // all into one number
    return b.gather(d, {node.operands.begin(), node.operands.end() - 1});
  case Op::reduce_sum: {
    Axes summed = reduced_axes(node), map;
    for (int64_t axis = 0; axis < static_cast<int64_t>(from.size()); ++axis)
      if (!contains(summed, axis)) map.push_back(axis);
    return b.broadcast(d, from, std::move(map));
  }
  case Op::contract: return transpose_contract(b, node, k, d);
  case Op::across_sum: return d; // the sum over the table is taken where shared meets per-tensor
  default: TW_CHECK(false, "{} is not linear", op_info(node.op).name);
  }
}

} // namespace thalweg::diff
