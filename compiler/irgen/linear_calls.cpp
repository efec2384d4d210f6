// Calls of linear algebra, and the parts of what gives several: qr(A).R, or qr(A)[1].
#include "irgen/elaborator.h"

#include "diag/suggest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thalweg::irgen {

using namespace ast;

namespace {

std::vector<std::string> part_names(Op op) {
  switch (op) {
  case Op::qr: return {"Q", "R"};
  case Op::eigh: return {"values", "vectors"};
  case Op::svd: return {"U", "values", "V"};
  default: return {};
  }
}

} // namespace

Value Elaborator::linear_algebra(const Expr& e, const Call& n, std::string_view name) {
  shape_sensitive = true;
  std::vector<ValueId> operands;
  std::vector<const Expr*> places;
  Attr attr;
  for (const Arg& arg : n.args) {
    if (arg.style != ArgStyle::positional) continue;
    Value v = tensor(*arg.value);
    if (!v.is_tensor()) return {};
    if (name == "inverse_root" && operands.size() == 1) {
      std::optional<int64_t> root = as_integer(v.id);
      if (!root || *root < 1)
        return poison(DiagKind::wrong_kind, arg.value->span,
                      "the root is a whole number from 1, known before the run");
      attr.ints = {*root};
      continue;
    }
    operands.push_back(to_precision(real(v.id)));
    places.push_back(arg.value);
  }
  Op op = *op_by_name(name);
  const Shape& a = b_.shape(operands[0]);
  const bool square = op != Op::qr && op != Op::svd;
  if (a.size() != 2 || (square && a[0] != a[1])) {
    Diagnostic& d =
        error(DiagKind::shape_mismatch, e.span,
              fmt::format("'{}' needs a {}matrix, '{}' is {}", name, square ? "square " : "",
                          source_text(*places[0]), type_text(operands[0])));
    explain_dims(d, a, {});
    return {};
  }
  if (op == Op::solve) {
    const Shape& b = b_.shape(operands[1]);
    if (b.empty() || b.size() > 2 || b[0] != a[0]) {
      Diagnostic& d = error(DiagKind::shape_mismatch, e.span,
                            fmt::format("shapes do not agree in 'solve': {} is {}, {} is {}",
                                        source_text(*places[0]), type_text(operands[0]),
                                        source_text(*places[1]), type_text(operands[1])));
      explain_dims(d, a, b);
      return {};
    }
  }
  if (!square && a[0].is_constant() && a[1].is_constant() && a[0].constant() < a[1].constant())
    return poison(DiagKind::shape_mismatch, e.span,
                  fmt::format("'{}' needs at least as many rows as columns, '{}' is {}", name,
                              source_text(*places[0]), type_text(operands[0])));
  Value v = Value::tensor(b_.make(op, operands, attr));
  if (b_.type(v.id).is_tuple) v.kind = Value::Kind::parts;
  return v;
}

Value Elaborator::part(const Value& parts, const Index& n, const Expr& e) {
  const Node& giver = u_.graph.node(parts.id);
  const int64_t count = static_cast<int64_t>(giver.type.elements.size());
  std::optional<int64_t> k;
  if (n.items.size() == 1 && n.items[0].style == IndexStyle::value) {
    Value at = tensor(*n.items[0].value);
    if (!at.is_tensor()) return {};
    k = as_integer(at.id);
  }
  if (!k || *k < 0 || *k >= count)
    return poison(
        DiagKind::bad_index, e.span,
        fmt::format("'{}' gives {} results, numbered from 0", op_info(giver.op).name, count));
  return Value::tensor(b_.get(parts.id, *k));
}

Value Elaborator::part_field(const Value& parts, const Ident& field) {
  const Op op = u_.graph.node(parts.id).op;
  const std::vector<std::string> names = part_names(op);
  for (size_t k = 0; k < names.size(); ++k)
    if (field.name == std::string_view(names[k]))
      return Value::tensor(b_.get(parts.id, static_cast<int64_t>(k)));
  Diagnostic& d = error(DiagKind::unknown_field, field.span,
                        fmt::format("'{}' gives no '{}'", op_info(op).name, field.name.view()));
  if (auto near = suggest(field.name.view(), names))
    d.help(fmt::format("did you mean '{}'?", *near));
  else
    d.note(fmt::format("it gives: {}", fmt::join(names, ", ")));
  return {};
}

} // namespace thalweg::irgen
