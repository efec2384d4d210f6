// The functions that compute matrix products: one set per element type, shared by all products of a
// module, so small as speed allows (generating code takes longer than a small network's step).
//
// c [m, n] is computed panel by panel, a panel being some vectors of columns. Down a panel go tiles
// of a few rows whose accumulators stay in registers while k runs. There are three: `wide` with as
// large a tile as registers hold, `narrow` for the columns that fill no wide one, `single` for the
// rows that fill no tile: one row, and vectors enough to keep the multipliers busy; where that one
// row is all, `line` makes panels twice as wide. k is cut into blocks; between them accumulators
// rest in c, which changes no bit. The rows of b that a panel needs of one block are copied side by
// side first, if b is large or its columns are not contiguous: each element of b is then copied
// once for all rows of c.
#pragma once

#include "codegen/emit_counting.h"
#include "codegen/emit_math.h"
#include "types/type.h"

#include <llvm/IR/Module.h>

namespace thalweg::codegen {

class ProductEmitter {
public:
  ProductEmitter(llvm::Module& module, const TargetSpec& target, DType dtype);

  // void (ptr a, i64 a_i, i64 a_k, ptr b, i64 b_k, i64 b_j, ptr c, i64 c_i, i64 m, i64 n, i64 k,
  //       i1 accumulate)
  // Strides are in elements. With `accumulate` chains go on from c, else they are made per chunk.
  llvm::Function* product();
  // The same of one row, b's columns contiguous, k within a chunk; for targets with masks.
  // void (ptr a, i64 a_k, ptr b, i64 b_k, ptr c, i64 n, i64 k, i1 accumulate)
  llvm::Function* row();

private:
  struct Panel {
    const char* name;
    unsigned rows; // of a tile
    unsigned lanes, vectors;
    bool masked; // may have fewer columns
    unsigned width() const { return lanes * vectors; }
  };

  llvm::Function* open(const char* part, std::vector<llvm::Type*> parameters);
  llvm::Function* panel(const Panel& panel);
  llvm::Function* pack();
  llvm::Function* add();
  // Pieces of up to `columns` elements, a narrow vector at a time: body(first, mask).
  void pieces(llvm::Value* columns, const std::function<void(llvm::Value*, llvm::Value*)>& body);

  llvm::Value* at(llvm::Value* base, llvm::Value* index) {
    return builder_.CreateGEP(element_, base, index);
  }
  llvm::Value* at(llvm::Value* base, llvm::Value* index, llvm::Value* stride) {
    return at(base, builder_.CreateMul(index, stride));
  }
  llvm::Value* number(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  llvm::Value* least(llvm::Value* x, llvm::Value* y) {
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x, y);
  }
  llvm::Type* vector_of(const Panel& panel) const;
  llvm::Value* load(llvm::Type* type, llvm::Value* from, llvm::Value* mask);
  void store(llvm::Value* value, llvm::Value* to, llvm::Value* mask);
  // The first `columns` lanes of vector number `vector`, or null.
  llvm::Value* mask_of(const Panel& panel, llvm::Value* columns, unsigned vector = 0);
  llvm::Value* memory(int64_t elements); // on the stack
  llvm::Value* zeros();                  // in memory, as wide as the widest panel
  std::string name(const char* part) const;

  llvm::Module& module_;
  const TargetSpec& target_;
  DType dtype_;
  llvm::IRBuilder<> builder_;
  MathEmitter math_;
  llvm::Type* element_;
  Panel wide_, narrow_, single_, line_;
};

} // namespace thalweg::codegen
