// Elements of each operator: elementwise, views, gathers, leaves (see lower_elements.h).
#include "codegen/lower_elements.h"

#include "ir/builder.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::loops {

using fuse::Kind;
using fuse::Target;

// Makes the element and returns true, or leaves what it needs first on the work list.
bool Elements::make(ValueId value, IndexId index) {
  const Node& node = graph_.node(value);
  const fuse::Info& info = plan_.of(value);
  if (info.home.kind != Target::Kind::none && info.home_kernel < kernel_) {
    const Slot& slot = slot_of(layout_, info.home);
    Val loaded = load(slot.buffer, flat_of(indices_.at(index), node.type.shape));
    know(value, index, {loaded, std::nullopt}, depth_of(loaded));
    return true;
  }
  bool here = info.kind == Kind::inlined || (info.kind == Kind::pick && info.kernel == kernel_);
  if (!here) {
    TW_CHECK(node.type.rank() == 0 && info.row, "%{} is used before it is computed", value.value);
    make_from_other_stage(value);
    return true;
  }
  auto give = [&](Val made) {
    know(value, index, {made, std::nullopt}, depth_of(made));
    return true;
  };
  auto give_affine = [&](Affine affine) {
    int depth = std::max(depth_of(affine), info.row ? 1 : 0);
    know(value, index, {Val{}, std::move(affine)}, depth);
    return true;
  };
  const Affine flat = flat_of(indices_.at(index), node.type.shape);
  switch (node.op) {
  case Op::arg:
    if (auto given = given_.find(node.attr.ints[0]); given != given_.end())
      return give(given->second);
    return give(load(layout_.parameters[node.attr.ints[0]].buffer, flat));
  case Op::table: return give(load(constant_buffer(value), flat));
  case Op::constant:
    if (node.type.dtype == DType::i64) return give_affine(Affine::of(Dim(node.attr.ints[0])));
    return give(constant(node.attr.ints[0], node.type.dtype));
  case Op::dim: return give_affine(Affine::of(node.attr.dims[0]));
  case Op::iota:
    return give_affine(axes_of(indices_.at(index), node.type.shape)[node.attr.ints[0]]);
  case Op::random: {
    bool missing = false;
    for (ValueId key : node.operands)
      missing = !need(key, kScalarIndex) || missing;
    if (missing) return false;
    Value draw{};
    draw.kind = Value::Kind::random;
    draw.dtype = node.type.dtype;
    Val number = value_of(flat);
    draw.operands = {number};
    int depth = std::max(depth_of(number), info.row ? 1 : 0);
    for (ValueId key : node.operands) {
      draw.operands.push_back(val(*find(key, kScalarIndex)));
      depth = std::max(depth, depth_of(draw.operands.back()));
    }
    if (round_) draw.operands.push_back(*round_);
    draw.site = (node.attr.ints[0] << 32) | (node.attr.ints[1] & 0xffffffff);
    return give(create(std::move(draw), depth));
  }
  case Op::broadcast:
  case Op::reshape:
  case Op::transpose:
  case Op::slice: {
    if (node.op == Op::reshape && info.kind == Kind::pick) {
      IndexId zero =
          indices_.intern(index_of_axes(std::vector<Affine>(graph_.type(node.operands[0]).rank())));
      return make_view(value, index, {zero});
    }
    return make_view(value, index, {operand_index(value, 0, index)});
  }
  case Op::gather: return make_gather(value, index);
  case Op::contract:
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max: return make_degenerate_fold(value, index);
  default: return make_elementwise(value, index);
  }
}

bool Elements::make_view(ValueId value, IndexId index,
                         const std::vector<IndexId>& operand_indices) {
  ValueId operand = graph_.node(value).operands[0];
  Element* element = need(operand, operand_indices[0]);
  if (!element) return false;
  Element copy = *element;
  int depth = copy.val.valid() ? depth_of(copy.val) : depth_of(*copy.affine);
  if (!copy.val.valid() && plan_.of(value).row) depth = std::max(depth, 1);
  know(value, index, std::move(copy), depth);
  return true;
}

// Where a view's operand (or an operand of a fold over nothing) is read.
IndexId Elements::operand_index(ValueId value, size_t operand, IndexId index) {
  const Node& node = graph_.node(value);
  const Shape& to = node.type.shape;
  const Shape& from = graph_.type(node.operands[operand]).shape;
  if (from.empty()) return kScalarIndex;
  const Index& at = indices_.at(index);
  std::vector<Affine> axes(from.size());
  switch (node.op) {
  case Op::broadcast: {
    if (at.axes.empty() && element_count(from) == element_count(to))
      return indices_.intern({{}, at.flat});
    std::vector<Affine> outer = axes_of(at, to);
    for (size_t k = 0; k < from.size(); ++k)
      if (!from[k].is_constant(1)) axes[k] = outer[node.attr.ints[k]];
    break;
  }
  case Op::reshape: {
    if (at.axes.empty()) return indices_.intern({{}, at.flat});
    for (const AxisGroup& group : reshape_groups(to, from)) {
      Shape part_to, part_from;
      Index part;
      for (size_t k : group.from)
        part_to.push_back(to[k]), part.axes.push_back(at.axes[k]);
      for (size_t k : group.to)
        part_from.push_back(from[k]);
      std::vector<Affine> inner = axes_of({{}, flat_of(part, part_to)}, part_from);
      for (size_t k = 0; k < group.to.size(); ++k)
        axes[group.to[k]] = inner[k];
    }
    break;
  }
  case Op::transpose: {
    std::vector<Affine> outer = axes_of(at, to);
    for (size_t k = 0; k < to.size(); ++k)
      axes[node.attr.ints[k]] = outer[k];
    break;
  }
  case Op::slice: {
    std::vector<Affine> outer = axes_of(at, to);
    for (size_t k = 0; k < to.size(); ++k)
      axes[k] = outer[k] + Affine::of(node.attr.dims[k]);
    break;
  }
  case Op::contract: {
    fuse::FoldShape shape = fuse::fold_shape(graph_, value);
    std::vector<Affine> outer = axes_of(at, to);
    const std::vector<int64_t>& map = operand == 0 ? shape.axes_a : shape.axes_b;
    for (size_t k = 0; k < from.size(); ++k)
      axes[k] = outer[map[k]];
    break;
  }
  default: return index;
  }
  return indices_.intern(index_of_axes(std::move(axes)));
}

bool Elements::make_gather(ValueId value, IndexId index) {
  const Node& node = graph_.node(value);
  ValueId data = node.operands[0];
  const Shape& shape = graph_.type(data).shape;
  bool missing = false;
  for (size_t k = 1; k < node.operands.size(); ++k)
    missing = !need(node.operands[k], index) || missing;
  if (missing) return false;
  // The checks are made once, though the data's element may have to be made in between.
  auto [it, fresh] = scopes_.back().gathered.emplace(key(value, index), IndexId{});
  if (fresh) {
    std::vector<Affine> axes;
    for (size_t k = 1; k < node.operands.size(); ++k) {
      ValueId operand = node.operands[k];
      Element& known = *find(operand, graph_.type(operand).rank() == 0 ? kScalarIndex : index);
      axes.push_back(checked(known.affine ? *known.affine : Affine::of(val(known)), shape[k - 1]));
    }
    it->second = indices_.intern(index_of_axes(std::move(axes)));
  }
  return make_view(value, index, {it->second});
}

// Folding nothing: one round of the fold from its identity. 0 + x differs from x for x = -0.
bool Elements::make_degenerate_fold(ValueId value, IndexId index) {
  const Node& node = graph_.node(value);
  DType dtype = node.type.dtype;
  std::vector<Val> operands;
  for (size_t k = 0; k < node.operands.size(); ++k) {
    Element* element = need(node.operands[k], operand_index(value, k, index));
    if (!element) return false;
    operands.push_back(val(*element));
  }
  Val made = operands[0];
  if (node.op == Op::contract)
    made = apply(Op::fma, dtype, {operands[0], operands[1], constant(0, dtype)});
  else if (node.op == Op::reduce_sum)
    made = apply(Op::add, dtype, {constant(0, dtype), operands[0]});
  know(value, index, {made, std::nullopt}, depth_of(made));
  return true;
}

bool Elements::make_elementwise(ValueId value, IndexId index) {
  const Node& node = graph_.node(value);
  std::vector<Element*> elements;
  bool missing = false;
  for (ValueId operand : node.operands) {
    Element* element = need(operand, index);
    missing = missing || !element;
    elements.push_back(element);
  }
  if (missing) return false;
  // Integer arithmetic on positions stays affine, so that addresses keep their strides.
  if (node.type.dtype == DType::i64 &&
      (node.op == Op::add || node.op == Op::sub || node.op == Op::mul) && elements[0]->affine &&
      elements[1]->affine) {
    const Affine &a = *elements[0]->affine, &b = *elements[1]->affine;
    std::optional<Affine> result;
    if (node.op == Op::add)
      result = a + b;
    else if (node.op == Op::sub)
      result = a + b * Dim(-1);
    else if (a.is_fixed())
      result = b * a.offset;
    else if (b.is_fixed())
      result = a * b.offset;
    if (result) {
      int depth = std::max(depth_of(*result), plan_.of(value).row ? 1 : 0);
      know(value, index, {Val{}, std::move(result)}, depth);
      return true;
    }
  }
  std::vector<Val> operands;
  for (Element* element : elements)
    operands.push_back(val(*element));
  Val made = apply(node.op, node.type.dtype, std::move(operands));
  know(value, index, {made, std::nullopt}, depth_of(made));
  return true;
}

} // namespace thalweg::loops
