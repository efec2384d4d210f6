// The table of operator facts (see op.h).
#include "ir/op.h"

#include <array>

namespace thalweg {

static constexpr std::array<OpInfo, kOpCount> kOps = {{
#define TW_OP(name, arity, shape_rule, evaluation, derivative, emission, laws)                     \
  {#name, arity, Derivative::derivative, Emission::emission, laws},
#include "ir/ops.def"
}};

const OpInfo& op_info(Op op) { return kOps[static_cast<size_t>(op)]; }

std::optional<Op> op_by_name(std::string_view name) {
  for (int i = 0; i < kOpCount; ++i)
    if (kOps[i].name == name) return static_cast<Op>(i);
  return std::nullopt;
}

} // namespace thalweg
