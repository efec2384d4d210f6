// What an expression stands for while the graph is built: a value of the graph, or one of the few
// things that exist at compile time only (functions, objectives, schedules, texts, ranges, shapes).
#pragma once

#include "ast/ast.h"
#include "ir/graph.h"
#include "sema/builtins.h"

#include <memory>
#include <string>

namespace thalweg::irgen {

// What a rule may ask of its objective: f(x), ∇f(x), …; `part` is "", "full", "smooth", ….
struct ObjectiveRef {
  std::string part;
  int order = 0; // 0 value, 1 gradient, 2 Hessian
};

struct Value;

// A schedule given as a hyperparameter: its declaration and the values of its own arguments.
struct ScheduleRef {
  const ast::ScheduleDecl* decl =
      nullptr; // null: not known yet, `open` stands for any of its values
  ValueId open;
  std::string prefix; // "lr", for the names of its hyperparameters and states
  std::shared_ptr<std::vector<Value>> arguments; // one per parameter of the declaration
};

struct Value {
  enum class Kind : uint8_t {
    poison,    // an error was reported; nothing more is said about it
    tensor,    // `id`
    function,  // user function `function`
    builtin,   // `builtin`
    objective, // `objective`
    schedule,  // `schedule`
    item,      // any other declaration, by name
    text,      // `text`
    range,     // `low`, `high` (i64 scalars; invalid ids where missing)
    shape,     // `dims`, from `like x`
    rule,      // an optimizer given as hyperparameter: level `level` of the rule at hand
    rule_step, // its `step`, `update` or `minimize`, to be called
    parts,     // `id`, a tuple: what linear algebra with several results gives
    ring,      // `id` [capacity, shape…], `low` how many, `high` where the newest is (f64)
  };
  Kind kind = Kind::poison;
  ValueId id;
  bool across = false; // `all e`: ranges over every tensor of the rule
  const ast::FunctionDecl* function = nullptr;
  int derivative = 0; // of `function`: 1 its gradient, 2 its Hessian
  const sema::Builtin* builtin = nullptr;
  const ast::Decl* item = nullptr;
  ObjectiveRef objective;
  ScheduleRef schedule;
  std::string text;
  bool of_role = false, of_name = false; // a text that is the parameter's
  ValueId low, high;
  Shape dims;
  int level = -1;
  bool change = false;     // rule_step: how the point moves, not where to
  bool to_the_end = false; // rule_step: `minimize`
  bool decides = false;    // a switch of a rule around an inner one: see `asked` of the elaborator

  static Value tensor(ValueId id, bool across = false) {
    Value v;
    v.kind = Kind::tensor;
    v.id = id;
    v.across = across;
    return v;
  }
  static Value ring(ValueId elements, ValueId count, ValueId newest);
  bool is_tensor() const { return kind == Kind::tensor; }
  bool is_poison() const { return kind == Kind::poison; }
};

} // namespace thalweg::irgen
