// Derivatives of functions that stand in the text of others (see expand.h).
#include "passes/diff/expand.h"

#include "passes/diff/diff.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::diff {

Expander::Expander(Graph& graph)
    : graph_(graph), rewriter_(graph, [this](Builder& builder, ValueId, ValueId rebuilt) {
        const Node node = graph_.node(rebuilt); // a copy: the graph grows
        return node.op == Op::derivative ? expand(builder, node) : rebuilt;
      }) {}

ValueId Expander::expand(Builder& builder, const Node& node) {
  const auto kind = static_cast<DerivativeKind>(node.attr.ints[0]);
  const Lambda lambda = graph_.lambda(node.attr.lambdas[0]);
  Function f;
  f.name = "function";
  for (const Type& type : lambda.parameters)
    f.parameters.push_back({"p", type, false});
  f.results = {{"value", lambda.results[0], false, -1}};
  const size_t point[] = {0};
  Outcome derived = kind == DerivativeKind::gradient  ? gradient(graph_, f, 0, point)
                    : kind == DerivativeKind::hessian ? hessian(graph_, f, 0, point)
                    : kind == DerivativeKind::product ? hvp(graph_, f, 0, point)
                                                      : jacobian(graph_, f, 0, point);
  if (!derived) {
    if (!error_) error_ = derived.error();
    if (!error_->span.valid()) error_->span = builder.origin();
    return builder.full(0, node.type);
  }
  // The operands are the function's arguments; a direction comes after them.
  return substitute_arguments(builder, std::span(&derived->results.back().value, 1),
                              node.operands)[0];
}

bool has_derivatives(const Graph& graph, const Function& function) {
  const std::vector<ValueId> needed = reachable_deep(graph, roots_of(function));
  return std::any_of(needed.begin(), needed.end(),
                     [&](ValueId id) { return graph.node(id).op == Op::derivative; });
}

} // namespace thalweg::diff
