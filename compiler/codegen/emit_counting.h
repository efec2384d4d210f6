// Counted loops and branches in LLVM code, with values carried around or past them.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <functional>
#include <vector>

namespace thalweg::codegen {

using Carried = std::vector<llvm::Value*>;

// A block at the end of the function that is being built.
llvm::BasicBlock* new_block(llvm::IRBuilder<>& builder, const char* name);
// condition ? body() : otherwise
Carried when(llvm::IRBuilder<>& builder, llvm::Value* condition, const Carried& otherwise,
             const std::function<Carried()>& body);
// for (i = first; i < end; i = body(i))
void walk(llvm::IRBuilder<>& builder, llvm::Value* first, llvm::Value* end,
          const std::function<llvm::Value*(llvm::Value*)>& body);
// for (i = first; i < end; i += step) state = body(i, state)
Carried count(llvm::IRBuilder<>& builder, llvm::Value* first, llvm::Value* end, llvm::Value* step,
              const Carried& state,
              const std::function<Carried(llvm::Value*, const Carried&)>& body);

} // namespace thalweg::codegen
