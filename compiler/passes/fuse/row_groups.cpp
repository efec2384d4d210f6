// Groups of kernels that go over the rows of a batch together, chunk by chunk (see plan.h).
#include "passes/fuse/planner.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace thalweg::fuse {
namespace {

bool mentions(const Shape& shape, const Dim& rows, size_t from = 0) {
  return std::find(shape.begin() + static_cast<ptrdiff_t>(std::min(from, shape.size())),
                   shape.end(), rows) != shape.end();
}

// What kernel `later` needs of an earlier one.
struct Need {
  int kernel;
  bool same_row; // only the row at hand
  auto operator<=>(const Need&) const = default;
};

// Follows what a kernel computes down to what others have computed, keeping in mind whether the
// first axis of a value is indexed by the row at hand.
class Needs {
public:
  Needs(const Graph& graph, const Plan& plan, const Dim& rows)
      : graph_(graph), plan_(plan), rows_(rows) {}

  std::set<Need> of(int index) {
    const Kernel& kernel = plan_.kernels[index];
    kernel_ = index;
    needs_.clear();
    seen_.clear();
    work_.clear();
    for (ValueId fold : kernel.folds) {
      const Node& node = graph_.node(fold);
      for (size_t side = 0; side < node.operands.size(); ++side)
        push(node.operands[side], operand_is_at_row(kernel, fold, side));
    }
    for (const Store& store : kernel.stores)
      if (plan_.of(store.value).kernel != index) push(store.value, kernel.role == RowRole::each);
    while (!work_.empty()) {
      auto [value, at_row] = work_.back();
      work_.pop_back();
      visit(value, at_row);
    }
    return needs_;
  }

private:
  bool operand_is_at_row(const Kernel& kernel, ValueId fold, size_t side) const {
    if (kernel.role == RowRole::none) return false;
    if (kernel.kind == Kernel::Kind::flat) return true;
    if (kernel.kind != Kernel::Kind::per_point) return false;
    FoldShape shape = fold_shape(graph_, fold);
    const std::vector<int64_t>& axes = side == 0 ? shape.axes_a : shape.axes_b;
    return !axes.empty() && axes[0] == (kernel.role == RowRole::each ? 0 : ~int64_t{0});
  }

  void push(ValueId value, bool at_row) {
    const Type& type = graph_.type(value);
    // A value without rows is the same for all of them, wherever it is read.
    bool has_rows = type.rank() > 0 && type.shape[0] == rows_;
    at_row = at_row && has_rows;
    if (seen_.insert({value, at_row}).second) work_.push_back({value, at_row});
  }

  void visit(ValueId value, bool at_row) {
    const Info& info = plan_.of(value);
    const Node& node = graph_.node(value);
    if (info.home.kind != Target::Kind::none && info.home_kernel < kernel_) {
      needs_.insert({info.home_kernel, at_row});
      return;
    }
    if (info.kernel >= 0 && info.kernel != kernel_) { // a scalar fold or a pick
      needs_.insert({info.kernel, false});
      return;
    }
    if (info.kernel == kernel_ && info.kind == Kind::fold) return; // its operands are on the way
    for (size_t k = 0; k < node.operands.size(); ++k)
      push(node.operands[k], at_row && keeps_row(value, k));
  }

  // True if the first axis of the operand is indexed as the first axis of the value.
  bool keeps_row(ValueId value, size_t k) const {
    const Node& node = graph_.node(value);
    const Type& operand = graph_.type(node.operands[k]);
    switch (node.op) {
    case Op::broadcast: return operand.rank() > 0 && node.attr.ints[0] == 0;
    case Op::reshape: return true; // the first axes are the rows in both, so are their strides
    case Op::transpose: return node.attr.ints[0] == 0;
    case Op::slice:
      return node.attr.dims[0].is_constant(0) && node.attr.dims[operand.rank()] == rows_;
    case Op::gather: {
      if (k > 0) return true;
      const Node& first = graph_.node(node.operands[1]);
      return first.op == Op::iota && first.attr.ints[0] == 0;
    }
    case Op::contract: { // an outer product
      FoldShape shape = fold_shape(graph_, value);
      const std::vector<int64_t>& axes = k == 0 ? shape.axes_a : shape.axes_b;
      return !axes.empty() && axes[0] == 0;
    }
    default: return op_info(node.op).emission == Emission::elementwise;
    }
  }

  const Graph& graph_;
  const Plan& plan_;
  const Dim& rows_;
  int kernel_ = -1;
  std::set<Need> needs_;
  std::set<std::pair<ValueId, bool>> seen_;
  std::vector<std::pair<ValueId, bool>> work_;
};

} // namespace

RowRole Planner::role_of(const Kernel& kernel, const Dim& rows) const {
  if (rows.is_constant() || kernel.at.row) return RowRole::none;
  bool leads = !kernel.space.empty() && kernel.space[0] == rows && !mentions(kernel.space, rows, 1);
  switch (kernel.kind) {
  case Kernel::Kind::flat:
    // Chunks of a scalar fold are chunks of rows only where a row is one element.
    return leads && (kernel.folds.empty() || kernel.space.size() == 1) ? RowRole::each
                                                                       : RowRole::none;
  case Kernel::Kind::per_point:
    if (leads && !mentions(kernel.inner, rows)) return RowRole::each;
    return kernel.inner == Shape{rows} && !kernel.space.empty() && !mentions(kernel.space, rows) &&
                   !kernel.lanes && !kernel.choice
               ? RowRole::fold
               : RowRole::none;
  case Kernel::Kind::pick:
  case Kernel::Kind::region:
  case Kernel::Kind::oracle:
  case Kernel::Kind::library:
  case Kernel::Kind::copy: break;
  }
  return RowRole::none;
}

// The leading size of an argument over which most work goes: most kernels of the highest rank, then
// of the next. Rules work in place and have no rows.
void Planner::choose_rows() {
  if (nested_ || function_.over_table || !in_place_.empty()) return;
  for (const Position& at : plan_.checks)
    if (at.pass > 0) return;                  // a check between kernels keeps their order
  std::map<size_t, int, std::greater<>> most; // kernels by the rank of what they go over
  for (const Parameter& parameter : function_.parameters) {
    if (parameter.type.rank() == 0 || parameter.type.shape[0].is_constant()) continue;
    const Dim& rows = parameter.type.shape[0];
    std::map<size_t, int, std::greater<>> work;
    for (const Kernel& kernel : plan_.kernels)
      if (role_of(kernel, rows) != RowRole::none) ++work[kernel.space.size() + kernel.inner.size()];
    if (work <= most) continue;
    most = std::move(work);
    plan_.rows = rows;
  }
}

void Planner::group_rows() {
  if (plan_.rows.is_constant()) return;
  enum class Place { before, inside, after };
  std::vector<int> rest; // kernels that have no place yet, by their old number
  for (int k = 0; k < static_cast<int>(plan_.kernels.size()); ++k) {
    plan_.kernels[k].role = role_of(plan_.kernels[k], plan_.rows);
    rest.push_back(k);
  }
  std::vector<std::set<Need>> needs;
  Needs walk(graph_, plan_, plan_.rows);
  for (int k : rest)
    needs.push_back(walk.of(k));

  std::vector<int> order;
  for (int group = 0; !rest.empty(); ++group) {
    std::map<int, Place> place;
    std::vector<int> inside, after;
    bool folds = false;
    for (int k : rest) {
      Kernel& kernel = plan_.kernels[k];
      bool late = false, joined = false;
      for (const Need& need : needs[k]) {
        auto it = place.find(need.kernel);
        if (it == place.end() || it->second == Place::before) continue;
        bool row_is_enough = it->second == Place::inside && need.same_row &&
                             plan_.kernels[need.kernel].role == RowRole::each;
        late = late || !row_is_enough;
        joined = true;
      }
      if (kernel.role == RowRole::none ? joined : late) {
        place[k] = Place::after;
        after.push_back(k);
      } else if (kernel.role == RowRole::none) {
        place[k] = Place::before;
        order.push_back(k);
      } else {
        place[k] = Place::inside;
        inside.push_back(k);
        folds = folds || kernel.role == RowRole::fold;
      }
    }
    // One kernel alone gains nothing, unless its fold over rows can be cut into chunks.
    bool worth = inside.size() > 1 || folds;
    for (int k : inside) {
      plan_.kernels[k].group = worth ? group : -1;
      order.push_back(k);
    }
    rest = std::move(after);
  }
  std::vector<Kernel> kernels;
  std::vector<int> number(order.size());
  for (int k : order) {
    number[k] = static_cast<int>(kernels.size());
    kernels.push_back(plan_.kernels[k]);
    if (kernels.back().group < 0) kernels.back().role = RowRole::none;
  }
  renumber(std::move(kernels), number);
}

} // namespace thalweg::fuse
