// Rebuilding functions bottom-up through a step, and putting values in the place of arguments:
// what simplify, diff and fuse change graphs with.
#pragma once

#include "ir/builder.h"
#include "ir/graph.h"

#include <functional>
#include <unordered_map>

namespace thalweg {

// Applies `step` to every value under the given roots, operands first, lambdas included. Values are
// memoized over the life of the Rewriter, also between bodies; so the step may look at the value
// and what it is made of, not at where it stands. Arguments stay arguments unless the step says
// otherwise.
class Rewriter {
public:
  // `rebuilt` is the value `old` with its operands and lambdas replaced already (the same id if
  // nothing below it changed). Gives what shall stand for `old`: `rebuilt` itself to keep it. The
  // builder's origin is that of `old`.
  using Step = std::function<ValueId(Builder& builder, ValueId old, ValueId rebuilt)>;

  Rewriter(Graph& graph, Step step) : builder_(graph), step_(std::move(step)) {}

  std::vector<ValueId> values(std::span<const ValueId> roots);
  ValueId value(ValueId root) { return values({&root, 1})[0]; }
  LambdaId lambda(LambdaId id);
  // Results and checks rebuilt; everything else is kept.
  Function function(const Function& function);

private:
  Builder builder_;
  Step step_;
  std::unordered_map<uint32_t, ValueId> memo_;
  std::unordered_map<uint32_t, LambdaId> lambda_memo_;
};

// `roots` with arguments[k] in the place of `arg` k. Lambdas are closed and stay as they are. Types
// must be equal; sizes keep their names.
std::vector<ValueId> substitute_arguments(Builder& builder, std::span<const ValueId> roots,
                                          std::span<const ValueId> arguments);

// The results of a function, or of a lambda, called with these arguments. A function's checks are
// left to the caller: substitute_arguments over their conditions.
std::vector<ValueId> apply(Builder& builder, const Function& function,
                           std::span<const ValueId> arguments);
std::vector<ValueId> apply(Builder& builder, LambdaId lambda, std::span<const ValueId> arguments);

// All values that a function needs, in its body and in lambdas of any depth, ascending.
std::vector<ValueId> reachable_deep(const Graph& graph, std::span<const ValueId> roots);
// The lambdas that values under `roots` use, of any depth, ascending: used ones before users.
std::vector<LambdaId> reachable_lambdas(const Graph& graph, std::span<const ValueId> roots);

} // namespace thalweg
