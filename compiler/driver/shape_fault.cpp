// Bounds of slices and signs of sizes (see shape_fault.h).
#include "driver/shape_fault.h"

#include "ir/rewrite.h"

namespace thalweg::driver {

static bool impossible(const Graph& graph, const Node& node, const Bindings& sizes) {
  if (node.type.is_tuple) return false;
  std::optional<std::vector<int64_t>> shape = evaluate_shape(node.type.shape, sizes);
  if (!shape) return true;
  if (node.op != Op::slice) return false;
  std::optional<std::vector<int64_t>> whole =
      evaluate_shape(graph.type(node.operands[0]).shape, sizes);
  if (!whole) return true;
  for (size_t k = 0; k < whole->size(); ++k) {
    std::optional<int64_t> start = evaluate_dim(node.attr.dims[k], sizes);
    if (!start || *start < 0 || *start > (*whole)[k] || (*shape)[k] > (*whole)[k] - *start)
      return true;
  }
  return false;
}

std::optional<ValueId> shape_fault(const Graph& graph, const Function& function,
                                   const Bindings& sizes) {
  std::vector<ValueId> roots = roots_of(function);
  for (ValueId id : reachable_deep(graph, roots))
    if (impossible(graph, graph.node(id), sizes)) return id;
  return std::nullopt;
}

} // namespace thalweg::driver
