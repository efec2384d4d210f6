// The functions of matrix products (see emit_product.h).
#include "codegen/emit_product.h"

#include "ir/graph.h"
#include "support/check.h"

#include <llvm/ADT/SmallVector.h>

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Rows of b in one block of k, for a wide panel. Copied, they are 64 KiB at most (on the stack) and
// stay in the second-level cache while tiles go over them.
constexpr int64_t kBlock = 512;
// Rows whose chains of a chunk wait beside them, where k has several chunks.
constexpr int64_t kChunkRows = 128;
// From this size on the part of b under one block of k is copied: measured, below it the copy costs
// more than what cache lines and pages far apart do.
constexpr int64_t kLargeBytes = 512 << 10;

} // namespace

ProductEmitter::ProductEmitter(llvm::Module& module, const TargetSpec& target, DType dtype)
    : module_(module), target_(target), dtype_(dtype), builder_(module.getContext()),
      math_(builder_, target_),
      element_(dtype == DType::f32 ? builder_.getFloatTy() : builder_.getDoubleTy()) {
  TW_CHECK(is_real(dtype), "a product of integers");
  const unsigned lanes = target.vector_bits / (8 * static_cast<unsigned>(dtype_size(dtype)));
  const bool masks = target.has_masked_words;
  // Eight accumulators hide the latency of two multiply-adds per cycle; beside them stand a row of
  // b and an element of a. Without fma a product takes a register, too.
  const unsigned rows = target.vector_bits == 512 ? 8 : target.has_fma ? 6 : 4;
  wide_ = {"wide", rows, lanes, 2, false};
  narrow_ = masks ? Panel{"narrow", rows, lanes, 1, true} : Panel{"narrow", 1, 1, 1, false};
  single_ = {"single", 1, lanes, 4, masks};
  line_ = {"line", 1, lanes, 8, masks};
}

std::string ProductEmitter::name(const char* part) const {
  return "thalweg.product." + std::string(dtype_name(dtype_)) + "." + part;
}

llvm::Function* ProductEmitter::open(const char* part, std::vector<llvm::Type*> parameters) {
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), parameters, false);
  auto* function =
      llvm::Function::Create(type, llvm::Function::InternalLinkage, name(part), module_);
  set_target_attributes(*function, target_);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  builder_.SetInsertPoint(llvm::BasicBlock::Create(module_.getContext(), "entry", function));
  return function;
}

llvm::Type* ProductEmitter::vector_of(const Panel& panel) const {
  return panel.lanes == 1 ? element_ : llvm::FixedVectorType::get(element_, panel.lanes);
}

Value* ProductEmitter::load(llvm::Type* type, Value* from, Value* mask) {
  const llvm::Align align(static_cast<uint64_t>(dtype_size(dtype_)));
  if (!mask) return builder_.CreateAlignedLoad(type, from, align);
  return builder_.CreateMaskedLoad(type, from, align, mask, llvm::Constant::getNullValue(type));
}

void ProductEmitter::store(Value* value, Value* to, Value* mask) {
  const llvm::Align align(static_cast<uint64_t>(dtype_size(dtype_)));
  if (mask)
    builder_.CreateMaskedStore(value, to, align, mask);
  else
    builder_.CreateAlignedStore(value, to, align);
}

Value* ProductEmitter::mask_of(const Panel& panel, Value* columns, unsigned vector) {
  if (!panel.masked) return nullptr;
  llvm::SmallVector<llvm::Constant*> lanes;
  for (unsigned k = 0; k < panel.lanes; ++k)
    lanes.push_back(builder_.getInt32(vector * panel.lanes + k));
  Value* active =
      builder_.CreateTrunc(least(columns, number(panel.width())), builder_.getInt32Ty());
  return builder_.CreateICmpULT(llvm::ConstantVector::get(lanes),
                                builder_.CreateVectorSplat(panel.lanes, active));
}

Value* ProductEmitter::memory(int64_t elements) {
  llvm::AllocaInst* result =
      builder_.CreateAlloca(llvm::ArrayType::get(element_, static_cast<uint64_t>(elements)));
  result->setAlignment(llvm::Align(64));
  return result;
}

Value* ProductEmitter::zeros() {
  if (auto* known = module_.getNamedGlobal(name("zeros"))) return known;
  auto* type = llvm::ArrayType::get(element_, line_.width());
  auto* global = new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::InternalLinkage,
                                          llvm::Constant::getNullValue(type), name("zeros"));
  global->setAlignment(llvm::Align(64));
  return global;
}

// void (a, a_i, a_k, b, b_k, from, from_i, c, c_i, m, columns, k): one panel, all rows:
// c = from + a b. m is a multiple of the tile's rows.
llvm::Function* ProductEmitter::panel(const Panel& panel) {
  if (llvm::Function* known = module_.getFunction(name(panel.name))) return known;
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::Function* function =
      open(panel.name, {pointer, integer, integer, pointer, integer, pointer, integer, pointer,
                        integer, integer, integer, integer});
  const auto arg = [&](unsigned k) { return function->getArg(k); };
  Value *a_i = arg(1), *a_k = arg(2), *b_k = arg(4), *from_i = arg(6), *c_i = arg(8), *k = arg(11);
  llvm::Type* type = vector_of(panel);
  Carried masks;
  for (unsigned v = 0; v < panel.vectors; ++v)
    masks.push_back(mask_of(panel, arg(10), v));
  const auto vector_at = [&](Value* row, unsigned v) {
    return builder_.CreateConstGEP1_64(element_, row, v * panel.lanes);
  };
  count(builder_, number(0), arg(9), number(panel.rows), {}, [&](Value* row, const Carried& none) {
    Value* from = at(arg(5), row, from_i);
    Value* to = at(arg(7), row, c_i);
    Carried state;
    for (unsigned r = 0; r < panel.rows; ++r)
      for (unsigned v = 0; v < panel.vectors; ++v)
        state.push_back(load(type, vector_at(at(from, number(r), from_i), v), masks[v]));
    state.push_back(at(arg(0), row, a_i));
    state.push_back(arg(3));
    state = count(builder_, number(0), k, number(1), state, [&](Value*, const Carried& before) {
      Value* a = before[before.size() - 2];
      Value* b = before.back();
      Carried vectors, next;
      for (unsigned v = 0; v < panel.vectors; ++v)
        vectors.push_back(load(type, vector_at(b, v), masks[v]));
      for (unsigned r = 0; r < panel.rows; ++r) {
        Value* x = load(element_, at(a, number(r), a_i), nullptr);
        if (panel.lanes > 1) x = builder_.CreateVectorSplat(panel.lanes, x);
        for (unsigned v = 0; v < panel.vectors; ++v)
          next.push_back(math_.fma(x, vectors[v], before[r * panel.vectors + v]));
      }
      next.push_back(at(a, a_k));
      next.push_back(at(b, b_k));
      return next;
    });
    for (unsigned r = 0; r < panel.rows; ++r)
      for (unsigned v = 0; v < panel.vectors; ++v)
        store(state[r * panel.vectors + v], vector_at(at(to, number(r), c_i), v), masks[v]);
    return none;
  });
  builder_.CreateRetVoid();
  return function;
}

void ProductEmitter::pieces(Value* columns, const std::function<void(Value*, Value*)>& body) {
  count(builder_, number(0), columns, number(narrow_.lanes), {},
        [&](Value* column, const Carried& none) {
          body(column, mask_of(narrow_, builder_.CreateSub(columns, column)));
          return none;
        });
}

// void (to, width, b, b_k, b_j, k, columns): to[p, q] = b[p, q], rows `width` apart.
llvm::Function* ProductEmitter::pack() {
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::Function* function =
      open("pack", {pointer, integer, pointer, integer, integer, integer, integer});
  Value *to = function->getArg(0), *width = function->getArg(1), *b = function->getArg(2),
        *b_k = function->getArg(3), *b_j = function->getArg(4), *k = function->getArg(5),
        *columns = function->getArg(6);
  llvm::BasicBlock* contiguous = new_block(builder_, "contiguous");
  llvm::BasicBlock* strided = new_block(builder_, "strided");
  builder_.CreateCondBr(builder_.CreateICmpEQ(b_j, number(1)), contiguous, strided);
  builder_.SetInsertPoint(contiguous);
  count(builder_, number(0), k, number(1), {b, to}, [&](Value*, const Carried& row) {
    pieces(columns, [&](Value* column, Value* mask) {
      store(load(vector_of(narrow_), at(row[0], column), mask), at(row[1], column), mask);
    });
    return Carried{at(row[0], b_k), at(row[1], width)};
  });
  builder_.CreateRetVoid();

  // Four columns at a time: what they read runs along k, what they write is one piece of a line.
  // Past the last column it is read again; a panel is a multiple of four wide, or one.
  builder_.SetInsertPoint(strided);
  const unsigned group = std::min(4u, narrow_.lanes);
  count(builder_, number(0), columns, number(group), {}, [&](Value* column, const Carried& none) {
    Carried places;
    Value* last = builder_.CreateSub(columns, number(1));
    for (unsigned q = 0; q < group; ++q)
      places.push_back(builder_.CreateMul(least(builder_.CreateAdd(column, number(q)), last), b_j));
    count(builder_, number(0), k, number(1), {b, at(to, column)}, [&](Value*, const Carried& row) {
      for (unsigned q = 0; q < group; ++q)
        store(load(element_, at(row[0], places[q]), nullptr),
              builder_.CreateConstGEP1_64(element_, row[1], q), nullptr);
      return Carried{at(row[0], b_k), at(row[1], width)};
    });
    return none;
  });
  builder_.CreateRetVoid();
  return function;
}

// void (c, c_i, part, width, m, columns): c = c + part.
llvm::Function* ProductEmitter::add() {
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::Function* function = open("add", {pointer, integer, pointer, integer, integer, integer});
  Value *c = function->getArg(0), *c_i = function->getArg(1), *part = function->getArg(2),
        *width = function->getArg(3), *m = function->getArg(4), *columns = function->getArg(5);
  llvm::Type* type = vector_of(narrow_);
  count(builder_, number(0), m, number(1), {c, part}, [&](Value*, const Carried& row) {
    pieces(columns, [&](Value* column, Value* mask) {
      Value* to = at(row[0], column);
      store(builder_.CreateFAdd(load(type, to, mask), load(type, at(row[1], column), mask)), to,
            mask);
    });
    return Carried{at(row[0], c_i), at(row[1], width)};
  });
  builder_.CreateRetVoid();
  return function;
}

llvm::Function* ProductEmitter::row() {
  if (llvm::Function* known = module_.getFunction(name("row"))) return known;
  TW_CHECK(single_.masked, "a row of a product on a target without masks");
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  llvm::Function *line = panel(line_), *single = panel(single_);
  llvm::Function* function = open(
      "row", {pointer, integer, pointer, integer, pointer, integer, integer, builder_.getInt1Ty()});
  const auto arg = [&](unsigned k) { return function->getArg(k); };
  Value *n = arg(5), *zero = number(0);
  walk(builder_, zero, n, [&](Value* j) {
    Value* rest = builder_.CreateSub(n, j);
    Value* is_line = builder_.CreateICmpSGT(rest, number(single_.width()));
    Value* width = builder_.CreateSelect(is_line, number(line_.width()), number(single_.width()));
    Value* to = at(arg(4), j);
    Value* from = builder_.CreateSelect(arg(7), to, zeros());
    builder_.CreateCall(line->getFunctionType(), builder_.CreateSelect(is_line, line, single),
                        {arg(0), zero, arg(1), at(arg(2), j), arg(3), from, zero, to, zero,
                         number(1), least(width, rest), arg(6)});
    return builder_.CreateAdd(j, width);
  });
  builder_.CreateRetVoid();
  return function;
}

llvm::Function* ProductEmitter::product() {
  if (llvm::Function* known = module_.getFunction(name("all"))) return known;
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  llvm::Function *wide = panel(wide_), *narrow = panel(narrow_), *single = panel(single_);
  llvm::Function *copy = pack(), *sum = add();
  llvm::Function* function =
      open("all", {pointer, integer, integer, pointer, integer, integer, pointer, integer, integer,
                   integer, integer, builder_.getInt1Ty()});
  const auto arg = [&](unsigned k) { return function->getArg(k); };
  Value *a_i = arg(1), *a_k = arg(2), *b_k = arg(4), *b_j = arg(5), *c_i = arg(7), *m = arg(8),
        *n = arg(9), *k = arg(10), *accumulate = arg(11);
  const auto choose = [&](Value* condition, int64_t yes, int64_t no) {
    return builder_.CreateSelect(condition, number(yes), number(no));
  };
  const auto both = [&](Value* x, Value* y) { return builder_.CreateAnd(x, y); };
  const auto at_least = [&](Value* x, int64_t y) { return builder_.CreateICmpSGE(x, number(y)); };
  const int64_t tile = wide_.rows;
  Value* many_chunks =
      both(builder_.CreateICmpSGT(k, number(kChunk)), builder_.CreateNot(accumulate));
  Value* bytes = builder_.CreateMul(builder_.CreateMul(least(k, number(kBlock)), b_k),
                                    number(dtype_size(dtype_)));
  Value* large = both(at_least(bytes, kLargeBytes), at_least(m, 8 * tile));
  Value* copies = builder_.CreateOr(builder_.CreateICmpNE(b_j, number(1)), large);
  Value* copied = memory(kBlock * wide_.width());
  Value* parts = memory(std::max(kChunkRows * wide_.width(), int64_t{single_.width()}));
  Value* end = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, k, number(1));

  // Full tiles, and then the rows that are left; in groups where chains of a chunk wait elsewhere.
  walk(builder_, number(0), m, [&](Value* row) {
    Value* left = builder_.CreateSub(m, row);
    Value* tiled = at_least(left, tile);
    Value* full = builder_.CreateSub(left, builder_.CreateURem(left, number(tile)));
    full = least(full, builder_.CreateSelect(many_chunks, number(kChunkRows / tile * tile), m));
    Value* rows = builder_.CreateSelect(tiled, full, left);
    walk(builder_, number(0), n, [&](Value* j) {
      Value* rest = builder_.CreateSub(n, j);
      Value* is_wide = both(tiled, at_least(rest, wide_.width()));
      Value* is_single = builder_.CreateNot(tiled);
      if (!single_.masked) is_single = both(is_single, at_least(rest, single_.width()));
      Value* width = builder_.CreateSelect(is_single, number(single_.width()),
                                           choose(is_wide, wide_.width(), narrow_.width()));
      Value* block = choose(is_single, kBlock * wide_.width() / single_.width(), kBlock);
      Value* compute =
          builder_.CreateSelect(is_single, single, builder_.CreateSelect(is_wide, wide, narrow));
      Value* columns = least(width, rest);
      Value* c = at(at(arg(6), row, c_i), j);
      // Once at least: an empty sum is 0.
      count(builder_, number(0), end, block, {}, [&](Value* p, const Carried& none) {
        Value* depth = least(block, builder_.CreateSub(k, p));
        Value* b = at(at(arg(3), p, b_k), j, b_j);
        const Carried rows_of_b = when(builder_, copies, {b, b_k}, [&] {
          builder_.CreateCall(copy, {copied, width, b, b_k, b_j, depth, columns});
          return Carried{copied, width};
        });
        // The chain of a later chunk waits elsewhere and is added when it is done.
        const auto starts_chunk = [&](Value* at) {
          return builder_.CreateICmpEQ(builder_.CreateAnd(at, number(kChunk - 1)), number(0));
        };
        Value* later = both(many_chunks, at_least(p, kChunk));
        Value* to = builder_.CreateSelect(later, parts, c);
        Value* to_i = builder_.CreateSelect(later, width, c_i);
        Value* fresh = both(starts_chunk(p), builder_.CreateNot(accumulate));
        Value* from = builder_.CreateSelect(fresh, zeros(), to);
        Value* from_i = builder_.CreateSelect(fresh, number(0), to_i);
        Value* a = at(at(arg(0), row, a_i), p, a_k);
        builder_.CreateCall(wide->getFunctionType(), compute,
                            {a, a_i, a_k, rows_of_b[0], rows_of_b[1], from, from_i, to, to_i, rows,
                             columns, depth});
        Value* next = builder_.CreateAdd(p, block);
        Value* ends = builder_.CreateOr(builder_.CreateICmpSGE(next, k), starts_chunk(next));
        when(builder_, both(later, ends), {}, [&] {
          builder_.CreateCall(sum, {c, c_i, parts, width, rows, columns});
          return Carried{};
        });
        return none;
      });
      return builder_.CreateAdd(j, width);
    });
    return builder_.CreateAdd(row, rows);
  });
  builder_.CreateRetVoid();
  return function;
}

} // namespace thalweg::codegen
