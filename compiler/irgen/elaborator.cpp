// The core of elaboration: dispatch, names, conversions, messages about types.
#include "irgen/elaborator.h"

#include "support/overloaded.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// Far above what memory holds, far below what overflows when counted in bytes.
constexpr int64_t kMaxElements = 1'000'000'000'000;

// ── messages ─────────────────────────────────────────────────────────────────────────────────────

Diagnostic& Elaborator::error(DiagKind kind, Span span, std::string text) {
  return u_.diags.report(kind, span, std::move(text));
}
Value Elaborator::poison(DiagKind kind, Span span, std::string text) {
  error(kind, span, std::move(text));
  return {};
}
Value Elaborator::not_lowered(Span span, std::string what) {
  return poison(DiagKind::not_lowered, span, fmt::format("{} is not compiled yet", what));
}

std::string Elaborator::kind_text(DType dtype) {
  return dtype == DType::boolean ? "a truth value"
         : dtype == DType::i64   ? "an integer"
                                 : "a number";
}

std::string Elaborator::type_text(ValueId id) const {
  const Type& type = u_.graph.type(id);
  if (type.is_scalar()) return kind_text(type.dtype);
  std::string shape = shape_str(type.shape);
  if (is_real(type.dtype)) return shape;
  return (type.dtype == DType::boolean ? "truth values " : "integers ") + shape;
}

std::string Elaborator::source_text(const Expr& e) const {
  std::string_view text = u_.sources.text(e.span);
  return text.size() <= 24 && text.find('\n') == text.npos ? std::string(text) : "this";
}

void Elaborator::explain_dims(Diagnostic& d, const Shape& a, const Shape& b) const {
  std::vector<std::string> names;
  for (const Shape* shape : {&a, &b})
    for (const Dim& dim : *shape)
      dim.collect_symbols(names);
  for (const std::string& name : names)
    for (const sema::Symbol& symbol : u_.program.symbols)
      if ((symbol.kind == sema::SymbolKind::dimension ||
           symbol.kind == sema::SymbolKind::hyperparameter) &&
          symbol.name == std::string_view(name) && symbol.span.valid() &&
          d.span().file == symbol.span.file) {
        LineCol at = u_.sources.line_col(symbol.span);
        std::string_view line = u_.sources.line_text(FileId(symbol.span.file), at.line);
        size_t first = line.find_first_not_of(" \t"), comment = line.find('#');
        std::string_view text =
            first == line.npos
                ? line
                : line.substr(first, comment == line.npos ? comment : comment - first);
        while (!text.empty() && text.back() == ' ')
          text.remove_suffix(1);
        d.note(fmt::format("dimension {} comes from '{}' (line {})", name, text, at.line));
        break;
      }
}

// ── dispatch ─────────────────────────────────────────────────────────────────────────────────────

Value Elaborator::expr(const Expr& e) {
  Span outer = b_.origin();
  b_.set_origin(e.span);
  Value v = std::visit(
      overloaded{
          [&](const NumberLit& n) { return number(n); },
          [&](const StringLit& n) {
            Value t;
            t.kind = Value::Kind::text;
            t.text = n.value;
            return t;
          },
          [&](const BoolLit& n) { return Value::tensor(b_.constant(n.value, DType::boolean)); },
          [&](const NameRef& n) { return name(e, n.name); },
          [&](const PrimeRef&) {
            auto it = primes.find(u_.program.symbol_of(e).value);
            return it == primes.end() ? Value{} : it->second;
          },
          [&](const Unary& n) {
            if (n.op == UnaryOp::logical_not) {
              Value v = condition(*n.operand);
              return v.is_tensor() ? Value::tensor(b_.make(Op::logical_not, {v.id}), v.across) : v;
            }
            return unary(Op::neg, tensor(*n.operand), *n.operand);
          },
          [&](const Sum& n) { return sum(e, n); },
          [&](const Product& n) { return product(e, n); },
          [&](const Power& n) { return power(e, n); },
          [&](const Compare& n) { return compare(e, n); },
          [&](const Logical& n) { return logical(n); },
          [&](const IfExpr& n) { return conditional(e, n); },
          [&](const Call& n) { return call(e, n); },
          [&](const Index& n) { return index(e, n); },
          [&](const Field& n) { return field(e, n); },
          [&](const Transpose& n) { return transpose(tensor(*n.base), e); },
          [&](const ast::Derivative& n) {
            Value target = expr(*n.target);
            if (target.is_poison()) return target;
            if (target.kind == Value::Kind::function) {
              target.derivative += n.order;
              return target;
            }
            if (target.kind != Value::Kind::objective)
              return poison(
                  DiagKind::wrong_kind, e.span,
                  fmt::format("'{}' is no function to differentiate", source_text(*n.target)));
            target.objective.order += n.order;
            return target;
          },
          [&](const Pipe&) {
            return poison(DiagKind::wrong_kind, e.span,
                          "'|>' chains transforms and an optimizer; it stands in 'using'");
          },
          [&](const AllOf& n) {
            Value v = tensor(*n.operand);
            if (v.is_tensor() && !hooks)
              return poison(DiagKind::wrong_kind, e.span,
                            "'all' ranges over the parameters of a rule; there is none here");
            // A rule on the vector has one row, and in a loop a fold over rows can't be made.
            v.across = v.is_tensor() && (hooks->subject() || !in_loop());
            return v;
          },
          [&](const Like& n) {
            Value v = tensor(*n.operand);
            if (!v.is_tensor()) return v;
            Value s;
            s.kind = Value::Kind::shape;
            s.dims = b_.shape(v.id);
            return s;
          },
          [&](const ArrayLit& n) { return array(e, n); },
          [&](const Range& n) {
            Value r;
            r.kind = Value::Kind::range;
            if (n.low) r.low = scalar(*n.low).id;
            if (n.high) r.high = scalar(*n.high).id;
            return r;
          },
          [&](const Indexed& n) { return indexed(e, n); },
      },
      e.node);
  b_.set_origin(outer);
  return v;
}

Value Elaborator::tensor(const Expr& e) { return tensor(expr(e), e); }

Value Elaborator::tensor_or_ring(const Expr& e) {
  Value v = expr(e);
  return v.kind == Value::Kind::ring ? v : tensor(std::move(v), e);
}

Value Elaborator::tensor(Value v, const Expr& e) {
  if (v.kind == Value::Kind::schedule) return schedule_at(v.schedule, step);
  if (v.is_tensor() || v.is_poison()) return v;
  const char* what = "this";
  switch (v.kind) {
  case Value::Kind::function:
  case Value::Kind::builtin: what = "a function"; break;
  case Value::Kind::objective: what = "an objective"; break;
  case Value::Kind::item: what = "the name of a declaration"; break;
  case Value::Kind::text: what = "a text"; break;
  case Value::Kind::range: what = "a range"; break;
  case Value::Kind::rule: what = "an optimizer"; break;
  case Value::Kind::ring: what = "a ring of values"; break;
  case Value::Kind::parts: what = "several results, to be taken by number or name"; break;
  case Value::Kind::rule_step: what = "a step, to be called with a point"; break;
  default: break;
  }
  return poison(DiagKind::wrong_kind, e.span,
                fmt::format("'{}' is {}, where a value is needed", source_text(e), what));
}

Value Elaborator::scalar(const Expr& e) {
  Value v = tensor(e);
  if (!v.is_tensor()) return v;
  if (!b_.type(v.id).is_scalar() || b_.type(v.id).dtype == DType::boolean)
    return poison(DiagKind::wrong_kind, e.span,
                  fmt::format("'{}' is {}, where a single number is needed", source_text(e),
                              type_text(v.id)));
  return v;
}

Value Elaborator::number(const NumberLit& n) {
  if (n.is_integer)
    return Value::tensor(
        u_.graph.add(Op::constant, Type::scalar(DType::i64), {}, {{n.integer}, {}, {}, {}}));
  return Value::tensor(b_.constant(n.value));
}

Value Elaborator::name(const Expr& e, Name) {
  sema::SymbolId id = u_.program.symbol_of(e);
  // An argument of a called function comes before what a record line knows by the same name.
  if (free_name && !env_.contains(id.value))
    if (std::optional<Value> v = free_name(e)) return *v;
  return id.valid() ? from_symbol(id, e) : Value{};
}

Value Elaborator::from_symbol(sema::SymbolId id, const Expr& e) {
  if (auto it = env_.find(id.value); it != env_.end()) {
    // A schedule as hyperparameter: its bare name is its value at t.
    if (it->second.kind == Value::Kind::schedule && step.valid())
      return schedule_at(it->second.schedule, step);
    asked += it->second.decides && it->second.is_tensor();
    return it->second;
  }
  const sema::Symbol& symbol = u_.program.symbol(id);
  Value v;
  switch (symbol.kind) {
  case sema::SymbolKind::constant: return Value::tensor(b_.constant(symbol.constant));
  case sema::SymbolKind::builtin:
    v.kind = Value::Kind::builtin;
    v.builtin = symbol.builtin;
    return v;
  case sema::SymbolKind::local_function:
    v.kind = Value::Kind::function;
    v.function = symbol.function;
    return v;
  case sema::SymbolKind::item:
    if (u_.program.broken.contains(symbol.item)) return {};
    if (const auto* f = symbol.item->as<FunctionDecl>()) {
      v.kind = Value::Kind::function;
      v.function = f;
    } else {
      v.kind = Value::Kind::item;
      v.item = symbol.item;
    }
    return v;
  case sema::SymbolKind::step:
    if (step.valid()) return Value::tensor(step);
    break;
  case sema::SymbolKind::loss:
    if (loss.valid()) return Value::tensor(loss);
    break;
  case sema::SymbolKind::epoch:
    if (epoch.valid()) return Value::tensor(epoch);
    break;
  case sema::SymbolKind::batch:
    if (batch.valid()) return Value::tensor(batch);
    break;
  case sema::SymbolKind::index:
    return poison(
        DiagKind::bad_index, e.span,
        fmt::format("index '{}' has no value here: ranges of one reduction can't depend on "
                    "each other",
                    symbol.name.view()));
  default: break;
  }
  return {}; // its declaration failed, and said so
}

// ── conversions ──────────────────────────────────────────────────────────────────────────────────

ValueId Elaborator::real(ValueId id) {
  const Type& type = b_.type(id);
  if (is_real(type.dtype)) return id;
  return b_.cast(id, type.is_scalar() ? DType::f64 : u_.precision);
}

ValueId Elaborator::to_precision(ValueId id) {
  const Node& node = u_.graph.node(id);
  if (node.op == Op::constant) return b_.constant(constant_value(node), u_.precision);
  return b_.cast(id, u_.precision);
}

std::optional<int64_t> Elaborator::as_integer(ValueId id) const {
  if (!id.valid()) return std::nullopt;
  const Node& node = u_.graph.node(id);
  if (node.op == Op::constant && node.type.dtype == DType::i64) return node.attr.ints[0];
  if (std::optional<Dim> d = as_dim(id); d && d->is_constant()) return d->constant();
  return std::nullopt;
}

std::optional<Dim> Elaborator::as_dim(ValueId id) const {
  if (!id.valid() || !u_.graph.type(id).is_scalar() || u_.graph.type(id).dtype != DType::i64)
    return std::nullopt;
  // Bottom-up over what the value is made of: sizes, integers, + - *.
  std::vector<ValueId> order = reachable(u_.graph, std::span(&id, 1));
  std::unordered_map<uint32_t, std::optional<Dim>> known;
  for (ValueId v : order) {
    const Node& node = u_.graph.node(v);
    auto operand = [&](size_t k) { return known[node.operands[k].value]; };
    std::optional<Dim>& out = known[v.value];
    if (node.op == Op::constant)
      out = Dim(node.attr.ints[0]);
    else if (node.op == Op::dim)
      out = node.attr.dims[0];
    else if (node.op == Op::neg && operand(0))
      out = Dim(0) - *operand(0);
    else if (node.operands.size() == 2 && operand(0) && operand(1)) {
      if (node.op == Op::add) out = *operand(0) + *operand(1);
      if (node.op == Op::sub) out = *operand(0) - *operand(1);
      if (node.op == Op::mul) out = *operand(0) * *operand(1);
    }
  }
  return known[id.value];
}

std::optional<Shape> Elaborator::shape(const std::vector<const Expr*>& dims) {
  Shape shape;
  for (const Expr* e : dims) {
    Value v = tensor(*e);
    if (!v.is_tensor()) return std::nullopt;
    std::optional<Dim> dim = as_dim(v.id);
    if (!dim) {
      error(DiagKind::bad_size, e->span, fmt::format("'{}' is no size", source_text(*e)))
          .note("a size is an integer, a dimension's name, or a sum or product of these");
      return std::nullopt;
    }
    if (dim->is_overflow()) {
      error(DiagKind::bad_size, e->span, fmt::format("'{}' is out of range", source_text(*e)));
      return std::nullopt;
    }
    if (dim->is_constant() && dim->constant() < 0) {
      error(DiagKind::bad_size, e->span,
            fmt::format("a size can't be negative: {}", dim->constant()));
      return std::nullopt;
    }
    shape.push_back(*dim);
  }
  int64_t elements = 1;
  for (size_t k = 0; k < shape.size(); ++k) {
    if (!shape[k].is_constant()) continue;
    int64_t size = shape[k].constant();
    if (size > 0 && elements > kMaxElements / size) {
      error(DiagKind::bad_size, join(dims[0]->span, dims[k]->span),
            "a shape of more than 10^12 elements is too large");
      return std::nullopt;
    }
    elements *= std::max<int64_t>(size, 1);
  }
  if (shape.size() > 8) {
    error(DiagKind::bad_size, dims[0]->span, "at most 8 axes");
    return std::nullopt;
  }
  return shape;
}

} // namespace thalweg::irgen
