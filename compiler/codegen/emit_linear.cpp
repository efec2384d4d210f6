// Emission of linear algebra: a call of the runtime's C function, to which the module's own matrix
// product is handed.
#include "codegen/emit_function.h"
#include "codegen/emit_product.h"
#include "support/check.h"

#include "thalweg/linear.h"

namespace thalweg::codegen {

using llvm::Value;

namespace {

uint32_t operator_number(Op op) {
  switch (op) {
#define TW_LINEAR(constant, name, ...)                                                             \
  case Op::name: return constant;
    TW_LINEAR_OPERATORS(TW_LINEAR)
#undef TW_LINEAR
  default: TW_CHECK(false, "'{}' is no linear algebra", op_info(op).name);
  }
  return 0;
}

} // namespace

void FunctionEmitter::emit(const loops::Linear& linear) {
  TW_CHECK(!lanes_, "linear algebra inside a vector loop in '{}'", program_.name);
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* word = builder_.getInt64Ty();
  llvm::Type* number = builder_.getInt32Ty();
  llvm::Type* truth = builder_.getInt1Ty();
  auto* type = llvm::FunctionType::get(number,
                                       {number, truth, word, word, word, word, pointer, pointer,
                                        pointer, pointer, pointer, pointer, pointer},
                                       false);
  auto* callee =
      llvm::cast<llvm::Function>(module_.getOrInsertFunction("tw_linear", type).getCallee());
  callee->addFnAttr(llvm::Attribute::NoUnwind);
  callee->addParamAttr(1, llvm::Attribute::ZExt); // as C hands over a bool
  const auto place = [&](const std::vector<loops::BufferId>& buffers, size_t k) -> Value* {
    if (k >= buffers.size()) return llvm::ConstantPointerNull::get(builder_.getPtrTy());
    return buffer_pointer(buffers[k]);
  };
  const DType dtype = program_.buffers[linear.operands[0].value].dtype;
  llvm::Function* product = ProductEmitter(module_, target_, DType::f64).product();
  Value* fault = builder_.CreateCall(
      callee, {builder_.getInt32(operator_number(linear.op)), builder_.getInt1(dtype == DType::f32),
               builder_.getInt64(static_cast<uint64_t>(linear.root)), size(linear.m),
               size(linear.n), size(linear.k), place(linear.operands, 0), place(linear.operands, 1),
               place(linear.results, 0), place(linear.results, 1), place(linear.results, 2),
               buffer_pointer(linear.work), product});
  Value* first = builder_.getInt32(static_cast<uint32_t>(loops::linear_status(linear.site, 0)));
  return_if(builder_.CreateIsNotNull(fault), builder_.CreateAdd(fault, first));
}

} // namespace thalweg::codegen
