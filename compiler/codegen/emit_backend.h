// The backend of ir/math that emits LLVM instructions: element functions as straight-line vector
// code.
#pragma once

#include "codegen/emit_math.h"
#include "ir/math/backend.h"

#include <llvm/IR/IRBuilder.h>

namespace thalweg::codegen {

// One precision and width, those of `like`.
class LlvmBackend {
public:
  using Real = llvm::Value*;
  using Int = llvm::Value*;
  using Mask = llvm::Value*;

  LlvmBackend(llvm::IRBuilder<>& builder, const TargetSpec& target, llvm::Type* type)
      : b_(builder), target_(target), math_(builder, target), type_(type),
        int_type_(builder.getIntNTy(type->getScalarSizeInBits())) {
    if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
      int_type_ = llvm::FixedVectorType::get(int_type_, vector->getNumElements());
  }

  bool is_f64() const { return type_->getScalarType()->isDoubleTy(); }
  bool has_fma() const { return target_.has_fma; }

  Real constant(double value) {
    return llvm::ConstantFP::get(type_, is_f64() ? value : static_cast<float>(value));
  }
  Real add(Real x, Real y) { return b_.CreateFAdd(x, y); }
  Real sub(Real x, Real y) { return b_.CreateFSub(x, y); }
  Real mul(Real x, Real y) { return b_.CreateFMul(x, y); }
  Real div(Real x, Real y) { return b_.CreateFDiv(x, y); }
  Real fma(Real x, Real y, Real z) { return math_.fma(x, y, z); }
  Real neg(Real x) { return b_.CreateFNeg(x); }
  Real abs(Real x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  Real sqrt(Real x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x); }
  Real floor(Real x) { return math_.floor(x); }
  Real rint(Real x) { return math_.round_even(x); }

  Mask lt(Real x, Real y) { return b_.CreateFCmpOLT(x, y); }
  Mask le(Real x, Real y) { return b_.CreateFCmpOLE(x, y); }
  Mask eq(Real x, Real y) { return b_.CreateFCmpOEQ(x, y); }
  Mask ne(Real x, Real y) { return b_.CreateFCmpUNE(x, y); }
  Mask mask_and(Mask x, Mask y) { return b_.CreateAnd(x, y); }
  Mask mask_or(Mask x, Mask y) { return b_.CreateOr(x, y); }
  Mask mask_not(Mask x) { return b_.CreateNot(x); }
  Real select(Mask mask, Real x, Real y) { return b_.CreateSelect(mask, x, y); }

  Int int_constant(int64_t value) {
    return llvm::ConstantInt::get(int_type_, static_cast<uint64_t>(value), true);
  }
  Int to_bits(Real x) { return b_.CreateBitCast(x, int_type_); }
  Real from_bits(Int x) { return b_.CreateBitCast(x, type_); }
  Int int_add(Int x, Int y) { return b_.CreateAdd(x, y); }
  Int int_sub(Int x, Int y) { return b_.CreateSub(x, y); }
  Int int_and(Int x, Int y) { return b_.CreateAnd(x, y); }
  Int int_or(Int x, Int y) { return b_.CreateOr(x, y); }
  Int int_xor(Int x, Int y) { return b_.CreateXor(x, y); }
  Int int_shl(Int x, unsigned count) { return b_.CreateShl(x, int_constant(count)); }
  Int int_lshr(Int x, unsigned count) { return b_.CreateLShr(x, int_constant(count)); }
  Int int_ashr(Int x, unsigned count) { return b_.CreateAShr(x, int_constant(count)); }
  Mask int_eq(Int x, Int y) { return b_.CreateICmpEQ(x, y); }
  Mask int_lt(Int x, Int y) { return b_.CreateICmpSLT(x, y); }
  Int int_select(Mask mask, Int x, Int y) { return b_.CreateSelect(mask, x, y); }

private:
  llvm::IRBuilder<>& b_;
  const TargetSpec& target_;
  MathEmitter math_;
  llvm::Type* type_;
  llvm::Type* int_type_;
};

static_assert(math::Backend<LlvmBackend>);

} // namespace thalweg::codegen
