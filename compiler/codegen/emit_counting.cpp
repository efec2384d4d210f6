// Counted loops and branches in LLVM code (see emit_counting.h).
#include "codegen/emit_counting.h"

namespace thalweg::codegen {

using llvm::Value;

llvm::BasicBlock* new_block(llvm::IRBuilder<>& builder, const char* name) {
  return llvm::BasicBlock::Create(builder.getContext(), name,
                                  builder.GetInsertBlock()->getParent());
}

Carried when(llvm::IRBuilder<>& builder, Value* condition, const Carried& otherwise,
             const std::function<Carried()>& body) {
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* then = new_block(builder, "then");
  llvm::BasicBlock* join = new_block(builder, "join");
  builder.CreateCondBr(condition, then, join);
  builder.SetInsertPoint(then);
  const Carried result = body();
  llvm::BasicBlock* then_end = builder.GetInsertBlock();
  builder.CreateBr(join);
  builder.SetInsertPoint(join);
  Carried merged;
  for (size_t k = 0; k < otherwise.size(); ++k) {
    llvm::PHINode* phi = builder.CreatePHI(otherwise[k]->getType(), 2);
    phi->addIncoming(otherwise[k], before);
    phi->addIncoming(result[k], then_end);
    merged.push_back(phi);
  }
  return merged;
}

// Tested at the end, so that what does not change stands before the loop after hoisting.
static Carried loop(llvm::IRBuilder<>& builder, Value* first, Value* end, const Carried& state,
                    const std::function<Carried(Value*, const Carried&, Value*&)>& body) {
  return when(builder, builder.CreateICmpSLT(first, end), state, [&] {
    llvm::BasicBlock* before = builder.GetInsertBlock();
    llvm::BasicBlock* loop = new_block(builder, "loop");
    llvm::BasicBlock* exit = new_block(builder, "exit");
    builder.CreateBr(loop);
    builder.SetInsertPoint(loop);
    llvm::PHINode* index = builder.CreatePHI(builder.getInt64Ty(), 2);
    index->addIncoming(first, before);
    Carried inside;
    for (Value* value : state) {
      llvm::PHINode* phi = builder.CreatePHI(value->getType(), 2);
      phi->addIncoming(value, before);
      inside.push_back(phi);
    }
    Value* next = nullptr;
    const Carried result = body(index, inside, next);
    llvm::BasicBlock* latch = builder.GetInsertBlock();
    index->addIncoming(next, latch);
    for (size_t k = 0; k < inside.size(); ++k)
      llvm::cast<llvm::PHINode>(inside[k])->addIncoming(result[k], latch);
    builder.CreateCondBr(builder.CreateICmpSLT(next, end), loop, exit);
    builder.SetInsertPoint(exit);
    return result;
  });
}

void walk(llvm::IRBuilder<>& builder, Value* first, Value* end,
          const std::function<Value*(Value*)>& body) {
  loop(builder, first, end, {}, [&](Value* index, const Carried& none, Value*& next) {
    next = body(index);
    return none;
  });
}

Carried count(llvm::IRBuilder<>& builder, Value* first, Value* end, Value* step,
              const Carried& state, const std::function<Carried(Value*, const Carried&)>& body) {
  return loop(builder, first, end, state, [&](Value* index, const Carried& before, Value*& next) {
    const Carried result = body(index, before);
    next = builder.CreateNSWAdd(index, step);
    return result;
  });
}

} // namespace thalweg::codegen
