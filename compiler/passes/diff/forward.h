// Forward differentiation: pushes tangents along the values of a graph, ascending ids.
#pragma once

#include "passes/diff/error.h"
#include "passes/diff/linear.h"

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace thalweg::diff {

// Every tangent has the axes `batch` in front of its value's shape: one pass with identity tangents
// is a Jacobian. Loops and conditionals are rebuilt so that states and tangents advance together;
// values that read them are rebuilt too, which is why `primal` exists.
class Forward {
public:
  Forward(Graph& graph, Shape batch) : graph_(graph), builder_(graph), batch_(std::move(batch)) {}

  void set_tangent(ValueId value, ValueId tangent) { tangents_[value] = tangent; }
  // Stands for `value` in everything that is computed from now on (an argument renumbered).
  void replace(ValueId value, ValueId by) { primal_[value] = by; }

  // The error, if a value on the way has no derivative.
  std::optional<DiffError> run(std::span<const ValueId> roots);

  Maybe tangent(ValueId value) const;
  ValueId primal(ValueId value) const;
  Type tangent_type(const Type& type) const;

private:
  using Tangents = std::vector<Maybe>;
  void visit(ValueId id);
  Maybe elementwise(ValueId id, const Tangents& tangents);
  Maybe fold(ValueId id, const Tangents& tangents);
  void visit_if(ValueId id);
  // oracles.cpp
  Maybe oracle(ValueId id, std::span<const ValueId> operands,
               const Tangents& tangents); // control.cpp
  void visit_while(ValueId id);           // control.cpp
  void fail(ValueId id, std::string text);

  Graph& graph_;
  Builder builder_;
  Shape batch_;
  std::unordered_map<ValueId, ValueId> primal_;
  std::unordered_map<ValueId, ValueId> tangents_;
  std::unordered_map<ValueId, Tangents> tuple_tangents_;
  std::optional<DiffError> error_;
};

} // namespace thalweg::diff
