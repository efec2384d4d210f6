// Epilogues: elementwise consumers of folds move into the loop that folds, and what nobody loads
// any more loses its temporary (a matrix product plus bias through an activation: one nest, no
// copy).
#include "passes/fuse/planner.h"

#include <algorithm>
#include <set>

namespace thalweg::fuse {

// True if everything the flat kernel `later` computes can be had at each point of kernel `host`.
bool Planner::fits_after(Region& region, int host, int later) const {
  const Kernel& kernel = plan_.kernels[host];
  const Kernel& flat = plan_.kernels[later];
  bool joins = flat.kind == Kernel::Kind::flat && flat.folds.empty() &&
               flat.space == kernel.space && flat.at.stage == kernel.at.stage &&
               flat.at.row == kernel.at.row;
  if (!joins) return false;
  for (const Store& store : flat.stores)
    if (store.to.kind == Target::Kind::result && function_.results[store.to.index].updates >= 0)
      return false; // the fold still reads what this would overwrite
  bool reads_host = false;
  for (const Visit& visit : region.walk(later)) {
    const Info& info = plan_.of(visit.value);
    const Node& node = graph_.node(visit.value);
    if (visit.loaded) {
      bool stored = info.home.kind != Target::Kind::none && info.home_kernel < later;
      if (stored && info.home_kernel > host) return false;
      if (stored && info.home_kernel == host) {
        // Known at the point itself, under the very index of the loops.
        if (visit.other_element || info.kernel != host) return false;
        reads_host = true;
      }
      continue;
    }
    bool same_flat_only =
        node.op == Op::reshape || (node.op == Op::broadcast && !moves(graph_, visit.value, 0));
    for (ValueId operand : node.operands) {
      if (graph_.type(operand).rank() > 0) {
        if (same_flat_only) return false; // another index for the same element
      } else if (plan_.of(operand).far > kernel.at) {
        return false; // a scalar that is not known yet
      }
    }
  }
  return reads_host;
}

void Planner::merge_epilogues() {
  Region region(graph_, plan_);
  std::vector<bool> gone(plan_.kernels.size(), false);
  for (int host = 0; host < static_cast<int>(plan_.kernels.size()); ++host) {
    // A fold in lanes leaves one scalar per point; its consumers are better off in a vector loop.
    if (plan_.kernels[host].kind != Kernel::Kind::per_point || plan_.kernels[host].lanes) continue;
    if (plan_.kernels[host].space.empty()) continue;
    // Folded chunk by chunk: known at no point before the last chunk.
    if (role_of(plan_.kernels[host], plan_.rows) == RowRole::fold) continue;
    for (int later = host + 1; later < static_cast<int>(plan_.kernels.size()); ++later) {
      Position next = plan_.kernels[host].at;
      ++next.pass;
      if (plan_.kernels[later].at > next) break;
      if (gone[later] || !fits_after(region, host, later)) continue;
      for (const Store& store : plan_.kernels[later].stores) {
        plan_.kernels[host].stores.push_back(store);
        Info& info = plan_.info[store.value.value];
        if (info.home == store.to) info.home_kernel = host;
      }
      gone[later] = true;
    }
  }
  std::vector<int> number(plan_.kernels.size());
  std::vector<Kernel> kept;
  for (size_t k = 0; k < plan_.kernels.size(); ++k) {
    number[k] = static_cast<int>(kept.size());
    if (!gone[k]) kept.push_back(std::move(plan_.kernels[k]));
  }
  renumber(std::move(kept), number);
}

void Planner::renumber(std::vector<Kernel> kernels, const std::vector<int>& number) {
  plan_.kernels = std::move(kernels);
  for (ValueId id : order_) {
    Info& info = plan_.info[id.value];
    if (info.kernel >= 0) info.kernel = number[info.kernel];
    if (info.home_kernel >= 0) info.home_kernel = number[info.home_kernel];
  }
}

void Planner::drop_unread_temporaries() {
  std::set<int> read;
  Region region(graph_, plan_);
  for (int k = 0; k < static_cast<int>(plan_.kernels.size()); ++k)
    for (const Visit& visit : region.walk(k)) {
      const Info& info = plan_.of(visit.value);
      if (info.home.kind == Target::Kind::temporary && info.home_kernel < k)
        read.insert(info.home.index);
    }
  std::vector<Temporary> kept;
  std::vector<int> number(plan_.temporaries.size(), -1);
  for (size_t t = 0; t < plan_.temporaries.size(); ++t) {
    // Scalars are read by other scalars too, which no kernel shows.
    bool scalar = type_of(graph_, plan_.temporaries[t]).rank() == 0;
    if (!scalar && !plan_.temporaries[t].part && !read.count(static_cast<int>(t))) continue;
    number[t] = static_cast<int>(kept.size());
    kept.push_back(plan_.temporaries[t]);
  }
  plan_.temporaries = std::move(kept);
  auto dead = [&](const Target& to) {
    return to.kind == Target::Kind::temporary && number[to.index] < 0;
  };
  for (Kernel& kernel : plan_.kernels) {
    std::erase_if(kernel.stores, [&](const Store& store) { return dead(store.to); });
    for (Store& store : kernel.stores)
      if (store.to.kind == Target::Kind::temporary) store.to.index = number[store.to.index];
    for (Target& part : kernel.parts)
      part.index = number[part.index];
  }
  for (ValueId id : order_) {
    Info& info = plan_.info[id.value];
    if (dead(info.home))
      info.home = {}, info.home_kernel = -1;
    else if (info.home.kind == Target::Kind::temporary)
      info.home.index = number[info.home.index];
  }
}

} // namespace thalweg::fuse
