// Per-tensor values of table functions (see varying.h).
#include "ir/varying.h"

#include <algorithm>

namespace thalweg {

std::vector<bool> varies_by_tensor(const Graph& graph, const Function& function) {
  std::vector<bool> varies(graph.size(), false);
  if (!function.over_table) return varies;
  auto mentions = [&](const std::vector<Dim>& dims) {
    std::vector<std::string> names;
    for (const Dim& dim : dims)
      dim.collect_symbols(names);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      const std::vector<std::string>& own = function.tensor_symbols;
      return std::find(own.begin(), own.end(), name) != own.end();
    });
  };
  // A lambda adds nothing of the tensor's but sizes in its body, or in lambdas of that
  // body, which are older.
  std::vector<bool> lambda_varies(graph.lambda_count(), false);
  auto own_of = [&](const Node& node) {
    bool own = mentions(node.attr.dims) || mentions(node.type.shape);
    for (LambdaId lambda : node.attr.lambdas)
      own |= lambda_varies[lambda.value];
    return own;
  };
  for (uint32_t i = 0; i < graph.lambda_count(); ++i)
    for (ValueId id : reachable(graph, graph.lambda(LambdaId{i}).results))
      lambda_varies[i] = lambda_varies[i] || own_of(graph.node(id));
  for (ValueId id : reachable(graph, roots_of(function))) {
    const Node& node = graph.node(id);
    if (is_across(node.op)) continue;
    bool own = own_of(node);
    if (node.op == Op::arg) {
      size_t index = static_cast<size_t>(node.attr.ints[0]);
      own |= index < function.parameters.size() && function.parameters[index].per_tensor;
    }
    for (ValueId operand : node.operands)
      own |= varies[operand.value];
    varies[id.value] = own;
  }
  return varies;
}

} // namespace thalweg
