// Element functions of ir/math on LLVM values: the one place where those templates meet LLVM.
#include "codegen/emit_backend.h"

#include "ir/math/math.h"
#include "support/check.h"

#include <llvm/IR/Module.h>

namespace thalweg::codegen {

namespace {

llvm::Value* expand(llvm::IRBuilder<>& builder, const TargetSpec& target, Op op,
                    std::span<llvm::Value* const> operands) {
  LlvmBackend b(builder, target, operands[0]->getType());
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
  case Op::sign: return math::sign(b, x);
  case Op::pow: return math::pow(b, x, operands[1]);
  default: break;
  }
  TW_CHECK(false, "'{}' is no element function", op_info(op).name);
  return nullptr;
}

// The function of the module that computes `op` of scalars: they stand outside the loops that
// matter, and a second use costs no second copy of its code.
llvm::Function* scalar_function(llvm::Module& module, const TargetSpec& target, Op op,
                                llvm::Type* type, size_t arity) {
  const std::string name =
      "tw." + std::string(op_info(op).name) + (type->isDoubleTy() ? ".f64" : ".f32");
  if (llvm::Function* made = module.getFunction(name)) return made;
  auto* signature =
      llvm::FunctionType::get(type, llvm::SmallVector<llvm::Type*>(arity, type), false);
  auto* function = llvm::Function::Create(signature, llvm::Function::InternalLinkage, name, module);
  set_target_attributes(*function, target);
  function->addFnAttr(llvm::Attribute::NoInline);
  function->addFnAttr(llvm::Attribute::WillReturn);
  function->addFnAttr(llvm::Attribute::Speculatable);
  function->setDoesNotAccessMemory();
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module.getContext(), "entry", function));
  llvm::SmallVector<llvm::Value*> arguments;
  for (llvm::Argument& argument : function->args())
    arguments.push_back(&argument);
  builder.CreateRet(expand(builder, target, op, arguments));
  return function;
}

} // namespace

void set_target_attributes(llvm::Function& function, const TargetSpec& target) {
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.addFnAttr("target-cpu", target.cpu);
  function.addFnAttr("target-features", target.features);
  // Native vectors are used at full width although some processors are tuned for less.
  function.addFnAttr("min-legal-vector-width", std::to_string(target.vector_bits));
  function.addFnAttr("prefer-vector-width", std::to_string(target.vector_bits));
}

llvm::Value* MathEmitter::library(Op op, std::span<llvm::Value* const> operands) {
  llvm::Type* type = operands[0]->getType();
  if (type->isVectorTy() || op == Op::sign) return expand(builder_, target_, op, operands);
  llvm::Module& module = *builder_.GetInsertBlock()->getModule();
  llvm::Function* function = scalar_function(module, target_, op, type, operands.size());
  return builder_.CreateCall(function, llvm::ArrayRef(operands.data(), operands.size()));
}

} // namespace thalweg::codegen
