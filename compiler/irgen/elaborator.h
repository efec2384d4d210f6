// Elaboration of expressions: typed values of the graph from resolved syntax, shapes and kinds
// checked on the way. One Elaborator serves one unit (a problem, a rule, a record line).
//
// Precision: values made only from numbers, hyperparameters, t and schedules are f64 scalars; where
// they meet a tensor they are cast to the run's precision. Integers are i64 (literals, sizes,
// labels, indices) and become real where a real is needed; `/` is real.
#pragma once

#include "convex/notes.h"
#include "diag/diagnostics.h"
#include "ir/builder.h"
#include "irgen/regions.h"
#include "irgen/subject.h"
#include "irgen/value.h"
#include "sema/program.h"

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace thalweg::irgen {

struct Unit {
  const sema::Program& program;
  const SourceManager& sources;
  Diagnostics& diags;
  Graph& graph;
  DType precision = DType::f64;
};

// What a rule adds to expressions and statements: oracles, inner optimizers, its answer.
class RuleHooks {
public:
  virtual ~RuleHooks() = default;
  // f, ∇f, ∇²f at a point; `at` is the call.
  virtual Value oracle(const ObjectiveRef& objective, const std::vector<Value>& arguments,
                       const ast::Expr& at) = 0;
  // `inner.step(x, g)` and `inner.lr` of an optimizer given as hyperparameter.
  // The next point of an inner rule, or the change of the point.
  virtual Value inner_step(int level, const ast::Call& call, const ast::Expr& at, bool change) = 0;
  // Where steps of an inner rule on an objective of the outer one's end.
  virtual Value inner_minimize(int level, const ast::Call& call, const ast::Expr& at) = 0;
  virtual Value inner_field(int level, const ast::Ident& field) = 0;
  // `answer e` and `step when c`; false after a message.
  virtual bool answer(const ast::Expr& e) = 0;
  virtual bool step_when(const ast::Expr& condition) = 0;
  // The parameter at hand; null where a rule sees all of them at once.
  virtual const Subject* subject() const = 0;
  // hvp(f, x, v): the Hessian at a point times a direction.
  virtual Value product(const std::vector<Value>& arguments, const ast::Expr& at) = 0;
  // The residuals of an objective that is a sum of squares, or their Jacobian.
  virtual Value squares(OracleKind kind, const Value& point, const ast::Expr& at) = 0;
  // A hyperparameter as a size that the run gives; nothing else is one.
  virtual std::optional<Dim> size_of(ValueId id) = 0;
  // A reduction over all parameters of one number for each, and where in the text it stands, calls
  // around it included.
  virtual ValueId fold(Op op, ValueId part, const std::string& place) = 0;
};

// A `require`, `fail` or `done`: the call ends with the check's status where `condition` holds.
struct PendingCheck {
  enum class Kind : uint8_t { require, fail, done };
  Kind kind;
  ValueId condition; // a scalar boolean
  ValueId within;    // what had to hold for the statement to be reached; invalid: always reached
  std::vector<std::string> pieces; // the condition's text, or the statement's with holes between
  std::vector<ValueId> holes;
  Span span;
  std::optional<std::string> prefix; // of the names of the rule that it belongs to
};

class Elaborator {
public:
  explicit Elaborator(const Unit& unit) : u_(unit), b_(unit.graph), regions_(unit.graph) {}

  Builder& builder() { return b_; }
  const Unit& unit() const { return u_; }
  void bind(sema::SymbolId symbol, Value value) { env_[symbol.value] = std::move(value); }
  // What a symbol stands for by now; null if nothing was bound to it.
  const Value* bound(sema::SymbolId symbol) const {
    auto it = env_.find(symbol.value);
    return it == env_.end() ? nullptr : &it->second;
  }
  // Names that sema leaves open (until, record): looked up here.
  std::function<std::optional<Value>(const ast::Expr&)> free_name;
  RuleHooks* hooks = nullptr;
  std::optional<Shape> draw_shape; // the shape that normal() and uniform() fill here
  std::array<ValueId, 2> draw_key; // seed and name, i64; draws are made where they are known
  ValueId draw_step;               // of draws; invalid: t
  ValueId step;                    // t, for schedules
  ValueId loss;                    // the previous step's, for schedules; may be invalid
  ValueId epoch, batch;            // passes over the data, rows of the batch; may be invalid
  // States of schedules by name ("lr.best"): the rule gives the start values, elaboration the next
  // ones.
  struct ScheduleState {
    ValueId start, next;
  };
  std::map<std::string, ScheduleState>* schedule_states = nullptr;
  bool shape_sensitive = false;    // set once something looked at rank, axes or single sizes
  std::vector<Question> questions; // asked about the parameter
  // How often its rank, name or role was looked at, or what else decides which side of an `if`
  // makes sense: a switch of a rule that takes an optimizer, not knowing which.
  int64_t asked = 0;

  Value expr(const ast::Expr& e);
  // A value of the graph, or poison after a message.
  Value tensor(const ast::Expr& e);
  Value tensor(Value v, const ast::Expr& e); // of what e gave
  Value tensor_or_ring(const ast::Expr& e);
  // A rank-0 real or integer.
  Value scalar(const ast::Expr& e);
  // A shape from the expressions in brackets.
  std::optional<Shape> shape(const std::vector<const ast::Expr*>& dims);
  // A size known as a formula of sizes.
  std::optional<Dim> as_dim(ValueId id) const;
  std::optional<int64_t> as_integer(ValueId id) const;

  // Conversion helpers
  ValueId real(ValueId id);         // integers to real; f64 for scalars, the precision otherwise
  ValueId to_precision(ValueId id); // to the run's precision
  Value broadcast_to(Value v, const Shape& shape, const ast::Expr& at, std::string_view what);
  // Brings two values to one type; empty after a message. `op` is what stands between them.
  bool unify(Value& a, Value& b, const ast::Expr& ea, const ast::Expr& eb, Span caret,
             std::string_view op);
  Value binary(Op op, Value a, Value b, const ast::Expr& ea, const ast::Expr& eb, Span caret,
               std::string_view name);
  Value call_function(const ast::FunctionDecl& f, const std::vector<Value>& arguments,
                      const ast::Expr& at);
  Value schedule_at(ScheduleRef schedule, ValueId t);
  void note_call(const ast::FunctionDecl& f, const std::vector<Value>& arguments, ValueId result,
                 const ast::Expr& at);
  Value poison(DiagKind kind, Span span, std::string text);
  Diagnostic& error(DiagKind kind, Span span, std::string text);
  Value not_lowered(Span span, std::string what);
  std::string type_text(ValueId id) const;   // "[n, d]", "a number", "booleans [n]"
  static std::string kind_text(DType dtype); // "a number", "an integer", "a truth value"
  std::string source_text(const ast::Expr& e) const;
  // Adds "dimension d comes from …" notes for the names in these shapes.
  void explain_dims(Diagnostic& d, const Shape& a, const Shape& b) const;
  // Statement blocks of functions, schedules; returns the value of `return`, poison if none.
  Value block(const ast::Block& body, Span where);
  // Names of the values that `let` lines gave, for printing formulas.
  std::map<uint32_t, std::string> let_names;
  std::vector<PendingCheck> checks;    // `require`, `fail` and `done` met on the way
  std::vector<convex::CallNote> notes; // calls of functions that declare something
  // Their declarations and arguments, in the order of `notes`.
  struct Noted {
    const ast::FunctionDecl* function;
    std::vector<Value> arguments;
  };
  std::vector<Noted> noted;
  // Arguments of what a name or a call stands for, `Name` or `Name(…)`; binds their names too.
  std::optional<std::vector<Value>> arguments_of(const std::vector<ast::Param>& params,
                                                 const ast::Expr& name_or_call);
  void require(const ast::Expr& condition);
  // What holds where the elaboration stands: conditions of the branches around it, and whether the
  // transforms before a rule let it run. Scalars or tensors of truth values.
  std::vector<ValueId> path;
  ValueId path_condition(); // all of them at once; invalid if there is none
  // Names, next values and t as they are, for a body that binds them anew.
  struct Scope {
    std::unordered_map<uint32_t, Value> env, primes;
    ValueId step;
  };
  Scope scope() const { return {env_, primes, step}; }
  void restore(Scope scope);
  // The values of schedules with a state whose name begins so are made again at the next use.
  void forget_schedules(const std::string& prefix);
  // Rounds of a loop that the caller makes: from the round's number and what it begins with (an
  // invalid id where that is not known yet), whether it is made at all, and what it leaves. A round
  // that met an error tells what it knows: a wider state may be all that it needs.
  struct Carried {
    uint32_t name; // a symbol, or the caller's own number
    ValueId start; // invalid: nothing yet
    std::optional<Type> type;
    Span span; // of an assignment
    std::string text;
  };
  struct Round {
    ValueId more; // invalid: always
    std::vector<ValueId> next;
    bool fine = true;
  };
  using MakeRound = std::function<Round(ValueId number, const std::vector<ValueId>& now)>;
  // What is left after at most `limit` of them; nothing after a message. What ends a step in a
  // round ends the loop, and the step after it.
  std::optional<std::vector<ValueId>> repeated(ValueId limit, std::vector<Carried> carried,
                                               const MakeRound& make, Span span);
  // A derivative of a function of one tensor, the others of its arguments by default.
  Value derivative(DerivativeKind kind, const Value& function, std::vector<Value> arguments,
                   const ast::Expr& e);
  // The arguments of a function that is handed its first alone.
  std::optional<std::vector<Value>> with_defaults(const ast::FunctionDecl& f, Value first,
                                                  const ast::Expr& e);
  // A number of rounds: an integer, or a hyperparameter, cut to one.
  std::optional<ValueId> rounds(const ast::Expr& e, std::string_view what);
  // One statement of a rule's body; false after a message.
  bool statement_of_rule(const ast::Stmt& s) { return statement(s); }
  bool in_loop() const { return loops_ > 0; }
  bool in_region() const { return loops_ > 0 || branches_ > 0; } // of a loop or an `if`
  std::unordered_map<uint32_t, Value> primes; // by symbol: next values defined so far

private:
  Value number(const ast::NumberLit& n);
  Value name(const ast::Expr& e, Name name);
  Value from_symbol(sema::SymbolId id, const ast::Expr& e);
  Value sum(const ast::Expr& e, const ast::Sum& n);
  Value product(const ast::Expr& e, const ast::Product& n);
  Value power(const ast::Expr& e, const ast::Power& n);
  std::vector<Value> bind_all(const std::vector<ast::Param>& params,
                              const std::vector<Value>& values);
  Value stateful_schedule(const ScheduleRef& schedule);
  Value compare(const ast::Expr& e, const ast::Compare& n);
  Value logical(const ast::Logical& n);
  Value condition(const ast::Expr& e); // a boolean of any shape
  Value conditional(const ast::Expr& e, const ast::IfExpr& n);
  Value choose(Value c, Value a, Value b, const ast::Expr& ea, const ast::Expr& eb);
  Value unary(Op op, Value v, const ast::Expr& e);
  Value index(const ast::Expr& e, const ast::Index& n);
  Value field(const ast::Expr& e, const ast::Field& n);
  Value transpose(Value v, const ast::Expr& e);
  Value matmul(Value a, Value b, const ast::Expr& ea, const ast::Expr& eb, Span caret);
  Value dot(Value a, Value b, const ast::Expr& ea, const ast::Expr& eb, const ast::Expr& at);
  Value array(const ast::Expr& e, const ast::ArrayLit& n);
  Value indexed(const ast::Expr& e, const ast::Indexed& n);
  Value call(const ast::Expr& e, const ast::Call& n);
  Value call_builtin(const ast::Expr& e, const ast::Call& n, const sema::Builtin& builtin);
  Value fold(const ast::Expr& e, const ast::Call& n, std::string_view name);
  Value fold_across(std::string_view name, Value v, const ast::Expr& e);
  ValueId across(Op op, ValueId part, const ast::Expr& e);
  Value arg_fold(const ast::Expr& e, const ast::Call& n, Op op);
  Value filled(const ast::Expr& e, const ast::Call& n, double value);
  Value draw(const ast::Expr& e, const ast::Call& n, std::string_view name);
  Value matrix_part(const ast::Expr& e, const ast::Call& n, const sema::Builtin& builtin);
  Value extent(const ast::Expr& e, const ast::Call& n, std::string_view name);
  Value about(const ast::Expr& e, const ast::Call& n, std::string_view name);
  Value ask(const Value& text, const std::string& pattern);
  Value compare_texts(const Value& a, const ast::Expr& eb, const ast::CompareStep& link);
  std::optional<bool> known_now(ValueId condition) const; // of one made from constants
  // derivatives.cpp
  Value derivative_at(const Value& function, const ast::Call& n, const ast::Expr& e);
  // linear_calls.cpp
  Value linear_algebra(const ast::Expr& e, const ast::Call& n, std::string_view name);
  Value part(const Value& parts, const ast::Index& n, const ast::Expr& e);
  Value part_field(const Value& parts, const ast::Ident& field);
  const ast::Expr* named(const ast::Call& n, std::string_view name) const;
  std::optional<int64_t> axis(const ast::Call& n, size_t rank, bool& present);
  std::optional<std::vector<Value>> bind_arguments(const std::vector<ast::Param>& params,
                                                   const ast::Call& n, const ast::Expr& at);
  bool statement(const ast::Stmt& s);
  bool statements(std::span<const ast::Stmt* const> body);
  bool assign(const ast::AssignStmt& n);
  // rings.cpp
  Value new_ring(const ast::Expr& capacity, const ast::Expr& like);
  Value push(const Value& ring, Value pushed, const ast::Expr& e);
  Value from_ring(const Value& ring, const ast::Index& n, const ast::Expr& e);
  Value ring_field(const Value& ring, const ast::Ident& field);
  Value choose_ring(const Value& c, const Value& a, const Value& b, const ast::Expr& at);
  bool assign_element(const ast::AssignStmt& n);
  // branches.cpp. Names are symbols; two more stand for whether the function at hand has returned,
  // and what.
  static constexpr uint32_t kReturned = 0xfffffffe, kResult = 0xfffffffd;
  using Names = std::vector<uint32_t>;
  bool give_back(const Value& v);
  bool if_statement(const ast::IfStmt& n, size_t arm);
  // `yes` where c holds, else `no`; of the names that they assign, what they leave.
  bool branch(const Value& c, const Names& names, const std::function<bool()>& yes,
              const std::function<bool()>& no, const ast::Expr& at);
  struct Merged {
    uint32_t name;
    Value yes, no;
  };
  bool merge_regions(ValueId c, std::vector<Merged>& merged, uint32_t mark,
                     std::array<size_t, 3> made_checks, const ast::Expr& at);
  void assigned(const ast::Block& body, Names& names) const; // that have a value here
  static bool returns(const ast::Stmt& s);                   // somewhere in it
  static bool always_returns(const ast::Block& body);
  // loops.cpp
  struct Loop {
    ValueId limit;                           // i64, rounds at most
    const ast::Expr* condition = nullptr;    // before each; null: all rounds
    std::function<void(ValueId round)> bind; // names what is counted, if anything
    const ast::Block* body;
    Span span;
  };
  bool for_loop(const ast::ForStmt& n, Span span);
  bool loop(const Loop& loop);
  bool widen(Carried& state, ValueId next, bool& changed);
  ValueId fit(ValueId id, const Type& type);
  bool stop(PendingCheck::Kind kind, const ast::Template& text, const ast::Expr* condition,
            Span span);
  ValueId both(ValueId a, ValueId b); // a and b; either may be invalid
  // Of the checks from `first` on those that stand for what is known inside a region alone.
  std::vector<size_t> checks_inside(size_t first, const std::vector<ValueId>& states,
                                    uint32_t mark) const;
  std::optional<Dim> subscripted_extent(const ast::Expr& body, sema::SymbolId index, bool& broken);

  Unit u_;
  Builder b_;
  Regions regions_;
  int loops_ = 0, branches_ = 0; // around
  std::unordered_map<uint32_t, Value> env_;
  std::vector<Span> sites_; // of the calls of functions around
  int64_t calls_ = 0;
  int64_t next_site_ = 0;
  // index variables in scope, outermost first: symbol, extent, lowest value
  struct IndexVariable {
    sema::SymbolId symbol;
    Dim extent, low;
  };
  std::vector<IndexVariable> indices_;
  Shape index_shape() const;
  bool carries_index(ValueId id) const;
  void rebind_indices();
  std::map<std::pair<std::string, uint32_t>, Value> schedule_values_; // by prefix and step
  int shifts_ = 0; // schedules at hand that are asked for another step than the rule's
};

} // namespace thalweg::irgen
