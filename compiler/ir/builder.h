// Makes values of the graph with their types inferred; what irgen, diff and simplify write with.
//
// Methods need operands of fitting types (an internal error otherwise); nothing is folded here.
// Each made value gets the builder's current origin.
#pragma once

#include "ir/graph.h"

#include <array>

#include <optional>

namespace thalweg {

class Builder {
public:
  explicit Builder(Graph& graph) : graph_(graph) {}
  Graph& graph() { return graph_; }
  const Type& type(ValueId id) const { return graph_.type(id); }
  const Shape& shape(ValueId id) const { return graph_.type(id).shape; }
  void set_origin(Span span) { origin_ = span; }
  Span origin() const { return origin_; }

  // Any operator whose type follows from its operands.
  ValueId make(Op op, std::vector<ValueId> operands, Attr attr = {});
  // What `make` would infer, without making it: for messages.
  std::string problem_of(Op op, std::vector<ValueId> operands, Attr attr = {}) const;

  // leaves
  ValueId arg(int64_t index, Type type);
  ValueId constant(double value, DType dtype = DType::f64); // i64, bool: the value converted
  ValueId integer(int64_t value);
  ValueId full(double value, const Type& like); // a constant of like's type and shape
  ValueId table(std::vector<double> values, Shape shape, DType dtype);
  ValueId dim(const Dim& size); // i64
  ValueId iota(Shape shape, int64_t axis);
  ValueId random(Distribution distribution, int64_t site, Type type, std::array<ValueId, 3> key);

  // elementwise
  ValueId neg(ValueId a) { return make(Op::neg, {a}); }
  ValueId add(ValueId a, ValueId b) { return make(Op::add, {a, b}); }
  ValueId sub(ValueId a, ValueId b) { return make(Op::sub, {a, b}); }
  ValueId mul(ValueId a, ValueId b) { return make(Op::mul, {a, b}); }
  ValueId div(ValueId a, ValueId b) { return make(Op::div, {a, b}); }
  ValueId select(ValueId c, ValueId a, ValueId b) { return make(Op::select, {c, a, b}); }
  ValueId cast(ValueId a, DType dtype); // the value itself if it has the type already

  // moving elements
  ValueId broadcast(ValueId a, Shape shape, std::vector<int64_t> axes); // itself if nothing changes
  ValueId broadcast_scalar(ValueId a, const Shape& shape) { return broadcast(a, shape, {}); }
  ValueId reshape(ValueId a, Shape shape);
  ValueId transpose(ValueId a, std::vector<int64_t> permutation);
  ValueId slice(ValueId a, std::vector<Dim> start, std::vector<Dim> size);
  ValueId pad(ValueId a, std::vector<Dim> before, std::vector<Dim> after);
  ValueId concat(std::vector<ValueId> parts, int64_t axis);
  ValueId gather(ValueId data, std::vector<ValueId> indices);
  ValueId scatter_add(std::vector<ValueId> indices, ValueId values, Shape shape);

  // folding; the scheme is chosen by `scheme_for` unless given
  ValueId reduce(Op op, ValueId a, std::vector<int64_t> axes);
  ValueId reduce_all(Op op, ValueId a);
  ValueId contract(ValueId a, std::vector<int64_t> labels_a, ValueId b,
                   std::vector<int64_t> labels_b, std::vector<int64_t> labels_out);

  ValueId get(ValueId tuple, int64_t position);

private:
  Graph& graph_;
  Span origin_;
};

// The one rule for schemes: a reduction whose axes are the trailing ones of its operand runs in
// lanes (its elements are one contiguous run), any other is serial. A contract runs in lanes if at
// least one operand has no label of its own in the result (dot, matrix times vector) and the
// contracted labels are the trailing ones of both operands in the same order; otherwise it is
// serial.
Scheme reduce_scheme(size_t rank, std::span<const int64_t> axes);
Scheme contract_scheme(std::span<const int64_t> a, std::span<const int64_t> b,
                       std::span<const int64_t> out);

// Reading attributes.
struct ContractLabels {
  Scheme scheme;
  std::vector<int64_t> a, b, out;
};
ContractLabels contract_labels(const Attr& attr);
double constant_value(const Node& node);                               // of `constant`, as a double
std::optional<double> scalar_constant(const Graph& graph, ValueId id); // looks through broadcast
int64_t bits_of(double value, DType dtype); // the attribute of a constant
double value_of(int64_t bits, DType dtype);

} // namespace thalweg
