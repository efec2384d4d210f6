// Bottom-up rebuilding and substitution (see rewrite.h).
#include "ir/rewrite.h"

#include "ir/shape_rules.h"
#include "support/check.h"

#include <set>

namespace thalweg {

// The node with other operands; its type follows them where it is inferred.
static ValueId add_again(Graph& graph, Node node) {
  Inferred inferred = infer_type(graph, node);
  TW_CHECK(inferred.ok(), "{} rebuilt: {}", op_info(node.op).name, inferred.problem);
  return graph.add(node.op, std::move(inferred.type), std::move(node.operands),
                   std::move(node.attr));
}

std::vector<ValueId> Rewriter::values(std::span<const ValueId> roots) {
  Graph& graph = builder_.graph();
  for (ValueId old : reachable(graph, roots)) {
    if (memo_.count(old.value)) continue;
    Node node = graph.node(old);
    bool changed = false;
    for (ValueId& operand : node.operands) {
      ValueId replacement = memo_.at(operand.value);
      changed |= !(replacement == operand);
      operand = replacement;
    }
    for (LambdaId& id : node.attr.lambdas) {
      LambdaId replacement = lambda(id);
      changed |= !(replacement == id);
      id = replacement;
    }
    Span origin = graph.origin(old);
    ValueId rebuilt = changed ? add_again(graph, std::move(node)) : old;
    if (changed && origin.valid()) graph.set_origin(rebuilt, origin);
    builder_.set_origin(origin);
    memo_.emplace(old.value, step_(builder_, old, rebuilt));
  }
  std::vector<ValueId> results;
  for (ValueId root : roots)
    results.push_back(memo_.at(root.value));
  return results;
}

LambdaId Rewriter::lambda(LambdaId id) {
  auto it = lambda_memo_.find(id.value);
  if (it != lambda_memo_.end()) return it->second;
  Lambda lambda = builder_.graph().lambda(id);
  lambda.results = values(lambda.results);
  LambdaId rebuilt = builder_.graph().add_lambda(std::move(lambda));
  lambda_memo_.emplace(id.value, rebuilt);
  return rebuilt;
}

Function Rewriter::function(const Function& function) {
  std::vector<ValueId> roots = values(roots_of(function));
  Function rebuilt = function;
  size_t next = 0;
  for (Result& result : rebuilt.results)
    result.value = roots[next++];
  for (Check& check : rebuilt.checks)
    check.condition = roots[next++];
  return rebuilt;
}

std::vector<ValueId> substitute_arguments(Builder& builder, std::span<const ValueId> roots,
                                          std::span<const ValueId> arguments) {
  Graph& graph = builder.graph();
  std::unordered_map<uint32_t, ValueId> replaced;
  for (ValueId old : reachable(graph, roots)) {
    Node node = graph.node(old);
    if (node.op == Op::arg) {
      size_t index = static_cast<size_t>(node.attr.ints[0]);
      TW_CHECK(index < arguments.size(), "no argument {} among {}", index, arguments.size());
      TW_CHECK(graph.type(arguments[index]) == node.type, "argument {}: {} given, {} needed", index,
               graph.type(arguments[index]).str(), node.type.str());
      replaced.emplace(old.value, arguments[index]);
      continue;
    }
    bool changed = false;
    for (ValueId& operand : node.operands) {
      ValueId replacement = replaced.at(operand.value);
      changed |= !(replacement == operand);
      operand = replacement;
    }
    ValueId rebuilt = changed ? add_again(graph, std::move(node)) : old;
    if (Span origin = graph.origin(old); origin.valid()) graph.set_origin(rebuilt, origin);
    replaced.emplace(old.value, rebuilt);
  }
  std::vector<ValueId> results;
  for (ValueId root : roots)
    results.push_back(replaced.at(root.value));
  return results;
}

std::vector<ValueId> apply(Builder& builder, const Function& function,
                           std::span<const ValueId> arguments) {
  TW_CHECK(arguments.size() == function.parameters.size(), "{} takes {} arguments, given {}",
           function.name, function.parameters.size(), arguments.size());
  std::vector<ValueId> roots;
  for (const Result& result : function.results)
    roots.push_back(result.value);
  return substitute_arguments(builder, roots, arguments);
}

std::vector<ValueId> apply(Builder& builder, LambdaId id, std::span<const ValueId> arguments) {
  const Lambda& lambda = builder.graph().lambda(id);
  TW_CHECK(arguments.size() == lambda.parameters.size(), "wrong number of arguments");
  return substitute_arguments(builder, lambda.results, arguments);
}

std::vector<LambdaId> reachable_lambdas(const Graph& graph, std::span<const ValueId> roots) {
  std::set<LambdaId> found;
  std::vector<LambdaId> open;
  auto enter = [&](std::span<const ValueId> body) {
    for (ValueId id : reachable(graph, body))
      for (LambdaId lambda : graph.node(id).attr.lambdas)
        if (found.insert(lambda).second) open.push_back(lambda);
  };
  enter(roots);
  while (!open.empty()) {
    LambdaId lambda = open.back();
    open.pop_back();
    enter(graph.lambda(lambda).results);
  }
  return {found.begin(), found.end()};
}

std::vector<ValueId> reachable_deep(const Graph& graph, std::span<const ValueId> roots) {
  std::vector<ValueId> all(roots.begin(), roots.end());
  for (LambdaId lambda : reachable_lambdas(graph, roots)) {
    const std::vector<ValueId>& results = graph.lambda(lambda).results;
    all.insert(all.end(), results.begin(), results.end());
  }
  return reachable(graph, all);
}

} // namespace thalweg
