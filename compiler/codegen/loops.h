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

#include <algorithm>
#include <memory>
#include <optional>
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
  // Parts of a fold that wait for their turn (Chunks::Part): waiting_places(count of `shape`, rows)
  // copies of `shape`.
  std::optional<Dim> rows = std::nullopt;
  Span origin{}; // of a temporary: the text whose value it holds
};

// How many parts of `elements` each wait at a time: enough for threads, bounded in memory. None if
// there is one chunk: its part is the result.
constexpr int64_t kMostWaiting = 32, kLeastWaiting = 2, kWaitingElements = int64_t{1} << 21;
inline int64_t waiting_places(int64_t elements, int64_t rows) {
  if (rows <= kChunk) return 0;
  return std::clamp(kWaitingElements / std::max<int64_t>(elements, 1), kLeastWaiting,
                    std::min(kMostWaiting, (rows + kChunk - 1) / kChunk));
}

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
    fold,     // result of a fold, or a value of Chunks; defined by that statement
    quotient, // i64: operands[0] / dim rounded down; operands[0] >= 0, dim > 0 where it is computed
    random,   // draw at element number operands[0], keyed by site and operands[1..]: seed, name,
              // step and, in a While, its round (all i64)
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
  // Inside Chunks: from the first value to before the second instead of 0 … extent-1. The folded
  // range lies in one chunk, and a fold gives that chunk's part.
  std::optional<std::pair<Val, Val>> range = std::nullopt;
};
// c[i, j] = Σ a·b over k for every i and j, and then, for every i, `row` and the vector loop
// `columns` over j, which may read c and store. Each variable runs over its range, from the first
// value to before the second, or from 0 to its extent.
//
// Per element the chain is acc = fma(a, b, acc) in the order of k, as Scheme::serial of ir/graph.h
// says. With `accumulate` it starts from what c holds instead of 0 and goes back there as it is: a
// chain may so be made piece by piece (of one chunk: the caller adds up chunks).
//
// a has no term in j, b none in i, c none in k; c overlaps neither a nor b, nor what `row` and
// `columns` load at another i or j. Elements may be computed in any order and by any cut of i and
// j, so threads may share their ranges out.
struct Product {
  struct Along {
    Var var;
    std::optional<std::pair<Val, Val>> range = std::nullopt;
  };
  Along i, j, k;
  Address a, b, c;
  bool accumulate = false;
  Block row;
  Loop columns;
};

// Once per row of the table, in order; folds run over rows, sums in f64.
struct Rows {
  Block body;
  std::vector<Fold> folds;
};
// Once for each chunk of kChunk rows of `extent`, once with no rows if there are none.
struct Chunks {
  // A fold over the rows for each point of a tensor: the chunk at hand leaves its part at
  // `place`·count in `waiting`; the parts fold into `to` in the order of the chunks.
  struct Part {
    BufferId waiting, to;
    Fold::Op op;
  };
  Dim extent;
  Val first, last; // i64, of the chunk at hand: its rows are first … last-1
  Val place;       // i64
  Block body;
  std::vector<Fold> folds; // of the parts that lanes loops in the body give; totals as theirs
  std::vector<Part> parts;
};
// Calls call.oracle(context, site, call); non-zero status ends the function with it.
struct Oracle {
  int site;
};
// Calls tw_linear of thalweg/linear.h: operands and results lie in memory, and `work` is scratch.
// A matrix that it can't do ends the function with linear_status(site, fault).
struct Linear {
  Op op;
  int site;
  int64_t root; // inverse_root's
  Dim m, n, k;  // a is [m, n], right-hand sides [n, k]
  std::vector<BufferId> operands, results;
  BufferId work;
};
// A status of compiled functions that says where linear algebra failed, above those of tw_status.
// Whoever hands it out of the program turns it into tw_linear_status(fault).
constexpr int32_t kLinearStatus = 1 << 16, kLinearFaults = 16;
inline bool is_linear_status(int32_t status) { return status >= kLinearStatus; }
inline int linear_site(int32_t status) { return (status - kLinearStatus) / kLinearFaults; }
inline int32_t linear_fault(int32_t status) { return (status - kLinearStatus) % kLinearFaults; }
inline int32_t linear_status(int site, int32_t fault) {
  return kLinearStatus + site * kLinearFaults + fault;
}
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
// Runs `body` while `condition`, which `test` computes before each round, holds; at most `limit`
// times. What a round leaves for the next one lies in buffers. Values of `test` are not visible in
// `body`.
struct While {
  Val limit;
  Val round; // which one it is, from 0; visible in both blocks
  Block test;
  Val condition;
  Block body;
};

struct Statement {
  std::variant<Let, Store, Loop, Product, Rows, Chunks, Oracle, Linear, StatusCheck, IndexCheck, If,
               While>
      is;
};

struct Program {
  std::string name;
  std::vector<Buffer> buffers;
  std::vector<Value> values;
  std::vector<LoopVar> vars;
  std::vector<std::string> symbols;        // call.dims[k]
  std::vector<std::string> tensor_symbols; // row.dims[k]
  Block body;
  bool marks = false; // calls call.mark(context, k) after kernel k (see kernels())
};

std::string print(const Program& program); // --dump=loops
// Bytes read and written and passes made over tensors, as formulas of the sizes: for tests and
// --profile.
struct Traffic {
  Dim bytes_read, bytes_written; // summed over all loops, each buffer counted once per loop nest
  int passes = 0;                // loop nests over per-tensor data inside Rows
};
Traffic traffic(const Program& program);

// A statement of the program's body that holds loops: what --profile times.
struct Kernel {
  bool over_table = false;       // a pass over the table of tensors; sizes are of each row then
  Dim bytes_read, bytes_written; // as in Traffic
  std::vector<BufferId> written; // without scalars and the waiting parts of folds
  std::vector<std::pair<Fold::Op, std::optional<Dim>>> folds; // over a size, or over the table
};
bool is_kernel(const Statement& statement);
std::vector<Kernel> kernels(const Program& program); // in the order of the body

} // namespace thalweg::loops
