// Emission of the elementwise operators: scalars and vectors, by the type of the operands.
#pragma once

#include "codegen/emit_target.h"
#include "ir/op.h"
#include "types/type.h"

#include <llvm/IR/IRBuilder.h>

#include <span>

namespace thalweg::codegen {

// What every function of a module carries.
void set_target_attributes(llvm::Function& function, const TargetSpec& target);

// Emits at the builder's position. Operands of one call are all scalars or all vectors of one
// width; booleans are i1.
class MathEmitter {
public:
  MathEmitter(llvm::IRBuilder<>& builder, const TargetSpec& target)
      : builder_(builder), target_(target) {}

  // `op` of ops.def with emission `elementwise` (not gather); `from` is the type of the last
  // operand.
  llvm::Value* apply(Op op, DType from, DType to, std::span<llvm::Value* const> operands);

  llvm::Value* min_max(bool is_max, DType dtype, llvm::Value* a, llvm::Value* b);
  llvm::Value* fma(llvm::Value* a, llvm::Value* b,
                   llvm::Value* c); // mul, add where there is no fma
  llvm::Value* floor(llvm::Value* x);
  llvm::Value* ceil(llvm::Value* x);
  llvm::Value* round_even(llvm::Value* x);
  llvm::Value* is_nan(llvm::Value* x);
  // a / b rounded down, for 0 <= a < 2^52 and 0 < b (or any b in lanes that nobody reads).
  llvm::Value* quotient(llvm::Value* a, llvm::Value* b);

  // A constant of `like`'s type.
  llvm::Value* real(llvm::Value* like, double value);
  llvm::Value* integer(llvm::Value* like, int64_t value);

private:
  llvm::Value* library(Op op, std::span<llvm::Value* const> operands); // of ir/math
  llvm::Value* cast(DType from, DType to, llvm::Value* x);
  llvm::Value* integer_mod(llvm::Value* a, llvm::Value* b);
  llvm::Value* integer_sign(llvm::Value* x);
  llvm::Value* compare(Op op, DType dtype, llvm::Value* a, llvm::Value* b);

  llvm::IRBuilder<>& builder_;
  const TargetSpec& target_;
};

} // namespace thalweg::codegen
