// The functions that a library exports: checks, the header of the state, order of events.
#include "aot/library.h"

#include "aot/wrapper.h"
#include "codegen/emit_math.h"
#include "support/check.h"

#include "thalweg/abi.h"

#include <chrono>

namespace thalweg::aot {

namespace {

constexpr uint64_t kMagic = 0x4765776c61685403; // "thalweG" and the layout's version
// Offsets in the header of the state.
constexpr int64_t kMagicAt = 0, kStepsAt = 8, kCountAt = 16;

double lap(std::chrono::steady_clock::time_point& start) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - start).count();
  start = now;
  return seconds;
}

} // namespace

LibraryBuilder::LibraryBuilder(codegen::ModuleEmitter& emitter, const LibrarySpec& spec)
    : emitter_(emitter), spec_(spec), builder_(emitter.module().getContext()),
      byte_(builder_.getInt8Ty()), word_(builder_.getInt64Ty()), pointer_(builder_.getPtrTy()) {
  std::vector<llvm::Type*> fields;
  for (const Hyperparameter& hyper : spec.hyperparameters)
    fields.push_back(storage(hyper.dtype));
  if (fields.empty()) fields.push_back(byte_);
  hyper_type_ = llvm::StructType::get(builder_.getContext(), fields);
}

llvm::Function* LibraryBuilder::open(const std::string& name, llvm::Type* result,
                                     std::vector<llvm::Type*> parameters) {
  auto* type = llvm::FunctionType::get(result, parameters, false);
  auto* function = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                          spec_.prefix + "_" + name, emitter_.module());
  codegen::set_target_attributes(*function, emitter_.target());
  builder_.SetInsertPoint(llvm::BasicBlock::Create(builder_.getContext(), "entry", function));
  return function;
}

void LibraryBuilder::return_if(Value condition, int status) {
  llvm::Function* function = builder_.GetInsertBlock()->getParent();
  auto* leave = llvm::BasicBlock::Create(builder_.getContext(), "leave", function);
  auto* next = llvm::BasicBlock::Create(builder_.getContext(), "next", function);
  builder_.CreateCondBr(condition, leave, next);
  builder_.SetInsertPoint(leave);
  builder_.CreateRet(builder_.getInt32(static_cast<uint32_t>(status)));
  builder_.SetInsertPoint(next);
}

// n is a size_t: what is negative as int64_t can't be a number of elements. With n = 0 arrays may
// be null, as malloc(0) is.
void LibraryBuilder::check_pointers(const Arguments& arguments) {
  Value bad = builder_.CreateOr(builder_.CreateIsNull(arguments.state),
                                builder_.CreateIsNull(arguments.hyper));
  Value array = builder_.CreateIsNull(arguments.x);
  for (Value other : {arguments.gradient, arguments.answer})
    if (other) array = builder_.CreateOr(array, builder_.CreateIsNull(other));
  array = builder_.CreateAnd(array, builder_.CreateICmpNE(arguments.n, builder_.getInt64(0)));
  bad = builder_.CreateOr(bad, array);
  bad = builder_.CreateOr(bad, builder_.CreateICmpSLT(arguments.n, builder_.getInt64(0)));
  return_if(bad, TW_BAD_ARGUMENT);
}

void LibraryBuilder::state_size(const std::string& suffix) {
  llvm::Function* function = open("state_size" + suffix, word_, {word_});
  builder_.CreateRet(offset_of(regions_.size(), function->getArg(0)));
}

void LibraryBuilder::init(const Variant& variant, llvm::Function* program) {
  llvm::Function* function = open("init" + variant_suffix(variant), builder_.getInt32Ty(),
                                  {pointer_, pointer_, word_, pointer_});
  Arguments arguments{function->getArg(0), function->getArg(1), nullptr,
                      function->getArg(2), function->getArg(3), builder_.getInt64(0)};
  check_pointers(arguments);
  // All of it, padding too: a saved state has the same bytes every time.
  builder_.CreateMemSet(arguments.state, builder_.getInt8(0),
                        offset_of(regions_.size(), arguments.n), llvm::MaybeAlign(8));
  if (program) {
    Value status = call(program, *variant.init, arguments);
    llvm::BasicBlock* done = llvm::BasicBlock::Create(builder_.getContext(), "done", function);
    llvm::BasicBlock* failed = llvm::BasicBlock::Create(builder_.getContext(), "failed", function);
    builder_.CreateCondBr(builder_.CreateIsNull(status), done, failed);
    builder_.SetInsertPoint(failed);
    builder_.CreateRet(status);
    builder_.SetInsertPoint(done);
  }
  builder_.CreateStore(builder_.getInt64(kMagic), field(arguments.state, kMagicAt));
  builder_.CreateStore(arguments.n, field(arguments.state, kCountAt));
  builder_.CreateRet(builder_.getInt32(TW_OK));
}

LibraryBuilder::Value LibraryBuilder::check_state(const Arguments& arguments) {
  check_pointers(arguments);
  Value magic = builder_.CreateLoad(word_, field(arguments.state, kMagicAt));
  return_if(builder_.CreateICmpNE(magic, builder_.getInt64(kMagic)), TW_BAD_ARGUMENT);
  Value count = builder_.CreateLoad(word_, field(arguments.state, kCountAt));
  return_if(builder_.CreateICmpNE(count, arguments.n), TW_SHAPE_MISMATCH);
  return field(arguments.state, kStepsAt);
}

// Before the first step the answer is x.
void LibraryBuilder::answer(const Variant& variant, llvm::Function* program) {
  llvm::Function* function = open("answer" + variant_suffix(variant), builder_.getInt32Ty(),
                                  {pointer_, pointer_, pointer_, word_, pointer_});
  Arguments arguments{function->getArg(0), function->getArg(1), nullptr,
                      function->getArg(3), function->getArg(4), nullptr,
                      function->getArg(2)};
  arguments.step_number = builder_.CreateLoad(word_, check_state(arguments));
  auto* first = llvm::BasicBlock::Create(builder_.getContext(), "first", function);
  auto* later = llvm::BasicBlock::Create(builder_.getContext(), "later", function);
  builder_.CreateCondBr(builder_.CreateIsNull(arguments.step_number), first, later);
  builder_.SetInsertPoint(first);
  Value bytes = builder_.CreateMul(
      arguments.n, builder_.getInt64(static_cast<uint64_t>(dtype_size(variant.dtype))));
  builder_.CreateMemCpy(arguments.answer, llvm::MaybeAlign(), arguments.x, llvm::MaybeAlign(),
                        bytes);
  builder_.CreateRet(builder_.getInt32(TW_OK));
  builder_.SetInsertPoint(later);
  builder_.CreateRet(call(program, *variant.answer, arguments));
}

void LibraryBuilder::step(const Variant& variant, llvm::Function* program) {
  llvm::Function* function = open("step" + variant_suffix(variant), builder_.getInt32Ty(),
                                  {pointer_, pointer_, pointer_, word_, pointer_});
  Arguments arguments{function->getArg(0), function->getArg(1), function->getArg(2),
                      function->getArg(3), function->getArg(4), nullptr};
  Value steps = check_state(arguments);
  arguments.step_number =
      builder_.CreateAdd(builder_.CreateLoad(word_, steps), builder_.getInt64(1));
  Value status = call(program, variant.step, arguments);
  llvm::BasicBlock* done = llvm::BasicBlock::Create(builder_.getContext(), "done", function);
  llvm::BasicBlock* end = llvm::BasicBlock::Create(builder_.getContext(), "end", function);
  builder_.CreateCondBr(builder_.CreateIsNull(status), done, end);
  builder_.SetInsertPoint(done);
  builder_.CreateStore(arguments.step_number, steps);
  builder_.CreateBr(end);
  builder_.SetInsertPoint(end);
  builder_.CreateRet(status);
}

void LibraryBuilder::variant(const Variant& variant) {
  regions_ = regions_of(variant);
  const auto compile = [&](const BoundProgram& bound) {
    llvm::Function* function = emitter_.add(bound.program);
    function->setLinkage(llvm::Function::InternalLinkage);
    return function;
  };
  llvm::Function* init_program = variant.init ? compile(*variant.init) : nullptr;
  llvm::Function* step_program = compile(variant.step);
  llvm::Function* answer_program = variant.answer ? compile(*variant.answer) : nullptr;
  state_size(variant_suffix(variant));
  init(variant, init_program);
  step(variant, step_program);
  if (answer_program) answer(variant, answer_program);
}

// A struct is returned as the System V ABI for x86-64 says: through memory if it has more than 16
// bytes, else in registers, each eight bytes in a vector register if all of them are doubles.
void LibraryBuilder::defaults() {
  const llvm::DataLayout& layout = emitter_.module().getDataLayout();
  TW_CHECK(emitter_.target().triple.starts_with("x86_64"),
           "how '{}' returns a struct is not known here", emitter_.target().triple);
  const auto value_of = [&](const Hyperparameter& hyper) -> llvm::Constant* {
    if (is_real(hyper.dtype)) return llvm::ConstantFP::get(storage(hyper.dtype), hyper.value);
    return llvm::ConstantInt::getSigned(storage(hyper.dtype), static_cast<int64_t>(hyper.value));
  };
  const auto& hypers = spec_.hyperparameters;
  const llvm::StructLayout* fields = layout.getStructLayout(hyper_type_);
  const uint64_t size = layout.getTypeAllocSize(hyper_type_);
  if (size > 16) {
    llvm::Function* function = open("defaults", builder_.getVoidTy(), {pointer_});
    function->addParamAttr(
        0, llvm::Attribute::getWithStructRetType(builder_.getContext(), hyper_type_));
    for (unsigned k = 0; k < hypers.size(); ++k)
      builder_.CreateStore(value_of(hypers[k]),
                           builder_.CreateStructGEP(hyper_type_, function->getArg(0), k));
    builder_.CreateRetVoid();
    return;
  }
  std::vector<llvm::Constant*> parts;
  for (uint64_t begin = 0; begin < size; begin += 8) {
    uint64_t image = 0;
    llvm::Constant* real = nullptr;
    for (unsigned k = 0; k < hypers.size(); ++k) {
      const uint64_t at = fields->getElementOffset(k);
      if (at < begin || at >= begin + 8) continue;
      if (is_real(hypers[k].dtype))
        real = value_of(hypers[k]);
      else
        image |= static_cast<uint64_t>(static_cast<int64_t>(hypers[k].value)) << (8 * (at - begin));
    }
    parts.push_back(real ? real : builder_.getInt64(image));
  }
  if (parts.size() == 1) {
    open("defaults", parts[0]->getType(), {});
    builder_.CreateRet(parts[0]);
  } else {
    llvm::Constant* both = llvm::ConstantStruct::getAnon(parts);
    open("defaults", both->getType(), {});
    builder_.CreateRet(both);
  }
}

Library build_library(const LibrarySpec& spec, const codegen::TargetSpec& target,
                      codegen::CompileTimes* times, codegen::CompileDumps* dumps) {
  auto start = std::chrono::steady_clock::now();
  codegen::CompileTimes own;
  codegen::ModuleEmitter emitter(target);
  LibraryBuilder builder(emitter, spec);
  builder.defaults();
  for (const Variant& variant : spec.variants)
    builder.variant(variant);
  own.emit = lap(start);
  emitter.optimize();
  own.optimize = lap(start);
  const bool linear = emitter.module().getFunction("tw_linear") != nullptr;
  Library library{library_header(spec), emitter.object(dumps), linear};
  own.codegen = lap(start);
  if (times) *times = own;
  return library;
}

} // namespace thalweg::aot
