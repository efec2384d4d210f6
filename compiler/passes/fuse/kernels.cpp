// Kernels, homes and updates in place: the second half of the plan (plan.cpp is the first).
#include "passes/fuse/planner.h"

#include "support/check.h"

#include <algorithm>
#include <limits>

namespace thalweg::fuse {
namespace {

// Copies into parameters run after everything else of their region.
constexpr int kLastPass = std::numeric_limits<int>::max();

// A scalar fold over all elements of its operand(s) in lanes: it rides in a flat kernel.
bool is_flat_fold(const Graph& graph, ValueId value) {
  const Node& node = graph.node(value);
  if (node.type.rank() > 0 || kind_of(graph, value) != Kind::fold) return false;
  if (node.op == Op::argmin || node.op == Op::argmax) return false;
  FoldShape shape = fold_shape(graph, value);
  if (shape.scheme != Scheme::lanes) return false;
  auto in_order = [&](const std::vector<int64_t>& axes) {
    if (axes.size() != shape.inner.size()) return false;
    for (size_t k = 0; k < axes.size(); ++k)
      if (axes[k] != ~static_cast<int64_t>(k)) return false;
    return true;
  };
  return in_order(shape.axes_a) && (node.op != Op::contract || in_order(shape.axes_b));
}

} // namespace

Planner::Key Planner::flat_key(const Position& at, const Shape& space) const {
  return {at, Kernel::Kind::flat, space, {}, false, false, 0};
}

Planner::Key Planner::key_of(ValueId value) const {
  const Node& node = graph_.node(value);
  const Info& info = plan_.of(value);
  bool flat = is_flat_fold(graph_, value);
  Position at;
  for (ValueId operand : node.operands)
    at = std::max(at, flat ? plan_.of(operand).near : plan_.of(operand).far);
  at = promoted(at, info.row);
  if (flat) return flat_key(at, graph_.type(node.operands[0]).shape);
  if (info.kind == Kind::copy)
    return {at, Kernel::Kind::copy, node.type.shape, {}, false, false, value.value};
  if (info.kind == Kind::region)
    return {at, Kernel::Kind::region, {}, {}, false, false, value.value};
  if (info.kind == Kind::oracle)
    return {at, Kernel::Kind::oracle, {}, {}, false, false, value.value};
  if (info.kind == Kind::library)
    return {at, Kernel::Kind::library, {}, {}, false, false, value.value};
  if (info.kind == Kind::pick) return {at, Kernel::Kind::pick, {}, {}, false, false, value.value};
  TW_CHECK(info.kind == Kind::fold, "no kernel of its own");
  FoldShape shape = fold_shape(graph_, value);
  bool choice = node.op == Op::argmin || node.op == Op::argmax;
  return {
      at, Kernel::Kind::per_point, shape.space, shape.inner, shape.scheme == Scheme::lanes, choice,
      0};
}

Kernel& Planner::kernel_at(const Key& key) {
  auto [it, fresh] = kernel_of_key_.emplace(key, static_cast<int>(building_.size()));
  if (fresh) {
    Kernel kernel;
    std::tie(kernel.at, kernel.kind, kernel.space, kernel.inner, kernel.lanes, kernel.choice,
             std::ignore) = key;
    building_.push_back({key, std::move(kernel)});
  }
  return building_[it->second].second;
}

// Gives the value a place; the first one is where later kernels load it from.
void Planner::add_store(ValueId value, Target to, const Key& key) {
  kernel_at(key).stores.push_back({value, to});
  Info& info = plan_.info[value.value];
  // A constant or a parameter is not worth loading back from where a copy of it went.
  bool worth = to.kind == Target::Kind::temporary || info.kind != Kind::inlined ||
               stored_[value.value] || cost_[value.value] > 0;
  // What does not belong to the tensor at hand can't be loaded from there.
  if (to.kind == Target::Kind::result)
    worth = worth && function_.results[to.index].per_tensor == info.row;
  if (worth && info.home.kind == Target::Kind::none) info.home = to;
}

void Planner::build_kernels() {
  kernel_of_key_.clear();
  building_.clear();
  plan_.kernels.clear();
  plan_.temporaries.clear();
  for (ValueId id : order_) {
    Info& info = plan_.info[id.value];
    info.home = {};
    info.home_kernel = info.kernel = -1;
    info.reason = "";
  }
  // What computes values that are not inlined.
  for (ValueId id : order_) {
    Kind kind = plan_.of(id).kind;
    if (kind == Kind::fold || kind == Kind::copy || kind == Kind::pick || kind == Kind::region ||
        kind == Kind::oracle || kind == Kind::library)
      kernel_at(key_of(id)).folds.push_back(id);
  }
  place_parts();
  // Where a value can be stored at `near`: by its own kernel, unless that runs outside of the rows.
  auto own_key = [&](ValueId id, const Position& near) {
    const Info& info = plan_.of(id);
    bool flat = info.kind == Kind::inlined || info.kind == Kind::part ||
                info.kind == Kind::oracle || info.kind == Kind::library || near.row != info.row;
    return flat ? flat_key(near, graph_.type(id).shape) : key_of(id);
  };
  // Results straight into their buffers; those updated in place, if nothing stands against it.
  for (size_t r = 0; r < function_.results.size(); ++r) {
    const Result& result = function_.results[r];
    if (result.updates < 0 && graph_.type(result.value).rank() > 0)
      add_store(result.value, {Target::Kind::result, static_cast<int>(r)},
                own_key(result.value, result_position(result)));
  }
  for (const InPlace& update : in_place_) {
    const Result& result = function_.results[update.result];
    const Node& node = graph_.node(result.value);
    bool itself = node.op == Op::arg && node.attr.ints[0] == result.updates;
    if (itself || update.through_copy) continue;
    add_store(result.value, {Target::Kind::result, update.result},
              own_key(result.value, update.delayed.value_or(result_position(result))));
  }
  // Everything else that must have a place gets a temporary.
  auto add_temporary = [&](ValueId id, const char* reason) {
    Info& info = plan_.info[id.value];
    info.reason = reason;
    if (info.home.kind != Target::Kind::none) return;
    Target to{Target::Kind::temporary, static_cast<int>(plan_.temporaries.size())};
    plan_.temporaries.push_back({id, info.row});
    add_store(id, to, own_key(id, info.near));
  };
  for (ValueId id : order_) {
    const Info& info = plan_.of(id);
    if (info.kind == Kind::copy)
      add_temporary(id, "made part by part");
    else if (info.kind == Kind::fold && graph_.type(id).rank() > 0)
      add_temporary(id, "a fold's result");
    else if (stored_[id.value])
      add_temporary(id, stored_[id.value]);
  }
  for (const InPlace& update : in_place_) {
    if (!update.through_copy) continue;
    const Result& result = function_.results[update.result];
    add_temporary(result.value, "new value of a parameter that is still read");
    Position last{result.per_tensor ? plan_.stages - 1 : plan_.stages, result.per_tensor,
                  kLastPass};
    kernel_at(flat_key(last, graph_.type(result.value).shape))
        .stores.push_back({result.value, {Target::Kind::result, update.result}});
  }

  split_crowded();
  std::stable_sort(building_.begin(), building_.end(), [](const auto& a, const auto& b) {
    bool pick_a = a.second.kind == Kernel::Kind::pick, pick_b = b.second.kind == Kernel::Kind::pick;
    if (a.second.at != b.second.at) return a.second.at < b.second.at;
    if (pick_a != pick_b) return pick_a;
    return pick_a && a.second.folds[0] < b.second.folds[0];
  });
  for (auto& [key, kernel] : building_) {
    int index = static_cast<int>(plan_.kernels.size());
    for (ValueId fold : kernel.folds)
      plan_.info[fold.value].kernel = index;
    for (const Store& store : kernel.stores) {
      Info& info = plan_.info[store.value.value];
      if (info.home == store.to) info.home_kernel = index;
    }
    plan_.kernels.push_back(std::move(kernel));
  }
  for (ValueId id : order_)
    if (Kind kind = plan_.of(id).kind;
        kind == Kind::part || kind == Kind::oracle || kind == Kind::library)
      plan_.info[id.value].home_kernel =
          plan_.of(kind == Kind::part ? graph_.node(id).operands[0] : id).kernel;
}

// A store into a parameter's buffer must come after every read of the old value, and a kernel that
// stores may read the parameter only at the element it stores. If a later flat kernel over the same
// space is the last reader, the store moves there; otherwise the value goes through a copy.
bool Planner::in_place_conflicts() {
  if (in_place_.empty()) return false;
  struct Reads {
    int last = -1;           // kernel
    int last_elsewhere = -1; // last kernel that reads another element than its own
  };
  std::vector<Reads> reads(function_.parameters.size());
  Region region(graph_, plan_);
  for (int k = 0; k < static_cast<int>(plan_.kernels.size()); ++k)
    for (const Visit& visit : region.walk(k)) {
      const Node& node = graph_.node(visit.value);
      const Info& info = plan_.of(visit.value);
      if (node.op != Op::arg || (info.home.kind != Target::Kind::none && info.home_kernel < k))
        continue;
      Reads& read = reads[node.attr.ints[0]];
      read.last = k;
      if (visit.other_element) read.last_elsewhere = k;
    }
  bool changed = false;
  for (InPlace& update : in_place_) {
    const Result& result = function_.results[update.result];
    Target target{Target::Kind::result, update.result};
    int at = -1;
    for (int k = 0; k < static_cast<int>(plan_.kernels.size()) && at < 0; ++k)
      for (const Store& store : plan_.kernels[k].stores)
        if (store.to == target) at = k;
    if (at < 0 || update.through_copy) continue;
    const Reads& read = reads[result.updates];
    if (read.last <= at && read.last_elsewhere < at) continue;
    changed = true;
    const Kernel& last = plan_.kernels[read.last];
    bool can_move = plan_.of(result.value).kind == Kind::inlined && !stored_[result.value.value] &&
                    !update.delayed && read.last > at && read.last_elsewhere < read.last &&
                    last.kind == Kernel::Kind::flat && last.at.row == result.per_tensor &&
                    last.space == graph_.type(result.value).shape;
    if (can_move)
      update.delayed = last.at;
    else
      update.through_copy = true;
  }
  return changed;
}

void Planner::mark_collapsed() {
  Region region(graph_, plan_);
  for (int k = 0; k < static_cast<int>(plan_.kernels.size()); ++k) {
    Kernel& kernel = plan_.kernels[k];
    kernel.collapsed = true;
    auto look = [&](const std::vector<Visit>& visits) {
      for (const Visit& visit : visits)
        if (visit.same_element && !visit.loaded && plan_.of(visit.value).kind == Kind::inlined &&
            needs_axes(graph_, visit.value))
          kernel.collapsed = false;
    };
    if (kernel.kind == Kernel::Kind::flat) look(region.walk(k));
    if (kernel.kind == Kernel::Kind::per_point)
      for (ValueId fold : kernel.folds)
        look(region.walk_operands(k, fold));
  }
}

} // namespace thalweg::fuse
