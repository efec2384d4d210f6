// Reductions over parameters that several variants of a rule hold. Each variant gives one number
// per tensor; the run folds them, in the order of the parameters, and hands what comes out to the
// functions of all variants. So `all` has the same bits however the parameters fall into variants.
#pragma once

#include "irgen/rule.h"

namespace thalweg::irgen {

class SharedFolds {
public:
  struct Fold {
    Op op; // across_*
    Type type;
  };
  // Parts that can be had at once: of the initial states, or in a step when that many queries are
  // answered and the rounds before are folded.
  struct Round {
    bool initial = false;
    size_t queries = 0;
    std::vector<size_t> places;
  };
  // The place of the reduction that the variants know by this key.
  size_t place(const std::string& key, Op op, Type type);
  static std::string parameter(size_t place) { return "fold " + std::to_string(place); }
  const std::vector<Fold>& folds() const { return folds_; }
  const std::vector<Round>& rounds() const { return rounds_; }
  // Once all variants are elaborated: their parts as functions.
  void finish(const Graph& graph, std::span<RuleUnit* const> variants);

private:
  std::vector<Fold> folds_;
  std::unordered_map<std::string, size_t> places_;
  std::vector<Round> rounds_;
};

} // namespace thalweg::irgen
