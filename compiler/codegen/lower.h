// Lowering: a function of the tensor graph → explicit loops with buffers (loops.h), by the fusion
// plan of passes/fuse. The inverse view of the caller is the Layout: which slot holds what.
#pragma once

#include "codegen/loops.h"
#include "passes/fuse/plan.h"

#include <variant>

namespace thalweg::loops {

// Where a parameter, a result or a temporary lives: call.buffers[slot], or row.buffers[slot] of
// each row if per_tensor. Slots of a kind (call or row) count from 0: parameters, then results that
// do not update a parameter, then temporaries.
struct Slot {
  BufferId buffer;
  bool per_tensor = false;
  int slot = 0;
  DType dtype = DType::f64;
  Shape shape;
  std::optional<Dim> rows = std::nullopt; // see Buffer::rows
};
// What an oracle statement asks: its operands are in memory when it is called, the answer belongs
// into `answer`.
struct OracleSite {
  OracleKind kind;
  std::vector<Slot> operands; // the point; hvp: then the direction
  Slot answer;
};
// An operator of linear algebra, in the text: whose fault it is when the call ends with
// fault_status().
struct LinearSite {
  Op op;
  Span span;
};
struct Layout {
  std::vector<Slot> parameters;  // by parameter of the function
  std::vector<Slot> results;     // by result; one that updates a parameter has the parameter's slot
  std::vector<Slot> temporaries; // the caller allocates them; contents are free between calls
  std::vector<OracleSite> oracles; // by site
  std::vector<LinearSite> linear;  // by site
  int call_slots = 0, row_slots = 0;
};

struct LowerOptions {
  bool keep_plan_text = false; // fills Lowered::plan_text
};

struct Lowered {
  Program program;
  Layout layout;
  std::string plan_text; // --dump: the fusion plan with its reasons
};

using fuse::NotLowered;

// Symbols of the program: those of the function's shapes in order of first appearance (parameters,
// results, then the rest), without the function's tensor_symbols, which are the rows' dims.
std::variant<Lowered, NotLowered> lower(const Graph& graph, const Function& function,
                                        const LowerOptions& options = {});

} // namespace thalweg::loops
