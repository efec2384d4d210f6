// The names and memory of a rule: its parameters, hyperparameters and states, bound in a fresh
// elaborator for every round in which the states find their shapes. Private to irgen.
#pragma once

#include "irgen/rule.h"

#include <functional>
#include <map>

namespace thalweg::irgen {

struct StateDef {
  std::string name;
  const ast::StateDecl* decl;
  Type type;
  bool per_tensor;
  std::string schedule;               // prefix of the schedule it belongs to
  const Argument* argument = nullptr; // that gives the schedule
  ValueId next;
};

class RuleFrame : public RuleHooks {
protected:
  RuleFrame(const Unit& unit, const Chain& chain) : u_(unit), chain_(chain) {}

  void collect_hypers();
  void collect_states();
  // A fresh elaborator with all parameters of the functions.
  void begin();
  // Binds the hyperparameters and states of one call: a rule may stand in a chain twice.
  void enter(const RuleCall& call);
  // After its body: the next values of its states.
  void leave(const RuleCall& call);
  void initial_states(bool first);
  // Widens states whose next values are wider; true if any did.
  bool widen();
  // A value of a narrower type in a wider state.
  ValueId fit(ValueId id, const Type& type);

  void for_calls(const std::function<void(const RuleCall&)>& visit) const;
  // "" for the rule, "NAME." for a transform, "NAME2." for the second of that name.
  std::string prefix(const RuleCall& call) const;
  static const std::vector<ast::Param>& params_of(const ast::Decl& decl);
  static const ast::Block* body_of(const ast::Decl& decl);
  Value hyper_value(const std::string& name, const Argument& a);
  ValueId arg(std::string_view name);
  ValueId parameter(std::string name, Type type, bool per_tensor);

  Unit u_;
  const Chain& chain_;
  ast::Ident name_;
  const ast::RuleBody* body_ = nullptr; // of the rule; null for transforms alone
  RuleUnit unit_;
  Type x_type_;
  std::optional<Elaborator> e_;
  std::vector<thalweg::Parameter> parameters_;
  std::vector<StateDef> states_;
  std::map<std::string, Elaborator::ScheduleState> schedule_states_;
  ValueId x_, gradient_;

private:
  void add_hyper(const std::string& name, const Argument& a);
  void bind_schedule(const StateDef& state);
};

} // namespace thalweg::irgen
