// Operator codes and their static facts, read from ops.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace thalweg {

enum class Op : uint8_t {
#define TW_OP(name, ...) name,
#include "ir/ops.def"
};

// What simplify may assume of an operator.
enum Law : uint8_t {
  kNoLaw = 0,
  kCommutative = 1, // f(a, b) and f(b, a) have the same bits
  kIdempotent = 2,  // f(a, a) = a
  kOdd = 4,         // f(-a) = -f(a), exactly
  kEven = 8,        // f(-a) = f(a), exactly
};

enum class Derivative : uint8_t {
  leaf,
  elementwise,
  linear,
  piecewise,
  product,
  factorization,
  zero,
  control,
  none
};
enum class Emission : uint8_t { leaf, elementwise, view, copy, fold, control, library };

constexpr int kVariadic = -1;

struct OpInfo {
  std::string_view name;
  int arity;
  Derivative derivative;
  Emission emission;
  uint8_t laws;
};

const OpInfo& op_info(Op op);
std::optional<Op> op_by_name(std::string_view name);
constexpr int kOpCount = 0
#define TW_OP(name, ...) +1
#include "ir/ops.def"
    ;

// A fold over the tensors of a table.
inline bool is_across(Op op) {
  return op == Op::across_sum || op == Op::across_min || op == Op::across_max;
}

inline bool is_elementwise(Op op) {
  return op_info(op).emission == Emission::elementwise && op != Op::gather;
}

} // namespace thalweg
