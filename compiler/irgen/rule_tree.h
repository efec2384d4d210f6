// What a chain is made of: its transforms, its rule, and the optimizers given as hyperparameters of
// that rule, each with its names and with what counts its steps. Private to irgen.
#pragma once

#include "irgen/rule.h"

namespace thalweg::irgen {

// Whether a line of routing takes a parameter by its rank; nothing for the name of a role.
std::optional<bool> takes_shape(std::string_view group, size_t rank);

struct RuleTree {
  // A transform or rule with its arguments.
  struct Node {
    const RuleCall* call;
    std::string prefix; // of its names: "", "clip.", "inner.", "inner.clip."
    int clock = 0;
    bool waits = false;     // a transform with `step when`
    std::vector<int> inner; // by hyperparameter: the level of the optimizer given, or -1
    size_t choices = 0;     // how many lines of routing led to it
    const ast::Block& body() const;
    const std::vector<ast::Param>& params() const;
    const ast::Ident& variable() const;
  };
  // A chain: the outermost one, or one that is a hyperparameter.
  struct Level {
    const Chain* chain;
    std::string prefix;
    std::vector<int> transforms;
    int rule = -1; // none: the level's point moves by its gradient
  };
  // Counts steps from 1. What stands behind a `step when` counts the steps it is let take, an inner
  // rule its calls.
  struct Clock {
    std::string state; // that keeps the count; empty: the run counts
  };
  std::vector<Node> nodes; // a level's transforms and rule, then the levels inside
  std::vector<Level> levels;
  std::vector<Clock> clocks;
  std::vector<int> choices; // the lines that routing takes for the parameter, in order
  std::vector<std::pair<std::string, Argument>> routing_hypers; // of routing itself, by name
  std::vector<std::shared_ptr<Chain>> routed;                   // chains of the lines taken

  // How the rules see parameters.
  bool on_vector() const;
  bool on_matrix() const;
  // For that parameter. Nothing after a message.
  static std::optional<RuleTree> of(const Unit& unit, const Chain& chain, const Subject& subject);
};

} // namespace thalweg::irgen
