// The plan as text: kernels in order, what each folds and stores, and why.
#include "passes/fuse/plan.h"

#include <fmt/format.h>

namespace thalweg::fuse {
namespace {

const char* kind_name(Kernel::Kind kind) {
  switch (kind) {
  case Kernel::Kind::pick: return "pick";
  case Kernel::Kind::flat: return "flat";
  case Kernel::Kind::per_point: return "per point";
  case Kernel::Kind::copy: return "copy";
  case Kernel::Kind::region: return "region";
  case Kernel::Kind::oracle: return "oracle";
  case Kernel::Kind::library: return "library";
  }
  return "";
}

std::string target_name(const Function& function, const Target& target) {
  if (target.kind == Target::Kind::none) return "nowhere";
  if (target.kind == Target::Kind::temporary) return fmt::format("temporary {}", target.index);
  const Result& result = function.results[target.index];
  if (result.updates < 0) return fmt::format("result '{}'", result.name);
  return fmt::format("parameter '{}' in place", function.parameters[result.updates].name);
}

} // namespace

std::string print(const Graph& graph, const Function& function, const Plan& plan) {
  std::string text = fmt::format("plan of '{}'\n", function.name);
  for (size_t k = 0; k < plan.kernels.size(); ++k) {
    const Kernel& kernel = plan.kernels[k];
    text += fmt::format("kernel {}: {} {}", k, kind_name(kernel.kind), shape_str(kernel.space));
    if (kernel.kind == Kernel::Kind::per_point)
      text +=
          fmt::format(" over {} {}", shape_str(kernel.inner), kernel.lanes ? "lanes" : "serial");
    if (kernel.kind == Kernel::Kind::flat && kernel.space.size() > 1)
      text += kernel.collapsed ? ", one index" : ", index per axis";
    text += fmt::format("  [{} stage {} pass {}]", kernel.at.row ? "row" : "call", kernel.at.stage,
                        kernel.at.pass);
    if (kernel.group >= 0)
      text +=
          fmt::format(", {} {} in group {}", kernel.role == RowRole::each ? "each of" : "fold over",
                      plan.rows.str(), kernel.group);
    text += "\n";
    for (ValueId fold : kernel.folds)
      text += fmt::format("  {} %{}\n", op_info(graph.node(fold).op).name, fold.value);
    for (const Store& store : kernel.stores) {
      text += fmt::format("  store %{} to {}", store.value.value, target_name(function, store.to));
      const Info& info = plan.of(store.value);
      if (store.to == info.home && *info.reason) text += fmt::format(": {}", info.reason);
      text += "\n";
    }
    for (int nested : kernel.nested) {
      const Nested& inner = plan.nested[static_cast<size_t>(nested)];
      text += print(graph, inner.function, inner.plan);
    }
  }
  return text;
}

} // namespace thalweg::fuse
