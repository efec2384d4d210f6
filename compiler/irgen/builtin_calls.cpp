// Calls of builtins: reductions, filled tensors, draws, sizes; and of everything else by name.
#include "irgen/elaborator.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;
using sema::BuiltinFamily;

const Expr* Elaborator::named(const Call& n, std::string_view name) const {
  for (const Arg& arg : n.args)
    if (arg.style == ArgStyle::named && arg.name.name == name) return arg.value;
  return nullptr;
}

static const Expr* positional(const Call& n, size_t k) {
  for (const Arg& arg : n.args)
    if (arg.style == ArgStyle::positional && k-- == 0) return arg.value;
  return nullptr;
}
static size_t positional_count(const Call& n) {
  return static_cast<size_t>(std::count_if(
      n.args.begin(), n.args.end(), [](const Arg& a) { return a.style == ArgStyle::positional; }));
}

std::optional<int64_t> Elaborator::axis(const Call& n, size_t rank, bool& present) {
  const Expr* e = named(n, "axis");
  present = e != nullptr;
  if (!e) return std::nullopt;
  shape_sensitive = true;
  Value v = tensor(*e);
  if (!v.is_tensor()) return std::nullopt;
  std::optional<int64_t> axis = as_integer(v.id);
  if (!axis) {
    error(DiagKind::bad_axis, e->span, "an axis is a whole number known before the run");
    return std::nullopt;
  }
  int64_t k = *axis < 0 ? *axis + static_cast<int64_t>(rank) : *axis;
  if (k < 0 || k >= static_cast<int64_t>(rank)) {
    error(DiagKind::bad_axis, e->span,
          fmt::format("there is no axis {}: the value has {} ax{}", *axis, rank,
                      rank == 1 ? "is" : "es"));
    return std::nullopt;
  }
  return k;
}

Value Elaborator::call(const Expr& e, const Call& n) {
  // A schedule's bare name is its value at t; called, it is the schedule.
  const Value* named_value =
      n.callee->as<NameRef>() ? bound(u_.program.symbol_of(*n.callee)) : nullptr;
  Value callee =
      named_value && named_value->kind == Value::Kind::schedule ? *named_value : expr(*n.callee);
  switch (callee.kind) {
  case Value::Kind::poison: {
    // Arguments may hold errors of their own.
    if (!u_.program.broken.empty())
      for (const Arg& arg : n.args)
        expr(*arg.value);
    return {};
  }
  case Value::Kind::builtin: return call_builtin(e, n, *callee.builtin);
  case Value::Kind::function: {
    if (callee.derivative > 0) return derivative_at(callee, n, e);
    std::optional<std::vector<Value>> arguments = bind_arguments(callee.function->params, n, e);
    return arguments ? call_function(*callee.function, *arguments, e) : Value{};
  }
  case Value::Kind::objective: {
    std::vector<Value> arguments;
    for (const Arg& arg : n.args)
      arguments.push_back(tensor(*arg.value));
    for (const Value& v : arguments)
      if (!v.is_tensor()) return {};
    if (!hooks) return poison(DiagKind::wrong_kind, e.span, "there is no objective here");
    if (arguments.size() != 1)
      return poison(DiagKind::argument_count, e.span, "an objective takes one point");
    return hooks->oracle(callee.objective, arguments, e);
  }
  case Value::Kind::rule_step:
    return callee.to_the_end ? hooks->inner_minimize(callee.level, n, e)
                             : hooks->inner_step(callee.level, n, e, callee.change);
  case Value::Kind::rule:
    error(DiagKind::not_callable, n.callee->span,
          fmt::format("'{}' is an optimizer, not a function", source_text(*n.callee)))
        .help(fmt::format("{}.step(x, g) is its next point", source_text(*n.callee)));
    return {};
  case Value::Kind::schedule: {
    const Expr* at = positional(n, 0);
    if (!at || n.args.size() != 1)
      return poison(DiagKind::argument_count, e.span, "a schedule takes one argument, the step");
    Value t = scalar(*at);
    return t.is_tensor() ? schedule_at(callee.schedule, real(t.id)) : t;
  }
  case Value::Kind::item:
    if (const auto* schedule = callee.item->as<ScheduleDecl>()) {
      std::optional<std::vector<Value>> arguments = bind_arguments(schedule->params, n, e);
      if (!arguments) return {};
      Value v;
      v.kind = Value::Kind::schedule;
      v.schedule.decl = schedule;
      v.schedule.arguments = std::make_shared<std::vector<Value>>(std::move(*arguments));
      return v;
    }
    return not_lowered(e.span, fmt::format("a call of '{}' inside a formula",
                                           ast::name_of(*callee.item).name.view()));
  default:
    return poison(DiagKind::not_callable, n.callee->span,
                  fmt::format("'{}' is a value, not a function", source_text(*n.callee)));
  }
}

// A reduction of one kind over chosen axes; counts are whole numbers, means of truth values
// fractions.
Value Elaborator::fold(const Expr& e, const Call& n, std::string_view name) {
  const Expr& argument = *positional(n, 0);
  if (positional_count(n) == 2) {
    const Expr& second = *positional(n, 1);
    return binary(name == "min" ? Op::min : Op::max, tensor(argument), tensor(second), argument,
                  second, e.span, name);
  }
  Value v = tensor(argument);
  if (!v.is_tensor()) return v;
  bool boolean = b_.type(v.id).dtype == DType::boolean;
  if (name == "count" || name == "any") {
    if (!boolean)
      return poison(DiagKind::wrong_kind, argument.span,
                    fmt::format("'{}' takes truth values, '{}' is {}", name, source_text(argument),
                                type_text(v.id)));
    v.id = b_.cast(v.id, DType::f64);
  } else if (boolean) {
    if (name != "mean")
      return poison(DiagKind::wrong_kind, argument.span,
                    fmt::format("'{}' needs numbers, '{}' is {}", name, source_text(argument),
                                type_text(v.id)));
    v.id = b_.cast(v.id, DType::f64);
  } else {
    v.id = real(v.id);
  }
  if (v.across) return fold_across(name, v, e);
  const Shape shape = b_.shape(v.id);
  bool has_axis = false;
  std::optional<int64_t> k = axis(n, shape.size(), has_axis);
  if (has_axis && !k) return {};
  std::vector<int64_t> axes;
  for (size_t i = 0; i < shape.size(); ++i)
    if (!k || *k == static_cast<int64_t>(i)) axes.push_back(static_cast<int64_t>(i));
  Op op = name == "prod"                   ? Op::reduce_prod
          : name == "min"                  ? Op::reduce_min
          : name == "max" || name == "any" ? Op::reduce_max
                                           : Op::reduce_sum;
  ValueId r = b_.reduce(op, v.id, axes);
  if (name == "mean") {
    Dim count(1);
    for (int64_t a : axes)
      count = count * shape[static_cast<size_t>(a)];
    // The count is a number of the program: f64, rounded once where it meets the sum.
    ValueId size = b_.cast(b_.cast(b_.dim(count), DType::f64), b_.type(r).dtype);
    r = b_.div(r, b_.broadcast_scalar(size, b_.shape(r)));
  }
  if (name == "any") {
    ValueId zero = b_.full(0, b_.type(r));
    r = b_.make(Op::lt, {zero, r});
  }
  if (const Expr* keep = named(n, "keep")) {
    Value flag = condition(*keep);
    std::optional<double> on = flag.is_tensor() ? scalar_constant(u_.graph, flag.id) : std::nullopt;
    if (!on) return poison(DiagKind::wrong_kind, keep->span, "'keep' is true or false");
    if (*on != 0) {
      Shape kept = shape;
      for (int64_t a : axes)
        kept[static_cast<size_t>(a)] = Dim(1);
      r = b_.reshape(r, kept);
    }
  }
  return Value::tensor(r);
}

// Over every tensor of the rule: first inside each, then across.
Value Elaborator::fold_across(std::string_view name, Value v, const Expr& e) {
  ValueId id = v.id;
  if (name == "min" || name == "max") {
    id = b_.reduce_all(name == "min" ? Op::reduce_min : Op::reduce_max, id);
    return Value::tensor(across(name == "min" ? Op::across_min : Op::across_max, id, e));
  }
  if (name != "sum" && name != "mean" && name != "count")
    return not_lowered(e.span, fmt::format("'{}' over all parameters", name));
  ValueId total = across(Op::across_sum, b_.reduce_all(Op::reduce_sum, id), e);
  if (name != "mean") return Value::tensor(total);
  ValueId count = b_.cast(b_.dim(element_count(b_.shape(id))), DType::f64);
  ValueId counts = across(Op::across_sum, count, e);
  return Value::tensor(b_.div(total, b_.cast(counts, b_.type(total).dtype)));
}

ValueId Elaborator::across(Op op, ValueId part, const Expr& e) {
  std::string place;
  for (Span site : sites_)
    place += fmt::format("{}:{} ", site.file, site.begin);
  return hooks->fold(op, part,
                     place + fmt::format("{}:{}-{}", e.span.file, e.span.begin, e.span.end));
}

Value Elaborator::arg_fold(const Expr& e, const Call& n, Op op) {
  Value v = tensor(*positional(n, 0));
  if (!v.is_tensor()) return v;
  shape_sensitive = true;
  v.id = real(v.id);
  bool has_axis = false;
  std::optional<int64_t> k = axis(n, b_.type(v.id).rank(), has_axis);
  if (has_axis && !k) return {};
  if (b_.type(v.id).is_scalar())
    return poison(DiagKind::bad_axis, e.span, "a single number has no position of its extreme");
  if (!has_axis) {
    v.id = b_.reshape(v.id, {element_count(b_.shape(v.id))});
    k = 0;
  }
  return Value::tensor(b_.make(op, {v.id}, {{*k}, {}, {}, {}}));
}

Value Elaborator::filled(const Expr& e, const Call& n, double value) {
  shape_sensitive = true;
  Shape dims;
  for (const Arg& arg : n.args) {
    if (arg.value->as<Like>()) {
      Value like = expr(*arg.value);
      if (like.kind != Value::Kind::shape) return {};
      dims = like.dims;
      continue;
    }
    std::optional<Shape> one = shape({arg.value});
    if (!one) return {};
    dims.push_back((*one)[0]);
  }
  (void)e;
  return Value::tensor(b_.full(value, Type::tensor(u_.precision, dims)));
}

Value Elaborator::extent(const Expr& e, const Call& n, std::string_view name) {
  Value v = tensor(*positional(n, 0));
  if (!v.is_tensor()) return v;
  const Shape& shape = b_.shape(v.id);
  if (name == "size" && !named(n, "axis")) {
    ValueId count = b_.dim(element_count(shape));
    if (!v.across) return Value::tensor(count);
    return Value::tensor(across(Op::across_sum, b_.cast(count, DType::f64), e));
  }
  shape_sensitive = true;
  if (name == "rank") {
    ++asked;
    return Value::tensor(b_.integer(static_cast<int64_t>(shape.size())));
  }
  if (name == "size") {
    bool present = false;
    std::optional<int64_t> k = axis(n, shape.size(), present);
    return k ? Value::tensor(b_.dim(shape[static_cast<size_t>(*k)])) : Value{};
  }
  if (shape.size() != 2)
    return poison(DiagKind::shape_mismatch, e.span,
                  fmt::format("'{}' needs a matrix, this is {}", name, type_text(v.id)));
  return Value::tensor(b_.dim(shape[name == "rows" ? 0 : 1]));
}

Value Elaborator::matrix_part(const Expr& e, const Call& n, const sema::Builtin& builtin) {
  shape_sensitive = true;
  auto identity = [&](const Dim& size) {
    Shape shape{size, size};
    ValueId same = b_.make(Op::eq, {b_.iota(shape, 0), b_.iota(shape, 1)});
    return b_.cast(same, u_.precision);
  };
  if (builtin.family == BuiltinFamily::eye) {
    std::optional<Shape> size = shape({positional(n, 0)});
    return size ? Value::tensor(identity((*size)[0])) : Value{};
  }
  Value v = tensor(*positional(n, 0));
  if (!v.is_tensor()) return v;
  v.id = to_precision(real(v.id));
  Shape s = b_.shape(v.id);
  if (builtin.family == BuiltinFamily::diag && s.size() == 1) {
    Shape square{s[0], s[0]};
    ValueId same = b_.make(Op::eq, {b_.iota(square, 0), b_.iota(square, 1)});
    return Value::tensor(b_.select(same, b_.broadcast(v.id, square, {1}),
                                   b_.full(0, Type::tensor(u_.precision, square))));
  }
  if (s.size() != 2 || s[0] != s[1])
    return poison(
        DiagKind::shape_mismatch, e.span,
        fmt::format("'{}' needs a square matrix, this is {}", builtin.name, type_text(v.id)));
  ValueId at = b_.iota({s[0]}, 0);
  ValueId diagonal = b_.gather(v.id, {at, at});
  if (builtin.family == BuiltinFamily::diag) return Value::tensor(diagonal);
  return Value::tensor(b_.reduce_all(Op::reduce_sum, diagonal));
}

Value Elaborator::call_builtin(const Expr& e, const Call& n, const sema::Builtin& builtin) {
  // sema said so already if the arguments do not fit
  if (static_cast<int>(positional_count(n)) < builtin.least ||
      static_cast<int>(positional_count(n)) > builtin.most)
    return {};
  switch (builtin.family) {
  case BuiltinFamily::unary:
    return unary(*op_by_name(builtin.name), tensor(*positional(n, 0)), *positional(n, 0));
  case BuiltinFamily::binary:
    return binary(*op_by_name(builtin.name), tensor(*positional(n, 0)), tensor(*positional(n, 1)),
                  *positional(n, 0), *positional(n, 1), e.span, builtin.name);
  case BuiltinFamily::fold: return fold(e, n, builtin.name);
  case BuiltinFamily::arg_fold: return arg_fold(e, n, *op_by_name(builtin.name));
  case BuiltinFamily::dot:
    return dot(tensor(*positional(n, 0)), tensor(*positional(n, 1)), *positional(n, 0),
               *positional(n, 1), e);
  case BuiltinFamily::transpose: return transpose(tensor(*positional(n, 0)), e);
  case BuiltinFamily::reshape: {
    shape_sensitive = true;
    Value v = tensor(*positional(n, 0));
    std::vector<const Expr*> dims;
    for (size_t k = 1; k < positional_count(n); ++k)
      dims.push_back(positional(n, k));
    std::optional<Shape> to = shape(dims);
    if (!v.is_tensor() || !to) return {};
    if (element_count(*to) != element_count(b_.shape(v.id)))
      return poison(DiagKind::shape_mismatch, e.span,
                    fmt::format("reshape keeps the number of elements: {} to {}", type_text(v.id),
                                shape_str(*to)));
    return Value::tensor(b_.reshape(v.id, *to));
  }
  case BuiltinFamily::concat: {
    shape_sensitive = true;
    std::vector<ValueId> parts;
    for (size_t k = 0; k < positional_count(n); ++k) {
      Value v = tensor(*positional(n, k));
      if (!v.is_tensor()) return {};
      parts.push_back(to_precision(real(v.id)));
    }
    bool present = false;
    std::optional<int64_t> k = axis(n, b_.type(parts[0]).rank(), present);
    if (present && !k) return {};
    Attr attr{{k.value_or(0)}, {}, {}, {}};
    if (std::string problem = b_.problem_of(Op::concat, parts, attr); !problem.empty())
      return poison(DiagKind::shape_mismatch, e.span,
                    fmt::format("the parts do not fit: {}", problem));
    return Value::tensor(b_.concat(parts, k.value_or(0)));
  }
  case BuiltinFamily::filled: return filled(e, n, builtin.name == "ones" ? 1 : 0);
  case BuiltinFamily::eye:
  case BuiltinFamily::diag:
  case BuiltinFamily::trace: return matrix_part(e, n, builtin);
  case BuiltinFamily::extent: return extent(e, n, builtin.name);
  case BuiltinFamily::about: return about(e, n, builtin.name);
  case BuiltinFamily::draw: return draw(e, n, builtin.name);
  case BuiltinFamily::linear_algebra: return linear_algebra(e, n, builtin.name);
  case BuiltinFamily::ring:
    if (builtin.name == "ring") return new_ring(*n.args[0].value, *n.args[1].value);
    if (builtin.name == "push") return push(expr(*n.args[0].value), tensor(*n.args[1].value), e);
    return not_lowered(e.span, "'reversed' outside of 'for'");
  case BuiltinFamily::oracle:
    if (builtin.name == "hvp") {
      Value f = expr(*n.args[0].value);
      std::vector<Value> arguments{tensor(*n.args[1].value), tensor(*n.args[2].value)};
      if (f.is_poison() || !arguments[0].is_tensor() || !arguments[1].is_tensor()) return {};
      if (f.kind == Value::Kind::function && f.derivative == 0)
        return derivative(DerivativeKind::product, f, arguments, e);
      if (f.kind != Value::Kind::objective || f.objective.order != 0 || !f.objective.part.empty())
        return not_lowered(e.span, "'hvp' of anything but f and functions");
      if (!hooks) return poison(DiagKind::wrong_kind, e.span, "there is no objective here");
      return hooks->product(arguments, e);
    }
    if (builtin.name == "jac") {
      Value f = expr(*n.args[0].value);
      Value point = tensor(*n.args[1].value);
      if (f.is_poison() || !point.is_tensor()) return {};
      if (f.kind == Value::Kind::function && f.derivative == 0)
        return derivative(DerivativeKind::jacobian, f, {point}, e);
      if (f.kind != Value::Kind::objective || f.objective.order != 0 ||
          f.objective.part != "residuals")
        return not_lowered(e.span, "'jac' of anything but f.residuals and functions");
      if (!hooks) return poison(DiagKind::wrong_kind, e.span, "there is no objective here");
      return hooks->squares(OracleKind::jacobian, point, e);
    }
    return not_lowered(e.span, fmt::format("'{}'", builtin.name));
  case BuiltinFamily::discretize: return not_lowered(e.span, fmt::format("'{}'", builtin.name));
  case BuiltinFamily::data_source:
  case BuiltinFamily::search:
    return poison(DiagKind::wrong_kind, e.span,
                  fmt::format("'{}' belongs in an experiment", builtin.name));
  }
  return {};
}

} // namespace thalweg::irgen
