// Elaborates the levels of a rule, outermost first, and makes its functions. Private to irgen:
// rule.cpp drives, rule_levels.cpp steps levels, rule_oracles.cpp answers for the objective,
// rule_minimize.cpp runs inner rules to their end, rule_results.cpp makes the functions.
#pragma once

#include "irgen/rule_frame.h"

namespace thalweg::irgen {

class RuleBuilder : public RuleFrame {
public:
  // With `shared` reductions over all parameters are made in the run (see shared_folds.h).
  RuleBuilder(const Unit& unit, RuleTree tree, const Subject& subject, size_t rank,
              SharedFolds* shared)
      : RuleFrame(unit, std::move(tree)), subject_(subject), rank_(rank), shared_folds_(shared) {}

  std::optional<RuleUnit> run();

  Value oracle(const ObjectiveRef& objective, const std::vector<Value>& arguments,
               const ast::Expr& at) override;
  Value product(const std::vector<Value>& arguments, const ast::Expr& at) override;
  Value inner_step(int level, const ast::Call& call, const ast::Expr& at, bool change) override;
  Value inner_minimize(int level, const ast::Call& call, const ast::Expr& at) override;
  Value inner_field(int level, const ast::Ident& field) override;
  bool answer(const ast::Expr& e) override;
  bool step_when(const ast::Expr& condition) override;
  const Subject* subject() const override { return unit_.demands.vector ? nullptr : &subject_; }
  ValueId fold(Op op, ValueId part, const std::string& place) override;

private:
  // What a level that is run to its end minimizes.
  struct Minimized {
    Value objective;         // a function of one tensor, or f
    Elaborator::Scope scope; // in which it stands
  };
  // A level that is being stepped.
  struct Active {
    int level;
    int node = -1;               // whose body is being elaborated
    ValueId x;                   // its point, as transforms before its rule have moved it
    ValueId origin;              // as it was
    std::optional<Value> handed; // the gradient that inner.step was given
    const Minimized* minimized = nullptr;
    ValueId slope; // of that at x
    std::optional<Value> transformed;
    bool asked = false;        // its rule asked for the gradient at its point
    std::vector<ValueId> path; // the conditions around the step
    ValueId waits_for;         // of the `step when` met last
    Span span;                 // of the call of inner.step
  };
  struct Answer {
    ValueId value;
    Span span;
  };
  // What stepping a level gave.
  struct Outcome {
    ValueId next; // its next point
    ValueId told; // the same as its rule says it, whether it was let step or not
    std::optional<Answer> answer;
    std::map<std::string, Value> hypers; // as they were in the step
  };
  struct Report {
    std::string name;
    ValueId value;
  };

  void choose_shape(); // of x, from the scopes of the rules
  std::optional<Outcome> step_level(Active start);
  bool carry_answer(const RuleTree::Level& level, Outcome& outcome);
  bool step_node(Active& active, int node, const Value& variable);
  std::optional<Value> gradient(size_t depth);
  bool move_point(size_t depth, const RuleTree::Node& transform);
  Value ask(size_t depth, int order, ValueId point, const ast::Expr& at);
  bool may_ask(size_t depth, ValueId point, std::string_view what, const ast::Expr& at);
  Value query(ValueId point, int order, const ast::Expr& at, ValueId direction = {});
  // rule_minimize.cpp
  struct MinimizeCall {
    Value objective;
    ValueId from, rounds, tolerance;
  };
  std::optional<MinimizeCall> minimize_call(const ast::Call& call, const ast::Expr& at);
  std::vector<int> levels_in(int level) const;
  std::vector<int> nodes_of(int level) const;
  std::vector<size_t> states_of(int level) const;
  Value ask_minimized(size_t depth, OracleKind kind, std::vector<ValueId> operands,
                      const ast::Expr& at);
  ValueId ended_by_itself(size_t first_check);
  bool asks_in_step(ValueId point) const;
  bool stands_for_many(ValueId point) const;
  // A derivative of a function that asks f or ∇f is taken: `orders` are what it asks.
  void derives(DerivativeKind kind, const std::vector<OracleKind>& orders);
  Value squares(OracleKind kind, const Value& point, const ast::Expr& at) override;
  Value curvature(OracleKind kind, std::vector<ValueId> operands, const ast::Expr& at);
  ValueId change_of(ValueId next, ValueId x);
  std::optional<ValueId> point_of(const ast::Expr& e, std::string_view what);
  bool body(const ast::Block& statements, const std::string& prefix);
  void name_value(const ast::Stmt& s, const std::string& prefix);
  Value next(const RuleTree::Node& node, std::string_view what);
  Value next(const RuleTree::Node& node, const ast::Ident& name, std::string_view what);
  void report(const ast::ReportItem& item, const std::string& prefix);
  static std::string query_name(size_t k);

  void finish();
  void finish_checks();
  void demands_in_step();
  void finish_reports(std::vector<Result>& results);
  void finish_answer();
  bool shared(ValueId id, Span span, std::string_view what); // a message if it differs by tensor
  bool varies(ValueId id);
  ValueId said_by_all(ValueId condition);
  ValueId shared_fold(size_t place); // as a parameter

  const Subject& subject_;
  size_t rank_;
  SharedFolds* shared_folds_;
  std::map<std::string, std::pair<Op, ValueId>> folded_; // by place in the text and turn
  std::vector<Active> active_;
  std::map<int, Outcome> outcomes_; // of inner levels, by the last step
  std::vector<ValueId> same_point_; // points of inner rules that are the outermost one's
  struct Point {                    // of a query
    ValueId point;
    int order;
    ValueId direction;  // of order 2
    ValueId asked = {}; // invalid: always
  };
  std::vector<Point> points_;
  std::vector<Report> reports_;
  std::vector<std::pair<ValueId, Span>> gates_; // that have to be the same for all tensors
  bool again_ = false; // a level is found to be run to its end: its states are not to be kept
  ValueId taken_;      // whether the outermost rule was let step; invalid: always
  Outcome outcome_;
};

} // namespace thalweg::irgen
