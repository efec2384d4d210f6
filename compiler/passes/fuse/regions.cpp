// Loops and branches in the plan: the functions that their lambdas are, and where their parts live.
#include "passes/fuse/planner.h"

#include "support/check.h"

namespace thalweg::fuse {

std::optional<NotLowered> Planner::plan_lambdas(ValueId region) {
  const Node& node = graph_.node(region);
  bool loop = node.op == Op::while_loop;
  for (size_t side = 0; side < node.attr.lambdas.size(); ++side) {
    const Lambda& lambda = graph_.lambda(node.attr.lambdas[side]);
    Function function;
    function.name = loop ? (side == 0 ? "condition" : "body") : (side == 0 ? "then" : "else");
    for (size_t k = 0; k < lambda.parameters.size(); ++k)
      function.parameters.push_back({"p" + std::to_string(k), lambda.parameters[k], false});
    for (size_t k = 0; k < lambda.results.size(); ++k)
      function.results.push_back({"r" + std::to_string(k), lambda.results[k], false,
                                  loop && side == 1 ? static_cast<int>(k) : -1});
    auto plan = Planner(graph_, function, true).run();
    if (auto* problem = std::get_if<NotLowered>(&plan)) return *problem;
    lambdas_[region].push_back(static_cast<int>(plan_.nested.size()));
    plan_.nested.push_back({std::move(function), std::move(std::get<Plan>(plan))});
  }
  return std::nullopt;
}

// Each element of what a region gives has a temporary: a loop's states live there, the sides of a
// branch write there. So has an oracle's answer, and what linear algebra gives.
void Planner::place_parts() {
  for (ValueId id : order_) {
    const Info& info = plan_.of(id);
    const Node& node = graph_.node(id);
    if (info.kind == Kind::region) {
      Kernel& kernel = kernel_at(key_of(id));
      kernel.nested = lambdas_.at(id);
      for (ValueId value : graph_.lambda(node.attr.lambdas[1]).results) {
        kernel.parts.push_back(
            {Target::Kind::temporary, static_cast<int>(plan_.temporaries.size())});
        plan_.temporaries.push_back({value, info.row, true});
      }
    } else if (info.kind == Kind::library && node.type.is_tuple) {
      Kernel& kernel = kernel_at(key_of(id));
      for (int element = 0; element < static_cast<int>(node.type.elements.size()); ++element) {
        kernel.parts.push_back(
            {Target::Kind::temporary, static_cast<int>(plan_.temporaries.size())});
        plan_.temporaries.push_back({id, info.row, true, element});
      }
    } else if (info.kind == Kind::oracle || info.kind == Kind::library) {
      Target to{Target::Kind::temporary, static_cast<int>(plan_.temporaries.size())};
      kernel_at(key_of(id)).parts = {to};
      plan_.temporaries.push_back({id, info.row, true});
      plan_.info[id.value].home = to;
    } else if (info.kind == Kind::part) {
      plan_.info[id.value].home =
          kernel_at(key_of(node.operands[0])).parts[static_cast<size_t>(node.attr.ints[0])];
    }
  }
}

} // namespace thalweg::fuse
