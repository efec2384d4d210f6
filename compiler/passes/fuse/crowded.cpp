// Kernels that do more at once than the registers hold are cut where nothing is shared: values that
// read the same data stay together, so no pass over memory is added.
#include "passes/fuse/planner.h"

#include <algorithm>
#include <numeric>

namespace thalweg::fuse {
namespace {

// Folds keep accumulators through the loop, stores only an address.
constexpr int kFoldWeight = 2, kRoom = 16;

// Folds, then stores, of one kernel, in sets that grow together.
class Sharing {
public:
  Sharing(const Graph& graph, const Plan& plan, size_t items)
      : graph_(graph), plan_(plan), set_(items), owner_() {
    std::iota(set_.begin(), set_.end(), size_t{0});
  }
  size_t set_of(size_t item) {
    while (set_[item] != item)
      item = set_[item] = set_[set_[item]];
    return item;
  }
  void join(size_t a, size_t b) { set_[set_of(a)] = set_of(b); }
  // `item` looks at the value, and at what that is made of inside the kernel.
  void look(size_t item, ValueId value) {
    std::vector<ValueId> work{value};
    while (!work.empty()) {
      ValueId id = work.back();
      work.pop_back();
      const Node& node = graph_.node(id);
      if (node.type.is_tuple || node.type.rank() == 0) continue;
      bool loaded = node.op == Op::arg || plan_.of(id).kind != Kind::inlined;
      if (!loaded && node.operands.empty()) continue; // constants, counts
      auto [known, fresh] = owner_.emplace(id, item);
      if (!fresh) join(item, known->second);
      if (!fresh || loaded) continue;
      // Spread numbers and constants are nobody's data.
      bool data = std::any_of(node.operands.begin(), node.operands.end(), [&](ValueId operand) {
        const Node& of = graph_.node(operand);
        return of.type.is_tuple || (of.type.rank() > 0 && !of.operands.empty()) || of.op == Op::arg;
      });
      if (!data) owner_.erase(known);
      work.insert(work.end(), node.operands.begin(), node.operands.end());
    }
  }

private:
  const Graph& graph_;
  const Plan& plan_;
  std::vector<size_t> set_;
  std::map<ValueId, size_t> owner_; // the first to look
};

} // namespace

void Planner::split_crowded() {
  std::vector<std::pair<Key, Kernel>> split;
  for (auto& [key, kernel] : building_) {
    const size_t folds = kernel.folds.size(), items = folds + kernel.stores.size();
    const bool loop = kernel.kind == Kernel::Kind::flat || kernel.kind == Kernel::Kind::per_point;
    if (!loop || static_cast<int>(folds) * kFoldWeight + static_cast<int>(items - folds) <= kRoom) {
      split.emplace_back(key, std::move(kernel));
      continue;
    }
    Sharing sharing(graph_, plan_, items);
    for (size_t k = 0; k < folds; ++k)
      for (ValueId operand : graph_.node(kernel.folds[k]).operands)
        sharing.look(k, operand);
    for (size_t k = folds; k < items; ++k) {
      const Store& store = kernel.stores[k - folds];
      auto own = std::find(kernel.folds.begin(), kernel.folds.end(), store.value);
      if (own != kernel.folds.end())
        sharing.join(k, static_cast<size_t>(own - kernel.folds.begin()));
      else
        sharing.look(k, store.value);
      // What is overwritten is read by nobody else, or by one of this set.
      if (store.to.kind != Target::Kind::result) continue;
      const int updates = function_.results[static_cast<size_t>(store.to.index)].updates;
      for (ValueId id : order_)
        if (const Node& node = graph_.node(id);
            updates >= 0 && node.op == Op::arg && node.attr.ints[0] == updates)
          sharing.look(k, id);
    }
    std::map<size_t, int> weight;
    for (size_t k = 0; k < items; ++k)
      weight[sharing.set_of(k)] += k < folds ? kFoldWeight : 1;
    // Sets in their order fill kernels; one that is too large by itself stays whole.
    std::map<size_t, size_t> kernel_of_set;
    std::vector<Kernel> parts;
    int room = 0;
    for (size_t k = 0; k < items; ++k) {
      const size_t set = sharing.set_of(k);
      auto [at, fresh] = kernel_of_set.emplace(set, 0);
      if (fresh) {
        if (parts.empty() || weight[set] > room) {
          parts.push_back(kernel);
          parts.back().folds.clear();
          parts.back().stores.clear();
          room = kRoom;
        }
        room -= weight[set];
        at->second = parts.size() - 1;
      }
      if (k < folds)
        parts[at->second].folds.push_back(kernel.folds[k]);
      else
        parts[at->second].stores.push_back(kernel.stores[k - folds]);
    }
    for (Kernel& part : parts)
      split.emplace_back(key, std::move(part));
  }
  building_ = std::move(split);
}

} // namespace thalweg::fuse
