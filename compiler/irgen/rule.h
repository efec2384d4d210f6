// An update rule, with the transforms before it and the schedules in it, as functions over a table
// of tensors: initial states, the step, and the points at which it asks its objective beside x.
#pragma once

#include "irgen/elaborator.h"

#include <memory>

namespace thalweg::irgen {

struct Chain;
class SharedFolds;

// A value given for a hyperparameter.
struct Argument {
  enum class Kind : uint8_t { number, boolean, text, schedule, rule };
  Kind kind = Kind::number;
  double number = 0; // boolean: 0 or 1
  const ast::ScheduleDecl* schedule = nullptr;
  std::shared_ptr<Chain> rule;     // an optimizer, with transforms before it
  std::vector<Argument> arguments; // of the schedule, one per parameter
  Span span;
  std::string text;
};
// An optimizer or transform with a value for each of its hyperparameters.
struct RuleCall {
  const ast::Decl* decl = nullptr;
  std::vector<Argument> arguments;
  Span span;
};
// Values of names in a chain's arguments: the hyperparameters of what holds the chain.
using Bindings = std::unordered_map<uint32_t, Argument>; // by symbol
struct Chain {
  std::vector<RuleCall> transforms; // in the order in which the gradient meets them
  RuleCall rule; // without a declaration: the transforms alone, x' is their gradient
};

struct Demands {
  bool value = false;          // f(x)
  bool gradient_at_x = false;  // ∇f(x)
  int gradients_elsewhere = 0; // ∇f at other points, a step
  int values_elsewhere = 0;
  // Of points that the step itself finds, in loops and branches.
  bool gradients_in_step = false, values_in_step = false;
  bool hessians = false, products = false; // ∇²f, hvp
  bool residuals = false, jacobians = false;
  Span residuals_at; // where they are asked for
  // Answered in the middle of the step; the products of a rule for single tensors are queries.
  bool in_step() const {
    return gradients_in_step || values_in_step || hessians || (products && vector) || residuals ||
           jacobians;
  }
  bool matrix = false; // on matrix
  bool vector = false; // on vector: all parameters end to end
  bool across = false; // reductions over all parameters
  std::string str() const;
};

// The size of the vector of residuals in the functions of a rule, which the objective gives.
constexpr const char* kResiduals = "residuals";

// Statuses of a step's checks: require k ends it with kFirstRequire + k.
constexpr int kFirstRequire = 100;

struct RuleUnit {
  struct Hyper {
    std::string name; // "lr", "lr.peak", "a_transform.its_hyper"
    double value;
    Span span;
  };
  struct State {
    std::string name; // "m", "clip.seen", "inner.m"; "inner.t" counts the calls of an inner rule
    Type type;
    bool per_tensor = true;
  };
  // A `fail` or `done`: its check ends the step with `status`. The holes of its text are numbers
  // over the parameters of `step`; pieces.size() == holes.size() + 1.
  struct Stop {
    int status;
    bool done;
    std::vector<std::string> pieces;
    std::vector<ValueId> holes;
  };
  // What the objective is asked before the step beside f and ∇f at x; `point` gives the place per
  // tensor and, of order 2, the direction. With `asked`, a truth value that all tensors share, it
  // is asked only where that holds; else what it would have said is not read.
  struct Query {
    Function point;
    int order; // 0 value, 1 gradient, 2 product of the Hessian and a direction
    std::optional<Function> asked;
  };
  // A size of the step that a hyperparameter gives: the capacity of a ring.
  struct Size {
    std::string symbol;
    size_t hyper; // its place
  };
  std::string name;
  std::vector<Hyper> hypers;
  std::vector<Size> sizes;
  std::vector<State> states; // shared ones (of schedules) first
  std::vector<Query> queries;
  // Of a reduction that ranges over parameters of other variants too: the number that each of these
  // gives. The functions take what came out as "fold <place>" (see shared_folds.h).
  struct Part {
    size_t place;
    ValueId value;
    bool initial; // asked for by the initial states
  };
  std::vector<Part> parts;
  std::vector<Function> fold_rounds; // the parts by round of the plan, results in order of `parts`
  std::vector<std::string>
      recorded; // shared f64 results of `step` after the states: schedule values
  struct Rate { // of `recorded`: where the program gives the schedule
    Span span;
    bool joins; // it is made of several
  };
  std::vector<Rate> rates;
  std::vector<std::string> reports; // then these, shared
  std::vector<Stop> stops;
  std::vector<std::string> check_prefixes; // of step.checks: "inner." of a check of an inner rule
  // With `step when` in the chain the last shared result of `step` says whether the rule was let
  // run; if not, x and the states behind the transform are as before.
  bool gated = false;
  // What lets and primes of the text stand for, in its order, for traces; those of a transform with
  // its name in front. Values over the parameters of `step`, as written, not simplified.
  struct Named {
    std::string name; // "g", "m'", "a_transform.total"
    ValueId value;
  };
  std::vector<Named> names;
  // All functions take the same parameters:
  //   shared:     t, loss, epoch, batch (f64), value (f at x), seed (i64, of draws), the hypers
  //               (f64), the shared states, one value per value query, the shared folds
  //   per tensor: x, gradient (at x, raw), name (i64, keys draws), the states, one gradient or
  //               product per query for it
  Function initial; // results: the shared states, then the per-tensor states
  Function step;    // results: x' (updates x), the states (updating theirs), recorded, reports
  // Where the rule names a point other than x as its result: a function of x and the states as they
  // are after a step; t is the number of that step. Its parameters are those of the others.
  std::optional<Function> answer;
  Demands demands;
  std::vector<Question> questions; // asked about the parameter
  // The lines that routing took for it, outermost first, and how many of them the widest `all` was
  // under: it ranges over the parameters that share these.
  std::vector<int> choices;
  size_t across_under = static_cast<size_t>(-1);
  bool shape_sensitive = false; // x has its own rank; otherwise x is seen flat: [size]
  size_t rank = 1;              // of x in these functions
  size_t index_of(std::string_view parameter) const; // in step.parameters
};

// The rule for a parameter like this one, seen with that rank; flat (rank 1) fits all ranks if the
// rule never looks at the shape. Nothing after errors, which were reported.
std::optional<RuleUnit> elaborate_rule(const Unit& unit, const Chain& chain, const Subject& subject,
                                       size_t rank, SharedFolds* shared = nullptr);
// For a parameter without name and role.
std::optional<RuleUnit> elaborate_rule(const Unit& unit, const Chain& chain, size_t rank);

// A schedule by itself, its arguments left open; false after messages.
bool check_schedule(const Unit& unit, const ast::Decl& decl);

// A call with every hyperparameter at its default; for `check`.
std::optional<RuleCall> default_call(const Unit& unit, const ast::Decl& decl);
// `T() |> Rule(lr = Schedule(…))`; what is no chain is reported as `kind`.
std::optional<Chain> chain_of(const Unit& unit, const ast::Expr& e, DiagKind kind,
                              const Bindings* bindings = nullptr);
// The number that a constant expression has; reports what is not constant.
std::optional<double> constant_number(const Unit& unit, const ast::Expr& e,
                                      const Bindings* bindings = nullptr);

} // namespace thalweg::irgen
