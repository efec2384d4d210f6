// Value construction with inferred types (see builder.h).
#include "ir/builder.h"

#include "ir/shape_rules.h"
#include "ir/tensor.h"
#include "support/check.h"

#include <algorithm>
#include <bit>

namespace thalweg {

int64_t bits_of(double value, DType dtype) {
  switch (dtype) {
  case DType::f64: return std::bit_cast<int64_t>(value);
  case DType::f32: return std::bit_cast<int64_t>(static_cast<double>(static_cast<float>(value)));
  case DType::i64: return saturating_integer(value);
  case DType::boolean: return value != 0;
  }
  return 0;
}

double value_of(int64_t bits, DType dtype) {
  return is_real(dtype) ? std::bit_cast<double>(bits) : static_cast<double>(bits);
}

ValueId Builder::make(Op op, std::vector<ValueId> operands, Attr attr) {
  Node node{op, {}, std::move(operands), std::move(attr)};
  Inferred inferred = infer_type(graph_, node);
  TW_CHECK(inferred.ok(), "{}: {}", op_info(op).name, inferred.problem);
  ValueId id =
      graph_.add(op, std::move(inferred.type), std::move(node.operands), std::move(node.attr));
  if (origin_.valid()) graph_.set_origin(id, origin_);
  return id;
}

std::string Builder::problem_of(Op op, std::vector<ValueId> operands, Attr attr) const {
  return infer_type(graph_, Node{op, {}, std::move(operands), std::move(attr)}).problem;
}

ValueId Builder::arg(int64_t index, Type type) {
  return graph_.add(Op::arg, std::move(type), {}, {{index}, {}, {}, {}});
}

ValueId Builder::constant(double value, DType dtype) {
  return graph_.add(Op::constant, Type::scalar(dtype), {}, {{bits_of(value, dtype)}, {}, {}, {}});
}

ValueId Builder::full(double value, const Type& like) {
  return broadcast(constant(value, like.dtype), like.shape, {});
}

ValueId Builder::table(std::vector<double> values, Shape shape, DType dtype) {
  Attr attr;
  for (double value : values)
    attr.ints.push_back(bits_of(value, dtype));
  attr.dims = shape;
  TW_CHECK(element_count(shape).is_constant(static_cast<int64_t>(values.size())),
           "table: wrong count");
  return graph_.add(Op::table, Type::tensor(dtype, std::move(shape)), {}, std::move(attr));
}

ValueId Builder::dim(const Dim& size) {
  if (size.is_constant()) return constant(static_cast<double>(size.constant()), DType::i64);
  return graph_.add(Op::dim, Type::scalar(DType::i64), {}, {{}, {size}, {}, {}});
}

ValueId Builder::integer(int64_t value) {
  return graph_.add(Op::constant, Type::scalar(DType::i64), {}, {{value}, {}, {}, {}});
}

ValueId Builder::iota(Shape shape, int64_t axis) {
  Type type = Type::tensor(DType::i64, shape);
  return graph_.add(Op::iota, std::move(type), {}, {{axis}, std::move(shape), {}, {}});
}

ValueId Builder::random(Distribution distribution, int64_t site, Type type,
                        std::array<ValueId, 3> key) {
  Shape shape = type.shape;
  return graph_.add(Op::random, std::move(type), {key.begin(), key.end()},
                    {{static_cast<int64_t>(distribution), site}, std::move(shape), {}, {}});
}

ValueId Builder::cast(ValueId a, DType dtype) {
  if (type(a).dtype == dtype) return a;
  return graph_.add(Op::cast, Type::tensor(dtype, shape(a)), {a});
}

ValueId Builder::broadcast(ValueId a, Shape to, std::vector<int64_t> axes) {
  if (shape(a) == to) return a;
  return make(Op::broadcast, {a}, {std::move(axes), std::move(to), {}, {}});
}

ValueId Builder::reshape(ValueId a, Shape to) {
  if (shape(a) == to) return a;
  return make(Op::reshape, {a}, {{}, std::move(to), {}, {}});
}

ValueId Builder::transpose(ValueId a, std::vector<int64_t> permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end())) return a;
  return make(Op::transpose, {a}, {std::move(permutation), {}, {}, {}});
}

ValueId Builder::slice(ValueId a, std::vector<Dim> start, std::vector<Dim> size) {
  bool whole = size == shape(a) && std::all_of(start.begin(), start.end(),
                                               [](const Dim& d) { return d.is_constant(0); });
  if (whole) return a;
  start.insert(start.end(), size.begin(), size.end());
  return make(Op::slice, {a}, {{}, std::move(start), {}, {}});
}

ValueId Builder::pad(ValueId a, std::vector<Dim> before, std::vector<Dim> after) {
  before.insert(before.end(), after.begin(), after.end());
  return make(Op::pad, {a}, {{}, std::move(before), {}, {}});
}

ValueId Builder::concat(std::vector<ValueId> parts, int64_t axis) {
  return make(Op::concat, std::move(parts), {{axis}, {}, {}, {}});
}

ValueId Builder::gather(ValueId data, std::vector<ValueId> indices) {
  indices.insert(indices.begin(), data);
  return make(Op::gather, std::move(indices));
}

ValueId Builder::scatter_add(std::vector<ValueId> indices, ValueId values, Shape shape) {
  indices.push_back(values);
  return make(Op::scatter_add, std::move(indices), {{}, std::move(shape), {}, {}});
}

ValueId Builder::reduce(Op op, ValueId a, std::vector<int64_t> axes) {
  if (axes.empty()) return a;
  axes.insert(axes.begin(), static_cast<int64_t>(reduce_scheme(type(a).rank(), axes)));
  return make(op, {a}, {std::move(axes), {}, {}, {}});
}

ValueId Builder::reduce_all(Op op, ValueId a) {
  std::vector<int64_t> axes;
  for (size_t k = 0; k < type(a).rank(); ++k)
    axes.push_back(static_cast<int64_t>(k));
  return reduce(op, a, std::move(axes));
}

ValueId Builder::contract(ValueId a, std::vector<int64_t> labels_a, ValueId b,
                          std::vector<int64_t> labels_b, std::vector<int64_t> labels_out) {
  Attr attr;
  attr.ints.push_back(static_cast<int64_t>(contract_scheme(labels_a, labels_b, labels_out)));
  for (const std::vector<int64_t>* labels : {&labels_a, &labels_b}) {
    attr.ints.push_back(static_cast<int64_t>(labels->size()));
    attr.ints.insert(attr.ints.end(), labels->begin(), labels->end());
  }
  attr.ints.insert(attr.ints.end(), labels_out.begin(), labels_out.end());
  return make(Op::contract, {a, b}, std::move(attr));
}

ValueId Builder::get(ValueId tuple, int64_t position) {
  return make(Op::get, {tuple}, {{position}, {}, {}, {}});
}

Scheme reduce_scheme(size_t rank, std::span<const int64_t> axes) {
  size_t first = rank - axes.size();
  for (size_t k = 0; k < axes.size(); ++k)
    if (axes[k] != static_cast<int64_t>(first + k)) return Scheme::serial;
  return Scheme::lanes;
}

Scheme contract_scheme(std::span<const int64_t> a, std::span<const int64_t> b,
                       std::span<const int64_t> out) {
  auto in = [](std::span<const int64_t> list, int64_t x) {
    return std::find(list.begin(), list.end(), x) != list.end();
  };
  std::vector<int64_t> summed;
  for (int64_t label : a)
    if (!in(out, label)) summed.push_back(label);
  auto trails = [&](std::span<const int64_t> list) {
    return list.size() >= summed.size() &&
           std::equal(summed.begin(), summed.end(), list.end() - summed.size());
  };
  auto plain = [&](std::span<const int64_t> list) { return list.size() == summed.size(); };
  bool lanes = !summed.empty() && trails(a) && trails(b) && (plain(a) || plain(b));
  return lanes ? Scheme::lanes : Scheme::serial;
}

ContractLabels contract_labels(const Attr& attr) {
  ContractLabels labels;
  const std::vector<int64_t>& ints = attr.ints;
  labels.scheme = static_cast<Scheme>(ints[0]);
  size_t at = 1;
  for (std::vector<int64_t>* side : {&labels.a, &labels.b}) {
    size_t count = static_cast<size_t>(ints[at++]);
    side->assign(ints.begin() + at, ints.begin() + at + count);
    at += count;
  }
  labels.out.assign(ints.begin() + at, ints.end());
  return labels;
}

double constant_value(const Node& node) { return value_of(node.attr.ints[0], node.type.dtype); }

std::optional<double> scalar_constant(const Graph& graph, ValueId id) {
  const Node* node = &graph.node(id);
  while (node->op == Op::broadcast)
    node = &graph.node(node->operands[0]);
  if (node->op != Op::constant) return std::nullopt;
  return constant_value(*node);
}

} // namespace thalweg
