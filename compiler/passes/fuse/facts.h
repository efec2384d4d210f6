// Facts about single values that the plan and the lowering share: kinds, costs, what a kernel
// reads.
#pragma once

#include "passes/fuse/plan.h"

#include <optional>
#include <vector>

namespace thalweg::fuse {

// The kind of a needed value, or nothing if its operator is not lowered yet.
std::optional<Kind> kind_of(const Graph& graph, ValueId id);

// Roughly how many cycles an element of the value itself costs, its operands given.
int own_cost(const Graph& graph, ValueId id);

// True if computing element e of the value needs other elements of operand k than e (or e's
// position along the axes): the flat element number does not pass through.
bool moves(const Graph& graph, ValueId id, size_t operand);
// True if element e of the value can't be computed from the flat number e alone.
bool needs_axes(const Graph& graph, ValueId id);

// A value read or computed inside a kernel.
struct Visit {
  ValueId value;
  bool same_element; // at the loop's own element (also: possibly elsewhere, see `other_element`)
  bool other_element;
  bool loaded; // from its home or, for an `arg`, from the caller's buffer
};

// Walks what kernel `k` of the plan computes; scalars (rank 0) are left out. One object serves many
// walks: the marks are kept between them.
class Region {
public:
  Region(const Graph& graph, const Plan& plan) : graph_(graph), plan_(plan) {}
  // What the stores (and, in a flat kernel, the scalar folds) and the folds' operands reach.
  const std::vector<Visit>& walk(int kernel);
  // From the operands of one fold, taken as if they were at the loop's own element.
  const std::vector<Visit>& walk_operands(int kernel, ValueId fold);

private:
  void begin();
  void push(ValueId value, bool same);
  void run(int kernel);

  const Graph& graph_;
  const Plan& plan_;
  std::vector<uint32_t> mark_;
  std::vector<uint32_t> at_;
  std::vector<std::pair<ValueId, bool>> work_;
  std::vector<Visit> visits_;
  uint32_t epoch_ = 0;
};

} // namespace thalweg::fuse
