// Rings: the last values pushed, newest at [0], in one tensor with a place that goes round; and
// assignment to elements.
#include "irgen/elaborator.h"

#include "diag/suggest.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// A ring in memory: the values [capacity, shape…], how many were pushed (at most the capacity), and
// where the newest stands.
Value Value::ring(ValueId elements, ValueId count, ValueId newest) {
  Value v;
  v.kind = Kind::ring;
  v.id = elements;
  v.low = count;
  v.high = newest;
  return v;
}

Value Elaborator::new_ring(const Expr& capacity, const Expr& like) {
  Value n = scalar(capacity), s = expr(like);
  if (!n.is_tensor() || s.is_poison()) return {};
  if (s.kind != Value::Kind::shape)
    return poison(DiagKind::wrong_kind, like.span, "a ring holds values 'like x'");
  std::optional<Dim> places = as_dim(n.id);
  if (!places && hooks) places = hooks->size_of(n.id);
  if (!places)
    return poison(DiagKind::bad_size, capacity.span,
                  fmt::format("the capacity of a ring is a number or a hyperparameter; '{}' is "
                              "neither",
                              source_text(capacity)));
  if (places->is_constant() && places->constant() < 1)
    return poison(DiagKind::bad_size, capacity.span, "a ring has room for one value at least");
  Shape shape = s.dims;
  shape.insert(shape.begin(), *places);
  ValueId zero = b_.constant(0);
  return Value::ring(b_.full(0, Type::tensor(u_.precision, shape)), zero, zero);
}

Value Elaborator::push(const Value& ring, Value pushed, const Expr& e) {
  if (ring.is_poison() || !pushed.is_tensor()) return {};
  if (ring.kind != Value::Kind::ring)
    return poison(DiagKind::wrong_kind, e.span, "'push' takes a ring and a value");
  const Shape all = b_.shape(ring.id);
  Shape one(all.begin() + 1, all.end());
  pushed.id = to_precision(real(pushed.id));
  if (b_.shape(pushed.id).empty()) pushed.id = b_.broadcast_scalar(pushed.id, one);
  if (b_.shape(pushed.id) != one)
    return poison(DiagKind::shape_mismatch, e.span,
                  fmt::format("the ring holds values of {}, this is {}", shape_str(one),
                              type_text(pushed.id)));
  ValueId capacity = b_.cast(b_.dim(all[0]), DType::f64), next = b_.constant(1);
  ValueId newest = b_.make(Op::mod, {b_.add(ring.high, next), capacity});
  ValueId count = b_.make(Op::min, {b_.add(ring.low, next), capacity});
  ValueId there =
      b_.make(Op::eq, {b_.iota(all, 0), b_.broadcast_scalar(b_.cast(newest, DType::i64), all)});
  std::vector<int64_t> axes;
  for (size_t k = 1; k < all.size(); ++k)
    axes.push_back(static_cast<int64_t>(k));
  return Value::ring(b_.select(there, b_.broadcast(pushed.id, all, axes), ring.id), count, newest);
}

// The value pushed k before the newest; one that is not there ends the run.
Value Elaborator::from_ring(const Value& ring, const Index& n, const Expr& e) {
  if (n.items.size() != 1 || n.items[0].style != IndexStyle::value)
    return poison(DiagKind::bad_index, e.span, "a ring takes one index, newest first");
  Value at = scalar(*n.items[0].value);
  if (!at.is_tensor()) return at;
  if (b_.type(at.id).dtype != DType::i64)
    return poison(DiagKind::bad_index, n.items[0].value->span,
                  fmt::format("an index is an integer, '{}' is {}", source_text(*n.items[0].value),
                              type_text(at.id)));
  const Shape all = b_.shape(ring.id);
  ValueId count = b_.cast(ring.low, DType::i64), newest = b_.cast(ring.high, DType::i64);
  ValueId there = b_.make(
      Op::logical_and, {b_.make(Op::le, {b_.integer(0), at.id}), b_.make(Op::lt, {at.id, count})});
  ValueId row = b_.make(Op::mod, {b_.sub(newest, at.id), b_.dim(all[0])});
  row = b_.select(there, row, b_.integer(-1));
  Shape one(all.begin() + 1, all.end());
  std::vector<ValueId> indices{b_.broadcast_scalar(row, one)};
  for (size_t k = 0; k < one.size(); ++k)
    indices.push_back(b_.iota(one, static_cast<int64_t>(k)));
  return Value::tensor(b_.gather(ring.id, indices));
}

Value Elaborator::ring_field(const Value& ring, const Ident& field) {
  if (field.name == std::string_view("count")) return Value::tensor(b_.cast(ring.low, DType::i64));
  if (field.name == std::string_view("capacity"))
    return Value::tensor(b_.dim(b_.shape(ring.id)[0]));
  const std::vector<std::string> fields{"count", "capacity"};
  Diagnostic& d = error(DiagKind::unknown_field, field.span,
                        fmt::format("a ring has no field '{}'", field.name.view()));
  if (auto near = suggest(field.name.view(), fields))
    d.help(fmt::format("did you mean '{}'?", *near));
  else
    d.note("it has: count, capacity");
  return {};
}

Value Elaborator::choose_ring(const Value& c, const Value& a, const Value& b, const Expr& at) {
  if (a.kind != b.kind || b_.type(a.id) != b_.type(b.id))
    return poison(DiagKind::wrong_kind, at.span, "both sides have to be rings of one kind");
  if (!b_.type(c.id).is_scalar())
    return poison(DiagKind::wrong_kind, at.span, "rings are chosen by a single truth value");
  auto pick = [&](ValueId yes, ValueId no) {
    return yes == no ? yes : b_.select(b_.broadcast_scalar(c.id, b_.shape(yes)), yes, no);
  };
  return Value::ring(pick(a.id, b.id), pick(a.low, b.low), pick(a.high, b.high));
}

// a[i, j] = e: the tensor with that element, or that part, replaced.
bool Elaborator::assign_element(const AssignStmt& n) {
  sema::SymbolId id = u_.program.symbol_of(n.name);
  const Value* before = id.valid() ? bound(id) : nullptr;
  if (!before || !before->is_tensor()) return false;
  ValueId whole = before->id;
  Value v = tensor(*n.value);
  if (!v.is_tensor()) return false;
  shape_sensitive = true;
  const Shape shape = b_.shape(whole);
  Span place = n.name.span;
  if (n.index.size() > shape.size()) {
    error(DiagKind::bad_index, place,
          fmt::format("'{}' has {} ax{}, {} indices are given", n.name.name.view(), shape.size(),
                      shape.size() == 1 ? "is" : "es", n.index.size()));
    return false;
  }
  ValueId mask;
  for (size_t k = 0; k < n.index.size(); ++k) {
    if (n.index[k].style != IndexStyle::value)
      return !not_lowered(place, "assignment to a range of elements").is_poison();
    const Expr& at = *n.index[k].value;
    Value i = scalar(at);
    if (!i.is_tensor()) return false;
    if (b_.type(i.id).dtype != DType::i64) {
      error(DiagKind::bad_index, at.span,
            fmt::format("an index is an integer, '{}' is {}", source_text(at), type_text(i.id)));
      return false;
    }
    ValueId position = i.id;
    if (std::optional<Dim> known = as_dim(i.id)) {
      if (known->is_constant() && known->constant() < 0) known = shape[k] + *known;
      position = b_.dim(*known);
    }
    // Read out of the numbers of the axis, so that one outside of it ends the run.
    position = b_.gather(b_.iota({shape[k]}, 0), {position});
    ValueId here = b_.make(
        Op::eq, {b_.iota(shape, static_cast<int64_t>(k)), b_.broadcast_scalar(position, shape)});
    mask = both(mask, here);
  }
  Shape part(shape.begin() + static_cast<ptrdiff_t>(n.index.size()), shape.end());
  if (b_.type(v.id).dtype == DType::boolean || b_.type(whole).dtype == DType::boolean)
    return !not_lowered(place, "assignment to a truth value of a tensor").is_poison();
  DType kind = b_.type(whole).dtype;
  if (kind == DType::i64 && b_.type(v.id).dtype != DType::i64) {
    error(DiagKind::wrong_kind, n.value->span,
          fmt::format("'{}' holds integers, '{}' is {}", n.name.name.view(), source_text(*n.value),
                      type_text(v.id)));
    return false;
  }
  v.id = b_.cast(v.id, kind);
  if (!b_.shape(v.id).empty() && b_.shape(v.id) != part) {
    error(DiagKind::shape_mismatch, n.value->span,
          fmt::format("'{}' at {} indices is {}, this is {}", n.name.name.view(), n.index.size(),
                      shape_str(part), type_text(v.id)));
    return false;
  }
  std::vector<int64_t> axes;
  for (size_t k = 0; k < b_.type(v.id).rank(); ++k)
    axes.push_back(static_cast<int64_t>(n.index.size() + k));
  bind(id, Value::tensor(b_.select(mask, b_.broadcast(v.id, shape, axes), whole)));
  return true;
}

} // namespace thalweg::irgen
