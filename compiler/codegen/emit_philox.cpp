// Philox4x32-10 on LLVM values (see emit_philox.h).
#include "codegen/emit_philox.h"

namespace thalweg::codegen {

using llvm::Value;

Value* Philox::like(Value* x, uint64_t value) {
  return llvm::ConstantInt::get(x->getType(), value);
}

Value* Philox::in_all_lanes(Value* word, Value* of) {
  auto* type = llvm::dyn_cast<llvm::FixedVectorType>(of->getType());
  return type ? b_.CreateVectorSplat(type->getNumElements(), word) : word;
}

Philox::Block Philox::rounds(Block counter, Value* key) {
  Value *key0 = low(key), *key1 = high(key);
  for (int round = 0; round < 10; ++round) {
    Value* a = b_.CreateMul(low(counter[0]), like(counter[0], UINT64_C(0xD2511F53)));
    Value* c = b_.CreateMul(low(counter[2]), like(counter[2], UINT64_C(0xCD9E8D57)));
    counter = {b_.CreateXor(b_.CreateXor(high(c), counter[1]), in_all_lanes(key0, a)), c,
               b_.CreateXor(b_.CreateXor(high(a), counter[3]), in_all_lanes(key1, a)), a};
    key0 = low(b_.CreateAdd(key0, like(key0, UINT64_C(0x9E3779B9))));
    key1 = low(b_.CreateAdd(key1, like(key1, UINT64_C(0xBB67AE85))));
  }
  return counter;
}

Value* Philox::stream(Value* seed, Value* name, uint32_t site, Value* round) {
  const Block mixed = rounds({name, high(name), b_.getInt64(site), round}, seed);
  return join(mixed[0], mixed[1]);
}

Philox::Block Philox::at(Value* number, Value* stream, Value* step) {
  return rounds(
      {number, high(number), in_all_lanes(step, number), in_all_lanes(high(step), number)}, stream);
}

} // namespace thalweg::codegen
