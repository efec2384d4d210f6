// Reverse differentiation: pulls cotangents back along the values of a graph, descending ids.
#pragma once

#include "passes/diff/error.h"
#include "passes/diff/linear.h"

#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace thalweg::diff {

// Sums contributions in a fixed order (users by descending id, operands from left to right), so the
// result is one definite graph. Nothing is emitted for values that do not depend on `wrt`.
class Reverse {
public:
  // `wrt` are the values to differentiate by; what they are made from is not looked at.
  Reverse(Graph& graph, std::span<const ValueId> wrt);

  // In a function over a table of tensors: values that belong to the tensor at hand. A cotangent
  // that goes from such a value to a shared one is summed over the table.
  void set_per_tensor(std::vector<bool> by_id) { per_tensor_ = std::move(by_id); }

  // Adds to the cotangent of a value, before run.
  void seed(ValueId value, ValueId cotangent) { accumulate(value, cotangent); }
  std::optional<DiffError> run(std::span<const ValueId> roots);
  Maybe cotangent(ValueId value) const;

private:
  void visit(ValueId id);
  void accumulate(ValueId value, ValueId contribution);
  void send(ValueId from, ValueId operand, ValueId contribution);
  void elementwise(ValueId id, ValueId d);
  void fold(ValueId id, ValueId d);
  void visit_if(ValueId id);
  void oracle(ValueId id, ValueId d); // oracles.cpp // control.cpp
  bool active(ValueId id) const { return active_.contains(id); }
  void mark_active(std::span<const ValueId> order);
  void fail(ValueId id, std::string text);

  Graph& graph_;
  Builder builder_;
  std::unordered_set<ValueId> wrt_, active_;
  std::vector<bool> per_tensor_; // by id; empty outside tables
  std::unordered_map<ValueId, ValueId> cotangents_;
  std::unordered_map<ValueId, std::vector<Maybe>> tuple_cotangents_;
  std::optional<DiffError> error_;
};

} // namespace thalweg::diff
