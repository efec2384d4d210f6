// Linear algebra: operands in memory, scratch beside them, a call of the runtime.
#include "codegen/lower_kernels.h"

#include "support/check.h"
#include "thalweg/linear.h"

namespace thalweg::loops {
namespace {

Dim work_of(const Linear& linear) {
  const Dim &m = linear.m, &n = linear.n, &k = linear.k;
  switch (linear.op) {
#define TW_LINEAR(constant, name, nn, mn, nk, own_n, own_k)                                        \
  case Op::name:                                                                                   \
    return Dim(nn) * n * n + Dim(mn) * m * n + Dim(nk) * n * k + Dim(own_n) * n + Dim(own_k) * k;
    TW_LINEAR_OPERATORS(TW_LINEAR)
#undef TW_LINEAR
  default: TW_CHECK(false, "'{}' is no linear algebra", op_info(linear.op).name);
  }
  return {};
}

} // namespace

void Kernels::library(const fuse::Kernel& kernel) {
  const ValueId id = kernel.folds[0];
  const Node& node = graph_.node(id);
  const Shape& shape = graph_.type(node.operands[0]).shape;
  Linear linear{node.op, 0, 0, shape[0], shape[1], Dim(0), {}, {}, {}};
  if (node.op == Op::solve) {
    const Shape& right = graph_.type(node.operands[1]).shape;
    linear.k = right.size() == 2 ? right[1] : Dim(1);
  }
  if (node.op == Op::inverse_root) linear.root = node.attr.ints[0];
  for (ValueId operand : node.operands)
    linear.operands.push_back(place_in_memory(operand).buffer);
  for (const fuse::Target& part : kernel.parts)
    linear.results.push_back(slot_of(layout_, part).buffer);
  linear.site = memory_.linear({node.op, graph_.origin(id)});
  const bool row = plan_.of(id).row || elements_.in_row();
  linear.work = memory_.temporary("work", Type::tensor(DType::f64, {work_of(linear)}), row).buffer;
  elements_.append({std::move(linear)});
}

} // namespace thalweg::loops
