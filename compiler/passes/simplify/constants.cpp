// Rules that evaluate operators of constants, by the interpreter itself: the bits of a run.
#include "ir/interp.h"
#include "passes/simplify/rule.h"

namespace thalweg::simplify {
namespace {

using enum Exactness;

std::vector<Op> elementwise_ops() {
  std::vector<Op> out;
  for (int k = 0; k < kOpCount; ++k)
    if (is_elementwise(static_cast<Op>(k))) out.push_back(static_cast<Op>(k));
  return out;
}

// op(constants…) on scalars; tensors of constants come here through the hoisting of broadcasts.
Maybe fold(Context& c, ValueId id) {
  const Node& node = c.node(id);
  if (!node.type.is_scalar()) return std::nullopt;
  for (ValueId operand : node.operands)
    if (c.op(operand) != Op::constant) return std::nullopt;
  Function function;
  function.results.push_back({"", id});
  Evaluated run = Interpreter(c.b.graph()).evaluate(function, {});
  if (!run.ok()) return std::nullopt;
  const Tensor& value = run.results[0];
  DType dtype = node.type.dtype;
  int64_t bits = dtype == DType::i64 ? value.data<int64_t>()[0] : bits_of(value.number(0), dtype);
  return c.b.graph().add(Op::constant, node.type, {}, {{bits}, {}, {}, {}});
}

const Rule kRules[] = {
    {"op(constants) = its value", elementwise_ops(), exact, fold},
};

} // namespace

std::span<const Rule> constant_rules() { return kRules; }

} // namespace thalweg::simplify
