// Operators between values: kinds, broadcasting, + - * / ^ mod, comparisons, logic, if.
#include "irgen/elaborator.h"

#include "ir/interp.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// ── broadcasting ─────────────────────────────────────────────────────────────────────────────────

// Shapes are aligned at their last axes; a missing leading axis or a literal 1 stretches.
static std::optional<Shape> common_shape(const Shape& a, const Shape& b,
                                         std::pair<Dim, Dim>& clash) {
  Shape out(std::max(a.size(), b.size()));
  for (size_t k = 0; k < out.size(); ++k) {
    const Dim* x = k < a.size() ? &a[a.size() - 1 - k] : nullptr;
    const Dim* y = k < b.size() ? &b[b.size() - 1 - k] : nullptr;
    Dim& d = out[out.size() - 1 - k];
    if (!x || !y)
      d = x ? *x : *y;
    else if (*x == *y || y->is_constant(1))
      d = *x;
    else if (x->is_constant(1))
      d = *y;
    else {
      clash = {*x, *y};
      return std::nullopt;
    }
  }
  return out;
}

static ValueId stretch(Builder& b, ValueId id, const Shape& to) {
  std::vector<int64_t> axes;
  size_t rank = b.type(id).rank();
  for (size_t k = 0; k < rank; ++k)
    axes.push_back(static_cast<int64_t>(to.size() - rank + k));
  return b.broadcast(id, to, axes);
}

Value Elaborator::broadcast_to(Value v, const Shape& shape, const Expr& at, std::string_view what) {
  if (!v.is_tensor()) return v;
  std::pair<Dim, Dim> clash;
  std::optional<Shape> common = common_shape(b_.shape(v.id), shape, clash);
  if (!common || *common != shape) {
    Diagnostic& d = error(DiagKind::shape_mismatch, at.span,
                          fmt::format("{} has shape {}, '{}' is {}", what, shape_str(shape),
                                      source_text(at), type_text(v.id)));
    explain_dims(d, shape, b_.shape(v.id));
    return {};
  }
  v.id = stretch(b_, v.id, shape);
  return v;
}

bool Elaborator::unify(Value& a, Value& b, const Expr& ea, const Expr& eb, Span caret,
                       std::string_view op) {
  if (!a.is_tensor() || !b.is_tensor()) return false;
  Span whole = join(ea.span, eb.span);
  if (!indices_.empty() && b_.type(a.id).rank() > 0 && b_.type(b.id).rank() > 0 &&
      carries_index(a.id) != carries_index(b.id)) {
    const Expr& guilty = carries_index(a.id) ? eb : ea;
    error(DiagKind::shape_mismatch, whole,
          fmt::format("under an index every factor is one number: '{}' is {}", source_text(guilty),
                      type_text(carries_index(a.id) ? b.id : a.id)))
        .caret(caret)
        .help("subscript what has axes: x[i]");
    return false;
  }
  DType ta = b_.type(a.id).dtype, tb = b_.type(b.id).dtype;
  if ((ta == DType::boolean) != (tb == DType::boolean)) {
    const Expr& guilty = ta == DType::boolean ? ea : eb;
    error(DiagKind::wrong_kind, whole,
          fmt::format("'{}' between a truth value and a number: '{}' is {}", op,
                      source_text(guilty), type_text(ta == DType::boolean ? a.id : b.id)))
        .caret(caret)
        .help("choose numbers with 'if … then 1 else 0'; 'count' and 'mean' take truth values as "
              "they are");
    return false;
  }
  // Kinds first: a constant or an f64 scalar takes the other's type, integers become real.
  if (ta != tb) {
    bool f32 = ta == DType::f32 || tb == DType::f32;
    bool plain_f64 = !f32 && (ta == DType::f64 || tb == DType::f64);
    bool scalars = b_.type(a.id).is_scalar() && b_.type(b.id).is_scalar();
    DType target = f32 ? DType::f32 : plain_f64 && !scalars ? u_.precision : DType::f64;
    for (Value* v : {&a, &b}) {
      const Node& node = u_.graph.node(v->id);
      v->id = node.op == Op::constant ? b_.constant(constant_value(node), target)
                                      : b_.cast(v->id, target);
    }
  } else if (ta == DType::f64 && u_.precision == DType::f32 &&
             (b_.type(a.id).rank() > 0 || b_.type(b.id).rank() > 0)) {
    a.id = to_precision(a.id);
    b.id = to_precision(b.id);
  }
  std::pair<Dim, Dim> clash;
  std::optional<Shape> shape = common_shape(b_.shape(a.id), b_.shape(b.id), clash);
  if (!shape) {
    Diagnostic& d =
        error(DiagKind::shape_mismatch, whole,
              fmt::format("shapes do not agree in '{}': {} is {}, {} is {}", op, source_text(ea),
                          type_text(a.id), source_text(eb), type_text(b.id)));
    d.caret(caret);
    explain_dims(d, {clash.first}, {clash.second});
    d.note("only a missing leading axis or a literal 1 stretches; 'v[:, new]' adds an axis");
    return false;
  }
  a.id = stretch(b_, a.id, *shape);
  b.id = stretch(b_, b.id, *shape);
  a.across = b.across = a.across || b.across;
  return true;
}

// ── arithmetic ───────────────────────────────────────────────────────────────────────────────────

Value Elaborator::unary(Op op, Value v, const Expr& e) {
  if (!v.is_tensor()) return v;
  DType type = b_.type(v.id).dtype;
  if (type == DType::boolean)
    return poison(DiagKind::wrong_kind, e.span,
                  fmt::format("'{}' needs a number, '{}' is {}", op_info(op).name, source_text(e),
                              type_text(v.id)));
  bool keeps_integers = op == Op::neg || op == Op::abs || op == Op::sign;
  if (type == DType::i64 && keeps_integers) {
    if (std::optional<int64_t> c = as_integer(v.id);
        c && op == Op::neg && u_.graph.node(v.id).op == Op::constant)
      return Value::tensor(
          u_.graph.add(Op::constant, Type::scalar(DType::i64), {}, {{-*c}, {}, {}, {}}));
  } else {
    v.id = real(v.id);
  }
  v.id = b_.make(op, {v.id});
  return v;
}

Value Elaborator::binary(Op op, Value a, Value b, const Expr& ea, const Expr& eb, Span caret,
                         std::string_view name) {
  if (!unify(a, b, ea, eb, caret, name)) return {};
  DType type = b_.type(a.id).dtype;
  bool compares = op == Op::eq || op == Op::ne;
  if (type == DType::boolean && !compares) {
    error(DiagKind::wrong_kind, join(ea.span, eb.span),
          fmt::format("'{}' needs numbers, {} is {}", name, source_text(ea), type_text(a.id)))
        .caret(caret);
    return {};
  }
  // Whole numbers of the program are computed here, where leaving 64 bits can be told.
  if (type == DType::i64 && (op == Op::add || op == Op::sub || op == Op::mul) &&
      u_.graph.node(a.id).op == Op::constant && u_.graph.node(b.id).op == Op::constant) {
    int64_t x = u_.graph.node(a.id).attr.ints[0], y = u_.graph.node(b.id).attr.ints[0], r = 0;
    bool left = op == Op::add   ? __builtin_add_overflow(x, y, &r)
                : op == Op::sub ? __builtin_sub_overflow(x, y, &r)
                                : __builtin_mul_overflow(x, y, &r);
    if (left) {
      error(DiagKind::bad_number, join(ea.span, eb.span),
            fmt::format("the whole number {} {} {} is out of range", x, name, y))
          .caret(caret)
          .help("write one of the numbers with a point, 2.0, to compute with reals");
      return {};
    }
    a.id = u_.graph.add(Op::constant, Type::scalar(DType::i64), {}, {{r}, {}, {}, {}});
    return a;
  }
  bool real_only = op == Op::div || op == Op::pow || op == Op::atan2;
  if (real_only) {
    a.id = real(a.id);
    b.id = real(b.id);
  }
  a.id = b_.make(op, {a.id, b.id});
  return a;
}

Value Elaborator::sum(const Expr& e, const Sum& n) {
  Value total = tensor(*n.terms[0].value);
  bool bad = !total.is_tensor();
  const Expr* left = n.terms[0].value;
  Expr so_far = *left; // for messages: the part of the sum up to here
  for (size_t k = 1; k < n.terms.size(); ++k) {
    const SumTerm& term = n.terms[k];
    Value v = tensor(*term.value);
    if (bad || !v.is_tensor()) {
      bad = true;
      continue;
    }
    so_far.span = join(e.span, left->span);
    so_far.span.end = n.terms[k - 1].value->span.end;
    total = binary(term.negative ? Op::sub : Op::add, total, v, k == 1 ? *left : so_far,
                   *term.value, term.op_span, term.negative ? "-" : "+");
    bad = !total.is_tensor();
  }
  return bad ? Value{} : total;
}

Value Elaborator::product(const Expr& e, const Product& n) {
  Value total = tensor(*n.first);
  bool bad = !total.is_tensor();
  Expr so_far = *n.first;
  const Expr* previous = n.first;
  for (const ProductFactor& factor : n.rest) {
    Value v = tensor(*factor.value);
    if (!bad && v.is_tensor()) {
      so_far.span =
          previous == n.first ? n.first->span : Span{e.span.file, e.span.begin, previous->span.end};
      switch (factor.op) {
      case ProductOp::mul:
        total = binary(Op::mul, total, v, so_far, *factor.value, factor.op_span, "*");
        break;
      case ProductOp::div:
        total = binary(Op::div, total, v, so_far, *factor.value, factor.op_span, "/");
        break;
      case ProductOp::mod:
        total = binary(Op::mod, total, v, so_far, *factor.value, factor.op_span, "mod");
        break;
      case ProductOp::matmul:
        total = matmul(total, v, so_far, *factor.value, factor.op_span);
        break;
      }
    }
    bad = bad || !v.is_tensor() || !total.is_tensor();
    previous = factor.value;
  }
  return bad ? Value{} : total;
}

Value Elaborator::power(const Expr& e, const Power& n) {
  Value base = tensor(*n.base), exponent = tensor(*n.exponent);
  if (!base.is_tensor() || !exponent.is_tensor()) return {};
  // A whole exponent keeps integers whole: sizes may be squared.
  if (std::optional<int64_t> k = as_integer(exponent.id);
      k && *k == 2 && b_.type(base.id).dtype == DType::i64)
    return binary(Op::mul, base, base, *n.base, *n.base, e.span, "*");
  for (Value* v : {&base, &exponent})
    if (u_.graph.node(v->id).op == Op::constant && b_.type(v->id).dtype == DType::i64)
      v->id = b_.constant(constant_value(u_.graph.node(v->id)));
  return binary(Op::pow, base, exponent, *n.base, *n.exponent, n.op_span, "^");
}

// ── truth values ─────────────────────────────────────────────────────────────────────────────────

// role(x) == "head": a question about the parameter; two texts that are known are compared at once.
Value Elaborator::compare_texts(const Value& a, const Expr& eb, const CompareStep& link) {
  Value b = expr(eb);
  if (b.is_poison()) return b;
  bool equal = link.op == CompareOp::eq || link.op == CompareOp::ne;
  bool asks = a.of_role || a.of_name || b.of_role || b.of_name;
  bool both_ask = (a.of_role || a.of_name) && (b.of_role || b.of_name);
  asked += a.decides || b.decides;
  if (b.kind == Value::Kind::text && equal && !asks)
    return Value::tensor(
        b_.constant((a.text == b.text) == (link.op == CompareOp::eq), DType::boolean));
  if (b.kind != Value::Kind::text || !equal || both_ask)
    return poison(
        DiagKind::wrong_kind, link.op_span,
        "texts are compared with '==' or '!=', one of them the role or name of the parameter or "
        "both known: role(x) == \"head\"");
  Value holds = a.of_role || a.of_name ? ask(a, b.text) : ask(b, a.text);
  if (link.op == CompareOp::ne) holds.id = b_.make(Op::logical_not, {holds.id});
  return holds;
}

std::optional<bool> Elaborator::known_now(ValueId condition) const {
  for (ValueId id : reachable(u_.graph, std::span(&condition, 1)))
    if (const Op op = u_.graph.node(id).op; op == Op::arg || op == Op::dim || op == Op::random)
      return std::nullopt;
  if (!b_.type(condition).is_scalar()) return std::nullopt;
  Function f;
  f.name = "known";
  f.results.push_back({"value", condition, false, -1});
  Evaluated out = Interpreter(u_.graph).evaluate(f, {});
  return out.ok() ? std::optional(out.results[0].number(0) != 0) : std::nullopt;
}

Value Elaborator::condition(const Expr& e) {
  Value v = tensor(e);
  if (v.is_tensor() && b_.type(v.id).dtype != DType::boolean)
    return poison(
        DiagKind::wrong_kind, e.span,
        fmt::format("'{}' is {}, where a truth value is needed", source_text(e), type_text(v.id)));
  return v;
}

Value Elaborator::compare(const Expr& e, const Compare& n) {
  Value left = expr(*n.first);
  if (left.kind == Value::Kind::text && n.rest.size() == 1)
    return compare_texts(left, *n.rest[0].value, n.rest[0]);
  if (left.is_poison() && n.rest[0].value->as<StringLit>()) return {};
  if (left.kind == Value::Kind::schedule) left = schedule_at(left.schedule, step);
  const Expr* left_expr = n.first;
  Value all;
  bool bad = false;
  for (const CompareStep& link : n.rest) {
    if (link.op == CompareOp::in) return not_lowered(e.span, "membership in a set");
    Value right = tensor(*link.value);
    if (!left.is_tensor() && !left.is_poison()) left = tensor(*left_expr);
    Value a = left, b = right, holds;
    if (a.is_tensor() && b.is_tensor()) {
      switch (link.op) {
      case CompareOp::lt:
        holds = binary(Op::lt, a, b, *left_expr, *link.value, link.op_span, "<");
        break;
      case CompareOp::le:
        holds = binary(Op::le, a, b, *left_expr, *link.value, link.op_span, "<=");
        break;
      case CompareOp::gt:
        holds = binary(Op::lt, b, a, *link.value, *left_expr, link.op_span, ">");
        break;
      case CompareOp::ge:
        holds = binary(Op::le, b, a, *link.value, *left_expr, link.op_span, ">=");
        break;
      case CompareOp::eq:
        holds = binary(Op::eq, a, b, *left_expr, *link.value, link.op_span, "==");
        break;
      case CompareOp::ne:
        holds = binary(Op::ne, a, b, *left_expr, *link.value, link.op_span, "!=");
        break;
      case CompareOp::in: break;
      }
    }
    if (!holds.is_tensor())
      bad = true;
    else if (!all.is_tensor())
      all = holds;
    else if (unify(all, holds, e, e, link.op_span, "and"))
      all.id = b_.make(Op::logical_and, {all.id, holds.id});
    else
      bad = true;
    left = right;
    left_expr = link.value;
  }
  return bad ? Value{} : all;
}

Value Elaborator::logical(const Logical& n) {
  bool conjunction = n.op == LogicalOp::logical_and;
  Value total = condition(*n.operands[0]);
  bool bad = !total.is_tensor();
  for (size_t k = 1; k < n.operands.size(); ++k) {
    Value v = condition(*n.operands[k]);
    if (bad || !v.is_tensor() ||
        !unify(total, v, *n.operands[k - 1], *n.operands[k], n.operands[k]->span,
               conjunction ? "and" : "or")) {
      bad = true;
      continue;
    }
    total.id = b_.make(conjunction ? Op::logical_and : Op::logical_or, {total.id, v.id});
  }
  return bad ? Value{} : total;
}

// Both sides are looked at, whichever is taken, unless the parameter's rank, role or name decides,
// or a switch of a rule around an inner one: then what stands for another parameter or inner rule
// need not make sense for this one.
Value Elaborator::conditional(const Expr&, const IfExpr& n) {
  size_t depth = path.size();
  std::vector<std::pair<Value, const Expr*>> arms;
  const Expr* last = n.otherwise;
  for (const IfArm& arm : n.arms) {
    int64_t before = asked;
    Value c = condition(*arm.condition);
    std::optional<bool> known;
    if (c.is_tensor() && asked != before) known = known_now(c.id);
    if (known && !*known) continue;
    if (known) {
      last = arm.value;
      break;
    }
    arms.emplace_back(c, arm.value);
    if (c.is_tensor()) path.push_back(b_.make(Op::logical_not, {c.id}));
  }
  Value result = tensor_or_ring(*last);
  for (size_t k = arms.size(); k-- > 0;) {
    const Value& c = arms[k].first;
    if (c.is_tensor()) path.back() = c.id;
    Value v = tensor_or_ring(*arms[k].second);
    if (c.is_tensor()) path.pop_back();
    result = choose(c, v, result, *arms[k].second, *last);
    last = arms[k].second;
  }
  path.resize(depth);
  return result;
}

Value Elaborator::choose(Value c, Value a, Value b, const Expr& ea, const Expr& eb) {
  if (c.is_tensor() && !a.is_poison() && !b.is_poison() &&
      (a.kind == Value::Kind::ring || b.kind == Value::Kind::ring))
    return choose_ring(c, a, b, eb);
  if (!c.is_tensor() || !unify(a, b, ea, eb, eb.span, "if")) return {};
  // A condition known now picks its side; both were checked.
  if (std::optional<double> known = scalar_constant(u_.graph, c.id)) return *known != 0 ? a : b;
  std::pair<Dim, Dim> clash;
  std::optional<Shape> shape = common_shape(b_.shape(c.id), b_.shape(a.id), clash);
  if (!shape) {
    Diagnostic& d = error(
        DiagKind::shape_mismatch, join(ea.span, eb.span),
        fmt::format("the condition is {}, its sides are {}", type_text(c.id), type_text(a.id)));
    explain_dims(d, {clash.first}, {clash.second});
    return {};
  }
  a.id = b_.select(stretch(b_, c.id, *shape), stretch(b_, a.id, *shape), stretch(b_, b.id, *shape));
  a.across = a.across || c.across;
  return a;
}

} // namespace thalweg::irgen
