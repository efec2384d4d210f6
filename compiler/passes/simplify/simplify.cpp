// The driver of the rules: simplifies operands first, then rewrites at the root until nothing fits.
#include "passes/simplify/simplify.h"

#include "passes/simplify/rule.h"
#include "support/check.h"

#include <array>
#include <utility>

namespace thalweg::simplify {
namespace {

using RulesByOp = std::array<std::vector<const Rule*>, kOpCount>;

const RulesByOp& rules_by_op() {
  static const RulesByOp table = [] {
    RulesByOp out;
    for (std::span<const Rule> family : all_rules())
      for (const Rule& rule : family)
        for (Op op : rule.roots)
          out[static_cast<size_t>(op)].push_back(&rule);
    return out;
  }();
  return table;
}

// Far above what the measure allows for graphs of any real program; a cycle of rules hits it.
constexpr size_t kMaxSteps = 20'000'000;

} // namespace

Simplifier::Simplifier(Graph& graph, SimplifyOptions options) : graph_(graph), options_(options) {}

Function Simplifier::run(const Function& function) {
  Function out = function;
  for (Result& result : out.results)
    result.value = value(result.value);
  for (Check& check : out.checks)
    check.condition = value(check.condition);
  return out;
}

ValueId Simplifier::value(ValueId root) {
  std::vector<ValueId> stack{root};
  for (size_t steps = 0; !stack.empty(); ++steps) {
    TW_CHECK(steps < kMaxSteps, "simplification does not end");
    ValueId id = stack.back();
    if (normal_.contains(id)) {
      stack.pop_back();
      continue;
    }
    if (auto it = next_.find(id); it != next_.end()) {
      auto done = normal_.find(it->second);
      if (done == normal_.end())
        stack.push_back(it->second);
      else
        normal_.emplace(id, done->second);
      continue;
    }
    size_t waiting = stack.size();
    for (ValueId operand : graph_.node(id).operands)
      if (!normal_.contains(operand)) stack.push_back(operand);
    if (stack.size() > waiting) continue;
    if (ValueId fresh = rebuilt(id); fresh != id)
      next_.emplace(id, fresh);
    else if (!rewrite(id))
      normal_.emplace(id, id);
  }
  return normal_.at(root);
}

ValueId Simplifier::rebuilt(ValueId id) {
  const Node& node = graph_.node(id);
  std::vector<ValueId> operands;
  for (ValueId operand : node.operands)
    operands.push_back(normal_.at(operand));
  // a*b and b*a are one value: the older operand stands first.
  if (node.op == Op::mul && operands[1] < operands[0]) std::swap(operands[0], operands[1]);
  Attr attr = node.attr;
  for (LambdaId& lambda : attr.lambdas)
    lambda = region(lambda);
  if (operands == node.operands && attr == node.attr) return id;
  ValueId fresh = graph_.add(node.op, node.type, std::move(operands), std::move(attr));
  if (Span span = graph_.origin(id); span.valid()) graph_.set_origin(fresh, span);
  return fresh;
}

LambdaId Simplifier::region(LambdaId id) {
  if (auto it = regions_.find(id); it != regions_.end()) return it->second;
  Lambda lambda = graph_.lambda(id);
  for (ValueId& result : lambda.results)
    result = value(result);
  LambdaId fresh = graph_.add_lambda(std::move(lambda));
  regions_.emplace(id, fresh);
  regions_.emplace(fresh, fresh);
  return fresh;
}

bool Simplifier::rewrite(ValueId id) {
  Context context(graph_);
  context.b.set_origin(graph_.origin(id));
  for (const Rule* rule : rules_by_op()[static_cast<size_t>(graph_.node(id).op)]) {
    if (rule->exactness == Exactness::rounding && !options_.rounding) continue;
    Maybe result = rule->apply(context, id);
    if (!result || *result == id) continue;
    TW_CHECK(graph_.type(*result) == graph_.type(id), "rule '{}' changes the type {} to {}",
             rule->name, graph_.type(id).str(), graph_.type(*result).str());
    if (options_.log) options_.log->push_back({rule->name, rule->exactness, id, *result});
    next_.emplace(id, *result);
    return true;
  }
  return false;
}

Function simplify(Graph& graph, const Function& function, const SimplifyOptions& options) {
  return Simplifier(graph, options).run(function);
}

std::string log_text(const Graph& graph, const std::vector<Applied>& log) {
  auto line = [&](ValueId id) {
    const Node& node = graph.node(id);
    std::string text = fmt::format("%{} = {}", id.value, op_info(node.op).name);
    for (ValueId operand : node.operands)
      text += fmt::format(" %{}", operand.value);
    return text + " : " + node.type.str();
  };
  std::string out;
  for (const Applied& a : log)
    out += fmt::format("{}:  {}  ->  {}\n", a.rule, line(a.before), line(a.after));
  return out;
}

} // namespace thalweg::simplify
