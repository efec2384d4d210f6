// Loops of a known, small number of rounds written out, for reverse differentiation.
#include "passes/diff/unroll.h"

#include "ir/builder.h"
#include "ir/rewrite.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace thalweg::diff {
namespace {

// What a loop may come to: rounds, and values of all rounds.
constexpr int64_t kMostRounds = 64, kMostValues = 10'000;

// The number of rounds, if it is known and small; draws tell the rounds apart and keep the loop.
std::optional<int64_t> known_rounds(const Graph& graph, const Node& node) {
  std::optional<double> limit = scalar_constant(graph, node.operands[0]);
  if (!limit || *limit > kMostRounds) return std::nullopt;
  std::optional<double> always =
      scalar_constant(graph, graph.lambda(node.attr.lambdas[0]).results[0]);
  if (!always || *always == 0) return std::nullopt;
  std::vector<ValueId> body = reachable_deep(graph, graph.lambda(node.attr.lambdas[1]).results);
  bool draws = std::any_of(body.begin(), body.end(),
                           [&](ValueId id) { return graph.node(id).op == Op::random; });
  int64_t rounds = std::max<int64_t>(0, static_cast<int64_t>(*limit));
  if (draws || rounds * static_cast<int64_t>(body.size()) > kMostValues) return std::nullopt;
  return rounds;
}

} // namespace

std::vector<ValueId> unroll(Graph& graph, std::span<const ValueId> roots) {
  Builder builder(graph);
  std::unordered_map<uint32_t, ValueId> anew;
  std::unordered_map<uint32_t, std::vector<ValueId>> states; // of loops that are written out
  for (ValueId id : reachable(graph, roots)) {
    Node node = graph.node(id); // a copy: the graph grows
    if (node.op == Op::get) {
      if (auto loop = states.find(node.operands[0].value); loop != states.end()) {
        anew[id.value] = loop->second[static_cast<size_t>(node.attr.ints[0])];
        continue;
      }
    }
    bool changed = false;
    for (ValueId& operand : node.operands) {
      changed = changed || anew.at(operand.value) != operand;
      operand = anew.at(operand.value);
    }
    anew[id.value] = id;
    if (node.op == Op::while_loop) {
      if (std::optional<int64_t> rounds = known_rounds(graph, node)) {
        std::vector<ValueId> arguments(node.operands.begin() + 1, node.operands.end());
        for (int64_t round = 0; round < *rounds; ++round) {
          std::vector<ValueId> next = apply(builder, node.attr.lambdas[1], arguments);
          std::vector<ValueId> written = unroll(graph, next); // loops in it
          std::copy(written.begin(), written.end(), arguments.begin());
        }
        arguments.resize(static_cast<size_t>(node.attr.ints[0]));
        states[id.value] = std::move(arguments);
        continue;
      }
    }
    if (!changed) continue;
    Span origin = graph.origin(id);
    anew[id.value] = graph.add(node.op, node.type, node.operands, node.attr);
    if (origin.valid()) graph.set_origin(anew[id.value], origin);
  }
  std::vector<ValueId> results;
  for (ValueId root : roots)
    results.push_back(anew.at(root.value));
  return results;
}

} // namespace thalweg::diff
