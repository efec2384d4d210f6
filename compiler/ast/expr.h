// Expressions of the syntax tree: one plain struct a kind, as written, before any checking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/interner.h"
#include "support/span.h"

namespace thalweg::ast {

struct Expr;

/// One occurrence of a name; `name` is NFC-normalized, the span shows it as written.
struct Ident {
  Name name;
  Span span;
  explicit operator bool() const { return static_cast<bool>(name); }
};

struct NumberLit {
  double value = 0;
  bool is_integer = false; // written without point and exponent, and fits int64
  int64_t integer = 0;     // valid only if is_integer
  std::string_view text;   // as written, a view into the source
};

struct StringLit {
  std::string value; // escapes resolved
};

/// `true` and `false`.
struct BoolLit {
  bool value = false;
};

/// Also inf, pi (`∞`, `π`), t, f: names are told apart when they are resolved.
struct NameRef {
  Name name;
};

/// `m'`: the next value of m.
struct PrimeRef {
  Name name;
};

enum class UnaryOp : uint8_t { neg, logical_not };
/// `-x`, `not c`. `√x` is the call sqrt(x), `‖x‖` the call norm(x), `‖x‖₁` norm1(x).
struct Unary {
  UnaryOp op;
  const Expr* operand;
};

/// a - b + c, flat. The first term has no sign of its own (a leading minus is a Unary).
struct SumTerm {
  bool negative;
  Span op_span; // the sign; invalid for the first term
  const Expr* value;
};
struct Sum {
  std::vector<SumTerm> terms; // two or more
};

enum class ProductOp : uint8_t { mul, div, matmul, mod };
struct ProductFactor {
  ProductOp op;
  Span op_span;
  const Expr* value;
};
/// first op value op value …, left-associative, all four operators on one level. `⊙` is mul.
struct Product {
  const Expr* first;
  std::vector<ProductFactor> rest; // one or more
};

/// base ^ exponent; `x²` has a NumberLit exponent.
struct Power {
  const Expr* base;
  const Expr* exponent;
  Span op_span;
};

enum class CompareOp : uint8_t { lt, le, gt, ge, eq, ne, in };
struct CompareStep {
  CompareOp op;
  Span op_span;
  const Expr* value;
};
/// first op value op value …: a chain holds if every step holds (`1 <= x <= 5`, `x in Interval`).
struct Compare {
  const Expr* first;
  std::vector<CompareStep> rest; // one or more
};

enum class LogicalOp : uint8_t { logical_and, logical_or };
struct Logical {
  LogicalOp op;
  std::vector<const Expr*> operands; // two or more
};

struct IfArm {
  const Expr* condition;
  const Expr* value;
};
/// if c1 then e1 else if c2 then e2 … else e.
struct IfExpr {
  std::vector<IfArm> arms; // one or more
  const Expr* otherwise;
};

enum class ArgStyle : uint8_t { positional, named, sampled };
/// `e`, `name = e`, or `name ~ distribution` (a hyperparameter that is searched).
struct Arg {
  ArgStyle style = ArgStyle::positional;
  Ident name; // empty if positional
  const Expr* value = nullptr;
  Span span;
};
struct Call {
  const Expr* callee; // NameRef, Field, Derivative, or any other expression
  std::vector<Arg> args;
};

enum class IndexStyle : uint8_t { value, range, whole, new_axis };
/// One place between the brackets: `i`, `a..b` (ends may be missing), `:`, `new`.
struct IndexItem {
  IndexStyle style = IndexStyle::value;
  const Expr* value = nullptr; // style value
  const Expr* low = nullptr;   // style range; null: from the start
  const Expr* high = nullptr;  // style range; null: to the end
  bool inclusive = false;      // `..=`
  Span span;
};
struct Index {
  const Expr* base;
  std::vector<IndexItem> items; // one or more
};

struct Field {
  const Expr* base;
  Ident field;
};

/// `A.T`, `Aᵀ`.
struct Transpose {
  const Expr* base;
};

/// `∇f`, `∇²f`, `grad f`, `hess f.full`: the function itself; applied by a Call around it.
struct Derivative {
  int order;          // 1 or 2
  const Expr* target; // a NameRef or Fields on one
};

/// T |> R |> …
struct Pipe {
  std::vector<const Expr*> stages; // two or more
};

/// `all e`: over every parameter of the rule.
struct AllOf {
  const Expr* operand;
};

/// `like x`: the shape of x.
struct Like {
  const Expr* operand;
};

/// [a, b, c]; rows of arrays make a matrix.
struct ArrayLit {
  std::vector<const Expr*> elements;
};

/// a..b (without b) or a..=b as a value: what `for` and `reversed` range over.
struct Range {
  const Expr* low;  // may be null
  const Expr* high; // may be null
  bool inclusive;
};

enum class IndexedOp : uint8_t { sum, prod, mean, min, max, tensor };
struct IndexBinding {
  Ident name;
  const Expr* range; // null: the dimension that the name subscripts
};
/// `sum[i in 0..m, j] body`, `tensor[i, j] body`. A reduction's body reaches over products but not
/// over + and -; a tensor's body reaches as far right as it can.
struct Indexed {
  IndexedOp op;
  std::vector<IndexBinding> bindings; // one or more
  const Expr* body;
};

using ExprNode = std::variant<NumberLit, StringLit, BoolLit, NameRef, PrimeRef, Unary, Sum, Product,
                              Power, Compare, Logical, IfExpr, Call, Index, Field, Transpose,
                              Derivative, Pipe, AllOf, Like, ArrayLit, Range, Indexed>;

struct Expr {
  Span span;       // without surrounding parentheses
  uint32_t id = 0; // unique in its Context, dense from 0: side tables are vectors
  ExprNode node;

  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

} // namespace thalweg::ast
