// Random draws: Philox4x32-10 on LLVM values, one counter for each lane (see thalweg/random.h).
#include "codegen/emit_backend.h"
#include "codegen/emit_function.h"

#include "ir/math/random.h"
#include "support/check.h"

#include <array>

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Words are kept in 64 bits, where their products are exact.
using Block = std::array<Value*, 4>;

class Philox {
public:
  explicit Philox(llvm::IRBuilder<>& builder) : b_(builder) {}

  Value* low(Value* x) { return b_.CreateAnd(x, word(x, UINT64_C(0xffffffff))); }
  Value* high(Value* x) { return b_.CreateLShr(x, word(x, 32)); }

  Block rounds(Block counter, Value* key) {
    Value *key0 = low(key), *key1 = high(key);
    for (int round = 0; round < 10; ++round) {
      Value* a = b_.CreateMul(counter[0], word(counter[0], UINT64_C(0xD2511F53)));
      Value* c = b_.CreateMul(counter[2], word(counter[2], UINT64_C(0xCD9E8D57)));
      counter = {b_.CreateXor(b_.CreateXor(high(c), counter[1]), key0), low(c),
                 b_.CreateXor(b_.CreateXor(high(a), counter[3]), key1), low(a)};
      key0 = low(b_.CreateAdd(key0, word(key0, UINT64_C(0x9E3779B9))));
      key1 = low(b_.CreateAdd(key1, word(key1, UINT64_C(0xBB67AE85))));
    }
    return counter;
  }
  Value* join(Value* low_word, Value* high_word) {
    return b_.CreateOr(low_word, b_.CreateShl(high_word, word(high_word, 32)));
  }
  Value* word(Value* like, uint64_t value) {
    return llvm::ConstantInt::get(like->getType(), value);
  }

private:
  llvm::IRBuilder<>& b_;
};

} // namespace

Value* FunctionEmitter::random(const loops::Value& value) {
  const size_t count = value.operands.size();
  TW_CHECK(count == 4 || count == 5, "a draw has an element and the parts of a key");
  std::array<Value*, 5> operand{};
  operand[4] = builder_.getInt64(0);
  for (size_t k = 0; k < count; ++k) {
    operand[k] = values_[value.operands[k].value];
    TW_CHECK(operand[k] && (k == 0 || !is_vector(operand[k])), "the key of a draw is a scalar");
  }
  auto [element, seed, name, step, round] = operand;
  Philox philox(builder_);
  // The stream: the identity that has no room in the counter, enciphered under the seed. It is the
  // same for all elements and leaves the loop.
  Value* site = builder_.getInt64(static_cast<uint64_t>(value.site) & UINT64_C(0xffffffff));
  Block mixed = philox.rounds({philox.low(name), philox.high(name), site, philox.low(round)}, seed);
  Value* stream = philox.join(mixed[0], mixed[1]);
  unsigned lanes = is_vector(element) ? width() : 1;
  stream = splat(stream, lanes);
  step = splat(step, lanes);
  Value* pair = builder_.CreateLShr(element, philox.word(element, 1));
  Block block = philox.rounds(
      {philox.low(pair), philox.high(pair), philox.low(step), philox.high(step)}, stream);
  Value* odd = builder_.CreateICmpNE(builder_.CreateAnd(element, philox.word(element, 1)),
                                     philox.word(element, 0));
  Value* bits =
      builder_.CreateSelect(odd, philox.join(block[2], block[3]), philox.join(block[0], block[1]));
  llvm::Type* type = builder_.getDoubleTy();
  if (lanes > 1) type = llvm::FixedVectorType::get(type, lanes);
  LlvmBackend backend(builder_, target_, type);
  Value* drawn = nullptr;
  switch (static_cast<Distribution>(value.site >> 32)) {
  case Distribution::normal:
    drawn = math::normal_quantile(backend, math::unit(backend, bits));
    break;
  case Distribution::uniform: drawn = math::unit(backend, bits); break;
  case Distribution::rademacher: drawn = math::random_sign(backend, bits); break;
  }
  if (value.dtype != DType::f32) return drawn;
  llvm::Type* narrow = builder_.getFloatTy();
  if (lanes > 1) narrow = llvm::FixedVectorType::get(narrow, lanes);
  drawn = builder_.CreateFPTrunc(drawn, narrow);
  // A uniform number stays below 1, also rounded.
  if (static_cast<Distribution>(value.site >> 32) != Distribution::uniform) return drawn;
  Value* top = llvm::ConstantFP::get(narrow, 0x1.fffffep-1);
  return builder_.CreateSelect(builder_.CreateFCmpOLT(top, drawn), top, drawn);
}

} // namespace thalweg::codegen
