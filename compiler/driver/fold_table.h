// Reductions over parameters of several rules of one step (irgen/shared_folds.h), as they come out.
#pragma once

#include "driver/rule_instance.h"

namespace thalweg::driver {

class FoldTable {
public:
  using Rules = std::vector<std::unique_ptr<RuleInstance>>;
  FoldTable(const irgen::SharedFolds& folds, const Rules& rules);
  double* values() { return values_.data(); } // of which a fold takes the bytes of its type
  // What the initial states ask for; then, in each step, what may be folded when so many queries
  // are answered and wasn't yet. The status of a call that failed, and whose it was.
  int32_t initial(RuleInstance*& failed);
  void begin() { next_ = first_; }
  int32_t answered(size_t queries, RuleInstance*& failed);
  int32_t rest(RuleInstance*& failed) { return answered(static_cast<size_t>(-1), failed); }

private:
  // A number that a rule gives: result k of the round's function, for one of its rows.
  struct Part {
    size_t parameter;
    RuleInstance* rule;
    size_t k, row;
  };
  struct Fold {
    size_t place;
    irgen::SharedFolds::Fold form;
    std::vector<Part> parts; // by parameter
  };
  struct Round {
    size_t queries;
    std::vector<Fold> folds;
  };
  int32_t run(size_t round, RuleInstance*& failed);
  const Rules& rules_;
  std::vector<Round> rounds_;
  std::vector<double> values_;
  size_t first_ = 0, next_ = 0; // round of a step
};

} // namespace thalweg::driver
