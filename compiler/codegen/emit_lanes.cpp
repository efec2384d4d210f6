// Emission of lanes loops: folds in kLanes virtual lanes, chunks of kChunk and a fixed tree, so
// that the bits do not depend on the target's vector width.
#include "codegen/emit_function.h"

#include "support/check.h"

#include <llvm/ADT/SmallVector.h>

namespace thalweg::codegen {

using llvm::Value;

// lane[j] ∘ lane[j + h] for h = 16, 8, 4, 2, 1: of one row, or of several (a power of two) with the
// same operations; then a vector of their results.
Value* FunctionEmitter::tree_fold(const loops::Fold& fold, Carried rows) {
  const bool one = rows.size() == 1;
  unsigned held = 1; // rows that each vector holds, one after the other
  for (unsigned half = kLanes / 2; half >= 1; half /= 2) {
    const unsigned joined = rows.size() > 1 ? 2 : 1;
    llvm::SmallVector<int> low, high;
    for (unsigned row = 0; row < joined * held; ++row)
      for (unsigned j = 0; j < half; ++j) {
        low.push_back(static_cast<int>(row * 2 * half + j));
        high.push_back(static_cast<int>(row * 2 * half + half + j));
      }
    Carried folded;
    for (size_t k = 0; k < rows.size(); k += joined) {
      Value *first = rows[k], *second = rows[k + joined - 1];
      folded.push_back(combine(fold.op, fold_type(fold),
                               builder_.CreateShuffleVector(first, second, low),
                               builder_.CreateShuffleVector(first, second, high)));
    }
    rows = std::move(folded);
    held *= joined;
  }
  return one ? builder_.CreateExtractElement(rows[0], uint64_t{0}) : rows[0];
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
    emit_lanes(loop, 1, index, nullptr, first);
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
                                                      Value* end, const Abreast& abreast) {
  const size_t folds = loop.folds.size();
  const auto round = [&](Value* at, const Carried& state, bool masked, Value* start) {
    Value* remaining = masked ? builder_.CreateSub(end, at) : nullptr;
    Carried next;
    for (unsigned row = 0; row < abreast.rows; ++row) {
      if (abreast.enter) abreast.enter(row);
      emit_lanes(loop, kLanes, at, remaining, start);
      const auto own = state.begin() + static_cast<ptrdiff_t>(row * folds);
      const Carried before(own, own + static_cast<ptrdiff_t>(folds));
      const Carried after = step_folds(loop.folds, before, at);
      for (size_t k = 0; k < folds; ++k) // lanes past the end keep what they have
        next.push_back(masked ? builder_.CreateSelect(lanes_->mask, after[k], before[k])
                              : after[k]);
    }
    return next;
  };
  Carried state;
  for (unsigned row = 0; row < abreast.rows; ++row)
    for (Value* start : start_folds(loop.folds, kLanes))
      state.push_back(start);
  if (is_always_masked(loop.body)) {
    state = count(first, end, kLanes, state,
                  [&](Value* at, const Carried& before) { return round(at, before, true, first); });
  } else {
    Value* length = builder_.CreateSub(end, first);
    Value* full = builder_.CreateAdd(
        first, builder_.CreateAnd(length, builder_.getInt64(~uint64_t{kLanes - 1})));
    state = count(first, full, kLanes, state, [&](Value* at, const Carried& before) {
      return round(at, before, false, first);
    });
    state = when(builder_.CreateICmpSLT(full, end), state, [&] {
      if (tail_is_masked(loop.body)) return round(full, state, true, full);
      TW_CHECK(abreast.rows == 1, "rows abreast without masks in '{}'", program_.name);
      return lanes_scalar_tail(loop, full, end, state);
    });
  }
  lanes_.reset();
  Carried parts;
  for (size_t k = 0; k < folds; ++k) {
    Carried rows;
    for (unsigned row = 0; row < abreast.rows; ++row)
      rows.push_back(state[row * folds + k]);
    parts.push_back(tree_fold(loop.folds[k], rows));
  }
  return parts;
}

void FunctionEmitter::lanes_loop(const loops::Loop& loop, const Abreast& abreast) {
  TW_CHECK(!lanes_, "a lanes loop inside a vector loop in '{}'", program_.name);
  mark_varying(loop.body, loop.var);
  for (const loops::Fold& fold : loop.folds)
    varying_[fold.result.value] = true; // one accumulator per lane, whatever is folded
  if (loop.range) {                     // the part of the chunk at hand
    ++depth_;
    const Carried parts =
        lanes_chunk(loop, values_[loop.range->first.value], values_[loop.range->second.value], {});
    --depth_;
    for (const loops::Fold& fold : loop.folds)
      varying_[fold.result.value] = false;
    return finish_folds(loop.folds, parts);
  }
  const Dim& extent = program_.vars[loop.var.value].extent;
  const auto chunk = [&](Value* first) {
    Value* end = builder_.CreateNSWAdd(first, builder_.getInt64(kChunk));
    end = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, end, size(extent));
    return lanes_chunk(loop, first, end, abreast);
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
    totals =
        count(builder_.getInt64(0), size(extent), kChunk, start_totals(loop.folds, abreast.rows),
              [&](Value* first, const Carried& before) {
                return add_totals(loop.folds, before, chunk(first));
              });
  --depth_;
  for (const loops::Fold& fold : loop.folds)
    varying_[fold.result.value] = false;
  finish_totals(loop.folds, totals);
}

} // namespace thalweg::codegen
