// Element functions of ir/math on LLVM values: the one place where those templates meet LLVM.
#include "codegen/emit_backend.h"

#include "ir/math/math.h"
#include "support/check.h"

namespace thalweg::codegen {

llvm::Value* MathEmitter::library(Op op, std::span<llvm::Value* const> operands) {
  LlvmBackend b(builder_, target_, operands[0]->getType());
  llvm::Value* x = operands[0];
  switch (op) {
  case Op::exp: return math::exp(b, x);
  case Op::expm1: return math::expm1(b, x);
  case Op::log: return math::log(b, x);
  case Op::log1p: return math::log1p(b, x);
  case Op::sin: return math::sin(b, x);
  case Op::cos: return math::cos(b, x);
  case Op::tan: return math::tan(b, x);
  case Op::asin: return math::asin(b, x);
  case Op::acos: return math::acos(b, x);
  case Op::atan: return math::atan(b, x);
  case Op::sinh: return math::sinh(b, x);
  case Op::cosh: return math::cosh(b, x);
  case Op::tanh: return math::tanh(b, x);
  case Op::sigmoid: return math::sigmoid(b, x);
  case Op::softplus: return math::softplus(b, x);
  case Op::erf: return math::erf(b, x);
  case Op::mod: return math::mod(b, x, operands[1]);
  case Op::atan2: return math::atan2(b, x, operands[1]);
  case Op::pow: return math::pow(b, x, operands[1]);
  default: break;
  }
  TW_CHECK(false, "'{}' is no element function", op_info(op).name);
  return nullptr;
}

} // namespace thalweg::codegen
