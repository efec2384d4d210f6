// Philox4x32-10 on LLVM values (see thalweg/random.h), one block to a lane.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <array>

namespace thalweg::codegen {

class Philox {
public:
  // A word in each lane of 64 bits, in which products of words are exact; its upper half counts for
  // nothing.
  using Block = std::array<llvm::Value*, 4>;

  explicit Philox(llvm::IRBuilder<>& builder) : b_(builder) {}

  // The key of a stream (tw_stream); all are i64.
  llvm::Value* stream(llvm::Value* seed, llvm::Value* name, uint32_t site, llvm::Value* round);
  // Blocks by number, an i64 or a vector of them (tw_block_at).
  Block at(llvm::Value* number, llvm::Value* stream, llvm::Value* step);

  llvm::Value* low(llvm::Value* x) { return b_.CreateAnd(x, like(x, UINT64_C(0xffffffff))); }
  llvm::Value* high(llvm::Value* x) { return b_.CreateLShr(x, like(x, 32)); }
  llvm::Value* join(llvm::Value* lower, llvm::Value* upper) {
    return b_.CreateOr(low(lower), b_.CreateShl(upper, like(upper, 32)));
  }
  // A constant of the type of x.
  static llvm::Value* like(llvm::Value* x, uint64_t value);

private:
  llvm::Value* in_all_lanes(llvm::Value* word, llvm::Value* of);
  Block rounds(Block counter, llvm::Value* key);
  llvm::IRBuilder<>& b_;
};

} // namespace thalweg::codegen
