// The vocabulary of rules (see rule.h).
#include "passes/simplify/rule.h"

#include <array>

namespace thalweg::simplify {

Maybe Context::under(ValueId id, Op op) const {
  const Node& n = node(id);
  if (n.op != op || n.operands.size() != 1) return std::nullopt;
  return n.operands[0];
}

int64_t Context::extent(const Type& type) {
  int64_t total = 1;
  for (const Dim& dim : type.shape)
    total += dim.is_constant(1) ? 1 : 2;
  return total;
}

Maybe Context::uniform(ValueId id) const {
  Maybe inner = under(id, Op::broadcast);
  if (!inner || !type(*inner).is_scalar() || extent(type(id)) < 3) return std::nullopt;
  return inner;
}

std::optional<Context::Scaled> Context::scaled(ValueId id) const {
  if (op(id) != Op::mul) return std::nullopt;
  for (size_t k = 0; k < 2; ++k)
    if (Maybe s = uniform(operand(id, k)))
      if (ValueId rest = operand(id, 1 - k); !uniform(rest)) return Scaled{*s, rest};
  return std::nullopt;
}

ValueId Context::scale(ValueId scalar, ValueId x) {
  return b.mul(b.broadcast_scalar(scalar, type(x).shape), x);
}

std::span<const std::span<const Rule>> all_rules() {
  static const std::array<std::span<const Rule>, 8> families{
      constant_rules(), arithmetic_rules(), elementary_rules(), select_rules(),
      moving_rules(),   folding_rules(),    contract_rules(),   transposing_rules()};
  return families;
}

} // namespace thalweg::simplify
