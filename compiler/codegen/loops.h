// Explicit loops with buffers: what the tensor graph is lowered to and LLVM code is emitted from.
//
// A Program is one compiled function of the calling convention runtime/include/thalweg/abi.h. Its
// body is a block of statements; values are in SSA form, computed by `Let` in the block where they
// stand and visible in the rest of that block and in blocks inside it. A loop's folds give values
// that are visible after the loop. Everything about the target (vector width, masks) is left to the
// emitter; everything about meaning (order of folding, what is stored where, when) is fixed here.
//
// A value varies along a vectorized loop if its Let stands inside that loop and it depends on the
// loop's variable, directly or through an operand, a load's address or a fold; all else is scalar.
//
// Iterations of a loop outside all others, chunks of its folds and rows of the table may run at the
// same time on several threads; what they compute does not depend on it.
//
// Loop kinds
//   serial: iterations are independent where nothing is folded, unless the loop is `ordered`; folds
//           accumulate one iteration after the other, as Scheme::serial of ir/graph.h says.
//   vector: iterations are independent and run several at a time. May contain serial loops (whose
//           folds then hold one accumulator per vector element), no vector or lanes loop. No folds.
//   lanes:  a fold loop in kLanes virtual lanes and chunks of kChunk, exactly as ir/graph.h says
//           (Scheme::lanes); the body holds no loops, but may store.
#pragma once

#include "ir/graph.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace thalweg::loops {

struct ValTag {};
struct VarTag {};
struct BufferTag {};
using Val = Id<ValTag>;         // index into Program::values
using Var = Id<VarTag>;         // index into Program::vars
using BufferId = Id<BufferTag>; // index into Program::buffers

// Row-major and contiguous. The pointer is call.buffers[slot], or row.buffers[slot] of the tensor
// at hand. Temporaries are buffers like all others: the caller allocates them (shape × element
// size).
struct Buffer {
  // constant: never passed by a caller (slot -1); its elements are `data`, as in the graph's
  // `table`.
  enum class Role : uint8_t { input, output, in_out, temporary, constant };
  std::string name;
  DType dtype;
  Shape shape;
  Role role;
  bool per_tensor = false;
  int slot = 0;
  std::vector<int64_t> data{}; // of a constant: one entry per element, bits as in Value::bits
};

struct LoopVar {
  std::string name;
  Dim extent;
};

// Element of a buffer: offset + Σ variable·stride + Σ value·stride, in elements.
struct Address {
  BufferId buffer;
  Dim offset;
  std::vector<std::pair<Var, Dim>> terms;
  std::vector<std::pair<Val, Dim>> dynamic; // i64 values (gathered indices)
};

// What a value is. `element` covers every elementwise operator of ops.def, cast included.
struct Value {
  enum class Kind : uint8_t {
    constant, // bits, as in the graph's `constant`
    size,     // the i64 value of `dim`
    index,    // the i64 value of loop variable `var`
    load,     // address
    element,  // op over operands
    fold,     // result of a Loop or Rows fold; defined by that statement
    quotient, // i64: operands[0] / dim rounded down; operands[0] >= 0, dim > 0 where it is computed
    random,   // draw of `distribution` at element number operands[0] (i64), keyed by call.seed,
              // call.step, site
  };
  Kind kind;
  DType dtype;
  Op op = Op::constant;
  std::vector<Val> operands;
  int64_t bits = 0;
  Dim dim;
  Var var{0};
  Address address{};
  int64_t site = 0; // random: site in the low half, Distribution in bits 32..
};

struct Fold {
  enum class Op : uint8_t { sum, product, min, max, fma, argmin, argmax };
  Op op;
  Val a;    // what is folded, computed in the loop's body or (if it does not vary) before it; fma:
            // accumulator = fma(a, b, accumulator)
  Val b{0}; // fma alone
  Val result; // kind fold; argmin/argmax: i64, the position counted by the loop variable
};
// argmin and argmax: the first position, whatever the chunks; they stand in loops of their own.
inline bool finds_position(const Fold& fold) {
  return fold.op == Fold::Op::argmin || fold.op == Fold::Op::argmax;
}

struct Statement;
using Block = std::vector<Statement>;

struct Let {
  Val value;
};
struct Store {
  Address to;
  Val value;
};
struct Loop {
  enum class Kind : uint8_t { serial, vector, lanes };
  Kind kind;
  Var var;
  Block body;
  std::vector<Fold> folds;
  bool ordered = false; // an iteration reads what earlier ones stored
};
// Once per row of the table, in order; folds run over rows, sums in f64.
struct Rows {
  Block body;
  std::vector<Fold> folds;
};
// Calls call.oracle(context, site, call); non-zero status ends the function with it.
struct Oracle {
  int site;
};
// Ends the function with `status` if the scalar condition holds.
struct StatusCheck {
  Val condition;
  int status;
};
// Ends with index_out_of_range unless 0 <= value < bound (any lane); standing before the load that
// needs it.
struct IndexCheck {
  Val value;
  Dim bound;
};
struct If {
  Val condition;
  Block yes, no;
};

struct Statement {
  std::variant<Let, Store, Loop, Rows, Oracle, StatusCheck, IndexCheck, If> is;
};

struct Program {
  std::string name;
  std::vector<Buffer> buffers;
  std::vector<Value> values;
  std::vector<LoopVar> vars;
  std::vector<std::string> symbols;        // call.dims[k]
  std::vector<std::string> tensor_symbols; // row.dims[k]
  Block body;
};

std::string print(const Program& program); // --dump=loops
// Bytes read and written and passes made over tensors, as formulas of the sizes: for tests and
// --profile.
struct Traffic {
  Dim bytes_read, bytes_written; // summed over all loops, each buffer counted once per loop nest
  int passes = 0;                // loop nests over per-tensor data inside Rows
};
Traffic traffic(const Program& program);

} // namespace thalweg::loops
