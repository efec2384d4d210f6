// How a library's function calls a compiled program: the memory of the state block, slots, sizes.
#include "aot/wrapper.h"

#include "support/check.h"

#include "thalweg/abi.h"
#include "thalweg/linear.h"

#include <algorithm>

namespace thalweg::aot {

namespace {

const loops::Buffer& buffer_at(const loops::Program& program, bool per_tensor, int slot) {
  for (const loops::Buffer& buffer : program.buffers)
    if (buffer.per_tensor == per_tensor && buffer.slot == slot) return buffer;
  TW_CHECK(false, "'{}' has no slot {}", program.name, slot);
  return program.buffers.front();
}

bool has_slot(const loops::Program& program, bool per_tensor, int slot) {
  return std::any_of(program.buffers.begin(), program.buffers.end(),
                     [&](const loops::Buffer& buffer) {
                       return buffer.per_tensor == per_tensor && buffer.slot == slot;
                     });
}

// The elements of a buffer as a formula of "n".
Dim count_of(const BoundProgram& bound, const loops::Buffer& buffer) {
  const auto find = [](const std::vector<std::string>& names, const std::vector<Dim>& dims,
                       std::string_view name) -> std::optional<Dim> {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) return std::nullopt;
    return dims.at(static_cast<size_t>(at - names.begin()));
  };
  return element_count(buffer.shape).substitute([&](std::string_view name) -> std::optional<Dim> {
    if (auto dim = find(bound.program.tensor_symbols, bound.row_dims, name)) return dim;
    return find(bound.program.symbols, bound.dims, name);
  });
}

} // namespace

llvm::Type* LibraryBuilder::storage(DType dtype) {
  switch (dtype) {
  case DType::f64: return builder_.getDoubleTy();
  case DType::f32: return builder_.getFloatTy();
  case DType::i64: return builder_.getInt64Ty();
  case DType::boolean: return builder_.getInt8Ty();
  }
  TW_CHECK(false);
  return nullptr;
}

std::vector<LibraryBuilder::Region> LibraryBuilder::regions_of(const Variant& variant) const {
  std::vector<Region> regions;
  for (const State& state : variant.states)
    regions.push_back({state.count, state.dtype});
  const auto add_scratch = [&](const BoundProgram& bound, bool per_tensor) {
    const auto& slots = per_tensor ? bound.row_slots : bound.call_slots;
    for (int slot = 0; slot < static_cast<int>(slots.size()); ++slot) {
      if (slots[slot].kind != Binding::Kind::scratch) continue;
      if (!has_slot(bound.program, per_tensor, slot)) continue; // not used by the program
      const loops::Buffer& buffer = buffer_at(bound.program, per_tensor, slot);
      regions.push_back({count_of(bound, buffer), buffer.dtype, &bound, per_tensor, slot});
    }
  };
  for (const BoundProgram* bound : {variant.init ? &*variant.init : nullptr, &variant.step,
                                    variant.answer ? &*variant.answer : nullptr})
    if (bound) {
      add_scratch(*bound, false);
      add_scratch(*bound, true);
    }
  return regions;
}

LibraryBuilder::Value LibraryBuilder::formula(const Dim& dim, Value n) {
  Value sum = builder_.getInt64(0);
  for (const Dim::Term& term : dim.terms()) {
    Value product = builder_.getInt64(static_cast<uint64_t>(term.coefficient));
    for (const std::string& factor : term.factors) {
      TW_CHECK(factor == "n", "a library's sizes depend on n alone, not on '{}'", factor);
      product = builder_.CreateMul(product, n);
    }
    sum = builder_.CreateAdd(sum, product);
  }
  return sum;
}

LibraryBuilder::Value LibraryBuilder::offset_of(size_t region, Value n) {
  Value offset = builder_.getInt64(kHeaderBytes);
  for (size_t k = 0; k < region; ++k) {
    Value count = builder_.CreateBinaryIntrinsic(
        llvm::Intrinsic::smax, formula(regions_[k].count, n), builder_.getInt64(0));
    const auto bytes = static_cast<uint64_t>(dtype_size(regions_[k].dtype));
    Value size = builder_.CreateMul(count, builder_.getInt64(bytes));
    size = builder_.CreateAnd(builder_.CreateAdd(size, builder_.getInt64(kAlign - 1)),
                              builder_.getInt64(~static_cast<uint64_t>(kAlign - 1)));
    offset = builder_.CreateAdd(offset, size);
  }
  return offset;
}

// Locals stand in the entry block, so they are part of the frame.
LibraryBuilder::Value LibraryBuilder::local(llvm::Type* type, uint64_t count) {
  llvm::BasicBlock& entry = builder_.GetInsertBlock()->getParent()->getEntryBlock();
  llvm::IRBuilder<> start(&entry, entry.begin());
  return start.CreateAlloca(llvm::ArrayType::get(type, std::max<uint64_t>(count, 1)));
}

LibraryBuilder::Value LibraryBuilder::hyper_pointer(int index, DType dtype, Value hyper) {
  TW_CHECK(index >= 0 && index < static_cast<int>(spec_.hyperparameters.size()),
           "no hyperparameter {}", index);
  const DType own = spec_.hyperparameters[index].dtype;
  Value place = builder_.CreateStructGEP(hyper_type_, hyper, static_cast<unsigned>(index));
  if (own == dtype) return place;
  Value number = builder_.CreateLoad(storage(own), place);
  TW_CHECK(own == DType::i64 && dtype == DType::f64, "hyperparameter '{}' is {}, not {}",
           spec_.hyperparameters[index].name, dtype_name(own), dtype_name(dtype));
  Value copy = local(storage(dtype));
  builder_.CreateStore(builder_.CreateSIToFP(number, storage(dtype)), copy);
  return copy;
}

LibraryBuilder::Value LibraryBuilder::constant_pointer(double value, DType dtype) {
  llvm::Type* type = storage(dtype);
  llvm::Constant* data = is_real(dtype)
                             ? static_cast<llvm::Constant*>(llvm::ConstantFP::get(type, value))
                             : llvm::ConstantInt::getSigned(type, static_cast<int64_t>(value));
  return new llvm::GlobalVariable(emitter_.module(), type, true, llvm::GlobalValue::PrivateLinkage,
                                  data);
}

LibraryBuilder::Value LibraryBuilder::pointer(const BoundProgram& bound, const Binding& binding,
                                              bool per_tensor, int slot,
                                              const Arguments& arguments) {
  const auto null = [&] { return llvm::ConstantPointerNull::get(pointer_); };
  if (!has_slot(bound.program, per_tensor, slot)) return null(); // the program does not use it
  const loops::Buffer& buffer = buffer_at(bound.program, per_tensor, slot);
  using Kind = Binding::Kind;
  switch (binding.kind) {
  case Kind::x:
    TW_CHECK(arguments.gradient || buffer.role == loops::Buffer::Role::input,
             "init of '{}' writes to x", bound.program.name);
    return arguments.x;
  case Kind::gradient:
    TW_CHECK(arguments.gradient, "init of '{}' asks for a gradient", bound.program.name);
    return arguments.gradient;
  case Kind::answer:
    TW_CHECK(arguments.answer, "'{}' gives no answer", bound.program.name);
    return arguments.answer;
  case Kind::hyper: return hyper_pointer(binding.index, buffer.dtype, arguments.hyper);
  case Kind::constant: return constant_pointer(binding.value, buffer.dtype);
  case Kind::step_number: {
    Value number = arguments.step_number;
    if (is_real(buffer.dtype)) number = builder_.CreateSIToFP(number, storage(buffer.dtype));
    Value copy = local(number->getType());
    builder_.CreateStore(number, copy);
    return copy;
  }
  case Kind::state: {
    TW_CHECK(binding.index >= 0 && static_cast<size_t>(binding.index) < regions_.size() &&
                 !regions_[binding.index].program,
             "no state {}", binding.index);
    TW_CHECK(regions_[binding.index].dtype == buffer.dtype, "state {} is not {}", binding.index,
             dtype_name(buffer.dtype));
    return builder_.CreateGEP(byte_, arguments.state,
                              offset_of(static_cast<size_t>(binding.index), arguments.n));
  }
  case Kind::scratch: break;
  }
  for (size_t k = 0; k < regions_.size(); ++k)
    if (regions_[k].program == &bound && regions_[k].per_tensor == per_tensor &&
        regions_[k].slot == slot)
      return builder_.CreateGEP(byte_, arguments.state, offset_of(k, arguments.n));
  TW_CHECK(false, "no memory for slot {} of '{}'", slot, bound.program.name);
  return null();
}

LibraryBuilder::Value LibraryBuilder::slots(const BoundProgram& bound, bool per_tensor,
                                            const Arguments& arguments) {
  const auto& bindings = per_tensor ? bound.row_slots : bound.call_slots;
  for (const loops::Buffer& buffer : bound.program.buffers)
    TW_CHECK(buffer.per_tensor != per_tensor || buffer.slot < static_cast<int>(bindings.size()),
             "slot {} of '{}' is not bound", buffer.slot, bound.program.name);
  Value table = local(pointer_, bindings.size());
  for (int slot = 0; slot < static_cast<int>(bindings.size()); ++slot)
    builder_.CreateStore(pointer(bound, bindings[slot], per_tensor, slot, arguments),
                         builder_.CreateConstGEP1_64(pointer_, table, static_cast<uint64_t>(slot)));
  return table;
}

LibraryBuilder::Value LibraryBuilder::sizes(const std::vector<Dim>& dims, Value n) {
  Value table = local(word_, dims.size());
  for (size_t k = 0; k < dims.size(); ++k)
    builder_.CreateStore(formula(dims[k], n), builder_.CreateConstGEP1_64(word_, table, k));
  return table;
}

LibraryBuilder::Value LibraryBuilder::call(llvm::Function* function, const BoundProgram& bound,
                                           const Arguments& arguments) {
  TW_CHECK(bound.dims.size() == bound.program.symbols.size() &&
               bound.row_dims.size() == bound.program.tensor_symbols.size(),
           "sizes of '{}' are not bound", bound.program.name);
  const bool table = !bound.row_slots.empty();
  Value row = local(word_, 2);
  if (table) {
    builder_.CreateStore(slots(bound, true, arguments), row);
    builder_.CreateStore(sizes(bound.row_dims, arguments.n), field(row, offsetof(tw_row, dims)));
  }
  Value record = local(word_, sizeof(tw_call) / 8);
  const auto set = [&](size_t offset, Value value) {
    builder_.CreateStore(value, field(record, static_cast<int64_t>(offset)));
  };
  Value null = llvm::ConstantPointerNull::get(pointer_);
  set(offsetof(tw_call, buffers), slots(bound, false, arguments));
  set(offsetof(tw_call, dims), sizes(bound.dims, arguments.n));
  set(offsetof(tw_call, rows), row);
  set(offsetof(tw_call, row_count), builder_.getInt64(table ? 1 : 0));
  set(offsetof(tw_call, oracle), null);
  set(offsetof(tw_call, oracle_context), null);
  set(offsetof(tw_call, seed), builder_.getInt64(0));
  set(offsetof(tw_call, step), arguments.step_number);
  set(offsetof(tw_call, parallel), null);
  set(offsetof(tw_call, parallel_context), null);
  set(offsetof(tw_call, row_elements), builder_.getInt64(0));
  set(offsetof(tw_call, mark), null);
  set(offsetof(tw_call, mark_context), null);
  Value status = builder_.CreateCall(function, {record});
  if (!emitter_.module().getFunction("tw_linear")) return status;
  // Where in the text linear algebra failed, a caller can't look up.
  const auto is_fault = [&](int32_t fault) {
    Value own = builder_.CreateAnd(status, builder_.getInt32(loops::kLinearFaults - 1));
    return builder_.CreateICmpEQ(own, builder_.getInt32(static_cast<uint32_t>(fault)));
  };
  Value plain = builder_.getInt32(TW_SINGULAR);
  for (int32_t fault : {TW_LINEAR_WIDE, TW_LINEAR_NO_CONVERGENCE})
    plain = builder_.CreateSelect(
        is_fault(fault), builder_.getInt32(static_cast<uint32_t>(tw_linear_status(fault))), plain);
  Value located = builder_.CreateICmpSGE(status, builder_.getInt32(loops::kLinearStatus));
  return builder_.CreateSelect(located, plain, status);
}

} // namespace thalweg::aot
