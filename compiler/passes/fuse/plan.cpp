// Kinds, positions and stored values: the first half of the plan (kernels.cpp is the second).
#include "passes/fuse/planner.h"

#include "ir/varying.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::fuse {
namespace {

constexpr int kCostLimit = 1000;
// Above this an element used by several kernels is stored once instead of computed in each. Below,
// computing again is as cheap as writing and reading it back.
constexpr int kSharedCost = 32;
// A value that a loop would compute many times per element is stored from this cost on.
constexpr int kRepeatedCost = 8;

Position after(Position at) {
  ++at.pass;
  return at;
}

} // namespace

std::variant<Plan, NotLowered> plan(const Graph& graph, const Function& function) {
  return Planner(graph, function, false).run();
}

std::variant<Plan, NotLowered> Planner::run() {
  std::vector<ValueId> roots = roots_of(function_);
  order_ = reachable(graph_, roots);
  uint32_t size = order_.empty() ? 0 : order_.back().value + 1;
  plan_.info.resize(size);
  stored_.assign(size, nullptr);
  cost_.assign(size, 0);
  mark_.assign(size, 0);
  if (std::optional<NotLowered> problem = classify()) return *problem;
  choose_local_stores();
  place();
  choose_shared_stores();
  place();
  place_checks();
  for (size_t r = 0; r < function_.results.size(); ++r) {
    const Result& result = function_.results[r];
    if (result.updates < 0 || graph_.type(result.value).rank() == 0) continue;
    in_place_.push_back({static_cast<int>(r), false, std::nullopt});
    // A call that a check ends has changed nothing.
    Position earliest = promoted(checked_, result.per_tensor);
    if (function_.checks.empty() || !(result_position(result) < earliest)) continue;
    bool again = plan_.of(result.value).kind == Kind::inlined && !stored_[result.value.value];
    if (again)
      in_place_.back().delayed = earliest;
    else
      in_place_.back().through_copy = true;
  }
  do
    build_kernels();
  while (in_place_conflicts());
  choose_rows();
  merge_epilogues();
  group_rows();
  drop_unread_temporaries();
  mark_collapsed();
  return std::move(plan_);
}

std::optional<NotLowered> Planner::classify() {
  auto refuse = [&](ValueId id, std::string reason) {
    return NotLowered{graph_.node(id).op, graph_.origin(id), std::move(reason)};
  };
  std::vector<bool> varies = varies_by_tensor(graph_, function_);
  for (ValueId id : order_) {
    const Node& node = graph_.node(id);
    Info& info = plan_.info[id.value];
    std::optional<Kind> kind = kind_of(graph_, id);
    if (!kind)
      return refuse(id, "'" + std::string(op_info(node.op).name) + "' is not compiled yet");
    info.kind = *kind;
    info.row = varies[id.value];
    TW_CHECK(info.kind != Kind::across || function_.over_table,
             "a fold over rows in a function without rows");
    if (info.kind != Kind::region) continue;
    if (std::optional<NotLowered> problem = plan_lambdas(id)) return problem;
  }
  for (const Result& result : function_.results)
    if (!result.per_tensor && plan_.of(result.value).row)
      return refuse(result.value,
                    "result '" + result.name + "' is shared but depends on the tensor at hand");
  return std::nullopt;
}

void Planner::choose_local_stores() {
  auto store = [&](ValueId id, const char* reason) {
    if (stored_[id.value] || plan_.of(id).kind != Kind::inlined) return;
    stored_[id.value] = reason;
    cost_[id.value] = 0;
  };
  for (ValueId id : order_) {
    const Node& node = graph_.node(id);
    if (plan_.of(id).kind == Kind::fold && node.op == Op::contract) {
      FoldShape shape = fold_shape(graph_, id);
      for (int side = 0; side < 2; ++side) {
        ValueId operand = node.operands[side];
        // An operand that lacks a loop's axis is read again on every round of it.
        size_t loops = shape.space.size() + shape.inner.size();
        if (graph_.type(operand).rank() < loops && cost_[operand.value] > 0)
          store(operand, "operand of a contraction, read several times");
      }
    }
    if (plan_.of(id).kind == Kind::region) {
      size_t states = node.op == Op::while_loop ? static_cast<size_t>(node.attr.ints[0]) : 0;
      for (size_t k = 1 + states; k < node.operands.size(); ++k)
        if (graph_.type(node.operands[k]).rank() > 0 && graph_.node(node.operands[k]).op != Op::arg)
          store(node.operands[k], "read by a loop or a branch");
    }
    if (Kind kind = plan_.of(id).kind; kind == Kind::oracle || kind == Kind::library)
      for (ValueId operand : node.operands)
        if (graph_.node(operand).op != Op::arg)
          store(operand, kind == Kind::oracle ? "a point that the objective is asked at"
                                              : "read by linear algebra");
    if (plan_.of(id).kind != Kind::inlined) continue;
    if (node.op == Op::broadcast && moves(graph_, id, 0) &&
        cost_[node.operands[0].value] >= kRepeatedCost)
      store(node.operands[0], "repeated along an axis");
    if (node.op == Op::gather && cost_[node.operands[0].value] >= kRepeatedCost)
      store(node.operands[0], "gathered from");
    if (node.op == Op::contract)
      for (ValueId operand : node.operands)
        if (cost_[operand.value] >= kRepeatedCost && graph_.type(operand).rank() > 0)
          store(operand, "operand of an outer product");
    if (node.type.rank() == 0) continue; // computed once
    int cost = own_cost(graph_, id);
    for (ValueId operand : node.operands)
      cost = std::min(kCostLimit, cost + cost_[operand.value]);
    cost_[id.value] = cost;
  }
}

// The tree cost counts shared operands twice; here every value counts once, up to the limit.
bool Planner::expensive(ValueId value) {
  if (cost_[value.value] < kSharedCost) return false;
  ++epoch_;
  int cost = 0, count = 0;
  std::vector<ValueId> work{value};
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    if (mark_[id.value] == epoch_) continue;
    mark_[id.value] = epoch_;
    if (plan_.of(id).kind != Kind::inlined || graph_.type(id).rank() == 0) continue;
    if (stored_[id.value] && id != value) continue;
    cost += own_cost(graph_, id);
    if (cost >= kSharedCost || ++count > 4 * kSharedCost) return true;
    for (ValueId operand : graph_.node(id).operands)
      work.push_back(operand);
  }
  return false;
}

void Planner::choose_shared_stores() {
  struct Users {
    int first = -1;
    bool many = false;
    void add(const Users& other) {
      if (other.first < 0) return;
      many = many || other.many || (first >= 0 && first != other.first);
      first = other.first;
    }
  };
  std::map<Key, int> numbers;
  auto number = [&](const Key& key) {
    return Users{numbers.emplace(key, static_cast<int>(numbers.size())).first->second, false};
  };
  std::vector<Users> users(plan_.info.size());
  for (const Result& result : function_.results)
    if (graph_.type(result.value).rank() > 0)
      users[result.value.value].add(
          number(flat_key(result_position(result), graph_.type(result.value).shape)));
  for (size_t i = order_.size(); i-- > 0;) {
    ValueId id = order_[i];
    const Node& node = graph_.node(id);
    const Info& info = plan_.of(id);
    Users own = users[id.value];
    if (info.kind == Kind::across || info.kind == Kind::part) continue;
    if (info.kind != Kind::inlined) {
      own = number(key_of(id));
    } else if (node.type.rank() == 0) {
      continue;
    } else {
      if (own.many && !stored_[id.value] && own_cost(graph_, id) > 0 && expensive(id))
        stored_[id.value] = "costly and used by several kernels";
      if (stored_[id.value]) own = number(flat_key(info.near, node.type.shape));
    }
    for (ValueId operand : node.operands)
      users[operand.value].add(own);
  }
}

Position Planner::promoted(Position at, bool row) const {
  return row && !at.row ? Position{at.stage, true, 0} : at;
}

Position Planner::result_position(const Result& result) const {
  return promoted(plan_.of(result.value).near, result.per_tensor);
}

void Planner::place() {
  plan_.stages = 1;
  for (ValueId id : order_) {
    const Node& node = graph_.node(id);
    Info& info = plan_.info[id.value];
    Position near, far;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const Info& operand = plan_.of(node.operands[k]);
      near = std::max(near, info.kind == Kind::inlined && moves(graph_, id, k) ? operand.far
                                                                               : operand.near);
      far = std::max(far, operand.far);
    }
    near = promoted(near, info.row);
    far = promoted(far, info.row);
    switch (info.kind) {
    case Kind::unused: break;
    case Kind::inlined:
      if (node.type.rank() == 0) near = far;
      info.near = near;
      info.far = stored_[id.value] ? std::max(far, after(near)) : far;
      break;
    case Kind::fold:
    case Kind::copy:
    case Kind::region:
    case Kind::oracle:
    case Kind::library: {
      Position runs = std::get<Kernel::Kind>(key_of(id)) == Kernel::Kind::flat ? near : far;
      info.near = info.far = after(runs);
      break;
    }
    case Kind::part:
    case Kind::pick: info.near = info.far = far; break;
    case Kind::across: info.near = info.far = {near.stage + 1, false, 0}; break;
    }
    plan_.stages = std::max(plan_.stages, info.near.stage + 1);
  }
}

// Checks are ordered effects: each runs where its condition is known, but after all earlier ones.
// One that looks at every row ends its stage, so that no later check of an earlier row comes first.
void Planner::place_checks() {
  plan_.checks.clear();
  Position first; // where the next check may stand
  for (const Check& check : function_.checks) {
    const Info& condition = plan_.of(check.condition);
    Position at{condition.near.stage, condition.row, condition.near.pass};
    if (at < first) {
      bool later = first.row && !at.row;
      at = Position{first.stage + (later ? 1 : 0), at.row,
                    later || at.row != first.row ? 0 : first.pass};
    }
    plan_.checks.push_back(at);
    first = at.row ? Position{at.stage + 1, false, 0} : at;
    plan_.stages = std::max(plan_.stages, first.stage + 1);
  }
  checked_ = first;
}

} // namespace thalweg::fuse
