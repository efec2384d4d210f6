// The frame of a compiled function: its entry, the sizes, the pointers of its buffers.
#include "codegen/emit_function.h"

#include "support/check.h"

#include "thalweg/abi.h"

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <cstddef>

namespace thalweg::codegen {

using llvm::Value;

static_assert(offsetof(tw_call, step) == 56 && offsetof(tw_call, row_elements) == 80 &&
                  offsetof(tw_call, mark) == 88 && sizeof(tw_call) == 104 && sizeof(tw_row) == 16,
              "open_function lists the fields");

FunctionEmitter::FunctionEmitter(llvm::Module& module, const loops::Program& program,
                                 const TargetSpec& target)
    : module_(module), program_(program), target_(target), builder_(module.getContext()),
      math_(builder_, target_), values_(program.values.size()), indices_(program.vars.size()),
      varying_(program.values.size()) {
  constants_.resize(program.buffers.size());
}

llvm::Function* FunctionEmitter::run() {
  open_function();
  int kernel = 0;
  for (const loops::Statement& statement : program_.body) {
    if (loops::is_kernel(statement)) open_kernel();
    emit(statement);
    if (program_.marks && loops::is_kernel(statement)) mark(kernel++);
  }
  annotate_kernel();
  builder_.CreateRet(builder_.getInt32(TW_OK));
  return function_;
}

void FunctionEmitter::open_function() {
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  // The fields of tw_call, in order.
  call_type_ = llvm::StructType::get(module_.getContext(),
                                     {pointer, pointer, pointer, integer, pointer, pointer, integer,
                                      integer, pointer, pointer, integer, pointer, pointer});
  auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer}, false);
  function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, program_.name, module_);
  set_target_attributes(*function_, target_);
  function_->addParamAttr(0, llvm::Attribute::NoUndef);
  function_->addDereferenceableParamAttr(0, sizeof(tw_call));
  call_ = function_->getArg(0);
  call_->setName("call");

  function_scope_.entry = block("entry");
  llvm::BasicBlock* body = block("body");
  builder_.SetInsertPoint(function_scope_.entry);
  function_scope_.buffers = call_field(0, pointer);
  function_scope_.dims = call_field(1, pointer);
  builder_.CreateBr(body);
  builder_.SetInsertPoint(body);
}

// Each kernel loads the pointers that it uses, and knows of its own buffers alone that they are
// apart: with thousands of buffers all pointers would live through the whole function, and each
// access would list all others.
void FunctionEmitter::open_kernel() {
  annotate_kernel();
  llvm::BasicBlock* body = block("body");
  function_scope_.kernel = block("kernel");
  builder_.CreateBr(function_scope_.kernel);
  builder_.SetInsertPoint(function_scope_.kernel);
  builder_.CreateBr(body);
  builder_.SetInsertPoint(body);
  function_scope_.pointers.clear();
}

llvm::BasicBlock* FunctionEmitter::block(const char* name) {
  return llvm::BasicBlock::Create(module_.getContext(), name, function_);
}

Value* FunctionEmitter::call_field(unsigned field, llvm::Type* type) {
  Value* place = builder_.CreateStructGEP(call_type_, call_, field);
  return builder_.CreateLoad(type, place);
}

llvm::Type* FunctionEmitter::type_of(DType dtype) {
  switch (dtype) {
  case DType::f64: return builder_.getDoubleTy();
  case DType::f32: return builder_.getFloatTy();
  case DType::i64: return builder_.getInt64Ty();
  case DType::boolean: return builder_.getInt1Ty();
  }
  TW_CHECK(false);
  return nullptr;
}

FunctionEmitter::Scope& FunctionEmitter::scope_of(const Dim& dim) {
  std::vector<std::string> symbols;
  dim.collect_symbols(symbols);
  for (const std::string& symbol : symbols) {
    const auto& own = program_.tensor_symbols;
    if (std::find(own.begin(), own.end(), symbol) == own.end()) continue;
    TW_CHECK(row_scope_, "size '{}' of a tensor outside rows in '{}'", symbol, program_.name);
    return *row_scope_;
  }
  return function_scope_;
}

Value* FunctionEmitter::size(const Dim& dim) {
  if (dim.is_constant()) return builder_.getInt64(static_cast<uint64_t>(dim.constant()));
  Scope& scope = scope_of(dim);
  if (auto found = scope.sizes.find(dim); found != scope.sizes.end()) return found->second;

  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  builder_.SetInsertPoint(scope.entry->getTerminator());
  const auto symbol_value = [&](const std::string& name) {
    Value*& value = scope.symbols[name];
    if (value) return value;
    const auto position = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), name) - names.begin();
    };
    const bool own =
        &scope != &function_scope_ &&
        position(program_.tensor_symbols) < static_cast<ptrdiff_t>(program_.tensor_symbols.size());
    const auto& names = own ? program_.tensor_symbols : program_.symbols;
    const ptrdiff_t at = position(names);
    TW_CHECK(at < static_cast<ptrdiff_t>(names.size()), "unknown size '{}' in '{}'", name,
             program_.name);
    Value* dims = own ? scope.dims : function_scope_.dims;
    Value* place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt64Ty(), dims, at);
    return value = builder_.CreateLoad(builder_.getInt64Ty(), place, name);
  };
  Value* sum = nullptr;
  for (const Dim::Term& term : dim.terms()) {
    Value* product = nullptr;
    for (const std::string& factor : term.factors)
      product = product ? builder_.CreateMul(product, symbol_value(factor)) : symbol_value(factor);
    Value* coefficient = builder_.getInt64(static_cast<uint64_t>(term.coefficient));
    product = !product                ? coefficient
              : term.coefficient == 1 ? product
                                      : builder_.CreateMul(product, coefficient);
    sum = sum ? builder_.CreateAdd(sum, product) : product;
  }
  return scope.sizes[dim] = sum;
}

Value* FunctionEmitter::buffer_pointer(loops::BufferId id) {
  const loops::Buffer& buffer = program_.buffers[id.value];
  TW_CHECK(!buffer.per_tensor || row_scope_, "buffer '{}' of a tensor outside rows in '{}'",
           buffer.name, program_.name);
  if (buffer.role == loops::Buffer::Role::constant) return constant_data(id);
  Scope& scope = buffer.per_tensor ? *row_scope_ : function_scope_;
  Value*& pointer = scope.pointers[buffer.slot];
  if (pointer) return pointer;
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  builder_.SetInsertPoint((scope.kernel ? scope.kernel : scope.entry)->getTerminator());
  Value* place = builder_.CreateConstInBoundsGEP1_64(builder_.getPtrTy(), scope.buffers,
                                                     static_cast<uint64_t>(buffer.slot));
  return pointer = builder_.CreateLoad(builder_.getPtrTy(), place, buffer.name);
}

Value* FunctionEmitter::constant_data(loops::BufferId id) {
  llvm::GlobalVariable*& global = constants_[id.value];
  if (global) return global;
  const loops::Buffer& buffer = program_.buffers[id.value];
  llvm::Type* element =
      buffer.dtype == DType::boolean ? builder_.getInt8Ty() : type_of(buffer.dtype);
  std::vector<llvm::Constant*> elements;
  for (int64_t bits : buffer.data)
    elements.push_back(buffer.dtype == DType::boolean
                           ? static_cast<llvm::Constant*>(builder_.getInt8(bits != 0))
                           : llvm::cast<llvm::Constant>(constant(buffer.dtype, bits)));
  auto* type = llvm::ArrayType::get(element, elements.size());
  global = new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::PrivateLinkage,
                                    llvm::ConstantArray::get(type, elements), buffer.name);
  global->setAlignment(llvm::Align(64));
  return global;
}

void FunctionEmitter::annotate(llvm::Instruction* access, loops::BufferId id) {
  const loops::Buffer& buffer = program_.buffers[id.value];
  accesses_[{buffer.per_tensor, buffer.slot}].push_back(access);
}

// Different slots never overlap, so an access to one is independent of those to all others.
void FunctionEmitter::annotate_kernel() {
  llvm::MDBuilder metadata(module_.getContext());
  llvm::MDNode* domain = metadata.createAnonymousAliasScopeDomain(program_.name);
  std::map<Slot, llvm::MDNode*> scopes;
  for (const auto& [slot, accesses] : accesses_)
    scopes[slot] = metadata.createAnonymousAliasScope(domain);
  for (const auto& [slot, accesses] : accesses_) {
    llvm::SmallVector<llvm::Metadata*> rest;
    for (const auto& [other, scope] : scopes)
      if (other != slot) rest.push_back(scope);
    llvm::MDNode* own = llvm::MDNode::get(module_.getContext(), {scopes[slot]});
    llvm::MDNode* others = llvm::MDNode::get(module_.getContext(), rest);
    for (llvm::Instruction* access : accesses) {
      access->setMetadata(llvm::LLVMContext::MD_alias_scope, own);
      access->setMetadata(llvm::LLVMContext::MD_noalias, others);
    }
  }
  accesses_.clear();
}

void FunctionEmitter::return_if(Value* condition, Value* status) {
  llvm::BasicBlock* leave = block("leave");
  llvm::BasicBlock* next = block("next");
  llvm::MDBuilder metadata(module_.getContext());
  builder_.CreateCondBr(condition, leave, next, metadata.createUnlikelyBranchWeights());
  builder_.SetInsertPoint(leave);
  builder_.CreateRet(status);
  builder_.SetInsertPoint(next);
}

} // namespace thalweg::codegen
