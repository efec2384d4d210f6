// Evaluation of linear algebra: by the functions that compiled code calls (see interp.h;
// conventions: graph.h).
#include "ir/interp_call.h"

#include "thalweg/linear.h"

namespace thalweg::interp {
namespace {

struct Task {
  tw_linear_operator op;
  int64_t nn, mn, nk, n, k; // of the work
};

Task task_of(Op op) {
  switch (op) {
#define TW_LINEAR(constant, name, nn, mn, nk, n, k)                                                \
  case Op::name: return {constant, nn, mn, nk, n, k};
    TW_LINEAR_OPERATORS(TW_LINEAR)
#undef TW_LINEAR
  default: TW_CHECK(false, "no linear algebra {}", op_info(op).name);
  }
  return {};
}

} // namespace

void eval_library(Call& call) {
  const Tensor& a = call.operand(0);
  const Task task = task_of(call.node.op);
  const Tensor* b = call.operands.size() > 1 ? &call.operand(1) : nullptr;
  const int64_t m = a.shape()[0], n = a.shape()[1];
  const int64_t k = b == nullptr ? 0 : b->rank() == 2 ? b->shape()[1] : 1;
  const Type& type = call.node.type;
  void* out[3] = {};
  std::vector<Tensor> results;
  for (const Type& part : type.is_tuple ? type.elements : std::vector<Type>{type}) {
    auto shape = call.sizes(part.shape);
    if (!shape) return;
    results.emplace_back(part.dtype, *shape);
  }
  for (size_t r = 0; r < results.size(); ++r)
    out[r] = results[r].raw();
  std::vector<double> work(static_cast<size_t>(task.nn * n * n + task.mn * m * n + task.nk * n * k +
                                               task.n * n + task.k * k));
  const int64_t root = call.node.op == Op::inverse_root ? call.ints()[0] : 0;
  const int32_t fault =
      tw_linear(task.op, a.dtype() == DType::f32, root, m, n, k, a.raw(), b ? b->raw() : nullptr,
                out[0], out[1], out[2], work.data(), tw_linear_plain_product);
  if (fault)
    return call.fail(tw_linear_status(fault),
                     fmt::format("'{}': {}", op_info(call.node.op).name, tw_linear_text(fault)));
  for (Tensor& result : results)
    call.give(std::move(result));
}

} // namespace thalweg::interp
