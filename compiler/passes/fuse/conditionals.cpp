// Replaces if_else by selections: both sides are computed, one is taken. Values have no effects, so
// this changes no bit. Sides that could fail at run time (gathers, oracles) or go over tensors more
// than once (folds, loops) stay: of them one runs.
#include "passes/fuse/plan.h"

#include "ir/builder.h"
#include "ir/rewrite.h"

#include <algorithm>
#include <unordered_map>

namespace thalweg::fuse {
namespace {

// True if the side is to run only where it is taken.
bool runs_alone(const Graph& graph, LambdaId lambda) {
  for (ValueId id : reachable(graph, graph.lambda(lambda).results)) {
    const Node& node = graph.node(id);
    switch (node.op) {
    case Op::oracle:
    case Op::while_loop:
    case Op::gather:
    case Op::scatter_add: return true;
    default: break;
    }
    Emission emission = op_info(node.op).emission;
    if (emission == Emission::library) return true;
    if (emission == Emission::fold && graph.type(node.operands[0]).rank() > 0) return true;
    for (LambdaId inner : node.attr.lambdas)
      if (runs_alone(graph, inner)) return true;
  }
  return false;
}

class Flattener {
public:
  explicit Flattener(Graph& graph) : graph_(graph), builder_(graph) {}

  // The roots with conditionals replaced; in a lambda's body, `arg` k becomes arguments[k].
  // Recursion is as deep as conditionals nest in the source.
  std::vector<ValueId> flatten(std::vector<ValueId> roots, const std::vector<ValueId>* arguments) {
    std::unordered_map<ValueId, ValueId> map;
    std::unordered_map<ValueId, std::vector<ValueId>> tuples;
    for (ValueId id : reachable(graph_, roots)) {
      Node node = graph_.node(id); // a copy: the graph grows below
      if (node.op == Op::arg && arguments) {
        map[id] = (*arguments)[static_cast<size_t>(node.attr.ints[0])];
        continue;
      }
      if (node.op == Op::get) {
        auto it = tuples.find(node.operands[0]);
        if (it != tuples.end()) {
          map[id] = it->second[static_cast<size_t>(node.attr.ints[0])];
          continue;
        }
      }
      for (ValueId& operand : node.operands)
        operand = map.at(operand);
      for (LambdaId& lambda : node.attr.lambdas)
        lambda = rebuilt(lambda);
      if (node.op == Op::if_else && !runs_alone(graph_, node.attr.lambdas[0]) &&
          !runs_alone(graph_, node.attr.lambdas[1])) {
        tuples[id] = select(node);
        map[id] = id; // only `get` may follow, and that asks `tuples`
        continue;
      }
      Span origin = graph_.origin(id);
      map[id] = graph_.add(node.op, node.type, node.operands, node.attr);
      if (origin.valid()) graph_.set_origin(map[id], origin);
    }
    for (ValueId& root : roots)
      root = map.at(root);
    return roots;
  }

private:
  LambdaId rebuilt(LambdaId id) {
    auto [known, fresh] = lambdas_.emplace(id, id);
    if (!fresh) return known->second;
    Lambda lambda = graph_.lambda(id);
    lambda.results = flatten(lambda.results, nullptr);
    return lambdas_[id] = graph_.add_lambda(std::move(lambda));
  }

  std::vector<ValueId> select(const Node& node) {
    std::vector<ValueId> captures(node.operands.begin() + 1, node.operands.end());
    std::vector<ValueId> yes = flatten(graph_.lambda(node.attr.lambdas[0]).results, &captures);
    std::vector<ValueId> no = flatten(graph_.lambda(node.attr.lambdas[1]).results, &captures);
    std::vector<ValueId> taken;
    for (size_t k = 0; k < yes.size(); ++k) {
      Shape shape = graph_.type(yes[k]).shape;
      taken.push_back(
          builder_.select(builder_.broadcast_scalar(node.operands[0], shape), yes[k], no[k]));
    }
    return taken;
  }

  Graph& graph_;
  Builder builder_;
  std::unordered_map<LambdaId, LambdaId> lambdas_;
};

} // namespace

bool has_conditionals(const Graph& graph, const Function& function) {
  std::vector<ValueId> roots = roots_of(function);
  std::vector<ValueId> needed = reachable_deep(graph, roots);
  return std::any_of(needed.begin(), needed.end(),
                     [&](ValueId id) { return graph.node(id).op == Op::if_else; });
}

Flattened flatten_conditionals(const Graph& graph, const Function& function) {
  Flattened flat{graph, function};
  Flattener flattener(flat.graph);
  std::vector<ValueId> roots = flattener.flatten(roots_of(function), nullptr);
  size_t next = 0;
  for (Result& result : flat.function.results)
    result.value = roots[next++];
  for (Check& check : flat.function.checks)
    check.condition = roots[next++];
  return flat;
}

} // namespace thalweg::fuse
