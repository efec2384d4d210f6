// Shape rules, one function per rule named in ops.def (see shape_rules.h).
#include "ir/shape_rules.h"

#include "support/check.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace thalweg {
namespace {

struct Context {
  const Graph& graph;
  const Node& node;
  size_t count() const { return node.operands.size(); }
  const Type& operand(size_t k) const { return graph.type(node.operands[k]); }
  const std::vector<int64_t>& ints() const { return node.attr.ints; }
  const std::vector<Dim>& dims() const { return node.attr.dims; }
};

Inferred fail(std::string problem) { return {{}, std::move(problem)}; }
Inferred good(Type type) { return {std::move(type), {}}; }
Inferred tensor(DType dtype, Shape shape) { return good(Type::tensor(dtype, std::move(shape))); }

std::string disagree(const Context& c) {
  std::string text = "operand types differ:";
  for (size_t k = 0; k < c.count(); ++k)
    text.append(" ").append(c.operand(k).str());
  return text;
}
bool same_types(const Context& c) {
  for (size_t k = 1; k < c.count(); ++k)
    if (!(c.operand(k) == c.operand(0))) return false;
  return !c.operand(0).is_tuple;
}
bool all(const Context& c, bool (*accept)(DType)) {
  for (size_t k = 0; k < c.count(); ++k)
    if (c.operand(k).is_tuple || !accept(c.operand(k).dtype)) return false;
  return true;
}
bool is_number(DType type) { return type != DType::boolean; }
bool is_boolean(DType type) { return type == DType::boolean; }

Inferred same(const Context& c, bool (*accept)(DType), const char* what) {
  if (!all(c, accept)) return fail(std::string("operands must be ") + what);
  if (!same_types(c)) return fail(disagree(c));
  return good(c.operand(0));
}

// Leaves and oracles carry their type; here it only has to agree with the attribute.
bool is_tensor(const Type& type) { return !type.is_tuple && type.elements.empty(); }
bool is_flat_tuple(const Type& type) {
  return type.is_tuple && type.shape.empty() && type.dtype == DType::f64 &&
         std::all_of(type.elements.begin(), type.elements.end(), is_tensor);
}
bool fits_dtype(int64_t bits, DType dtype) {
  if (dtype == DType::boolean) return bits == 0 || bits == 1;
  if (dtype != DType::f32) return true;
  double value = std::bit_cast<double>(bits);
  return value != value || static_cast<double>(static_cast<float>(value)) == value;
}
Inferred infer_arg(const Context& c) {
  if (c.ints().size() != 1 || c.ints()[0] < 0) return fail("an argument has one index");
  if (!is_tensor(c.node.type)) return fail("an argument is a tensor");
  return good(c.node.type);
}
Inferred infer_constant(const Context& c) {
  if (c.ints().size() != 1 || !is_tensor(c.node.type) || !c.node.type.is_scalar())
    return fail("a constant is one scalar");
  if (!fits_dtype(c.ints()[0], c.node.type.dtype)) return fail("not a value of the type");
  return good(c.node.type);
}
Inferred infer_table(const Context& c) {
  if (!is_tensor(c.node.type) || c.node.type.shape != c.dims()) return fail("shape differs");
  if (!element_count(c.dims()).is_constant(static_cast<int64_t>(c.ints().size())))
    return fail("wrong number of elements");
  for (int64_t bits : c.ints())
    if (!fits_dtype(bits, c.node.type.dtype)) return fail("not a value of the type");
  return good(c.node.type);
}
Inferred infer_dim(const Context& c) {
  if (c.dims().size() != 1) return fail("one size is needed");
  return good(Type::scalar(DType::i64));
}
Inferred infer_iota(const Context& c) {
  if (c.ints().size() != 1 || c.ints()[0] < 0 ||
      c.ints()[0] >= static_cast<int64_t>(c.dims().size()))
    return fail("no such axis");
  return tensor(DType::i64, c.dims());
}
Inferred infer_random(const Context& c) {
  if (c.ints().size() != 2 || c.ints()[0] < 0 || c.ints()[0] > 2)
    return fail("no such distribution");
  if (!is_tensor(c.node.type) || !is_real(c.node.type.dtype)) return fail("draws are real");
  for (size_t k = 0; k < 3; ++k)
    if (c.operand(k) != Type::scalar(DType::i64))
      return fail("the key of a draw is three integers");
  return tensor(c.node.type.dtype, c.dims());
}
Inferred infer_oracle(const Context& c) {
  if (c.ints().size() != 1 || c.ints()[0] < 0 || c.ints()[0] > 5)
    return fail("no such oracle kind");
  if (c.node.attr.name.empty()) return fail("an objective's name is needed");
  if (!is_tensor(c.node.type) && !is_flat_tuple(c.node.type)) return fail("malformed type");
  return good(c.node.type);
}
Inferred infer_real1(const Context& c) { return same(c, is_real, "real"); }
Inferred infer_real2(const Context& c) { return same(c, is_real, "real"); }
Inferred infer_real3(const Context& c) { return same(c, is_real, "real"); }
Inferred infer_real_or_int1(const Context& c) { return same(c, is_number, "numbers"); }
Inferred infer_real_or_int2(const Context& c) { return same(c, is_number, "numbers"); }
Inferred infer_bool1(const Context& c) { return same(c, is_boolean, "boolean"); }
Inferred infer_bool2(const Context& c) { return same(c, is_boolean, "boolean"); }
Inferred infer_test1(const Context& c) {
  Inferred r = same(c, is_real, "real");
  r.type.dtype = DType::boolean;
  return r;
}
Inferred infer_compare2(const Context& c) {
  if (!same_types(c)) return fail(disagree(c));
  return tensor(DType::boolean, c.operand(0).shape);
}
Inferred infer_cast(const Context& c) {
  if (c.operand(0).is_tuple) return fail("a tuple cannot be cast");
  return tensor(c.node.type.dtype, c.operand(0).shape);
}
Inferred infer_select(const Context& c) {
  if (!is_boolean(c.operand(0).dtype)) return fail("the condition must be boolean");
  if (!(c.operand(1) == c.operand(2)) || c.operand(0).shape != c.operand(1).shape)
    return fail(disagree(c));
  return good(c.operand(1));
}
Inferred infer_broadcast(const Context& c) {
  const Shape& from = c.operand(0).shape;
  if (c.ints().size() != from.size()) return fail("one result axis per operand axis is needed");
  int64_t last = -1;
  for (size_t k = 0; k < from.size(); ++k) {
    int64_t axis = c.ints()[k];
    if (axis <= last || axis >= static_cast<int64_t>(c.dims().size()))
      return fail("axes must increase");
    if (from[k] != c.dims()[axis] && !from[k].is_constant(1))
      return fail("axis " + std::to_string(k) + " of size " + from[k].str() + " does not stretch");
    last = axis;
  }
  return tensor(c.operand(0).dtype, c.dims());
}
Inferred infer_reshape(const Context& c) {
  if (element_count(c.operand(0).shape) != element_count(c.dims()))
    return fail("element counts differ: " + c.operand(0).str() + " to " + shape_str(c.dims()));
  return tensor(c.operand(0).dtype, c.dims());
}
Inferred infer_transpose(const Context& c) {
  const Shape& from = c.operand(0).shape;
  std::vector<int64_t> sorted = c.ints();
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() != from.size()) return fail("not a permutation");
  Shape shape;
  for (size_t k = 0; k < sorted.size(); ++k) {
    if (sorted[k] != static_cast<int64_t>(k)) return fail("not a permutation");
    shape.push_back(from[c.ints()[k]]);
  }
  return tensor(c.operand(0).dtype, shape);
}
Inferred infer_slice(const Context& c) {
  size_t rank = c.operand(0).rank();
  if (c.dims().size() != 2 * rank) return fail("a start and a size per axis are needed");
  return tensor(c.operand(0).dtype, Shape(c.dims().begin() + rank, c.dims().end()));
}
Inferred infer_pad(const Context& c) {
  size_t rank = c.operand(0).rank();
  if (c.dims().size() != 2 * rank) return fail("two widths per axis are needed");
  Shape shape;
  for (size_t k = 0; k < rank; ++k)
    shape.push_back(c.dims()[k] + c.operand(0).shape[k] + c.dims()[rank + k]);
  return tensor(c.operand(0).dtype, shape);
}
Inferred infer_concat(const Context& c) {
  if (c.count() == 0 || c.ints().size() != 1) return fail("operands and an axis are needed");
  Type type = c.operand(0);
  int64_t axis = c.ints()[0];
  if (axis < 0 || axis >= static_cast<int64_t>(type.rank())) return fail("no such axis");
  for (size_t k = 1; k < c.count(); ++k) {
    Type other = c.operand(k);
    if (other.rank() != type.rank()) return fail(disagree(c));
    Dim sum = type.shape[axis] + other.shape[axis];
    other.shape[axis] = type.shape[axis];
    if (!(other == type)) return fail(disagree(c));
    type.shape[axis] = sum;
  }
  return good(type);
}
Inferred infer_gather(const Context& c) {
  if (c.count() == 0 || c.count() != c.operand(0).rank() + 1)
    return fail("one index tensor per axis is needed");
  Shape shape = c.count() > 1 ? c.operand(1).shape : Shape{};
  for (size_t k = 1; k < c.count(); ++k)
    if (c.operand(k).dtype != DType::i64 || c.operand(k).shape != shape) return fail(disagree(c));
  return tensor(c.operand(0).dtype, shape);
}
Inferred infer_scatter_add(const Context& c) {
  if (c.count() != c.dims().size() + 1) return fail("one index tensor per axis is needed");
  const Type& values = c.operand(c.count() - 1);
  if (!is_real(values.dtype)) return fail("values must be real");
  for (size_t k = 0; k + 1 < c.count(); ++k)
    if (c.operand(k).dtype != DType::i64 || c.operand(k).shape != values.shape)
      return fail(disagree(c));
  return tensor(values.dtype, c.dims());
}
Inferred infer_reduce(const Context& c) {
  if (c.ints().empty() || c.ints()[0] < 0 || c.ints()[0] > 1) return fail("no scheme");
  if (!is_number(c.operand(0).dtype)) return fail("operand must be a number");
  Shape shape;
  size_t next = 1;
  for (size_t k = 0; k < c.operand(0).rank(); ++k) {
    if (next < c.ints().size() && c.ints()[next] == static_cast<int64_t>(k))
      ++next;
    else
      shape.push_back(c.operand(0).shape[k]);
  }
  if (next != c.ints().size()) return fail("axes must be ascending axes of the operand");
  return tensor(c.operand(0).dtype, shape);
}
Inferred infer_arg_reduce(const Context& c) {
  if (c.ints().size() != 1 || c.ints()[0] < 0 ||
      c.ints()[0] >= static_cast<int64_t>(c.operand(0).rank()))
    return fail("no such axis");
  Shape shape = c.operand(0).shape;
  shape.erase(shape.begin() + c.ints()[0]);
  return tensor(DType::i64, shape);
}
Inferred infer_contract(const Context& c) {
  const std::vector<int64_t>& ints = c.ints();
  if (!is_real(c.operand(0).dtype) || c.operand(0).dtype != c.operand(1).dtype)
    return fail("operands must be real and of one type");
  if (ints.empty() || ints[0] < 0 || ints[0] > 1) return fail("no scheme");
  size_t at = 1;
  std::map<int64_t, Dim> sizes;
  for (size_t k = 0; k < 2; ++k) {
    const Shape& shape = c.operand(k).shape;
    if (at >= ints.size() || ints[at] != static_cast<int64_t>(shape.size()))
      return fail("labels do not match ranks");
    ++at;
    std::set<int64_t> seen;
    for (const Dim& dim : shape) {
      if (at >= ints.size()) return fail("too few labels");
      int64_t label = ints[at++];
      if (!seen.insert(label).second) return fail("a label occurs twice in one operand");
      auto [it, fresh] = sizes.emplace(label, dim);
      if (!fresh && it->second != dim)
        return fail("sizes differ: " + it->second.str() + " and " + dim.str());
    }
  }
  Shape shape;
  std::set<int64_t> seen;
  for (; at < ints.size(); ++at) {
    auto it = sizes.find(ints[at]);
    if (it == sizes.end() || !seen.insert(ints[at]).second) return fail("bad result label");
    shape.push_back(it->second);
  }
  return tensor(c.operand(0).dtype, shape);
}
Inferred infer_across(const Context& c) {
  if (!c.operand(0).is_scalar() || !is_real(c.operand(0).dtype))
    return fail("a real scalar is needed");
  return good(c.operand(0));
}
Inferred infer_square(const Context& c) {
  const Type& a = c.operand(0);
  if (a.rank() != 2 || a.shape[0] != a.shape[1] || !is_real(a.dtype))
    return fail("a square matrix is needed");
  return good(a);
}
Inferred infer_inverse_root(const Context& c) {
  if (c.ints().size() != 1 || c.ints()[0] < 1) return fail("a positive root is needed");
  return infer_square(c);
}
Inferred infer_solve(const Context& c) {
  Inferred a = infer_square(c);
  const Type& b = c.operand(1);
  if (!a.ok()) return a;
  if (b.rank() < 1 || b.rank() > 2 || b.shape[0] != a.type.shape[0] || b.dtype != a.type.dtype)
    return fail(disagree(c));
  return good(b);
}
Inferred infer_qr(const Context& c) {
  const Type& a = c.operand(0);
  if (a.rank() != 2 || !is_real(a.dtype)) return fail("a matrix is needed");
  const Dim& n = a.shape[1];
  return good(Type::tuple({a, Type::tensor(a.dtype, {n, n})}));
}
Inferred infer_eigh(const Context& c) {
  Inferred a = infer_square(c);
  if (!a.ok()) return a;
  return good(Type::tuple({Type::tensor(a.type.dtype, {a.type.shape[0]}), a.type}));
}
Inferred infer_svd(const Context& c) {
  const Type& a = c.operand(0);
  if (a.rank() != 2 || !is_real(a.dtype)) return fail("a matrix is needed");
  const Dim& n = a.shape[1];
  return good(Type::tuple({a, Type::tensor(a.dtype, {n}), Type::tensor(a.dtype, {n, n})}));
}
Inferred infer_get(const Context& c) {
  if (!c.operand(0).is_tuple || c.ints().size() != 1 || c.ints()[0] < 0 ||
      c.ints()[0] >= static_cast<int64_t>(c.operand(0).elements.size()))
    return fail("no such element");
  return good(c.operand(0).elements[c.ints()[0]]);
}

std::vector<Type> result_types(const Context& c, LambdaId id) {
  std::vector<Type> types;
  for (ValueId value : c.graph.lambda(id).results)
    types.push_back(c.graph.type(value));
  return types;
}
bool takes(const Context& c, LambdaId id, size_t first) {
  const std::vector<Type>& parameters = c.graph.lambda(id).parameters;
  if (parameters.size() != c.count() - first) return false;
  for (size_t k = first; k < c.count(); ++k)
    if (!(c.operand(k) == parameters[k - first])) return false;
  return true;
}
Inferred infer_while_loop(const Context& c) {
  if (c.node.attr.lambdas.size() != 2 || c.ints().size() != 1)
    return fail("two lambdas and a count are needed");
  if (c.count() < 1 || !(c.operand(0) == Type::scalar(DType::i64)))
    return fail("the limit must be an i64 scalar");
  LambdaId condition = c.node.attr.lambdas[0], body = c.node.attr.lambdas[1];
  if (!takes(c, condition, 1) || !takes(c, body, 1)) return fail("operands do not fit the lambdas");
  if (result_types(c, condition) != std::vector{Type::scalar(DType::boolean)})
    return fail("the condition must be one boolean scalar");
  std::vector<Type> states = result_types(c, body);
  if (static_cast<int64_t>(states.size()) != c.ints()[0])
    return fail("the body must give the states");
  for (size_t k = 0; k < states.size(); ++k)
    if (!(states[k] == c.operand(k + 1))) return fail("a state changes its type");
  return good(Type::tuple(states));
}
Inferred infer_derivative(const Context& c) {
  if (c.node.attr.lambdas.size() != 1 || c.ints().size() != 1 || c.ints()[0] < 0 || c.ints()[0] > 3)
    return fail("a lambda and a kind are needed");
  const auto kind = static_cast<DerivativeKind>(c.ints()[0]);
  const Lambda& f = c.graph.lambda(c.node.attr.lambdas[0]);
  const size_t directions = kind == DerivativeKind::product ? 1 : 0;
  if (c.count() != f.parameters.size() + directions || f.parameters.empty())
    return fail("operands do not fit the lambda");
  for (size_t k = 0; k < f.parameters.size(); ++k)
    if (!(c.operand(k) == f.parameters[k])) return fail("operands do not fit the lambda");
  const Type& point = c.operand(0);
  if (!is_real(point.dtype)) return fail("a real point is needed");
  if (directions && !(c.operand(c.count() - 1) == point)) return fail("no direction");
  const std::vector<Type> results = result_types(c, c.node.attr.lambdas[0]);
  const bool scalar = kind != DerivativeKind::jacobian;
  if (results.size() != 1 || results[0].is_tuple || !is_real(results[0].dtype) ||
      (scalar && !results[0].is_scalar()))
    return fail("the function must give one real result");
  if (kind == DerivativeKind::gradient || kind == DerivativeKind::product) return good(point);
  Shape shape = scalar ? point.shape : results[0].shape;
  shape.insert(shape.end(), point.shape.begin(), point.shape.end());
  return tensor(scalar ? point.dtype : results[0].dtype, shape);
}
Inferred infer_if_else(const Context& c) {
  if (c.node.attr.lambdas.size() != 2 || c.count() < 1)
    return fail("two lambdas and a condition are needed");
  if (!(c.operand(0) == Type::scalar(DType::boolean)))
    return fail("the condition must be a boolean scalar");
  LambdaId yes = c.node.attr.lambdas[0], no = c.node.attr.lambdas[1];
  if (!takes(c, yes, 1) || !takes(c, no, 1)) return fail("operands do not fit the lambdas");
  if (result_types(c, yes) != result_types(c, no)) return fail("the sides differ in type");
  Type type = Type::tuple(result_types(c, yes));
  if (!is_flat_tuple(type)) return fail("a side gives a tuple");
  return good(type);
}

} // namespace

Inferred infer_type(const Graph& graph, const Node& node) {
  const OpInfo& info = op_info(node.op);
  Context context{graph, node};
  if (info.arity != kVariadic && context.count() != static_cast<size_t>(info.arity))
    return fail("wrong number of operands");
  if (!attr_fits(node)) return fail("an attribute field that the operator does not read");
  if (node.op != Op::get)
    for (size_t k = 0; k < context.count(); ++k)
      if (context.operand(k).is_tuple) return fail("a tuple can only be taken apart by get");
  switch (node.op) {
#define TW_OP(name, arity, shape_rule, ...)                                                        \
  case Op::name: return infer_##shape_rule(context);
#include "ir/ops.def"
  }
  TW_CHECK(false, "unknown operator");
}

} // namespace thalweg
