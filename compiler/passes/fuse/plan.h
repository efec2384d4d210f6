// The fusion plan: which values of a function exist only inside loops, which are stored, and what
// loops there are in what order; made from the tensor graph, turned into loops by codegen/lower.
//
// Every value the function needs is of one of the kinds below. `inlined` values have no place of
// their own: they are computed where they are used, at the index at which they are used. The others
// are computed by a Kernel. Kernels run in order of their Position: first by stage (the number of
// folds over the table's rows before them), in a stage first the call's own, then the row's, then
// by pass (the number of folds over tensors before them in that region). So the number of passes
// over memory is what the folds force, and all that one pass can do over one space goes in one
// kernel, unless that is more than registers hold and parts of it read nothing in common.
//
// Kernels that go over the rows of a batch, one of them needing no more of another than the same
// row, form a group: the group runs chunk by chunk of rows, all its kernels on one chunk and then
// on the next, so that the data comes from memory once. Groups are made last, and kernels that need
// nothing of a group move before it.
#pragma once

#include "ir/graph.h"

#include <compare>
#include <string>
#include <variant>
#include <vector>

namespace thalweg::fuse {

struct Position {
  int stage = 0;
  bool row = false; // runs once per row of the table
  int pass = 0;
  auto operator<=>(const Position&) const = default;
};

enum class Kind : uint8_t {
  unused,  // not needed by the function
  inlined, // computed where it is used; rank 0: once per call or row
  fold,    // reduce_*, contract, argmin, argmax
  copy,    // pad, concat, scatter_add: written part by part
  pick,    // a scalar read out of a tensor
  across,  // a fold over the rows of the table
  region,  // while_loop, if_else: runs the functions of its lambdas
  part,    // an element of what a region or a library call gives
  oracle,  // f or ∇f at a point
  library, // linear algebra: a call of the runtime
};

// Where a stored value goes.
struct Target {
  enum class Kind : uint8_t { none, result, temporary };
  Kind kind = Kind::none;
  int index = -1;
  bool operator==(const Target&) const = default;
};

struct Store {
  ValueId value;
  Target to;
  bool operator==(const Store&) const = default;
};

// How a kernel of a group goes over the rows.
enum class RowRole : uint8_t {
  none,
  each, // the first axis of its space is the row; scalar folds are over the rows
  fold, // folds over the rows, for each point of its space
};

struct Kernel {
  enum class Kind : uint8_t {
    pick, // no loop: evaluates `folds[0]`, a picked scalar
    flat, // one loop over the elements of `space`: stores at the same element, and scalar folds
    per_point, // for each point of `space` (the results' shape) a fold over `inner`
    copy,      // writes `folds[0]` part by part into its target
    region,    // runs the nested functions of `folds[0]`, a while_loop or an if_else
    oracle,    // asks for `folds[0]`
    library,   // calls the runtime for `folds[0]`
  };
  Kind kind;
  Position at;
  Shape space, inner;
  bool lanes = false;     // the folds' scheme
  bool choice = false;    // argmin, argmax
  bool collapsed = false; // nothing asks for the index along single axes: one flat index is enough
  std::vector<ValueId> folds;
  std::vector<Store> stores;
  std::vector<int> nested;   // region: its functions in Plan::nested, in the order of its lambdas
  std::vector<Target> parts; // region, oracle, library: where what it gives is
  int group = -1;            // kernels of one group stand side by side
  RowRole role = RowRole::none;
  bool operator==(const Kernel&) const = default;
};

struct Info {
  Kind kind = Kind::unused;
  bool row = false; // depends on the tensor at hand
  Position near;    // where it can be computed in the flat kernel over its own shape
  Position far;     // where it can be had in any other kernel
  int kernel = -1;  // that folds, copies or picks it
  Target home;      // where kernels after `home_kernel` load it from
  int home_kernel = -1;
  const char* reason = ""; // why it is stored
};

struct Temporary {
  ValueId value; // that it holds; of a part: a value of its type
  bool row = false;
  bool part = false; // it belongs to a region, an oracle or a library call
  int element = -1;  // of the tuple `value`
};
const Type& type_of(const Graph& graph, const Temporary& temporary);

struct Nested;

struct Plan {
  std::vector<Info> info; // by value id
  std::vector<Kernel> kernels;
  std::vector<Temporary> temporaries;
  std::vector<Position> checks; // when each check of the function runs
  int stages = 1;
  Dim rows;                   // the size that groups run over
  std::vector<Nested> nested; // functions of regions
  const Info& of(ValueId id) const { return info[id.value]; }
};

// A lambda of a region as a function with a plan of its own. Its parameters are those of the
// lambda: the states of a loop, then the captures. Results of a loop's body update the states in
// place; the condition's is a truth value; those of a branch go where the branch's parts are. A
// region runs for one tensor or for all, so that no nested function is over a table.
struct Nested {
  Function function;
  Plan plan;
};

// Something the lowering does not do yet.
struct NotLowered {
  Op op;
  Span span;
  std::string reason; // "'while_loop' is not compiled yet"
};

std::variant<Plan, NotLowered> plan(const Graph& graph, const Function& function);
std::string print(const Graph& graph, const Function& function, const Plan& plan);

// One fold of an operand over an iteration space. `axes_a[k]` says what index axis k of operand a
// takes: axis >= 0 of the results' space, or ~axis of the folded space; likewise b of a contract.
struct FoldShape {
  Shape space, inner;
  Scheme scheme = Scheme::serial;
  std::vector<int64_t> axes_a, axes_b;
};
FoldShape fold_shape(const Graph& graph, ValueId fold);

// True if a folded value has nothing to fold (no axes, no summed labels): it is computed in place.
bool folds_nothing(const Graph& graph, ValueId value);

// A copy of a function in which every if_else is replaced by selections of its inlined sides.
// Done where both sides are cheap and free of effects; others stay regions, of which one side runs.

struct Flattened {
  Graph graph;
  Function function;
};
bool has_conditionals(const Graph& graph, const Function& function);
Flattened flatten_conditionals(const Graph& graph, const Function& function);

} // namespace thalweg::fuse
