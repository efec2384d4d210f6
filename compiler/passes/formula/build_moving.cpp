// Operators that move elements, and what has no word in the language, as expressions.
#include "passes/formula/build.h"

#include <algorithm>

#include <fmt/format.h>

namespace thalweg::formula {
namespace {

using Kind = Expr::Kind;

std::string range_text(const Dim& start, const Dim& size, const Dim& whole) {
  if (start.is_constant(0) && size == whole) return "..";
  Dim end = start + size, rest = end - whole;
  std::string from = start.is_constant(0) ? "" : start.str();
  if (end == whole) return from + "..";
  if (rest.is_constant() && rest.constant() < 0)
    return from + ".." + std::to_string(rest.constant());
  return from + ".." + end.str();
}

} // namespace

ExprPtr Tree::slice(ValueId id) {
  const Node& n = graph_.node(id);
  const Shape& from = graph_.type(n.operands[0]).shape;
  std::string text;
  for (size_t k = 0; k < from.size(); ++k) {
    std::string range = range_text(n.attr.dims[k], n.attr.dims[from.size() + k], from[k]);
    text += (k ? ", " : "") + (range == ".." ? std::string(":") : range);
  }
  return node(Kind::subscript, text, {of(n.operands[0])}, n.type.rank());
}

// An index tensor at the position of the letters: a letter itself for a counting axis.
std::string Tree::index_text(ValueId index, const std::vector<std::string>& letters) {
  ValueId id = visible(index);
  const Node& n = graph_.node(id);
  if (n.op == Op::iota && n.type.rank() == letters.size()) return letters[n.attr.ints[0]];
  std::string text = text_of(*of(id), options_.style == Style::unicode);
  size_t rank = n.type.rank();
  if (rank == 0) return text;
  if (of(id)->kind != Kind::name) text = "(" + text + ")";
  text += "[";
  for (size_t k = 0; k < rank; ++k)
    text += (k ? ", " : "") + letters[letters.size() - rank + k];
  return text + "]";
}

ExprPtr Tree::gather(ValueId id) {
  const Node& n = graph_.node(id);
  if (n.operands.size() == 1) return of(n.operands[0]);
  std::vector<std::string> letters;
  std::string binder, index;
  for (size_t k = 0; k < n.type.rank(); ++k) {
    letters.push_back(index_letter(k));
    binder += (k ? ", " : "") + letters.back();
  }
  for (size_t k = 1; k < n.operands.size(); ++k)
    index += (k > 1 ? ", " : "") + index_text(n.operands[k], letters);
  ExprPtr body = node(Kind::subscript, index, {of(n.operands[0])}, 0);
  return n.type.shape.empty()
             ? body
             : node(Kind::indexed, "tensor[" + binder + "] ", {body}, n.type.rank());
}

ExprPtr Tree::moving(ValueId id) {
  const Node& n = graph_.node(id);
  size_t rank = n.type.rank();
  auto with_option = [&](ExprPtr call, std::string option) {
    Expr copy = *call;
    copy.option = std::move(option);
    return std::make_shared<const Expr>(std::move(copy));
  };
  switch (n.op) {
  case Op::slice: return slice(id);
  case Op::gather: return gather(id);
  case Op::broadcast: { // not along leading axes: the missing ones are made with `new`
    size_t given = n.attr.ints.size();
    size_t first = given == 0 ? rank : static_cast<size_t>(n.attr.ints[0]);
    std::string text;
    for (size_t axis = first; axis < rank; ++axis) {
      bool own = std::find(n.attr.ints.begin(), n.attr.ints.end(), static_cast<int64_t>(axis)) !=
                 n.attr.ints.end();
      text += (axis > first ? ", " : "") + std::string(own ? ":" : "new");
    }
    return node(Kind::subscript, text, {of(n.operands[0])}, rank);
  }
  case Op::transpose: {
    if (rank == 2) return node(Kind::transpose, "", {of(n.operands[0])}, 2);
    std::string binder, index;
    for (size_t k = 0; k < rank; ++k)
      binder += (k ? ", " : "") + index_letter(k);
    for (size_t k = 0; k < rank; ++k) {
      auto at = std::find(n.attr.ints.begin(), n.attr.ints.end(), static_cast<int64_t>(k)) -
                n.attr.ints.begin();
      index += (k ? ", " : "") + index_letter(static_cast<size_t>(at));
    }
    return node(Kind::indexed, "tensor[" + binder + "] ",
                {node(Kind::subscript, index, {of(n.operands[0])}, 0)}, rank);
  }
  case Op::concat: return with_option(raw_call(id), ", axis = " + std::to_string(n.attr.ints[0]));
  case Op::reshape: return with_option(raw_call(id), ", " + shape_str(n.type.shape));
  case Op::scatter_add: return with_option(raw_call(id), ", " + shape_str(n.type.shape));
  case Op::iota:
    return leaf(Kind::name,
                "iota(" + shape_str(n.type.shape) + ", axis = " + std::to_string(n.attr.ints[0]) +
                    ")",
                rank);
  case Op::table: {
    if (rank != 1 || n.attr.ints.size() > 8)
      return leaf(Kind::name, "table" + std::to_string(id.value), rank);
    std::string text;
    for (int64_t bits : n.attr.ints)
      text += (text.empty() ? "" : ", ") + fmt::format("{}", value_of(bits, n.type.dtype));
    return leaf(Kind::name, "[" + text + "]", rank);
  }
  case Op::random: return leaf(Kind::name, "random" + std::to_string(n.attr.ints[1]), rank);
  case Op::get:
    return node(Kind::subscript, std::to_string(n.attr.ints[0]), {of(n.operands[0])}, rank);
  case Op::oracle: {
    Expr call = *raw_call(id);
    call.text = n.attr.name;
    return std::make_shared<const Expr>(std::move(call));
  }
  default: return raw_call(id);
  }
}

} // namespace thalweg::formula
