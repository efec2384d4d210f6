// The LLVM side of emission: a module under construction with its target. Included by codegen, jit
// and aot sources only.
#pragma once

#include "codegen/emit.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace thalweg::codegen {

// One module on its way to an object file. Order of use: add…, (functions of one's own), optimize,
// object.
class ModuleEmitter {
public:
  explicit ModuleEmitter(const TargetSpec& target);
  llvm::Function* add(const loops::Program& program); // external linkage
  llvm::Module& module() { return *module_; }
  const TargetSpec& target() const { return target_; }
  llvm::TargetMachine& machine() { return *machine_; }

  void optimize();
  std::string object(CompileDumps* dumps = nullptr);

private:
  TargetSpec target_;
  llvm::LLVMContext context_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  std::unique_ptr<llvm::Module> module_;
};

} // namespace thalweg::codegen
