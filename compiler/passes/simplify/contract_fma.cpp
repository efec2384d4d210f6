// The last arithmetic decision: which products and sums round once (see contract_fma in
// simplify.h).
#include "ir/builder.h"
#include "passes/simplify/simplify.h"

#include <utility>

namespace thalweg::simplify {
namespace {

// Works on one region (a function or a lambda) at a time: uses are counted per region.
class Contractor {
public:
  explicit Contractor(Graph& graph) : graph_(graph), b_(graph) {}

  std::vector<ValueId> run(std::span<const ValueId> roots) {
    std::unordered_map<ValueId, size_t> uses;
    std::vector<ValueId> order = reachable(graph_, roots);
    for (ValueId id : order)
      for (ValueId operand : graph_.node(id).operands)
        ++uses[operand];
    for (ValueId root : roots)
      ++uses[root];
    std::unordered_map<ValueId, ValueId> now;
    for (ValueId id : order) {
      const Node& node = graph_.node(id);
      std::vector<ValueId> operands;
      for (ValueId operand : node.operands)
        operands.push_back(now.at(operand));
      Attr attr = node.attr;
      for (LambdaId& lambda : attr.lambdas)
        lambda = region(lambda);
      b_.set_origin(graph_.origin(id));
      ValueId fused = fuse(node, operands, uses);
      if (!fused.valid()) fused = graph_.add(node.op, node.type, operands, std::move(attr));
      if (b_.origin().valid()) graph_.set_origin(fused, b_.origin());
      now.emplace(id, fused);
    }
    std::vector<ValueId> out;
    for (ValueId root : roots)
      out.push_back(now.at(root));
    return out;
  }

private:
  LambdaId region(LambdaId id) {
    if (auto it = regions_.find(id); it != regions_.end()) return it->second;
    Lambda lambda = graph_.lambda(id);
    lambda.results = run(lambda.results);
    LambdaId fresh = graph_.add_lambda(std::move(lambda));
    regions_.emplace(id, fresh);
    return fresh;
  }

  // fma for add and sub of a product that nothing else uses; else the invalid id.
  ValueId fuse(const Node& node, const std::vector<ValueId>& operands,
               const std::unordered_map<ValueId, size_t>& uses) {
    if ((node.op != Op::add && node.op != Op::sub) || !is_real(node.type.dtype)) return {};
    for (size_t k = 0; k < 2; ++k) {
      const Node& product = graph_.node(operands[k]);
      if (product.op != Op::mul || uses.at(node.operands[k]) != 1) continue;
      ValueId a = product.operands[0], b = product.operands[1], c = operands[1 - k];
      if (node.op == Op::sub && k == 0) c = negated(c);
      if (node.op == Op::sub && k == 1) negate_cheaper(a, b);
      return b_.make(Op::fma, {a, b, c});
    }
    return {};
  }

  // A negation that costs nothing on the tensor: of a constant, a spread scalar or a negation.
  bool cheap(ValueId id) const {
    Op op = graph_.node(id).op;
    return op == Op::constant || op == Op::neg || op == Op::broadcast;
  }
  ValueId negated(ValueId id) {
    const Node& node = graph_.node(id);
    if (node.op == Op::broadcast)
      return b_.broadcast(negated_itself(node.operands[0]), node.type.shape, node.attr.ints);
    return negated_itself(id);
  }
  ValueId negated_itself(ValueId id) {
    const Node& node = graph_.node(id);
    if (node.op == Op::neg) return node.operands[0];
    if (node.op == Op::constant) return b_.constant(-constant_value(node), node.type.dtype);
    return b_.neg(id);
  }
  void negate_cheaper(ValueId& a, ValueId& b) {
    ValueId& chosen = !cheap(a) && cheap(b) ? b : a;
    chosen = negated(chosen);
  }

  Graph& graph_;
  Builder b_;
  std::unordered_map<LambdaId, LambdaId> regions_;
};

} // namespace

Function contract_fma(Graph& graph, const Function& function) {
  std::vector<ValueId> roots = Contractor(graph).run(roots_of(function));
  Function out = function;
  size_t at = 0;
  for (Result& result : out.results)
    result.value = roots[at++];
  for (Check& check : out.checks)
    check.condition = roots[at++];
  return out;
}

} // namespace thalweg::simplify
