// Index notation: sum[i in 0..m, j] …, tensor[i, j] …. An index is an integer tensor that counts
// along an axis of its own, so the body is built once over all index axes together and never
// unrolled.
#include "irgen/elaborator.h"

#include "ast/children.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// About a minute of work for one evaluation: more is a mistake in the range.
constexpr double kMaxRounds = 1e10;

Shape Elaborator::index_shape() const {
  Shape shape;
  for (const IndexVariable& v : indices_)
    shape.push_back(v.extent);
  return shape;
}

// Every index in scope is seen over the axes of all of them.
void Elaborator::rebind_indices() {
  Shape shape = index_shape();
  for (size_t k = 0; k < indices_.size(); ++k) {
    ValueId id = b_.iota(shape, static_cast<int64_t>(k));
    if (!indices_[k].low.is_constant(0))
      id = b_.add(id, b_.broadcast_scalar(b_.dim(indices_[k].low), shape));
    bind(indices_[k].symbol, Value::tensor(id));
  }
}

// Whether a value counts along the axes of the indices in scope, or has axes of its own. (A shape
// does not tell: x and x[i] may both be [3].) What folded a further index away counted along that
// one too, behind them.
bool Elaborator::carries_index(ValueId id) const {
  if (indices_.empty()) return false;
  Shape shape = index_shape();
  std::vector<bool> carries(id.value + 1, false);
  for (ValueId v : reachable(u_.graph, std::span(&id, 1))) {
    const Node& node = u_.graph.node(v);
    bool found = node.op == Op::iota && node.type.shape.size() >= shape.size() &&
                 std::equal(shape.begin(), shape.end(), node.type.shape.begin());
    for (ValueId operand : node.operands)
      found = found || carries[operand.value];
    carries[v.value] = found;
  }
  return carries[id.value];
}

// The size of the axis that the index stands at, alone, in some x[…, i, …] of the body. `broken`:
// there is such an x, but its own mistake was told.
std::optional<Dim> Elaborator::subscripted_extent(const Expr& body, sema::SymbolId index_symbol,
                                                  bool& broken) {
  for (const Expr* e : within(body)) {
    const Index* n = e->as<Index>();
    if (!n || !n->base->as<NameRef>()) continue;
    size_t axis = 0;
    for (const IndexItem& item : n->items) {
      if (item.style == IndexStyle::value && item.value->as<NameRef>() &&
          u_.program.symbol_of(*item.value) == index_symbol) {
        Value base = tensor(*n->base);
        broken = broken || base.is_poison();
        if (base.is_tensor() && axis < b_.type(base.id).rank()) return b_.shape(base.id)[axis];
      }
      if (item.style != IndexStyle::new_axis) ++axis;
    }
  }
  return std::nullopt;
}

Value Elaborator::indexed(const Expr& e, const Indexed& n) {
  shape_sensitive = true;
  std::vector<IndexVariable> added;
  for (const IndexBinding& binding : n.bindings) {
    sema::SymbolId symbol = u_.program.symbol_of(binding.name);
    IndexVariable variable{symbol, Dim(0), Dim(0)};
    if (binding.range) {
      const Range* range = binding.range->as<Range>();
      if (!range || !range->high)
        return poison(DiagKind::bad_index, binding.range->span, "an index runs over a range a..b");
      Value low = range->low ? scalar(*range->low) : Value::tensor(b_.constant(0, DType::i64)),
            high = scalar(*range->high);
      if (!low.is_tensor() || !high.is_tensor()) return {};
      std::optional<Dim> from = as_dim(low.id), to = as_dim(high.id);
      if (!from || !to)
        return poison(DiagKind::bad_size, binding.range->span,
                      "the ends of an index range are integers known from sizes");
      variable.low = *from;
      variable.extent = *to - *from + Dim(range->inclusive ? 1 : 0);
      if (variable.extent.is_constant() && variable.extent.constant() < 0) variable.extent = Dim(0);
    } else {
      bool broken = false;
      std::optional<Dim> extent = subscripted_extent(*n.body, symbol, broken);
      if (!extent && broken) return {};
      if (!extent)
        return poison(DiagKind::bad_index, binding.name.span,
                      fmt::format("'{}' subscripts nothing, so its range is unknown",
                                  binding.name.name.view()));
      variable.extent = *extent;
    }
    added.push_back(variable);
  }
  size_t outer = indices_.size();
  indices_.insert(indices_.end(), added.begin(), added.end());
  rebind_indices();
  Shape full = index_shape();
  auto leave = [&] {
    indices_.resize(outer);
    if (outer) rebind_indices();
  };
  double rounds = 1;
  for (const Dim& extent : full)
    rounds *= extent.is_constant() ? static_cast<double>(extent.constant()) : 1;
  if (!(rounds <= kMaxRounds)) {
    leave();
    return poison(DiagKind::bad_size, e.span,
                  fmt::format("the index takes {:.0f} values; at most {:.0f} are evaluated", rounds,
                              kMaxRounds));
  }
  Value body = tensor(*n.body);
  bool counts = body.is_tensor() && carries_index(body.id);
  leave();
  if (!body.is_tensor()) return body;
  // The body is one number per index: a scalar stretches over the axes, any other shape is theirs.
  if (!b_.type(body.id).is_scalar() && (!counts || b_.shape(body.id) != full)) {
    error(DiagKind::shape_mismatch, n.body->span,
          fmt::format("under an index the body must be one number, this is {}", type_text(body.id)))
        .help("subscript what has axes: x[i]");
    return {};
  }
  if (n.op != IndexedOp::tensor && b_.type(body.id).dtype == DType::boolean) {
    if (n.op != IndexedOp::mean)
      return poison(DiagKind::wrong_kind, n.body->span,
                    "the body is a truth value, where a number is needed");
    body.id = b_.cast(body.id, DType::f64);
  }
  if (b_.type(body.id).is_scalar() && is_real(b_.type(body.id).dtype))
    body.id = to_precision(body.id);
  if (n.op != IndexedOp::tensor) body.id = real(body.id);
  body.id = b_.broadcast(body.id, full, {});
  if (n.op == IndexedOp::tensor) {
    if (outer) return not_lowered(e.span, "a 'tensor[…]' inside another index");
    return body;
  }
  std::vector<int64_t> axes;
  Dim count(1);
  for (size_t k = outer; k < full.size(); ++k) {
    axes.push_back(static_cast<int64_t>(k));
    count = count * full[k];
  }
  Op op = n.op == IndexedOp::prod  ? Op::reduce_prod
          : n.op == IndexedOp::min ? Op::reduce_min
          : n.op == IndexedOp::max ? Op::reduce_max
                                   : Op::reduce_sum;
  ValueId r = b_.reduce(op, body.id, axes);
  if (n.op == IndexedOp::mean) {
    ValueId size = b_.cast(b_.cast(b_.dim(count), DType::f64), b_.type(r).dtype);
    r = b_.div(r, b_.broadcast_scalar(size, b_.shape(r)));
  }
  return Value::tensor(r);
}

} // namespace thalweg::irgen
