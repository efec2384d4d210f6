// Emission of lanes loops: folds in kLanes virtual lanes, chunks of kChunk and a fixed tree, so
// that the bits do not depend on the target's vector width.
#include "codegen/emit_function.h"

#include "support/check.h"

#include <llvm/ADT/SmallVector.h>

namespace thalweg::codegen {

using llvm::Value;

// lane[j] ∘ lane[j + h] for h = 16, 8, 4, 2, 1.
Value* FunctionEmitter::tree_fold(const loops::Fold& fold, Value* lanes) {
  for (unsigned half = kLanes / 2; half >= 1; half /= 2) {
    llvm::SmallVector<int> low, high;
    for (unsigned j = 0; j < half; ++j) {
      low.push_back(static_cast<int>(j));
      high.push_back(static_cast<int>(j + half));
    }
    Value* a = builder_.CreateShuffleVector(lanes, low);
    Value* b = builder_.CreateShuffleVector(lanes, high);
    lanes = combine(fold.op, fold_type(fold), a, b);
  }
  return builder_.CreateExtractElement(lanes, uint64_t{0});
}

// Where masks are dear: the lanes go through memory, one element after the other.
FunctionEmitter::Carried FunctionEmitter::lanes_scalar_tail(const loops::Loop& loop, Value* first,
                                                            Value* end, const Carried& state) {
  Carried memory;
  {
    llvm::IRBuilder<>::InsertPointGuard guard(builder_);
    builder_.SetInsertPoint(function_scope_.entry->getTerminator());
    for (Value* lanes : state)
      memory.push_back(builder_.CreateAlloca(lanes->getType()));
  }
  for (size_t k = 0; k < state.size(); ++k)
    builder_.CreateStore(state[k], memory[k]);
  count(first, end, 1, {}, [&](Value* index, const Carried& none) {
    emit_lanes(loop, 1, index, nullptr);
    Value* lane = builder_.CreateSub(index, first);
    Carried places, before;
    for (size_t k = 0; k < state.size(); ++k) {
      llvm::Type* type = state[k]->getType()->getScalarType();
      places.push_back(builder_.CreateInBoundsGEP(type, memory[k], lane));
      before.push_back(builder_.CreateLoad(type, places[k]));
    }
    const Carried after = step_folds(loop.folds, before, index);
    for (size_t k = 0; k < state.size(); ++k)
      builder_.CreateStore(after[k], places[k]);
    return none;
  });
  Carried result;
  for (size_t k = 0; k < state.size(); ++k)
    result.push_back(builder_.CreateLoad(state[k]->getType(), memory[k]));
  return result;
}

FunctionEmitter::Carried FunctionEmitter::lanes_chunk(const loops::Loop& loop, Value* first,
                                                      Value* end) {
  const auto masked_round = [&](Value* at, const Carried& state) {
    emit_lanes(loop, kLanes, at, builder_.CreateSub(end, at));
    Carried next = step_folds(loop.folds, state, at);
    for (size_t k = 0; k < next.size(); ++k) // lanes past the end keep what they have
      next[k] = builder_.CreateSelect(lanes_->mask, next[k], state[k]);
    return next;
  };
  Carried state = start_folds(loop.folds, kLanes);
  if (is_always_masked(loop.body)) {
    state = count(first, end, kLanes, state, masked_round);
  } else {
    Value* length = builder_.CreateSub(end, first);
    Value* full = builder_.CreateAdd(
        first, builder_.CreateAnd(length, builder_.getInt64(~uint64_t{kLanes - 1})));
    state = count(first, full, kLanes, state, [&](Value* at, const Carried& before) {
      emit_lanes(loop, kLanes, at, nullptr);
      return step_folds(loop.folds, before, at);
    });
    state = when(builder_.CreateICmpSLT(full, end), state, [&] {
      return tail_is_masked(loop.body) ? masked_round(full, state)
                                       : lanes_scalar_tail(loop, full, end, state);
    });
  }
  lanes_.reset();
  Carried parts;
  for (size_t k = 0; k < loop.folds.size(); ++k)
    parts.push_back(tree_fold(loop.folds[k], state[k]));
  return parts;
}

void FunctionEmitter::lanes_loop(const loops::Loop& loop) {
  TW_CHECK(!lanes_, "a lanes loop inside a vector loop in '{}'", program_.name);
  mark_varying(loop.body, loop.var);
  for (const loops::Fold& fold : loop.folds)
    varying_[fold.result.value] = true; // one accumulator per lane, whatever is folded
  if (loop.range) {                     // the part of the chunk at hand
    ++depth_;
    const Carried parts =
        lanes_chunk(loop, values_[loop.range->first.value], values_[loop.range->second.value]);
    --depth_;
    for (const loops::Fold& fold : loop.folds)
      varying_[fold.result.value] = false;
    return finish_folds(loop.folds, parts);
  }
  const Dim& extent = program_.vars[loop.var.value].extent;
  const auto chunk = [&](Value* first) {
    Value* end = builder_.CreateNSWAdd(first, builder_.getInt64(kChunk));
    end = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, end, size(extent));
    return lanes_chunk(loop, first, end);
  };
  const std::optional<Sharing> sharing = sharing_of(loop, kChunk);
  ++depth_;
  Carried totals;
  if (sharing)
    totals = share_folds(loop.folds, outside_of(loop.body, loop.folds), sharing->rounds,
                         builder_.getInt64(kGroup), sharing->worth, [&](Value* round, Value*) {
                           return chunk(builder_.CreateMul(round, builder_.getInt64(kChunk)));
                         });
  else
    totals = count(builder_.getInt64(0), size(extent), kChunk, start_totals(loop.folds),
                   [&](Value* first, const Carried& before) {
                     return add_totals(loop.folds, before, chunk(first));
                   });
  --depth_;
  for (const loops::Fold& fold : loop.folds)
    varying_[fold.result.value] = false;
  finish_totals(loop.folds, totals);
}

} // namespace thalweg::codegen
