// The names and memory of a rule: its parameters, hyperparameters and states, bound in a fresh
// elaborator for every round in which the states find their shapes. Private to irgen.
#pragma once

#include "irgen/rule_tree.h"

#include <functional>
#include <map>

namespace thalweg::irgen {

struct StateDef {
  std::string name;
  const ast::StateDecl* decl; // null: a count of steps
  Type type;
  bool per_tensor;
  int node;             // of the tree; -1 for counts
  int ring;             // of a ring: 1 its values, 2 their count, 3 the newest's place
  std::string schedule; // prefix of the schedule it belongs to
  const Argument* argument = nullptr; // that gives the schedule
  bool fresh = false;                 // of a rule that is run to its end in a step: it is not kept
  ValueId current;                    // where the elaboration stands
  ValueId told;                       // the next value as the text gives it
};

class RuleFrame : public RuleHooks {
protected:
  RuleFrame(const Unit& unit, RuleTree tree) : u_(unit), tree_(std::move(tree)) {}

  const RuleTree::Node& node(int k) const { return tree_.nodes[static_cast<size_t>(k)]; }
  const RuleTree::Level& level(int k) const { return tree_.levels[static_cast<size_t>(k)]; }

  void collect_hypers();
  void collect_states();
  // A fresh elaborator with all parameters of the functions.
  void begin();
  // Binds the names of one node to where the elaboration stands: a rule may occur more than once.
  void enter(int node);
  std::optional<Dim> size_of(ValueId id) override;
  // What a state's name stands for now: a tensor, or a ring of three states, of which it is the
  // first.
  Value value_of_state(size_t state) const;
  // After its body: the states move on, where the elaboration's path holds.
  void leave(int node);
  // A step of that clock is over.
  void advance(int clock);
  ValueId step_of(int clock); // t
  void initial_states(bool first);
  // Of one, with the rule's parameter at x; invalid after a message.
  ValueId initial_value(StateDef& state, ValueId x, bool first);
  // Widens states whose next values are wider; true if any did.
  bool widen();
  // A value of a narrower type in a wider state.
  ValueId fit(ValueId id, const Type& type);

  Value hyper_value(const std::string& name, const Argument& a);
  // The value of a schedule in this step is one of what a run can record.
  void record_schedule(const std::string& name, const Argument& a);
  ValueId arg(std::string_view name);
  ValueId parameter(std::string name, Type type, bool per_tensor);

  Unit u_;
  RuleTree tree_;
  ast::Ident name_;
  const ast::RuleBody* body_ = nullptr; // of the rule; null for transforms alone
  RuleUnit unit_;
  Type x_type_;
  std::optional<Elaborator> e_;
  std::vector<thalweg::Parameter> parameters_;
  std::vector<StateDef> states_; // shared ones first
  std::map<std::string, Elaborator::ScheduleState> schedule_states_;
  struct Recorded { // the value of a schedule
    std::string name;
    ValueId value;
    RuleUnit::Rate rate;
  };
  std::vector<Recorded> recorded_;
  ValueId x_, gradient_;
  bool before_ = false; // elaborating what holds before step 1
  int to_the_end_ = 0;  // rules around that are run to their end: what they say is not kept

private:
  void add_hyper(const std::string& name, const Argument& a);
  void bind_schedule(const StateDef& state);
  // `next` where the elaboration's path holds, else `current`; the wider type of the two.
  ValueId moved(ValueId current, ValueId next);
};

} // namespace thalweg::irgen
