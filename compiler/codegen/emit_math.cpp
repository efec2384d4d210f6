// Emission of the elementwise operators, exactly as ir/graph.h defines them.
#include "codegen/emit_math.h"

#include "support/check.h"

#include <limits>

namespace thalweg::codegen {

using llvm::Value;
using llvm::Intrinsic::ID;

Value* MathEmitter::real(Value* like, double value) {
  llvm::Type* type = like->getType();
  const bool f64 = type->getScalarType()->isDoubleTy();
  return llvm::ConstantFP::get(type, f64 ? value : static_cast<float>(value));
}

Value* MathEmitter::integer(Value* like, int64_t value) {
  return llvm::ConstantInt::get(like->getType(), static_cast<uint64_t>(value), true);
}

Value* MathEmitter::is_nan(Value* x) { return builder_.CreateFCmpUNO(x, x); }

Value* MathEmitter::fma(Value* a, Value* b, Value* c) {
  if (target_.has_fma)
    return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c});
  return builder_.CreateFAdd(builder_.CreateFMul(a, b), c);
}

// minimum and maximum of LLVM are those of the graph: NaN wins, -0 < +0.
Value* MathEmitter::min_max(bool is_max, DType dtype, Value* a, Value* b) {
  ID id = is_max ? llvm::Intrinsic::smax : llvm::Intrinsic::smin;
  if (is_real(dtype)) id = is_max ? llvm::Intrinsic::maximum : llvm::Intrinsic::minimum;
  return builder_.CreateBinaryIntrinsic(id, a, b);
}

// Without an instruction for it: adding 2^p (p mantissa bits) rounds a smaller magnitude to an
// integer.
Value* MathEmitter::round_even(Value* x) {
  if (target_.has_rounding) return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, x);
  const bool f64 = x->getType()->getScalarType()->isDoubleTy();
  Value* magnitude = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
  Value* shifter = real(x, f64 ? 0x1p52 : 0x1p23);
  Value* rounded = builder_.CreateFSub(builder_.CreateFAdd(magnitude, shifter), shifter);
  rounded = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, rounded, x);
  return builder_.CreateSelect(builder_.CreateFCmpOLT(magnitude, shifter), rounded, x);
}

Value* MathEmitter::floor(Value* x) {
  if (target_.has_rounding) return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, x);
  Value* r = round_even(x);
  Value* less = builder_.CreateFSub(r, real(x, 1));
  r = builder_.CreateSelect(builder_.CreateFCmpOGT(r, x), less, r);
  return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, r, x);
}

Value* MathEmitter::ceil(Value* x) {
  if (target_.has_rounding) return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, x);
  Value* r = round_even(x);
  Value* more = builder_.CreateFAdd(r, real(x, 1));
  r = builder_.CreateSelect(builder_.CreateFCmpOLT(r, x), more, r);
  return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, r, x);
}

Value* MathEmitter::integer_sign(Value* x) {
  Value* negative =
      builder_.CreateSelect(builder_.CreateICmpSLT(x, integer(x, 0)), integer(x, -1), x);
  return builder_.CreateSelect(builder_.CreateICmpSGT(x, integer(x, 0)), integer(x, 1), negative);
}

Value* MathEmitter::integer_mod(Value* a, Value* b) {
  // Division by 0 and of the least integer by -1 trap; x mod 0 is 0 here, x mod -1 is 0 anyway.
  Value* zero = integer(a, 0);
  Value* harmless = builder_.CreateICmpULT(builder_.CreateAdd(b, integer(b, 1)), integer(b, 2));
  Value* r = builder_.CreateSRem(a, builder_.CreateSelect(harmless, integer(b, 1), b));
  Value* differ = builder_.CreateICmpSLT(builder_.CreateXor(r, b), zero);
  Value* shift = builder_.CreateAnd(differ, builder_.CreateICmpNE(r, zero));
  return builder_.CreateSelect(shift, builder_.CreateAdd(r, b), r);
}

// Vector units have no integer division. In f64 the rounded quotient of such numbers never reaches
// the next integer, so its floor is exact; adding 2^52 moves an integer in and out of the low bits.
Value* MathEmitter::quotient(Value* a, Value* b) {
  if (!a->getType()->isVectorTy()) return builder_.CreateUDiv(a, b);
  llvm::Type* type = a->getType()->getWithNewType(builder_.getDoubleTy());
  Value* magic_bits = integer(a, 0x4330000000000000);
  Value* magic = llvm::ConstantFP::get(type, 0x1p52);
  const auto to_real = [&](Value* x) {
    return builder_.CreateFSub(builder_.CreateBitCast(builder_.CreateOr(x, magic_bits), type),
                               magic);
  };
  Value* ratio = floor(builder_.CreateFDiv(to_real(a), to_real(b)));
  Value* bits = builder_.CreateBitCast(builder_.CreateFAdd(ratio, magic), a->getType());
  return builder_.CreateXor(bits, magic_bits);
}

Value* MathEmitter::cast(DType from, DType to, Value* x) {
  if (from == to) return x;
  llvm::Type* type = to == DType::f64   ? builder_.getDoubleTy()
                     : to == DType::f32 ? builder_.getFloatTy()
                     : to == DType::i64 ? static_cast<llvm::Type*>(builder_.getInt64Ty())
                                        : builder_.getInt1Ty();
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(x->getType()))
    type = llvm::FixedVectorType::get(type, vector->getNumElements());
  if (to == DType::boolean)
    return is_real(from) ? builder_.CreateFCmpUNE(x, real(x, 0))
                         : builder_.CreateICmpNE(x, integer(x, 0));
  if (from == DType::boolean)
    return is_real(to) ? builder_.CreateUIToFP(x, type) : builder_.CreateZExt(x, type);
  if (from == DType::i64) return builder_.CreateSIToFP(x, type);
  if (to == DType::i64)
    return builder_.CreateIntrinsic(llvm::Intrinsic::fptosi_sat, {type, x->getType()}, {x});
  return to == DType::f64 ? builder_.CreateFPExt(x, type) : builder_.CreateFPTrunc(x, type);
}

Value* MathEmitter::compare(Op op, DType dtype, Value* a, Value* b) {
  if (is_real(dtype)) {
    switch (op) {
    case Op::eq: return builder_.CreateFCmpOEQ(a, b);
    case Op::ne: return builder_.CreateFCmpUNE(a, b);
    case Op::lt: return builder_.CreateFCmpOLT(a, b);
    default: return builder_.CreateFCmpOLE(a, b);
    }
  }
  const bool is_signed = dtype == DType::i64; // booleans: false < true
  switch (op) {
  case Op::eq: return builder_.CreateICmpEQ(a, b);
  case Op::ne: return builder_.CreateICmpNE(a, b);
  case Op::lt: return is_signed ? builder_.CreateICmpSLT(a, b) : builder_.CreateICmpULT(a, b);
  default: return is_signed ? builder_.CreateICmpSLE(a, b) : builder_.CreateICmpULE(a, b);
  }
}

Value* MathEmitter::apply(Op op, DType from, DType to, std::span<Value* const> operands) {
  const bool floating = is_real(from);
  Value* a = operands[0];
  Value* b = operands.size() > 1 ? operands[1] : nullptr;
  switch (op) {
  case Op::neg: return floating ? builder_.CreateFNeg(a) : builder_.CreateNeg(a);
  case Op::abs:
    return floating ? builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a)
                    : builder_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, a, builder_.getFalse());
  case Op::sign: return floating ? library(op, operands) : integer_sign(a);
  case Op::sqrt: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a);
  case Op::floor: return floor(a);
  case Op::ceil: return ceil(a);
  case Op::round: return round_even(a);
  case Op::stop_gradient: return a;
  case Op::logical_not: return builder_.CreateNot(a);
  case Op::is_finite:
    return builder_.CreateFCmpOLT(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a),
                                  real(a, std::numeric_limits<double>::infinity()));
  case Op::cast: return cast(from, to, a);
  case Op::add: return floating ? builder_.CreateFAdd(a, b) : builder_.CreateAdd(a, b);
  case Op::sub: return floating ? builder_.CreateFSub(a, b) : builder_.CreateSub(a, b);
  case Op::mul: return floating ? builder_.CreateFMul(a, b) : builder_.CreateMul(a, b);
  case Op::div: return builder_.CreateFDiv(a, b);
  case Op::mod: return floating ? library(op, operands) : integer_mod(a, b);
  case Op::min: return min_max(false, from, a, b);
  case Op::max: return min_max(true, from, a, b);
  case Op::eq:
  case Op::ne:
  case Op::lt:
  case Op::le: return compare(op, from, a, b);
  case Op::logical_and: return builder_.CreateAnd(a, b);
  case Op::logical_or: return builder_.CreateOr(a, b);
  case Op::fma: return fma(a, b, operands[2]);
  case Op::select: return builder_.CreateSelect(a, b, operands[2]);
  default: return library(op, operands);
  }
}

} // namespace thalweg::codegen
