// Emission of single values: constants, indices, loads, operators, and stores.
#include "codegen/emit_function.h"

#include "support/check.h"

#include <llvm/ADT/SmallVector.h>

#include <bit>

namespace thalweg::codegen {

using llvm::Value;

Value* FunctionEmitter::splat(Value* value, unsigned width) {
  return is_vector(value) || width == 1 ? value : builder_.CreateVectorSplat(width, value);
}

Value* FunctionEmitter::lane_numbers(unsigned bits, unsigned width) {
  llvm::SmallVector<llvm::Constant*> numbers;
  for (unsigned k = 0; k < width; ++k)
    numbers.push_back(builder_.getIntN(bits, k));
  return llvm::ConstantVector::get(numbers);
}

Value* FunctionEmitter::constant(DType dtype, int64_t bits) {
  switch (dtype) {
  case DType::f64:
    return llvm::ConstantFP::get(builder_.getDoubleTy(), std::bit_cast<double>(bits));
  case DType::f32:
    return llvm::ConstantFP::get(builder_.getFloatTy(),
                                 static_cast<float>(std::bit_cast<double>(bits)));
  case DType::i64: return builder_.getInt64(static_cast<uint64_t>(bits));
  case DType::boolean: return builder_.getInt1(bits != 0);
  }
  TW_CHECK(false);
  return nullptr;
}

Value* FunctionEmitter::index_of(loops::Var var) {
  if (!lanes_ || lanes_->var != var) {
    TW_CHECK(indices_[var.value], "loop variable '{}' used outside its loop",
             program_.vars[var.value].name);
    return indices_[var.value];
  }
  if (lanes_->width == 1) return lanes_->first;
  return builder_.CreateAdd(splat(lanes_->first, lanes_->width), lane_numbers(64, lanes_->width));
}

Value* FunctionEmitter::evaluate(const loops::Value& value) {
  using Kind = loops::Value::Kind;
  switch (value.kind) {
  case Kind::constant: return constant(value.dtype, value.bits);
  case Kind::size: return size(value.dim);
  case Kind::index: return index_of(value.var);
  case Kind::load: return load(value.address, value.dtype);
  case Kind::random: return random(value);
  case Kind::fold: break;
  case Kind::quotient: {
    Value* dividend = values_[value.operands[0].value];
    return math_.quotient(dividend, splat(size(value.dim), is_vector(dividend) ? width() : 1));
  }
  case Kind::element: {
    llvm::SmallVector<Value*> operands;
    bool vector = false;
    for (loops::Val operand : value.operands) {
      TW_CHECK(values_[operand.value], "value {} used before it is computed", operand.value);
      operands.push_back(values_[operand.value]);
      vector = vector || is_vector(operands.back());
    }
    if (vector)
      for (Value*& operand : operands)
        operand = splat(operand, width());
    return math_.apply(value.op, program_.values[value.operands.back().value].dtype, value.dtype,
                       operands);
  }
  }
  TW_CHECK(false, "a fold's result is defined by its loop");
  return nullptr;
}

FunctionEmitter::Place FunctionEmitter::place(const loops::Address& address) {
  const loops::Buffer& buffer = program_.buffers[address.buffer.value];
  llvm::Type* element =
      buffer.dtype == DType::boolean ? builder_.getInt8Ty() : type_of(buffer.dtype);
  const auto add = [&](Value* sum, Value* term) {
    return sum ? builder_.CreateAdd(sum, term) : term;
  };
  const auto scale = [&](Value* value, const Dim& stride) {
    if (stride.is_constant(1)) return value;
    return builder_.CreateMul(value, splat(size(stride), is_vector(value) ? width() : 1));
  };
  Value* offset = address.offset.is_constant(0) ? nullptr : size(address.offset);
  Value* scattered = nullptr;
  bool contiguous = false;
  for (const auto& [var, stride] : address.terms) {
    if (stride.is_constant(0)) continue;
    if (!lanes_ || lanes_->var != var) {
      offset = add(offset, scale(index_of(var), stride));
    } else if (width() == 1 || (stride.is_constant(1) && !contiguous)) {
      contiguous = width() > 1;
      offset = add(offset, scale(lanes_->first, stride));
    } else {
      scattered = add(scattered, scale(index_of(var), stride));
    }
  }
  for (const auto& [val, stride] : address.dynamic) {
    if (stride.is_constant(0)) continue;
    Value* scaled = scale(values_[val.value], stride);
    (is_vector(scaled) ? scattered : offset) = add(is_vector(scaled) ? scattered : offset, scaled);
  }
  Value* base = buffer_pointer(address.buffer);
  if (offset) base = builder_.CreateGEP(element, base, offset);
  if (!scattered) return {base, contiguous};
  if (contiguous) scattered = builder_.CreateAdd(scattered, lane_numbers(64, width()));
  return {builder_.CreateGEP(element, base, scattered), false};
}

// Booleans are bytes 0 and 1 in memory, i1 in values.
Value* FunctionEmitter::to_storage(Value* value) {
  llvm::Type* type = value->getType();
  if (!type->getScalarType()->isIntegerTy(1)) return value;
  return builder_.CreateZExt(value, type->getWithNewBitWidth(8));
}

Value* FunctionEmitter::from_storage(Value* value, DType dtype) {
  if (dtype != DType::boolean) return value;
  return builder_.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
}

// The lines that the round after the next two loads from this stream. Processors find streams by
// themselves, but with four of them and divisions in between they run late. A rule with four on 64
// M elements, medians of 8 to 12 processes in turn: 42 ms without, 41 ms with 256 to 384 bytes, 45
// ms with 2048, where the same traffic takes 44 ms. A prefetch past the end of a buffer does
// nothing.
void FunctionEmitter::prefetch(Value* pointer, uint64_t bytes) {
  constexpr uint64_t kAhead = 384, kLine = 64;
  for (uint64_t at = 0; at < bytes; at += kLine) {
    Value* later = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), pointer, kAhead + at);
    // A read, to stay in all caches, of data.
    builder_.CreateIntrinsic(
        llvm::Intrinsic::prefetch, {pointer->getType()},
        {later, builder_.getInt32(0), builder_.getInt32(3), builder_.getInt32(1)});
  }
}

Value* FunctionEmitter::load(const loops::Address& address, DType dtype) {
  const Place from = place(address);
  const llvm::Align align(static_cast<uint64_t>(dtype_size(dtype)));
  llvm::Type* element = dtype == DType::boolean ? builder_.getInt8Ty() : type_of(dtype);
  const bool scattered = is_vector(from.pointer);
  llvm::Instruction* loaded = nullptr;
  if (!scattered && !from.contiguous) {
    loaded = builder_.CreateAlignedLoad(element, from.pointer, align);
  } else {
    auto* type = llvm::FixedVectorType::get(element, width());
    if (from.contiguous && lanes_->prefetch)
      prefetch(from.pointer, width() * static_cast<uint64_t>(dtype_size(dtype)));
    Value* zero = llvm::Constant::getNullValue(type); // what lanes that are not active read
    if (scattered)
      loaded = builder_.CreateMaskedGather(type, from.pointer, align, lanes_->mask,
                                           lanes_->mask ? zero : nullptr);
    else if (lanes_->mask)
      loaded = builder_.CreateMaskedLoad(type, from.pointer, align, lanes_->mask, zero);
    else
      loaded = builder_.CreateAlignedLoad(type, from.pointer, align);
  }
  annotate(loaded, address.buffer);
  return from_storage(loaded, dtype);
}

void FunctionEmitter::emit(const loops::Store& store) {
  const Place to = place(store.to);
  const DType dtype = program_.buffers[store.to.buffer.value].dtype;
  const llvm::Align align(static_cast<uint64_t>(dtype_size(dtype)));
  Value* value = to_storage(values_[store.value.value]);
  llvm::Instruction* stored = nullptr;
  if (is_vector(to.pointer)) {
    stored = builder_.CreateMaskedScatter(splat(value, width()), to.pointer, align, lanes_->mask);
  } else if (to.contiguous) {
    value = splat(value, width());
    stored = lanes_->mask ? builder_.CreateMaskedStore(value, to.pointer, align, lanes_->mask)
                          : static_cast<llvm::Instruction*>(
                                builder_.CreateAlignedStore(value, to.pointer, align));
  } else {
    TW_CHECK(!is_vector(value), "one element receives many values in '{}'", program_.name);
    stored = builder_.CreateAlignedStore(value, to.pointer, align);
  }
  annotate(stored, store.to.buffer);
}

} // namespace thalweg::codegen
