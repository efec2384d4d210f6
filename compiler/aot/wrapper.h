// The C functions of one library, built as LLVM code around its compiled programs. Internal to aot.
#pragma once

#include "aot/library.h"
#include "codegen/emit_module.h"

#include <llvm/IR/IRBuilder.h>

namespace thalweg::aot {

class LibraryBuilder {
public:
  LibraryBuilder(codegen::ModuleEmitter& emitter, const LibrarySpec& spec);
  void defaults();
  void variant(const Variant& variant);

private:
  using Value = llvm::Value*;
  // A piece of the caller's block of memory.
  struct Region {
    Dim count; // of "n"
    DType dtype;
    const BoundProgram* program = nullptr; // scratch: its owner and slot
    bool per_tensor = false;
    int slot = 0;
  };
  // What the bindings of a call refer to, inside the function that makes the call.
  struct Arguments {
    Value state, x, gradient, n, hyper, step_number;
    Value answer = nullptr;
  };

  llvm::Function* open(const std::string& name, llvm::Type* result,
                       std::vector<llvm::Type*> parameters);
  void state_size(const std::string& suffix);
  void init(const Variant& variant, llvm::Function* program);
  void step(const Variant& variant, llvm::Function* program);
  void answer(const Variant& variant, llvm::Function* program);
  Value check_state(const Arguments& arguments); // of init; gives the place of the steps taken
  void return_if(Value condition, int status);
  void check_pointers(const Arguments& arguments);

  std::vector<Region> regions_of(const Variant& variant) const;
  Value formula(const Dim& dim, Value n);
  Value offset_of(size_t region, Value n); // the total for region == regions_.size()
  Value field(Value state, int64_t offset) {
    return builder_.CreateConstGEP1_64(byte_, state, offset);
  }
  llvm::Type* storage(DType dtype);

  Value call(llvm::Function* function, const BoundProgram& program, const Arguments& arguments);
  Value slots(const BoundProgram& program, bool per_tensor, const Arguments& arguments);
  Value pointer(const BoundProgram& program, const Binding& binding, bool per_tensor, int slot,
                const Arguments& arguments);
  Value sizes(const std::vector<Dim>& dims, Value n);
  Value hyper_pointer(int index, DType dtype, Value hyper);
  Value constant_pointer(double value, DType dtype);
  Value local(llvm::Type* type, uint64_t count = 1);

  codegen::ModuleEmitter& emitter_;
  const LibrarySpec& spec_;
  llvm::IRBuilder<> builder_;
  llvm::Type* byte_;
  llvm::Type* word_;
  llvm::PointerType* pointer_;
  llvm::StructType* hyper_type_;
  std::vector<Region> regions_; // of the variant at hand
};

} // namespace thalweg::aot
