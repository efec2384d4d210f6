// Emission of groups: chunks of rows as rounds that threads share, and the folding of their parts.
#include "codegen/emit_function.h"

#include "support/check.h"

namespace thalweg::codegen {

using llvm::Value;

void FunctionEmitter::emit(const loops::Chunks& chunks) {
  TW_CHECK(!row_scope_ && !lanes_ && depth_ == 0, "chunks inside rows or a loop in '{}'",
           program_.name);
  Value* one = builder_.getInt64(1);
  Value* number = builder_.CreateBinaryIntrinsic(
      llvm::Intrinsic::smax, one, rounds_of(size(chunks.extent), builder_.getInt64(kChunk)));
  Value* single = builder_.CreateICmpEQ(number, one);
  Value* worth = builder_.CreateNot(single);
  std::vector<Value**> captured = outside_of(chunks.body, chunks.folds);
  // A single chunk leaves its part where the result belongs.
  std::vector<Value*> places;
  for (const loops::Chunks::Part& part : chunks.parts)
    places.push_back(
        builder_.CreateSelect(single, buffer_pointer(part.to), buffer_pointer(part.waiting)));
  for (Value*& place : places)
    captured.push_back(&place);
  ++depth_;
  const Carried totals = share_folds(
      chunks.folds, captured, number, waiting_places(chunks, number), worth,
      [&](Value* chunk, Value* place) {
        for (size_t k = 0; k < places.size(); ++k)
          function_scope_.pointers[program_.buffers[chunks.parts[k].waiting.value].slot] =
              places[k];
        Value* first = builder_.CreateMul(chunk, builder_.getInt64(kChunk));
        Value* last = builder_.CreateAdd(first, builder_.getInt64(kChunk));
        values_[chunks.first.value] = first;
        values_[chunks.last.value] =
            builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, last, size(chunks.extent));
        values_[chunks.place.value] = place;
        emit(chunks.body);
        Carried parts;
        for (const loops::Fold& fold : chunks.folds)
          parts.push_back(values_[fold.a.value]);
        return parts;
      },
      [&](Value* start, Value* count) {
        if (chunks.parts.empty()) return;
        when(worth, {}, [&] {
          for (const loops::Chunks::Part& part : chunks.parts)
            fold_parts(part, start, count);
          return Carried{};
        });
      });
  --depth_;
  finish_totals(chunks.folds, totals);
}

// The least that any of the parts' buffers has room for (loops::waiting_places).
Value* FunctionEmitter::waiting_places(const loops::Chunks& chunks, Value* number) {
  Value* places = builder_.CreateBinaryIntrinsic(
      llvm::Intrinsic::smin, number,
      builder_.getInt64(chunks.parts.empty() ? kGroup : loops::kMostWaiting));
  for (const loops::Chunks::Part& part : chunks.parts) {
    Value* elements = size(element_count(program_.buffers[part.to.value].shape));
    elements =
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, elements, builder_.getInt64(1));
    Value* own = builder_.CreateSDiv(builder_.getInt64(loops::kWaitingElements), elements);
    own = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, own,
                                         builder_.getInt64(loops::kLeastWaiting));
    places = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, places, own);
  }
  return places;
}

void FunctionEmitter::fold_parts(const loops::Chunks::Part& part, Value* first, Value* count) {
  const loops::Buffer& to = program_.buffers[part.to.value];
  builder_.CreateCall(parts_folder(part.op, to.dtype),
                      {buffer_pointer(part.to), buffer_pointer(part.waiting),
                       size(element_count(to.shape)), count,
                       builder_.CreateICmpEQ(first, builder_.getInt64(0))});
}

// void (to, parts, elements, count, fresh): folds `count` ≥ 1 parts into `to`, which they replace
// if it is fresh. One for the whole module.
llvm::Function* FunctionEmitter::parts_folder(loops::Fold::Op op, DType dtype) {
  const std::string name =
      "fold_parts." + std::to_string(static_cast<int>(op)) + "." + std::string(dtype_name(dtype));
  if (llvm::Function* known = module_.getFunction(name)) return known;
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::Type *pointer = builder_.getPtrTy(), *integer = builder_.getInt64Ty();
  auto* type = llvm::FunctionType::get(
      builder_.getVoidTy(), {pointer, pointer, integer, integer, builder_.getInt1Ty()}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::InternalLinkage, name, module_);
  set_target_attributes(*function, target_);
  Value *to = function->getArg(0), *parts = function->getArg(1), *elements = function->getArg(2),
        *count_of_parts = function->getArg(3), *fresh = function->getArg(4);
  llvm::Function* outer = std::exchange(function_, function);
  builder_.SetInsertPoint(block("entry"));
  llvm::Type* scalar = type_of(dtype);
  const llvm::Align align(static_cast<uint64_t>(dtype_size(dtype)));
  const auto fold_at = [&](llvm::Type* element) {
    return [&, element](Value* at, const Carried& none) {
      const auto load = [&](Value* base, Value* offset) {
        return builder_.CreateAlignedLoad(element, builder_.CreateInBoundsGEP(scalar, base, offset),
                                          align);
      };
      Value* part = load(parts, at);
      const Carried before = when(builder_.CreateNot(fresh), {part},
                                  [&] { return Carried{combine(op, dtype, load(to, at), part)}; });
      const Carried total =
          count(builder_.getInt64(1), count_of_parts, 1, before, [&](Value* k, const Carried& sum) {
            Value* offset = builder_.CreateAdd(builder_.CreateMul(k, elements), at);
            return Carried{combine(op, dtype, sum[0], load(parts, offset))};
          });
      builder_.CreateAlignedStore(total[0], builder_.CreateInBoundsGEP(scalar, to, at), align);
      return none;
    };
  };
  const unsigned width = target_.vector_bits / (dtype == DType::f32 ? 32 : 64);
  Value* full = builder_.CreateAnd(elements, builder_.getInt64(~uint64_t{width - 1}));
  count(builder_.getInt64(0), full, width, {}, fold_at(llvm::FixedVectorType::get(scalar, width)));
  count(full, elements, 1, {}, fold_at(scalar));
  builder_.CreateRetVoid();
  function_ = outer;
  return function;
}

} // namespace thalweg::codegen
