// Loop nests of the plan's kernels (see lower_kernels.h).
#include "codegen/lower_kernels.h"

#include "support/check.h"

#include <algorithm>

namespace thalweg::loops {

void Kernels::lower(int index) {
  const fuse::Kernel& kernel = plan_.kernels[index];
  elements_.set_kernel(index);
  switch (kernel.kind) {
  case fuse::Kernel::Kind::pick:
    elements_.scalar(kernel.folds[0]);
    elements_.keep_row_scalar(kernel.folds[0]);
    break;
  case fuse::Kernel::Kind::flat: flat(kernel); break;
  case fuse::Kernel::Kind::per_point: per_point(kernel); break;
  case fuse::Kernel::Kind::region: region(kernel); break;
  case fuse::Kernel::Kind::oracle: oracle(kernel); break;
  case fuse::Kernel::Kind::library: library(kernel); break;
  case fuse::Kernel::Kind::copy:
    for (const fuse::Store& store : kernel.stores) {
      BufferId to = slot_of(layout_, store.to).buffer;
      Op op = graph_.node(store.value).op;
      if (op == Op::pad)
        pad(store.value, to);
      else if (op == Op::concat)
        concat(store.value, to);
      else
        scatter_add(store.value, to);
    }
    break;
  }
  TW_CHECK(opened_.empty(), "a loop is still open");
}

Affine Kernels::open_loop(Loop::Kind kind, const Dim& extent, bool ordered, Range range) {
  elements_.open();
  static constexpr const char* kNames[] = {"i", "j", "k", "l", "m"};
  std::string name =
      opened_.size() < 5 ? kNames[opened_.size()] : "i" + std::to_string(opened_.size());
  Var var = elements_.new_var(std::move(name), extent);
  opened_.push_back({kind, var, ordered, range});
  return Affine::of(var);
}

// The folds' results belong to the block around the loop.
void Kernels::close_loop(const std::vector<ValueId>& values, std::vector<Fold> folds,
                         IndexId index) {
  Opened opened = opened_.back();
  opened_.pop_back();
  Block body = elements_.close();
  for (size_t k = 0; k < folds.size(); ++k)
    folds[k].result = elements_.fold_result(values[k], index);
  elements_.append({Loop{opened.kind, opened.var, std::move(body), std::move(folds), opened.ordered,
                         opened.range}});
}

std::vector<Affine> Kernels::open_nest(const Shape& shape, Loop::Kind last, bool ordered,
                                       bool rows) {
  std::vector<Affine> axes(shape.size());
  size_t innermost = shape.size();
  for (size_t k = 0; k < shape.size(); ++k)
    if (!shape[k].is_constant(1)) innermost = k;
  for (size_t k = 0; k < shape.size(); ++k)
    if (!shape[k].is_constant(1))
      axes[k] = open_loop(k == innermost ? last : Loop::Kind::serial, shape[k], ordered,
                          rows && k == 0 ? rows_at_hand() : std::nullopt);
  return axes;
}

void Kernels::store_all(const fuse::Kernel& kernel, const std::vector<fuse::Store>& stores,
                        IndexId index) {
  std::vector<Val> values;
  for (const fuse::Store& store : stores)
    values.push_back(elements_.element(store.value, index));
  for (size_t k = 0; k < values.size(); ++k) {
    elements_.append({Store{place_of(kernel, stores[k], index), values[k]}});
  }
}

Address Kernels::place_of(const fuse::Kernel& kernel, const fuse::Store& store, IndexId index) {
  Affine flat = flat_of(indices_.at(index), graph_.type(store.value).shape);
  return kernel.role == fuse::RowRole::fold
             ? waiting_part(store.to, flat, fold_of(store.value, {}, {}).op)
             : address_of(slot_of(layout_, store.to).buffer, flat);
}

Fold Kernels::fold_of(ValueId fold, Val a, Val b) const {
  Fold result{};
  result.a = a;
  result.b = b;
  switch (graph_.node(fold).op) {
  case Op::reduce_sum: result.op = Fold::Op::sum; break;
  case Op::reduce_prod: result.op = Fold::Op::product; break;
  case Op::reduce_min: result.op = Fold::Op::min; break;
  case Op::reduce_max: result.op = Fold::Op::max; break;
  case Op::contract: result.op = Fold::Op::fma; break;
  case Op::argmin: result.op = Fold::Op::argmin; break;
  case Op::argmax: result.op = Fold::Op::argmax; break;
  default: TW_CHECK(false, "not a fold");
  }
  return result;
}

// Scalar folds need the elements in flat order: one loop. Stores alone may run over a nest instead,
// where a division would otherwise be needed for the index along each axis.
void Kernels::flat(const fuse::Kernel& kernel) {
  bool one_loop = kernel.collapsed || !kernel.folds.empty();
  IndexId index;
  if (one_loop) {
    Loop::Kind kind = kernel.folds.empty() ? Loop::Kind::vector : Loop::Kind::lanes;
    Range range;
    if (group_) range = rows_at_hand({kernel.space.begin() + 1, kernel.space.end()});
    Index flat{{}, open_loop(kind, element_count(kernel.space), false, range)};
    if (!kernel.collapsed) flat = index_of_axes(elements_.axes_of(flat, kernel.space));
    index = indices_.intern(std::move(flat));
  } else {
    index = indices_.intern(
        index_of_axes(open_nest(kernel.space, Loop::Kind::vector, false, group_.has_value())));
  }
  std::vector<Fold> folds;
  for (ValueId fold : kernel.folds) {
    const Node& node = graph_.node(fold);
    Val a = elements_.element(node.operands[0], index);
    Val b = node.operands.size() > 1 ? elements_.element(node.operands[1], index) : Val{};
    folds.push_back(fold_of(fold, a, b));
  }
  store_all(kernel, kernel.stores, index);
  if (!one_loop) return close_nest();
  if (!group_ || folds.empty()) return close_loop(kernel.folds, std::move(folds), kScalarIndex);
  // The loop gives the parts of this chunk, the group folds them.
  Opened opened = opened_.back();
  opened_.pop_back();
  Block body = elements_.close();
  for (size_t k = 0; k < folds.size(); ++k) {
    folds[k].result = elements_.defined_by_statement(graph_.type(kernel.folds[k]).dtype);
    Fold::Op op = folds[k].op == Fold::Op::fma ? Fold::Op::sum : folds[k].op;
    group_->folded.push_back(kernel.folds[k]);
    group_->folds.push_back({op, folds[k].result, Val{}, Val{}});
  }
  elements_.append(
      {Loop{opened.kind, opened.var, std::move(body), std::move(folds), false, opened.range}});
}

Kernels::Range Kernels::rows_at_hand(const Shape& each) {
  if (!group_) return std::nullopt;
  if (each.empty()) return std::pair{group_->first, group_->last};
  Val count = elements_.value_of(Affine::of(element_count(each)));
  return std::pair{elements_.apply(Op::mul, DType::i64, {group_->first, count}),
                   elements_.apply(Op::mul, DType::i64, {group_->last, count})};
}

Address Kernels::waiting_part(const fuse::Target& to, const Affine& flat, Fold::Op op) {
  const Slot home = slot_of(layout_, to); // a copy: the list grows below
  auto known = std::find_if(group_->parts.begin(), group_->parts.end(),
                            [&](const Chunks::Part& part) { return part.to == home.buffer; });
  if (known == group_->parts.end()) {
    BufferId waiting = memory_
                           .temporary(program_.buffers[home.buffer.value].name + ".parts",
                                      {home.dtype, home.shape}, false, {}, plan_.rows)
                           .buffer;
    group_->parts.push_back({waiting, home.buffer, op == Fold::Op::fma ? Fold::Op::sum : op});
    known = group_->parts.end() - 1;
  }
  return address_of(known->waiting, flat + Affine::of(group_->place) * element_count(home.shape));
}

void Kernels::lower_group(int first, int last) {
  elements_.open();
  group_.emplace();
  for (Val* val : {&group_->first, &group_->last, &group_->place})
    *val = elements_.defined_by_statement(DType::i64);
  for (int k = first; k < last; ++k)
    lower(k);
  Group group = std::move(*group_);
  group_.reset();
  Block body = elements_.close();
  for (size_t k = 0; k < group.folds.size(); ++k)
    group.folds[k].result = elements_.fold_result(group.folded[k], kScalarIndex);
  elements_.append({Chunks{plan_.rows, group.first, group.last, group.place, std::move(body),
                           std::move(group.folds), std::move(group.parts)}});
}

// If the folded axes trail in order and nothing asks for single axes, the flat number is enough.
IndexId Kernels::folded_index(const fuse::Kernel& kernel, const Shape& shape,
                              const std::vector<int64_t>& map, const std::vector<Affine>& point,
                              const Affine& position, std::vector<Affine>& inner) {
  size_t trailing = 0;
  bool in_order = true;
  for (int64_t axis : map) {
    if (axis < 0)
      in_order = in_order && axis == ~static_cast<int64_t>(trailing++);
    else
      in_order = in_order && trailing == 0;
  }
  if (in_order && trailing == kernel.inner.size() && trailing > 1 && kernel.collapsed) {
    std::vector<Dim> strides = strides_of(shape);
    Affine flat = position;
    for (size_t k = 0; k < map.size(); ++k)
      if (map[k] >= 0) flat = flat + point[map[k]] * strides[k];
    return indices_.intern({{}, flat});
  }
  std::vector<Affine> axes;
  for (int64_t axis : map) {
    if (axis < 0 && inner.empty()) inner = elements_.axes_of({{}, position}, kernel.inner);
    axes.push_back(axis >= 0 ? point[axis] : inner[~axis]);
  }
  return indices_.intern(index_of_axes(std::move(axes)));
}

void Kernels::per_point(const fuse::Kernel& kernel) {
  if (product(kernel)) return;
  std::vector<Affine> outer =
      open_nest(kernel.space, kernel.lanes ? Loop::Kind::serial : Loop::Kind::vector, false,
                kernel.role == fuse::RowRole::each);
  IndexId point = indices_.intern(index_of_axes(outer));

  Affine position =
      open_loop(kernel.lanes ? Loop::Kind::lanes : Loop::Kind::serial, element_count(kernel.inner),
                false, kernel.role == fuse::RowRole::fold ? rows_at_hand() : std::nullopt);
  std::vector<Affine> inner;
  auto operand_index = [&](const Shape& shape, const std::vector<int64_t>& map) {
    return folded_index(kernel, shape, map, outer, position, inner);
  };
  std::vector<Fold> folds;
  for (ValueId fold : kernel.folds) {
    const Node& node = graph_.node(fold);
    fuse::FoldShape shape = fuse::fold_shape(graph_, fold);
    Val b;
    Val a = elements_.element(node.operands[0],
                              operand_index(graph_.type(node.operands[0]).shape, shape.axes_a));
    if (node.op == Op::contract)
      b = elements_.element(node.operands[1],
                            operand_index(graph_.type(node.operands[1]).shape, shape.axes_b));
    folds.push_back(fold_of(fold, a, b));
  }
  close_loop(kernel.folds, std::move(folds), point);
  store_all(kernel, kernel.stores, point);
  close_nest();
}

void Kernels::fill_zero(BufferId to) {
  const Buffer& buffer = program_.buffers[to.value];
  Affine flat = open_loop(Loop::Kind::vector, element_count(buffer.shape));
  elements_.append({Store{address_of(to, flat), elements_.constant(0, buffer.dtype)}});
  close_loop();
}

void Kernels::pad(ValueId value, BufferId to) {
  const Node& node = graph_.node(value);
  const Shape& shape = graph_.type(node.operands[0]).shape;
  fill_zero(to);
  std::vector<Affine> axes = open_nest(shape, Loop::Kind::vector);
  Val element = elements_.element(node.operands[0], indices_.intern(index_of_axes(axes)));
  for (size_t k = 0; k < axes.size(); ++k)
    axes[k] = axes[k] + Affine::of(node.attr.dims[k]);
  elements_.append({Store{address_of(to, flat_of(index_of_axes(axes), node.type.shape)), element}});
  close_nest();
}

void Kernels::concat(ValueId value, BufferId to) {
  const Node& node = graph_.node(value);
  size_t axis = static_cast<size_t>(node.attr.ints[0]);
  Dim start;
  for (ValueId part : node.operands) {
    const Shape& shape = graph_.type(part).shape;
    std::vector<Affine> axes = open_nest(shape, Loop::Kind::vector);
    Val element = elements_.element(part, indices_.intern(index_of_axes(axes)));
    axes[axis] = axes[axis] + Affine::of(start);
    elements_.append(
        {Store{address_of(to, flat_of(index_of_axes(axes), node.type.shape)), element}});
    close_nest();
    start = start + shape[axis];
  }
}

void Kernels::scatter_add(ValueId value, BufferId to) {
  const Node& node = graph_.node(value);
  ValueId values = node.operands.back();
  fill_zero(to);
  std::vector<Affine> axes = open_nest(graph_.type(values).shape, Loop::Kind::serial, true);
  IndexId index = indices_.intern(index_of_axes(axes));
  std::vector<Affine> target;
  for (size_t k = 0; k + 1 < node.operands.size(); ++k)
    target.push_back(elements_.checked_index(node.operands[k], index, node.attr.dims[k]));
  Affine flat = flat_of(index_of_axes(std::move(target)), node.type.shape);
  Val added = elements_.element(values, index);
  Val before = elements_.load_here(to, flat);
  Val sum = elements_.apply(Op::add, node.type.dtype, {before, added});
  elements_.append({Store{address_of(to, flat), sum}});
  close_nest();
}

} // namespace thalweg::loops
