// Random draws: which bits a draw takes (thalweg/random.h), and what it makes of them
// (ir/math/random.h). Lanes that stand side by side share blocks.
#include "codegen/emit_backend.h"
#include "codegen/emit_function.h"
#include "codegen/emit_philox.h"

#include "ir/math/random.h"
#include "support/check.h"

#include <llvm/ADT/SmallVector.h>

#include <array>
#include <map>
#include <set>

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Elements to a block, of real numbers and of signs.
constexpr unsigned kRealsOfBlock = 4, kSignsOfBlock = 128;
// Signs that are drawn at once, into memory.
constexpr unsigned kSignsAtOnce = 1024, kWordsAtOnce = kSignsAtOnce / 64;

struct Two {
  Value *even, *odd;
};

} // namespace

// The draw as a value of the program, with the parts of its key.
struct FunctionEmitter::Draw {
  Distribution distribution;
  DType dtype;
  Value *element, *stream, *step;
};

// Numbers of two elements side by side, of their bits.
static Two numbers(LlvmBackend& b, Distribution distribution, const Two& bits) {
  if (distribution == Distribution::uniform)
    return {math::unit(b, bits.even), math::unit(b, bits.odd)};
  const math::Normals<LlvmBackend> pair = math::normal_pair(b, bits.even, bits.odd);
  return {pair.first, pair.second};
}

static llvm::Type* lanes_of(llvm::Type* type, unsigned lanes) {
  return lanes == 0 ? type : llvm::FixedVectorType::get(type, lanes);
}

// Elements first, first + 1, … for a multiple `first` of their number. A quarter as many blocks as
// lanes. Half of the lanes are even elements, those with words 0 of all blocks before those with
// words 2; the others odd ones, likewise.
Value* FunctionEmitter::reals_in_row(const Draw& draw) {
  const int blocks = static_cast<int>(width() / kRealsOfBlock);
  const bool f64 = draw.dtype == DType::f64;
  Value* first = builder_.CreateLShr(lanes_->first, builder_.getInt64(2));
  llvm::SmallVector<llvm::Constant*> offsets;
  for (uint64_t kind = 0; kind < (f64 ? 2 : 1); ++kind)
    for (int k = 0; k < blocks; ++k)
      offsets.push_back(builder_.getInt64(kind << 63 | static_cast<uint64_t>(k)));
  Value* number =
      builder_.CreateAdd(builder_.CreateVectorSplat(static_cast<unsigned>(offsets.size()), first),
                         llvm::ConstantVector::get(offsets));
  const Philox::Block words = Philox(builder_).at(number, draw.stream, draw.step);

  const int lanes = static_cast<int>(offsets.size()); // of which each is two of 32 bits
  const auto gather = [&](Value* a, Value* b) {
    auto* type = llvm::FixedVectorType::get(builder_.getInt32Ty(), unsigned(2 * lanes));
    llvm::SmallVector<int> from;
    for (int side = 0; side < 2; ++side)
      for (int k = 0; k < blocks; ++k) {
        if (f64) from.push_back(2 * (lanes * side + blocks + k)); // little end first
        from.push_back(2 * (lanes * side + k));
      }
    return builder_.CreateShuffleVector(builder_.CreateBitCast(a, type),
                                        builder_.CreateBitCast(b, type), from);
  };
  Two bits{gather(words[0], words[2]), gather(words[1], words[3])};
  const unsigned half = width() / 2;
  if (f64) {
    auto* type = llvm::FixedVectorType::get(builder_.getInt64Ty(), half);
    bits = {builder_.CreateBitCast(bits.even, type), builder_.CreateBitCast(bits.odd, type)};
  }
  LlvmBackend b(builder_, target_, lanes_of(type_of(draw.dtype), half));
  const Two drawn = numbers(b, draw.distribution, bits);
  llvm::SmallVector<int> order;
  for (int k = 0; k < blocks; ++k)
    for (int word = 0; word < 4; ++word)
      order.push_back(k + blocks * (word / 2) + static_cast<int>(half) * (word % 2));
  return builder_.CreateShuffleVector(drawn.even, drawn.odd, order);
}

// Elements that stand anywhere, or a single one: a block for each.
Value* FunctionEmitter::reals(const Draw& draw) {
  const unsigned lanes = is_vector(draw.element) ? width() : 0;
  Philox philox(builder_);
  const auto has = [&](uint64_t bit) {
    return builder_.CreateICmpNE(builder_.CreateAnd(draw.element, Philox::like(draw.element, bit)),
                                 Philox::like(draw.element, 0));
  };
  Value* number = builder_.CreateLShr(draw.element, Philox::like(draw.element, 2));
  Value* second_half = has(2);
  const auto words = [&](Value* at) -> Two {
    const Philox::Block block = philox.at(at, draw.stream, draw.step);
    return {builder_.CreateSelect(second_half, block[2], block[0]),
            builder_.CreateSelect(second_half, block[3], block[1])};
  };
  Two bits = words(number);
  if (draw.dtype == DType::f64) {
    const Two lower = words(builder_.CreateOr(number, Philox::like(number, UINT64_C(1) << 63)));
    bits = {philox.join(lower.even, bits.even), philox.join(lower.odd, bits.odd)};
  } else {
    llvm::Type* type = lanes_of(builder_.getInt32Ty(), lanes);
    bits = {builder_.CreateTrunc(bits.even, type), builder_.CreateTrunc(bits.odd, type)};
  }
  LlvmBackend b(builder_, target_, lanes_of(type_of(draw.dtype), lanes));
  const Two drawn = numbers(b, draw.distribution, bits);
  return builder_.CreateSelect(has(1), drawn.odd, drawn.even);
}

// Which elements get +1. Eight blocks at a time go to memory, where the loop comes to their first
// element or begins; a round then reads as many bits as it has lanes.
Value* FunctionEmitter::coins_in_row(const Draw& draw) {
  Value* memory = entry_alloca(llvm::ArrayType::get(builder_.getInt64Ty(), kWordsAtOnce));
  Value* first = lanes_->first;
  Value* within = builder_.CreateAnd(first, builder_.getInt64(kSignsAtOnce - 1));
  Value* new_ones = builder_.CreateOr(builder_.CreateICmpEQ(within, builder_.getInt64(0)),
                                      builder_.CreateICmpEQ(first, lanes_->start));
  when(new_ones, {}, [&]() -> Carried {
    constexpr unsigned kBlocks = kSignsAtOnce / kSignsOfBlock;
    Value* number = builder_.CreateLShr(builder_.CreateSub(first, within), builder_.getInt64(7));
    number =
        builder_.CreateAdd(builder_.CreateVectorSplat(kBlocks, number), lane_numbers(64, kBlocks));
    Philox philox(builder_);
    const Philox::Block words = philox.at(number, draw.stream, draw.step);
    llvm::SmallVector<int> order;
    for (int k = 0; k < static_cast<int>(kBlocks); ++k)
      order.append({k, static_cast<int>(kBlocks) + k});
    Value* all = builder_.CreateShuffleVector(philox.join(words[0], words[1]),
                                              philox.join(words[2], words[3]), order);
    builder_.CreateAlignedStore(all, memory, llvm::Align(8));
    return {};
  });
  Value* at = builder_.CreateLShr(within, builder_.getInt64(6));
  Value* word = builder_.CreateLoad(builder_.getInt64Ty(),
                                    builder_.CreateInBoundsGEP(builder_.getInt64Ty(), memory, at));
  word = builder_.CreateLShr(word, builder_.CreateAnd(within, builder_.getInt64(63)));
  Value* bits = builder_.CreateTrunc(word, builder_.getIntNTy(width()));
  return width() == 1 ? bits
                      : builder_.CreateBitCast(bits, lanes_of(builder_.getInt1Ty(), width()));
}

Value* FunctionEmitter::coins(const Draw& draw) {
  Value* element = draw.element;
  const auto shifted = [&](Value* x, uint64_t by) {
    return builder_.CreateLShr(x, Philox::like(x, by));
  };
  const auto is = [&](Value* x, uint64_t bit) {
    return builder_.CreateICmpNE(builder_.CreateAnd(x, Philox::like(x, bit)), Philox::like(x, 0));
  };
  const Philox::Block words = Philox(builder_).at(shifted(element, 7), draw.stream, draw.step);
  Value* odd = is(element, 32);
  Value* word =
      builder_.CreateSelect(is(element, 64), builder_.CreateSelect(odd, words[3], words[2]),
                            builder_.CreateSelect(odd, words[1], words[0]));
  return is(builder_.CreateLShr(word, builder_.CreateAnd(element, Philox::like(element, 31))), 1);
}

// A draw that only selections by one condition read, all on the same side, is made where that
// holds. The condition is the same for all elements: it is known before the loop.
std::optional<FunctionEmitter::Condition> FunctionEmitter::only_under(loops::Val draw) const {
  std::map<loops::Val, std::optional<Condition>> needed; // nothing: always
  const auto use = [&](loops::Val value, const std::optional<Condition>& under) {
    const auto [it, fresh] = needed.emplace(value, under);
    if (!fresh && it->second != under) it->second.reset();
  };
  const auto use_address = [&](const loops::Address& address,
                               const std::optional<Condition>& under) {
    for (const auto& [value, stride] : address.dynamic)
      use(value, under);
  };
  const loops::Block& body = lanes_->loop->body;
  std::set<loops::Val> inside;
  for (const loops::Statement& statement : body)
    if (const auto* let = std::get_if<loops::Let>(&statement.is)) inside.insert(let->value);
  for (const loops::Fold& fold : lanes_->loop->folds) {
    use(fold.a, {});
    use(fold.b, {});
  }
  for (auto it = body.rbegin(); it != body.rend(); ++it) {
    if (const auto* store = std::get_if<loops::Store>(&it->is)) {
      use(store->value, {});
      use_address(store->to, {});
      continue;
    }
    const auto* let = std::get_if<loops::Let>(&it->is);
    if (!let) return std::nullopt;
    if (let->value == draw) break; // what uses it stands behind it
    const auto under = needed.find(let->value);
    if (under == needed.end()) continue; // nobody reads it
    const loops::Value& value = program_.values[let->value.value];
    const bool selects = value.kind == loops::Value::Kind::element && value.op == Op::select &&
                         !inside.count(value.operands[0]);
    for (size_t k = 0; k < value.operands.size(); ++k)
      use(value.operands[k],
          selects && k > 0 ? Condition{value.operands[0], k == 1} : under->second);
    if (value.kind == loops::Value::Kind::load) use_address(value.address, under->second);
  }
  const auto found = needed.find(draw);
  return found == needed.end() ? std::nullopt : found->second;
}

Value* FunctionEmitter::random(const loops::Value& value) {
  const size_t count = value.operands.size();
  TW_CHECK(count == 4 || count == 5, "a draw has an element and the parts of a key");
  std::array<Value*, 5> part{};
  part[4] = builder_.getInt64(0);
  for (size_t k = 0; k < count; ++k) {
    part[k] = values_[value.operands[k].value];
    TW_CHECK(part[k] && (k == 0 || !is_vector(part[k])), "the key of a draw is a scalar");
  }
  const auto make = [&]() -> Value* {
    // The stream is the same for all elements and leaves the loop.
    Value* stream =
        Philox(builder_).stream(part[1], part[2], static_cast<uint32_t>(value.site), part[4]);
    const Draw draw{static_cast<Distribution>(value.site >> 32), value.dtype, part[0], stream,
                    part[3]};
    const loops::Value& element = program_.values[value.operands[0].value];
    const bool in_row = lanes_ && lanes_->start && element.kind == loops::Value::Kind::index &&
                        element.var == lanes_->var;
    if (draw.distribution != Distribution::rademacher)
      return in_row && width() % kRealsOfBlock == 0 ? reals_in_row(draw) : reals(draw);
    Value* heads = in_row ? coins_in_row(draw) : coins(draw);
    llvm::Type* type = lanes_of(type_of(draw.dtype), is_vector(heads) ? width() : 0);
    return builder_.CreateSelect(heads, llvm::ConstantFP::get(type, 1),
                                 llvm::ConstantFP::get(type, -1));
  };
  const auto number = static_cast<uint32_t>(&value - program_.values.data());
  const std::optional<Condition> under =
      lanes_ && lanes_->loop ? only_under(loops::Val{number}) : std::nullopt;
  Value* holds = under ? values_[under->value.value] : nullptr;
  if (!holds || is_vector(holds)) return make();
  if (!under->is) holds = builder_.CreateNot(holds);
  llvm::Type* type = lanes_of(type_of(value.dtype), is_vector(part[0]) ? width() : 0);
  return when(holds, {llvm::Constant::getNullValue(type)}, [&] { return Carried{make()}; })[0];
}

} // namespace thalweg::codegen
