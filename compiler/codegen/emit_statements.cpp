// Emission of statements other than loops: rows, oracles, checks, branches.
#include "codegen/emit_function.h"

#include "support/check.h"

#include "thalweg/abi.h"

namespace thalweg::codegen {

using llvm::Value;

void FunctionEmitter::emit(std::span<const loops::Statement> block) {
  for (const loops::Statement& statement : block)
    emit(statement);
}

void FunctionEmitter::emit(const loops::Statement& statement) {
  std::visit([this](const auto& is) { emit(is); }, statement.is);
}

void FunctionEmitter::mark(int kernel) {
  llvm::Type* pointer = builder_.getPtrTy();
  auto* type =
      llvm::FunctionType::get(builder_.getVoidTy(), {pointer, builder_.getInt32Ty()}, false);
  Value* context = call_field(kMarkField + 1, pointer);
  llvm::CallInst* call =
      builder_.CreateCall(type, call_field(kMarkField, pointer),
                          {context, builder_.getInt32(static_cast<uint32_t>(kernel))});
  call->addFnAttr(llvm::Attribute::NoUnwind);
}

void FunctionEmitter::emit(const loops::Let& let) {
  values_[let.value.value] = evaluate(program_.values[let.value.value]);
}

void FunctionEmitter::emit(const loops::Loop& loop) {
  switch (loop.kind) {
  case loops::Loop::Kind::serial: serial_loop(loop); return;
  case loops::Loop::Kind::vector: vector_loop(loop); return;
  case loops::Loop::Kind::lanes: lanes_loop(loop, {}); return;
  }
}

void FunctionEmitter::emit(const loops::Rows& rows) {
  TW_CHECK(!row_scope_ && !lanes_, "rows inside rows or a loop in '{}'", program_.name);
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  Value* elements = call_field(kRowElementsField, integer);
  Value* worth = builder_.CreateICmpSGE(elements, builder_.getInt64(kWorthSharing));
  const Carried totals = share_folds(
      rows.folds, outside_of(rows.body, rows.folds), call_field(3, integer),
      builder_.getInt64(kGroup), worth, [&](Value* index, Value*) {
        auto* row_type = llvm::StructType::get(module_.getContext(), {pointer, pointer});
        Value* row = builder_.CreateInBoundsGEP(row_type, call_field(2, pointer), index);
        row_scope_ = Scope{};
        row_scope_->entry = builder_.GetInsertBlock();
        row_scope_->buffers =
            builder_.CreateLoad(pointer, builder_.CreateStructGEP(row_type, row, 0));
        row_scope_->dims = builder_.CreateLoad(pointer, builder_.CreateStructGEP(row_type, row, 1));
        llvm::BasicBlock* body = block("row");
        builder_.CreateBr(body);
        builder_.SetInsertPoint(body);
        emit(rows.body);
        Carried parts;
        for (const loops::Fold& fold : rows.folds)
          parts.push_back(values_[fold.a.value]);
        row_scope_.reset();
        return parts;
      });
  finish_totals(rows.folds, totals);
}

void FunctionEmitter::emit(const loops::Oracle& oracle) {
  TW_CHECK(!lanes_, "an oracle inside a vector loop in '{}'", program_.name);
  llvm::Type* pointer = builder_.getPtrTy();
  auto* type = llvm::FunctionType::get(builder_.getInt32Ty(),
                                       {pointer, builder_.getInt32Ty(), pointer}, false);
  Value* function = call_field(4, pointer);
  Value* context = call_field(5, pointer);
  llvm::CallInst* status = builder_.CreateCall(
      type, function, {context, builder_.getInt32(static_cast<uint32_t>(oracle.site)), call_});
  status->addFnAttr(llvm::Attribute::NoUnwind);
  return_if(builder_.CreateICmpNE(status, builder_.getInt32(0)), status);
}

void FunctionEmitter::emit(const loops::StatusCheck& check) {
  Value* condition = values_[check.condition.value];
  TW_CHECK(!is_vector(condition), "a status check per element in '{}'", program_.name);
  return_if(condition, builder_.getInt32(static_cast<uint32_t>(check.status)));
}

void FunctionEmitter::emit(const loops::IndexCheck& check) {
  Value* index = values_[check.value.value];
  Value* bound = size(check.bound);
  Value* outside = nullptr; // unsigned: a negative index is a large one
  if (is_vector(index)) {
    outside = builder_.CreateICmpUGE(index, splat(bound, width()));
    if (lanes_->mask) outside = builder_.CreateAnd(outside, lanes_->mask);
    outside = builder_.CreateOrReduce(outside);
  } else {
    outside = builder_.CreateICmpUGE(index, bound);
  }
  return_if(outside, builder_.getInt32(TW_INDEX_OUT_OF_RANGE));
}

void FunctionEmitter::emit(const loops::If& branch) {
  Value* condition = values_[branch.condition.value];
  TW_CHECK(!is_vector(condition), "a branch per element in '{}'", program_.name);
  llvm::BasicBlock* yes = block("yes");
  llvm::BasicBlock* no = block("no");
  llvm::BasicBlock* end = block("end");
  builder_.CreateCondBr(condition, yes, no);
  builder_.SetInsertPoint(yes);
  emit(branch.yes);
  builder_.CreateBr(end);
  builder_.SetInsertPoint(no);
  emit(branch.no);
  builder_.CreateBr(end);
  builder_.SetInsertPoint(end);
}

void FunctionEmitter::emit(const loops::While& loop) {
  TW_CHECK(!lanes_, "a while loop inside a vector loop in '{}'", program_.name);
  Value* limit = values_[loop.limit.value];
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock *head = block("head"), *test = block("test"), *round = block("round"),
                   *end = block("end");
  builder_.CreateBr(head);
  builder_.SetInsertPoint(head);
  llvm::PHINode* count = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  count->addIncoming(builder_.getInt64(0), before);
  builder_.CreateCondBr(builder_.CreateICmpSLT(count, limit), test, end);
  builder_.SetInsertPoint(test);
  values_[loop.round.value] = count;
  emit(loop.test);
  builder_.CreateCondBr(values_[loop.condition.value], round, end);
  builder_.SetInsertPoint(round);
  emit(loop.body);
  count->addIncoming(builder_.CreateNSWAdd(count, builder_.getInt64(1)), builder_.GetInsertBlock());
  builder_.CreateBr(head);
  builder_.SetInsertPoint(end);
}

} // namespace thalweg::codegen
