// The tensor graph: interned values, closed lambdas, functions.
//
// SEMANTICS
// A value is one record (op, type, operands, attribute). Records are interned: equal records are
// the same value, so common subexpressions exist once and identity is equality. An operand always
// has a smaller id than its user: ascending ids are a topological order, and no pass recurses over
// a graph.
//
// Arithmetic. Every floating operation rounds once, to the value's type, to nearest even; nothing
// is reassociated and nothing fused unless the graph says `fma`. NaN and infinities follow IEEE
// 754. `min`, `max` (and their reductions): any NaN gives NaN, and -0 < +0. `sign` keeps
// zeros and NaN. `round` goes to nearest, ties to even. `mod` is floored: the result has the
// divisor's sign; an integer mod 0 is 0. `pow(x, 0)` = `pow(1, y)` = 1.
// Integers are 64-bit and wrap. `cast`: integer → real rounds to nearest even; real → integer
// truncates toward zero, saturating, NaN → 0; boolean → 0 or 1; real → boolean is `!= 0`. Element
// functions (exp, log, pow, …) are those of ir/math, at most 2 ulp, the same bits everywhere.
// `select(c, a, b)` takes a's value where c, else b's; the other side's value never leaks.
//
// `stop_gradient` is its operand, with derivative 0.
//
// Kinks: abs'(0) = sign(0) = 0, sqrt'(0) = 0 where the derivative is asked for through `norm`; ties
// of two-argument max and min give half to each, in reductions an even split.
//
// Folding. `reduce_sum reduce_prod reduce_min reduce_max contract` carry a Scheme:
//   lanes:  the flattened reduced index i = 0..N-1 is cut into chunks of kChunk; element i goes to
//           virtual lane i mod kLanes of its chunk; a lane starts at the identity and accumulates
//           in order; the chunk's result is the tree fold lane[j] ∘ lane[j + h], h = 16, 8, 4, 2,
//           1; chunk results fold in order into a total that starts at the identity (for sums of
//           reals in f64 also when the operand is f32, rounded once at the end).
//   serial: in index order (row-major over the reduced axes), in the operand's own type. The index
//           is cut into chunks of kChunk as well: an accumulator starts at the identity in each,
//           and the chunks' results fold in order, the first as it is. So a fold over rows can be
//           cut among threads, and a matrix product knows where it may be cut.
// A contract accumulates fma(a, b, accumulator) over the summed labels, in the order in which they
// occur in a, then those that only b has; the last runs fastest. The identities are 0, 1, +inf,
// -inf (of integers: the largest, the smallest); an empty fold gives the identity. `across_*` folds
// one scalar per tensor of the table, in table order, sums in f64 rounded once at the end.
// `argmin`/`argmax` give the first position, by `<` (both zeros are equal); a NaN wins and the
// first NaN is the answer; 0 along an empty axis. Comparisons, `is_finite`, `argmax` give booleans
// or i64; false < true.
//
// Indexing. `gather` and `scatter_add` take one index tensor per axis of the data, all of one
// shape; an index out of range is a run-time failure (status index_out_of_range), never a read
// outside. `scatter_add` starts from zeros and adds in row-major order of the index space. A
// `slice` that leaves its operand, or a size below zero, is a run-time failure (shape_mismatch).
//
// Shapes. Elementwise operands have identical types; broadcasting is explicit. `broadcast` sends
// operand axis k to result axis map[k] (increasing); an operand axis of literal size 1 may stretch.
// Dimensions are symbolic (types/dim.h); equal means equal for all sizes.
//
// Control. `while_loop` and `if_else` hold closed lambdas with explicit captures: a lambda's body
// reads its own `arg`s and nothing else. while_loop(limit, states…, captures…) runs body while
// condition holds, at most `limit` times, and ends quietly then. if_else(condition, captures…)
// evaluates one side. Both give tuples, read by `get`; elements of tuples are tensors. A function's
// checks are decided in order before its results: one that holds ends the call.
// `oracle` asks for an objective at a point; passes/diff alone looks into it.
// `derivative(z, captures…)` is a derivative of its lambda by the first parameter, at z; of kind
// `product` with a direction behind the captures. passes/diff/expand.h replaces it before any other
// pass.
//
// Linear algebra (thalweg/linear.h, in f64, rounded once to the type of the operands):
//   solve(A, b)        A x = b for a vector or the columns of a matrix; fails as singular. By
//                      elimination with row exchanges; triangular matrices by substitution
//   cholesky           L lower with positive diagonal, L Lᵀ = A; reads the lower triangle; fails as
//                      singular if A is not positive definite
//   modified_cholesky  L Lᵀ = A + E, E ≥ 0 diagonal (Gill, Murray, Wright 1981, no exchanges)
//   qr                 thin, m ≥ n: Q [m, n], R [n, n] upper with diagonal ≥ 0
//   eigh               values ascending, vectors in columns; reads the lower triangle
//   svd                thin, m ≥ n: U [m, n], values descending, V [n, n] with A = U diag(s) Vᵀ
//   inverse_root(p)    V diag(max(λ, eps·λmax)^(-1/p)) Vᵀ, eps of the element type; fails as
//                      singular if λmax is not positive
// In a column of eigh's vectors and of svd's V the first entry of largest size is positive.
//
// ATTRIBUTES (fields of Attr by operator; fields not named are empty)
//   arg         ints {index}
//   constant    ints {bits: of the double, or the integer}
//   table       dims shape; ints {bits…}
//   dim         dims {size}                                    → i64
//   iota        dims shape; ints {axis}                        → i64
//   random      (seed, name, step: i64) dims shape; ints {Distribution, site}; standard draws, a
//   pure
//               function of seed, name, step, site and the element (thalweg/random.h)
//   broadcast   dims result shape; ints map
//   reshape     dims result shape
//   transpose   ints: result axis k is operand axis ints[k]
//   slice       dims {start…, size…}
//   pad         dims {before…, after…}, filled with 0
//   concat      ints {axis}
//   scatter_add (index…, values) dims result shape
//   reduce_*    ints {Scheme, axes ascending…}
//   argmin/max  ints {axis}
//   contract    ints {Scheme, rank a, labels of a…, rank b, labels of b…, labels of the result…};
//               a label not in the result is summed; a label occurs at most once per operand
//   while_loop  lambdas {condition, body}; ints {number of states}
//   if_else     lambdas {then, else}
//   get         ints {position}
//   oracle      name objective; ints {OracleKind}
//   derivative  lambdas {function}; ints {DerivativeKind}
//   inverse_root ints {root}
#pragma once

#include "ir/op.h"
#include "support/ids.h"
#include "support/span.h"
#include "types/type.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace thalweg {

struct ValueTag {};
struct LambdaTag {};
using ValueId = Id<ValueTag>;
using LambdaId = Id<LambdaTag>;

enum class Scheme : int64_t { lanes = 0, serial = 1 };
constexpr int64_t kLanes = 32;
constexpr int64_t kChunk = 1024;

enum class Distribution : int64_t { normal = 0, uniform = 1, rademacher = 2 };
enum class OracleKind : int64_t {
  value = 0,
  gradient = 1,
  hvp = 2,
  hessian = 3,
  residuals = 4, // r of an objective that is Σ rᵢ²
  jacobian = 5   // of these
};

// Of a function of one tensor; jacobian: of a function with a tensor as value.
enum class DerivativeKind : int64_t { gradient = 0, hessian = 1, product = 2, jacobian = 3 };

struct Attr {
  std::vector<int64_t> ints;
  std::vector<Dim> dims;
  std::string name;
  std::vector<LambdaId> lambdas;
  bool operator==(const Attr&) const = default;
  size_t hash() const;
};

struct Node {
  Op op;
  Type type;
  std::vector<ValueId> operands;
  Attr attr;
  bool operator==(const Node&) const = default;
};

// A closed function body: `arg` values of index k < parameters.size() stand for the parameters.
struct Lambda {
  std::vector<Type> parameters;
  std::vector<ValueId> results;
  bool operator==(const Lambda&) const = default;
};

class Graph {
public:
  // The one way to make a value. Checks the shape rule (an internal error if it does not hold).
  ValueId add(Op op, Type type, std::vector<ValueId> operands, Attr attr = {});
  LambdaId add_lambda(Lambda lambda);

  const Node& node(ValueId id) const { return nodes_[id.value]; }
  const Type& type(ValueId id) const { return nodes_[id.value].type; }
  const Lambda& lambda(LambdaId id) const { return lambdas_[id.value]; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  uint32_t lambda_count() const { return static_cast<uint32_t>(lambdas_.size()); }

  // When a value was asked for first since the round began: for whoever makes values in place and
  // then cuts them out, which the age of a value doesn't tell, as an earlier round may have made
  // it.
  void begin_round() { round_ = clock_; }
  uint32_t clock() const { return clock_; }
  uint32_t asked_at(ValueId id) const { return asked_at_[id.value]; }

  // Where in the source a value came from: the first that made it. Outside the interning key.
  void set_origin(ValueId id, Span span);
  Span origin(ValueId id) const;

private:
  friend struct GraphTestAccess; // tests of the verifier plant corrupt records
  std::deque<Node> nodes_;       // stable references
  std::deque<Lambda> lambdas_;
  std::vector<uint32_t> asked_at_; // by value
  uint32_t clock_ = 0, round_ = 0;
  std::unordered_multimap<size_t, uint32_t> node_index_;
  std::unordered_multimap<size_t, uint32_t> lambda_index_;
  std::unordered_map<uint32_t, Span> origins_;
};

// A compiled unit. In a rule over a table of tensors some parameters, results and symbols belong to
// the tensor at hand (`per_tensor`), the others are shared by all.
struct Parameter {
  std::string name;
  Type type;
  bool per_tensor = false;
};
struct Result {
  std::string name;
  ValueId value;
  bool per_tensor = false;
  int updates = -1; // index of the parameter whose storage receives this result, or -1
};
// An ordered effect: the call ends with `status` if `condition` (a scalar boolean) is true.
struct Check {
  ValueId condition;
  int status = 0;
  std::string message;
  Span span;
};
struct Function {
  std::string name;
  std::vector<Parameter> parameters; // parameter k is `arg` k
  std::vector<Result> results;
  std::vector<Check> checks;
  std::vector<std::string> tensor_symbols; // dimension names that belong to the tensor at hand
  bool over_table = false;
};

// Ids of all values the roots need, ascending (so topological). Bodies of lambdas are not entered.
std::vector<ValueId> reachable(const Graph& graph, std::span<const ValueId> roots);
std::vector<ValueId> roots_of(const Function& function); // results, then conditions of checks

} // namespace thalweg
