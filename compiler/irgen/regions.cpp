// Cutting bodies of loops and branches out of the graph (see regions.h).
#include "irgen/regions.h"

#include <algorithm>

namespace thalweg::irgen {
namespace {

// Far above the number of parameters of any function.
constexpr int64_t kFirstPlaceholder = int64_t{1} << 40;

bool may_fail(Op op) {
  return op == Op::gather || op == Op::scatter_add || op == Op::oracle || op == Op::derivative ||
         op == Op::while_loop || op == Op::if_else || op_info(op).emission == Emission::library;
}

} // namespace

ValueId Regions::placeholder(Type type) {
  return graph_.add(Op::arg, std::move(type), {},
                    {{kFirstPlaceholder + placeholders_++}, {}, {}, {}});
}

size_t Regions::set_aside(uint32_t mark) {
  over_.emplace_back(mark, graph_.clock());
  return over_.size() - 1;
}

void Regions::reopen(size_t side) { over_.erase(over_.begin() + static_cast<ptrdiff_t>(side)); }

bool Regions::runs_alone(std::span<const ValueId> values, uint32_t mark) const {
  for (ValueId id : reachable(graph_, values)) {
    if (made_outside(id, mark)) continue;
    const Node& node = graph_.node(id);
    if (may_fail(node.op)) return true;
    if (op_info(node.op).emission == Emission::fold && !is_across(node.op) &&
        graph_.type(node.operands[0]).rank() > 0)
      return true;
  }
  return false;
}

bool Regions::made_outside(ValueId id, uint32_t mark) const {
  const uint32_t at = graph_.asked_at(id);
  return at <= mark && std::none_of(over_.begin(), over_.end(), [&](const auto& range) {
           return range.first < at && at <= range.second;
         });
}

// Costs nothing where it is used.
bool Regions::is_view(ValueId id) const {
  switch (graph_.node(id).op) {
  case Op::broadcast:
  case Op::reshape:
  case Op::transpose:
  case Op::slice: return graph_.type(id).rank() > 0;
  default: return false;
  }
}

Regions::Closed Regions::close(const std::vector<std::vector<ValueId>>& bodies,
                               const std::vector<ValueId>& states, uint32_t mark, bool hoist) {
  std::vector<ValueId> roots;
  for (const std::vector<ValueId>& body : bodies)
    roots.insert(roots.end(), body.begin(), body.end());
  // What depends on the states, and what could fail or draws, in itself or what it is made of.
  const std::vector<ValueId> needed = reachable(graph_, roots);
  std::unordered_map<uint32_t, bool> changes, bound;
  Closed closed;
  for (ValueId id : needed) {
    const Node& node = graph_.node(id);
    bool change = std::find(states.begin(), states.end(), id) != states.end();
    bool tied = may_fail(node.op) || node.op == Op::random;
    for (ValueId operand : node.operands) {
      change = change || changes[operand.value];
      tied = tied || (bound[operand.value] && !made_outside(operand, mark));
    }
    changes[id.value] = change;
    bound[id.value] = tied;
    if (change && is_across(node.op) && !closed.across.valid()) closed.across = id;
  }
  if (closed.across.valid()) return closed;
  auto captured = [&](ValueId id) {
    const Node& node = graph_.node(id);
    if (changes[id.value] || node.type.is_tuple) return false;
    if (is_across(node.op) || node.op == Op::arg) return true;
    if (node.operands.empty() || is_view(id)) return false;
    if (made_outside(id, mark)) return true;
    if (node.op == Op::get && made_outside(node.operands[0], mark)) return true;
    bool folds =
        op_info(node.op).emission == Emission::fold && graph_.type(node.operands[0]).rank() > 0;
    return hoist && folds && !bound[id.value];
  };

  // Downwards to the captures, then the bodies anew.
  std::vector<Type> parameters;
  std::unordered_map<uint32_t, ValueId> anew;
  for (ValueId state : states) {
    anew[state.value] = graph_.add(Op::arg, graph_.type(state), {},
                                   {{static_cast<int64_t>(parameters.size())}, {}, {}, {}});
    parameters.push_back(graph_.type(state));
  }
  std::vector<ValueId> inside, work = roots;
  std::unordered_map<uint32_t, bool> seen;
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    if (anew.contains(id.value) || !seen.emplace(id.value, true).second) continue;
    if (captured(id)) {
      closed.captures.push_back(id);
      continue;
    }
    inside.push_back(id);
    for (ValueId operand : graph_.node(id).operands)
      work.push_back(operand);
  }
  std::sort(closed.captures.begin(), closed.captures.end());
  for (ValueId capture : closed.captures) {
    anew[capture.value] = graph_.add(Op::arg, graph_.type(capture), {},
                                     {{static_cast<int64_t>(parameters.size())}, {}, {}, {}});
    parameters.push_back(graph_.type(capture));
  }
  std::sort(inside.begin(), inside.end());
  for (ValueId id : inside) {
    Node node = graph_.node(id); // a copy: the graph grows
    for (ValueId& operand : node.operands)
      operand = anew.at(operand.value);
    ValueId made = graph_.add(node.op, node.type, std::move(node.operands), std::move(node.attr));
    if (Span origin = graph_.origin(id); origin.valid() && !graph_.origin(made).valid())
      graph_.set_origin(made, origin);
    anew[id.value] = made;
  }
  for (const std::vector<ValueId>& body : bodies) {
    Lambda lambda{parameters, {}};
    for (ValueId result : body)
      lambda.results.push_back(anew.at(result.value));
    closed.lambdas.push_back(graph_.add_lambda(std::move(lambda)));
  }
  over_.emplace_back(mark, graph_.clock());
  return closed;
}

} // namespace thalweg::irgen
