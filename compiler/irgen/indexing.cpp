// Parts, shapes and products of tensors: x[i, :], .T, fields, array literals, @ and dot.
#include "irgen/elaborator.h"

#include "diag/suggest.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thalweg::irgen {

using namespace ast;

Value Elaborator::index(const Expr& e, const Index& n) {
  Value base = expr(*n.base);
  if (base.kind == Value::Kind::ring) return from_ring(base, n, e);
  if (base.kind == Value::Kind::parts) return part(base, n, e);
  base = tensor(std::move(base), *n.base);
  if (!base.is_tensor()) return base;
  shape_sensitive = true;
  Shape shape = b_.shape(base.id);
  size_t places =
      static_cast<size_t>(std::count_if(n.items.begin(), n.items.end(), [](const IndexItem& i) {
        return i.style != IndexStyle::new_axis;
      }));
  if (places > shape.size())
    return poison(DiagKind::bad_index, e.span,
                  shape.empty()
                      ? fmt::format("'{}' is {} and has no elements to index", source_text(*n.base),
                                    type_text(base.id))
                      : fmt::format("'{}' has {} ax{}, {} indices are given", source_text(*n.base),
                                    shape.size(), shape.size() == 1 ? "is" : "es", places));

  // One part per axis of the base; `value` parts are integers of any (common) shape.
  struct Part {
    const IndexItem* item;
    Value value;
    Dim start, size;
    bool kept = true;
  };
  std::vector<Part> parts;
  std::vector<int64_t> new_axes; // positions in the result, filled in below
  size_t axis = 0;
  bool dynamic = false, bad = false;
  auto constant_in_range = [&](const Expr& at, const Dim& d, const Dim& size) {
    if (d.is_constant() && size.is_constant() &&
        (d.constant() >= size.constant() || d.constant() < 0)) {
      error(DiagKind::bad_index, at.span,
            fmt::format("index {} is outside an axis of size {}", source_text(at), size.constant()))
          .note("indices count from 0; negative ones from the end");
      return false;
    }
    return true;
  };
  // A bound as a size; a negative constant counts from the end.
  auto bound = [&](const Expr& at, const Dim& size) -> std::optional<Dim> {
    Value v = tensor(at);
    if (!v.is_tensor()) return std::nullopt;
    std::optional<Dim> d = as_dim(v.id);
    if (!d) {
      error(DiagKind::bad_index, at.span, "the ends of a slice are integers known from sizes");
      return std::nullopt;
    }
    if (d->is_constant() && d->constant() < 0) d = size + *d;
    if (d->is_constant() &&
        (d->constant() < 0 || (size.is_constant() && d->constant() > size.constant()))) {
      error(DiagKind::bad_index, at.span,
            fmt::format("'{}' is outside an axis of size {}", source_text(at), size.str()));
      return std::nullopt;
    }
    return d;
  };
  for (const IndexItem& item : n.items) {
    if (item.style == IndexStyle::new_axis) continue;
    const Dim& size = shape[axis];
    Part part{&item, {}, Dim(0), size, true};
    if (item.style == IndexStyle::value) {
      part.value = tensor(*item.value);
      part.kept = false;
      if (!part.value.is_tensor())
        bad = true;
      else if (b_.type(part.value.id).dtype != DType::i64) {
        error(DiagKind::bad_index, item.value->span,
              fmt::format("an index is an integer, '{}' is {}", source_text(*item.value),
                          type_text(part.value.id)));
        bad = true;
      } else if (std::optional<Dim> d = as_dim(part.value.id)) {
        if (d->is_constant() && d->constant() < 0) d = size + *d;
        if (!constant_in_range(*item.value, *d, size)) bad = true;
        part.start = *d;
        part.size = Dim(1);
        part.value = {};
      } else {
        dynamic = true;
      }
    } else if (item.style == IndexStyle::range) {
      std::optional<Dim> low = item.low ? bound(*item.low, size) : Dim(0);
      std::optional<Dim> high = item.high ? bound(*item.high, size) : size;
      if (!low || !high)
        bad = true;
      else {
        if (item.inclusive) *high = *high + Dim(1);
        part.start = *low;
        part.size = *high - *low;
        if (part.size.is_constant() && part.size.constant() < 0) part.size = Dim(0);
      }
    }
    parts.push_back(part);
    ++axis;
  }
  if (bad) return {};
  for (; axis < shape.size(); ++axis)
    parts.push_back({nullptr, {}, Dim(0), shape[axis], true});

  ValueId id = base.id;
  std::vector<Dim> start, size;
  for (const Part& part : parts) {
    start.push_back(part.start);
    size.push_back(part.size);
  }
  id = b_.slice(id, start, size);
  if (dynamic) {
    // Index tensors share one shape S (their index variables); kept axes follow after it.
    Shape common;
    for (const Part& part : parts)
      if (part.value.is_tensor() && b_.type(part.value.id).rank() > common.size())
        common = b_.shape(part.value.id);
    Shape full = common;
    for (const Part& part : parts)
      if (part.kept) full.push_back(part.size);
    std::vector<ValueId> indices;
    int64_t next_kept = static_cast<int64_t>(common.size());
    for (const Part& part : parts) {
      if (part.value.is_tensor()) {
        if (b_.shape(part.value.id) != common && !b_.type(part.value.id).is_scalar())
          return poison(DiagKind::shape_mismatch, e.span, "the indices have different shapes");
        std::vector<int64_t> axes;
        for (size_t k = 0; k < b_.type(part.value.id).rank(); ++k)
          axes.push_back(static_cast<int64_t>(k));
        indices.push_back(b_.broadcast(part.value.id, full, axes));
      } else if (part.kept) {
        indices.push_back(b_.iota(full, next_kept++));
      } else {
        indices.push_back(b_.broadcast(b_.constant(0, DType::i64), full, {}));
      }
    }
    id = b_.gather(id, indices);
    shape = full;
  } else {
    shape.clear();
    for (const Part& part : parts)
      if (part.kept) shape.push_back(part.size);
    id = b_.reshape(id, shape);
  }
  // `new` puts an axis of size 1 where it stands among the kept ones.
  size_t at = dynamic ? shape.size() -
                            static_cast<size_t>(std::count_if(parts.begin(), parts.end(),
                                                              [](const Part& p) { return p.kept; }))
                      : 0;
  size_t seen = 0;
  bool added = false;
  for (const IndexItem& item : n.items) {
    if (item.style == IndexStyle::new_axis) {
      shape.insert(shape.begin() + static_cast<int64_t>(at++), Dim(1));
      added = true;
    } else if (parts[seen++].kept) {
      ++at;
    }
  }
  if (added) id = b_.reshape(id, shape);
  return Value::tensor(id, base.across);
}

Value Elaborator::field(const Expr& e, const Field& n) {
  Value base = expr(*n.base);
  if (base.kind == Value::Kind::objective) {
    const std::vector<std::string> parts{"full", "smooth", "nonsmooth", "eq",
                                         "ineq", "set",    "residuals"};
    for (const std::string& part : parts)
      if (n.field.name == std::string_view(part)) {
        base.objective.part = part;
        return base;
      }
    Diagnostic& d = error(DiagKind::unknown_field, n.field.span,
                          fmt::format("an objective has no part '{}'", n.field.name.view()));
    if (auto near = suggest(n.field.name.view(), parts))
      d.help(fmt::format("did you mean '{}'?", *near));
    else
      d.note(fmt::format("it has: {}", fmt::join(parts, ", ")));
    return {};
  }
  if (base.kind == Value::Kind::ring) return ring_field(base, n.field);
  if (base.kind == Value::Kind::parts) return part_field(base, n.field);
  if (base.kind == Value::Kind::rule) {
    base.change = n.field.name == std::string_view("update");
    base.to_the_end = n.field.name == std::string_view("minimize");
    if (!base.change && !base.to_the_end && n.field.name != std::string_view("step"))
      return hooks->inner_field(base.level, n.field);
    base.kind = Value::Kind::rule_step;
    return base;
  }
  if (free_name)
    if (std::optional<Value> v = free_name(e)) return *v;
  if (base.is_poison()) return base;
  Diagnostic& d =
      error(DiagKind::unknown_field, n.field.span,
            fmt::format("'{}' has no field '{}'", source_text(*n.base), n.field.name.view()));
  if (const sema::Builtin* builtin = sema::find_builtin(n.field.name.view());
      builtin && builtin->least == 1)
    d.help(fmt::format("write {}({})", builtin->name, source_text(*n.base)));
  return {};
}

Value Elaborator::transpose(Value v, const Expr& e) {
  if (!v.is_tensor()) return v;
  shape_sensitive = true;
  size_t rank = b_.type(v.id).rank();
  if (rank < 2) return v;
  if (rank > 2)
    return poison(DiagKind::shape_mismatch, e.span,
                  fmt::format("'.T' swaps the axes of a matrix; this is {}", type_text(v.id)));
  v.id = b_.transpose(v.id, {1, 0});
  return v;
}

Value Elaborator::array(const Expr& e, const ArrayLit& n) {
  if (n.elements.empty())
    return poison(DiagKind::wrong_kind, e.span, "an array needs at least one element");
  std::vector<ValueId> parts;
  Shape inner;
  bool bad = false;
  for (const Expr* element : n.elements) {
    Value v = tensor(*element);
    if (!v.is_tensor()) {
      bad = true;
      continue;
    }
    v.id = to_precision(real(v.id));
    if (parts.empty())
      inner = b_.shape(v.id);
    else if (b_.shape(v.id) != inner) {
      error(DiagKind::shape_mismatch, element->span,
            fmt::format("the elements of an array have one shape: this is {}, the first is {}",
                        type_text(v.id), shape_str(inner)));
      bad = true;
    }
    parts.push_back(v.id);
  }
  if (bad) return {};
  bool constant = inner.empty() && std::all_of(parts.begin(), parts.end(), [&](ValueId p) {
                    return scalar_constant(u_.graph, p).has_value();
                  });
  if (constant) {
    std::vector<double> values;
    for (ValueId p : parts)
      values.push_back(*scalar_constant(u_.graph, p));
    Dim count(static_cast<int64_t>(values.size()));
    return Value::tensor(b_.table(std::move(values), {count}, u_.precision));
  }
  Shape row = inner;
  row.insert(row.begin(), Dim(1));
  for (ValueId& p : parts)
    p = b_.reshape(p, row);
  return Value::tensor(parts.size() == 1 ? parts[0] : b_.concat(parts, 0));
}

Value Elaborator::dot(Value a, Value b, const Expr& ea, const Expr& eb, const Expr& at) {
  if (!a.is_tensor() || !b.is_tensor()) return {};
  if (b_.shape(a.id) != b_.shape(b.id)) {
    Diagnostic& d =
        error(DiagKind::shape_mismatch, at.span,
              fmt::format("dot needs two tensors of one shape: {} is {}, {} is {}", source_text(ea),
                          type_text(a.id), source_text(eb), type_text(b.id)));
    explain_dims(d, b_.shape(a.id), b_.shape(b.id));
    return {};
  }
  Value product = binary(Op::mul, a, b, ea, eb, at.span, "dot");
  if (!product.is_tensor()) return product;
  if (product.across) return fold_across("sum", product, at);
  if (b_.type(product.id).is_scalar()) return product;
  a.id = to_precision(real(a.id));
  b.id = to_precision(real(b.id));
  std::vector<int64_t> labels;
  for (size_t k = 0; k < b_.type(a.id).rank(); ++k)
    labels.push_back(static_cast<int64_t>(k));
  return Value::tensor(b_.contract(a.id, labels, b.id, labels, {}));
}

// The matrix product of NumPy: vectors drop out, leading axes before the last two are batch axes.
Value Elaborator::matmul(Value a, Value b, const Expr& ea, const Expr& eb, Span caret) {
  shape_sensitive = true;
  Span whole = join(ea.span, eb.span);
  for (const Value* v : {&a, &b})
    if (b_.type(v->id).is_scalar()) {
      error(DiagKind::shape_mismatch, whole,
            fmt::format("'@' multiplies vectors and matrices: {} is {}, {} is {}", source_text(ea),
                        type_text(a.id), source_text(eb), type_text(b.id)))
          .caret(caret)
          .help("write '*' to scale by a number");
      return {};
    }
  for (Value* v : {&a, &b}) {
    if (b_.type(v->id).dtype == DType::boolean)
      return poison(DiagKind::wrong_kind, whole, "'@' needs numbers");
    v->id = to_precision(real(v->id));
  }
  Shape sa = b_.shape(a.id), sb = b_.shape(b.id);
  const Dim& inner_a = sa.back();
  const Dim& inner_b = sb.size() == 1 ? sb[0] : sb[sb.size() - 2];
  auto mismatch = [&](const Dim& x, const Dim& y) {
    Diagnostic& d =
        error(DiagKind::shape_mismatch, whole,
              fmt::format("shapes do not agree in '@': {} is {}, {} is {}", source_text(ea),
                          shape_str(sa), source_text(eb), shape_str(sb)));
    d.caret(caret);
    explain_dims(d, {x}, {y});
    return Value{};
  };
  if (inner_a != inner_b) {
    Value v = mismatch(inner_a, inner_b);
    return v;
  }
  size_t batch_a = sa.size() > 2 ? sa.size() - 2 : 0, batch_b = sb.size() > 2 ? sb.size() - 2 : 0;
  size_t batch = std::max(batch_a, batch_b);
  if (batch_a && batch_b && batch_a != batch_b) return mismatch(sa[0], sb[0]);
  std::vector<int64_t> la, lb, out;
  for (size_t k = 0; k < batch; ++k) {
    if (batch_a && batch_b && sa[k] != sb[k]) return mismatch(sa[k], sb[k]);
    if (batch_a) la.push_back(static_cast<int64_t>(k));
    if (batch_b) lb.push_back(static_cast<int64_t>(k));
    out.push_back(static_cast<int64_t>(k));
  }
  int64_t row = static_cast<int64_t>(batch), inner = row + 1, column = row + 2;
  if (sa.size() >= 2) {
    la.push_back(row);
    out.push_back(row);
  }
  la.push_back(inner);
  lb.push_back(inner);
  if (sb.size() >= 2) {
    lb.push_back(column);
    out.push_back(column);
  }
  return Value::tensor(b_.contract(a.id, la, b.id, lb, out), a.across || b.across);
}

} // namespace thalweg::irgen
