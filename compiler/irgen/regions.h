// Closed lambdas from values that were made in place: what the bodies of loops and branches become.
// A body is elaborated like any other text, with placeholders for what changes from round to round;
// then it is cut out of the graph. Private to irgen.
#pragma once

#include "ir/builder.h"

#include <unordered_map>
#include <vector>

namespace thalweg::irgen {

class Regions {
public:
  explicit Regions(Graph& graph) : graph_(graph) {}

  // Stands for a state of a loop whose body is being made.
  ValueId placeholder(Type type);

  // Values from here on belong to the body that is being made now.
  uint32_t mark() const { return graph_.clock(); }

  // One side of a branch is made: until `reopen` what was asked for since `mark` is not there for
  // the other side, which may ask for the same. Gives what `reopen` takes.
  size_t set_aside(uint32_t mark);
  void reopen(size_t side);

  // True if values that these are made of, not made outside of the body, are to run only where the
  // body runs: they may fail, ask an oracle, or go over tensors.
  bool runs_alone(std::span<const ValueId> values, uint32_t mark) const;

  struct Closed {
    std::vector<LambdaId> lambdas;
    std::vector<ValueId> captures;
    ValueId across; // a fold over all tensors that depends on a state; invalid: there is none
  };
  // The bodies as lambdas over `states` (placeholders) and the captures, which they share: values
  // asked for before `mark` and not in a body that is over, and (`hoist`) folds that are the
  // same in every round. From now on what was made since `mark` counts as made in a body.
  Closed close(const std::vector<std::vector<ValueId>>& bodies, const std::vector<ValueId>& states,
               uint32_t mark, bool hoist);

private:
  bool made_outside(ValueId id, uint32_t mark) const;
  bool is_view(ValueId id) const;

  Graph& graph_;
  int64_t placeholders_ = 0;
  std::vector<std::pair<uint32_t, uint32_t>> over_; // bodies that were cut out: after, until
};

} // namespace thalweg::irgen
