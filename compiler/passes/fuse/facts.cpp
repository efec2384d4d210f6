// Facts about single values and walks over a kernel's values (see facts.h).
#include "passes/fuse/facts.h"

#include "ir/builder.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::fuse {

FoldShape fold_shape(const Graph& graph, ValueId fold) {
  const Node& node = graph.node(fold);
  const Shape& a = graph.type(node.operands[0]).shape;
  FoldShape result;
  result.space = node.type.shape;
  if (node.op == Op::contract) {
    const Shape& b = graph.type(node.operands[1]).shape;
    ContractLabels labels = contract_labels(node.attr);
    result.scheme = labels.scheme;
    std::vector<int64_t> summed;
    // Folded labels in the order in which they first stand in the operands.
    auto number = [&](const std::vector<int64_t>& side, const Shape& shape,
                      std::vector<int64_t>& axes) {
      for (size_t k = 0; k < side.size(); ++k) {
        auto out = std::find(labels.out.begin(), labels.out.end(), side[k]);
        if (out != labels.out.end()) {
          axes.push_back(out - labels.out.begin());
          continue;
        }
        auto in = std::find(summed.begin(), summed.end(), side[k]);
        axes.push_back(~(in - summed.begin()));
        if (in != summed.end()) continue;
        summed.push_back(side[k]);
        result.inner.push_back(shape[k]);
      }
    };
    number(labels.a, a, result.axes_a);
    number(labels.b, b, result.axes_b);
    return result;
  }
  std::vector<int64_t> axes = node.attr.ints;
  if (node.op != Op::argmin && node.op != Op::argmax) {
    result.scheme = static_cast<Scheme>(axes.front());
    axes.erase(axes.begin());
  }
  int64_t kept = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(k)) != axes.end()) {
      result.axes_a.push_back(~static_cast<int64_t>(result.inner.size()));
      result.inner.push_back(a[k]);
    } else {
      result.axes_a.push_back(kept++);
    }
  }
  return result;
}

bool folds_nothing(const Graph& graph, ValueId value) {
  switch (graph.node(value).op) {
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max: return graph.node(value).attr.ints.size() == 1;
  case Op::contract: return fold_shape(graph, value).inner.empty();
  default: return false;
  }
}

std::optional<Kind> kind_of(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  if (node.op == Op::while_loop || node.op == Op::if_else) return Kind::region;
  if (op_info(node.op).emission == Emission::library) return Kind::library;
  if (node.type.is_tuple) return std::nullopt;
  if (node.op == Op::oracle) return Kind::oracle;
  switch (op_info(node.op).emission) {
  case Emission::leaf: return Kind::inlined;
  case Emission::fold:
    if (is_across(node.op)) return Kind::across;
    return folds_nothing(graph, id) ? Kind::inlined : Kind::fold;
  case Emission::copy: return Kind::copy;
  case Emission::elementwise:
  case Emission::view:
    if (node.op == Op::get) return Kind::part;
    if (node.type.rank() == 0 && (node.op == Op::reshape || node.op == Op::gather) &&
        graph.type(node.operands[0]).rank() > 0)
      return Kind::pick;
    return Kind::inlined;
  case Emission::control:
  case Emission::library: return std::nullopt;
  }
  return std::nullopt;
}

const Type& type_of(const Graph& graph, const Temporary& temporary) {
  const Type& type = graph.type(temporary.value);
  return temporary.element < 0 ? type : type.elements[static_cast<size_t>(temporary.element)];
}

int own_cost(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  switch (node.op) {
  case Op::exp:
  case Op::expm1:
  case Op::log:
  case Op::log1p:
  case Op::sin:
  case Op::cos:
  case Op::tan:
  case Op::asin:
  case Op::acos:
  case Op::atan:
  case Op::sinh:
  case Op::cosh:
  case Op::tanh:
  case Op::sigmoid:
  case Op::softplus:
  case Op::erf:
  case Op::pow:
  case Op::atan2:
  case Op::random: return 10;
  case Op::div:
  case Op::sqrt:
  case Op::mod: return 4;
  case Op::gather: return 2;
  case Op::stop_gradient: return 0;
  default:
    return op_info(node.op).emission == Emission::elementwise || node.op == Op::contract ? 1 : 0;
  }
}

bool moves(const Graph& graph, ValueId id, size_t operand) {
  const Node& node = graph.node(id);
  const Type& from = graph.type(node.operands[operand]);
  if (from.rank() == 0) return false;
  switch (node.op) {
  case Op::broadcast: return element_count(from.shape) != element_count(node.type.shape);
  case Op::transpose:
  case Op::slice:
  case Op::contract: return true;
  case Op::gather: return operand == 0;
  default: return false; // elementwise, reshape: the same flat element
  }
}

bool needs_axes(const Graph& graph, ValueId id) {
  const Node& node = graph.node(id);
  if (node.type.rank() <= 1) return false;
  if (node.op == Op::iota) return true;
  if (node.op == Op::gather) return false;
  for (size_t k = 0; k < node.operands.size(); ++k)
    if (moves(graph, id, k)) return true;
  return false;
}

void Region::begin() {
  if (mark_.empty()) {
    mark_.assign(graph_.size(), 0);
    at_.assign(graph_.size(), 0);
  }
  ++epoch_;
  work_.clear();
  visits_.clear();
}

void Region::push(ValueId value, bool same) {
  if (graph_.type(value).rank() > 0) work_.push_back({value, same});
}

void Region::run(int kernel) {
  while (!work_.empty()) {
    auto [value, same] = work_.back();
    work_.pop_back();
    if (mark_[value.value] != epoch_) {
      mark_[value.value] = epoch_;
      at_[value.value] = static_cast<uint32_t>(visits_.size());
      visits_.push_back({value, false, false, false});
    }
    Visit& visit = visits_[at_[value.value]];
    if (same ? visit.same_element : visit.other_element) continue;
    (same ? visit.same_element : visit.other_element) = true;
    const Info& info = plan_.of(value);
    bool stored_before = info.home.kind != Target::Kind::none && info.home_kernel < kernel;
    const Node& node = graph_.node(value);
    visit.loaded = stored_before || node.op == Op::arg;
    if (visit.loaded || info.kind != Kind::inlined) continue;
    for (size_t k = 0; k < node.operands.size(); ++k)
      push(node.operands[k], same && !moves(graph_, value, k));
  }
}

const std::vector<Visit>& Region::walk(int index) {
  begin();
  const Kernel& kernel = plan_.kernels[index];
  bool flat = kernel.kind == Kernel::Kind::flat;
  for (ValueId fold : kernel.folds)
    for (ValueId operand : graph_.node(fold).operands)
      push(operand, flat);
  for (const Store& store : kernel.stores)
    if (plan_.of(store.value).kernel != index) push(store.value, true);
  run(index);
  return visits_;
}

const std::vector<Visit>& Region::walk_operands(int index, ValueId fold) {
  begin();
  for (ValueId operand : graph_.node(fold).operands)
    push(operand, true);
  run(index);
  return visits_;
}

} // namespace thalweg::fuse
