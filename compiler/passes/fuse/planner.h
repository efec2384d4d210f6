// The planner's working state: private to passes/fuse.
#pragma once

#include "passes/fuse/facts.h"

#include <map>
#include <tuple>

namespace thalweg::fuse {

class Planner {
public:
  Planner(const Graph& graph, const Function& function, bool nested)
      : graph_(graph), function_(function), nested_(nested) {}
  std::variant<Plan, NotLowered> run();

private:
  // How a result that updates a parameter reaches the parameter's storage.
  struct InPlace {
    int result = -1;
    bool through_copy =
        false; // stored elsewhere first, copied when nobody reads the old value any more
    std::optional<Position> delayed;
  };
  using Key = std::tuple<Position, Kernel::Kind, Shape, Shape, bool, bool, uint32_t>;

  std::optional<NotLowered> classify();
  // regions.cpp
  std::optional<NotLowered> plan_lambdas(ValueId region);
  void place_parts();
  void choose_local_stores();
  void choose_shared_stores(); // values that several kernels would compute again
  bool expensive(ValueId value);
  void place();
  void place_checks();
  Position promoted(Position at, bool row) const;
  Position result_position(const Result& result) const;

  Key key_of(ValueId value) const; // of the kernel that folds, copies or picks the value
  Key flat_key(const Position& at, const Shape& space) const;
  Kernel& kernel_at(const Key& key);
  void build_kernels();
  void split_crowded(); // crowded.cpp
  void add_store(ValueId value, Target to, const Key& key);
  bool in_place_conflicts(); // true if one was found and its way changed
  bool fits_after(Region& region, int host, int later) const;
  void merge_epilogues();
  void drop_unread_temporaries();
  // The kernels in a new order; `number` gives the new place of each old one.
  void renumber(std::vector<Kernel> kernels, const std::vector<int>& number);
  // row_groups.cpp
  void choose_rows();
  RowRole role_of(const Kernel& kernel, const Dim& rows) const;
  void group_rows();
  void mark_collapsed();

  const Graph& graph_;
  const Function& function_;
  bool nested_;                                 // a lambda of a region
  std::map<ValueId, std::vector<int>> lambdas_; // of regions, in plan_.nested
  Plan plan_;
  std::vector<ValueId> order_;
  std::vector<const char*> stored_; // by value: why it must have a home, or null
  std::vector<int> cost_;           // inline cost, an upper bound
  std::vector<uint32_t> mark_;
  uint32_t epoch_ = 0;
  std::vector<InPlace> in_place_;
  Position checked_; // from here on no check can end the call any more
  std::map<Key, int> kernel_of_key_;
  std::vector<std::pair<Key, Kernel>> building_;
};

} // namespace thalweg::fuse
