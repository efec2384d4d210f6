// Interning of values and lambdas (see graph.h).
#include "ir/graph.h"

#include "ir/shape_rules.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg {

static void mix(size_t& seed, size_t h) {
  seed ^= h + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2);
}

size_t Attr::hash() const {
  size_t seed = std::hash<std::string>{}(name);
  for (int64_t i : ints)
    mix(seed, std::hash<int64_t>{}(i));
  for (const Dim& dim : dims)
    mix(seed, dim.hash());
  for (LambdaId id : lambdas)
    mix(seed, id.value);
  return seed;
}

ValueId Graph::add(Op op, Type type, std::vector<ValueId> operands, Attr attr) {
  Node node{op, std::move(type), std::move(operands), std::move(attr)};
  size_t key = static_cast<size_t>(op);
  mix(key, node.type.hash());
  mix(key, node.attr.hash());
  for (ValueId id : node.operands)
    mix(key, id.value);
  auto [begin, end] = node_index_.equal_range(key);
  for (auto it = begin; it != end; ++it)
    if (nodes_[it->second] == node) {
      if (asked_at_[it->second] <= round_) asked_at_[it->second] = ++clock_;
      return ValueId{it->second};
    }
  for (ValueId id : node.operands)
    TW_CHECK(id.value < nodes_.size(), "operand from nowhere");
  Inferred inferred = infer_type(*this, node);
  TW_CHECK(inferred.ok(), "{}: {}", op_info(op).name, inferred.problem);
  TW_CHECK(inferred.type == node.type, "{}: type {} given, {} inferred", op_info(op).name,
           node.type.str(), inferred.type.str());
  uint32_t id = size();
  nodes_.push_back(std::move(node));
  node_index_.emplace(key, id);
  asked_at_.push_back(++clock_);
  return ValueId{id};
}

LambdaId Graph::add_lambda(Lambda lambda) {
  size_t key = lambda.parameters.size();
  for (const Type& type : lambda.parameters)
    mix(key, type.hash());
  for (ValueId id : lambda.results)
    mix(key, id.value);
  auto [begin, end] = lambda_index_.equal_range(key);
  for (auto it = begin; it != end; ++it)
    if (lambdas_[it->second] == lambda) return LambdaId{it->second};
  uint32_t id = lambda_count();
  lambdas_.push_back(std::move(lambda));
  lambda_index_.emplace(key, id);
  return LambdaId{id};
}

void Graph::set_origin(ValueId id, Span span) { origins_.emplace(id.value, span); }

Span Graph::origin(ValueId id) const {
  auto it = origins_.find(id.value);
  return it == origins_.end() ? Span{} : it->second;
}

// Costs what it finds, not what the graph holds: it is asked of single values, too.
std::vector<ValueId> reachable(const Graph& graph, std::span<const ValueId> roots) {
  uint32_t top = 0;
  for (ValueId id : roots)
    top = std::max(top, id.value + 1);
  std::vector<bool> found(top, false);
  std::vector<ValueId> order;
  const auto need = [&](ValueId id) {
    if (!found[id.value]) order.push_back(id);
    found[id.value] = true;
  };
  for (ValueId id : roots)
    need(id);
  for (size_t i = 0; i < order.size(); ++i)
    for (ValueId operand : graph.node(order[i]).operands)
      need(operand);
  std::sort(order.begin(), order.end());
  return order;
}

std::vector<ValueId> roots_of(const Function& function) {
  std::vector<ValueId> roots;
  for (const Result& result : function.results)
    roots.push_back(result.value);
  for (const Check& check : function.checks)
    roots.push_back(check.condition);
  return roots;
}

} // namespace thalweg
