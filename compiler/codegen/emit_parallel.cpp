// Emission of what threads may share out: the rounds of an outermost loop or the rows of the table
// become a function of their own, `rounds(frame, first, last)`, called at once or by call.parallel.
#include "codegen/emit_function.h"

#include "support/check.h"
#include "support/overloaded.h"

#include "thalweg/abi.h"

#include <algorithm>
#include <set>

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Values that a block uses and does not define itself.
class Uses {
public:
  explicit Uses(const loops::Program& program) : program_(program) {}
  std::vector<loops::Val> of(const loops::Block& block, const std::vector<loops::Fold>& folds) {
    visit(block);
    visit(folds);
    std::vector<loops::Val> outside;
    for (loops::Val val : used_)
      if (!defined_.count(val)) outside.push_back(val);
    return outside;
  }

private:
  void visit(const std::vector<loops::Fold>& folds) {
    for (const loops::Fold& fold : folds) {
      used_.insert(fold.a);
      if (fold.op == loops::Fold::Op::fma) used_.insert(fold.b);
      defined_.insert(fold.result);
    }
  }
  void visit(const loops::Address& address) {
    for (const auto& [val, stride] : address.dynamic)
      used_.insert(val);
  }
  void visit(const loops::Block& block) {
    for (const loops::Statement& statement : block)
      std::visit(overloaded{
                     [&](const loops::Let& let) {
                       const loops::Value& value = program_.values[let.value.value];
                       defined_.insert(let.value);
                       used_.insert(value.operands.begin(), value.operands.end());
                       if (value.kind == loops::Value::Kind::load) visit(value.address);
                     },
                     [&](const loops::Store& store) {
                       used_.insert(store.value);
                       visit(store.to);
                     },
                     [&](const loops::Loop& loop) {
                       if (loop.range) used_.insert({loop.range->first, loop.range->second});
                       visit(loop.body);
                       visit(loop.folds);
                     },
                     [&](const loops::Chunks& chunks) {
                       defined_.insert({chunks.first, chunks.last, chunks.place});
                       visit(chunks.body);
                       visit(chunks.folds);
                     },
                     [&](const loops::Product& product) {
                       for (const auto* along : {&product.i, &product.j, &product.k})
                         if (along->range)
                           used_.insert({along->range->first, along->range->second});
                       visit(product.a);
                       visit(product.b);
                       visit(product.c);
                       visit(product.row);
                       visit(product.columns.body);
                     },
                     [&](const loops::Rows& rows) {
                       visit(rows.body);
                       visit(rows.folds);
                     },
                     [&](const loops::Oracle&) {},
                     [&](const loops::Linear&) {},
                     [&](const loops::StatusCheck& check) { used_.insert(check.condition); },
                     [&](const loops::IndexCheck& check) { used_.insert(check.value); },
                     [&](const loops::If& branch) {
                       used_.insert(branch.condition);
                       visit(branch.yes);
                       visit(branch.no);
                     },
                     [&](const loops::While& loop) {
                       used_.insert({loop.limit, loop.condition});
                       defined_.insert(loop.round);
                       visit(loop.test);
                       visit(loop.body);
                     },
                 },
                 statement.is);
  }

  const loops::Program& program_;
  std::set<loops::Val> used_, defined_;
};

// Element operations of one run of a block, about.
Dim work_of(const loops::Program& program, const loops::Block& block) {
  Dim work = 1;
  const auto extent = [&](loops::Var var) { return program.vars[var.value].extent; };
  for (const loops::Statement& statement : block)
    if (const auto* loop = std::get_if<loops::Loop>(&statement.is))
      work = work + extent(loop->var) * work_of(program, loop->body);
    else if (const auto* product = std::get_if<loops::Product>(&statement.is))
      work = work + extent(product->i.var) * extent(product->j.var) * extent(product->k.var);
  return work;
}

} // namespace

std::vector<Value**> FunctionEmitter::outside_of(const loops::Block& block,
                                                 const std::vector<loops::Fold>& folds) {
  std::vector<Value**> captured;
  for (loops::Val val : Uses(program_).of(block, folds))
    if (values_[val.value]) captured.push_back(&values_[val.value]);
  return captured;
}

Value* FunctionEmitter::entry_alloca(llvm::Type* type) {
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  builder_.SetInsertPoint(function_scope_.entry->getTerminator());
  return builder_.CreateAlloca(type);
}

void FunctionEmitter::share(std::vector<Value**> captured, Value* rounds, Value* worth,
                            const std::function<void(Value*, Value*)>& body) {
  if (row_scope_) captured.insert(captured.end(), {&row_scope_->buffers, &row_scope_->dims});
  std::erase_if(captured, [](Value** value) { return llvm::isa<llvm::Constant>(*value); });
  std::vector<llvm::Type*> fields{builder_.getPtrTy()};
  for (Value** value : captured)
    fields.push_back((*value)->getType());
  auto* frame_type = llvm::StructType::get(module_.getContext(), fields);
  Value* frame = entry_alloca(frame_type);
  builder_.CreateStore(call_, builder_.CreateStructGEP(frame_type, frame, 0));
  for (unsigned k = 0; k < captured.size(); ++k)
    builder_.CreateStore(*captured[k], builder_.CreateStructGEP(frame_type, frame, k + 1));

  llvm::Function* function = outlined(frame_type, captured, body);

  // One range here, or ranges on threads.
  Value* parallel = call_field(kParallelField, builder_.getPtrTy());
  Value* shared = builder_.CreateAnd(
      worth, builder_.CreateICmpNE(parallel, llvm::ConstantPointerNull::get(builder_.getPtrTy())));
  llvm::BasicBlock *threads = block("threads"), *here = block("here"), *done = block("done");
  builder_.CreateCondBr(shared, threads, here);
  builder_.SetInsertPoint(threads);
  auto* type = llvm::FunctionType::get(
      builder_.getInt32Ty(),
      {builder_.getPtrTy(), builder_.getInt64Ty(), builder_.getPtrTy(), builder_.getPtrTy()},
      false);
  Value* context = call_field(kParallelField + 1, builder_.getPtrTy());
  llvm::CallInst* by_threads =
      builder_.CreateCall(type, parallel, {context, rounds, function, frame});
  by_threads->addFnAttr(llvm::Attribute::NoUnwind);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(here);
  Value* at_once = builder_.CreateCall(function, {frame, builder_.getInt64(0), rounds});
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
  llvm::PHINode* status = builder_.CreatePHI(builder_.getInt32Ty(), 2);
  status->addIncoming(by_threads, threads);
  status->addIncoming(at_once, here);
  return_if(builder_.CreateICmpNE(status, builder_.getInt32(0)), status);
}

// The body finds in `captured` what it would find in place, read from the frame.
llvm::Function* FunctionEmitter::outlined(llvm::StructType* frame_type,
                                          const std::vector<Value**>& captured,
                                          const std::function<void(Value*, Value*)>& body) {
  llvm::IRBuilder<>::InsertPointGuard guard(builder_);
  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* integer = builder_.getInt64Ty();
  auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, integer, integer}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::InternalLinkage,
                                          program_.name + ".rounds", module_);
  set_target_attributes(*function, target_);

  std::vector<Value*> before;
  for (Value** value : captured)
    before.push_back(*value);
  llvm::Function* outer = std::exchange(function_, function);
  Value* outer_call = call_;
  Scope outer_scope = std::exchange(function_scope_, {});
  std::optional<Scope> outer_rows = row_scope_;

  function_scope_.entry = block("entry");
  builder_.SetInsertPoint(function_scope_.entry);
  Value* frame = function->getArg(0);
  call_ = builder_.CreateLoad(pointer, builder_.CreateStructGEP(frame_type, frame, 0));
  if (row_scope_) *row_scope_ = Scope{function_scope_.entry, nullptr, nullptr, nullptr, {}, {}, {}};
  for (unsigned k = 0; k < captured.size(); ++k)
    *captured[k] = builder_.CreateLoad(frame_type->getElementType(k + 1),
                                       builder_.CreateStructGEP(frame_type, frame, k + 1));
  function_scope_.buffers = call_field(0, pointer);
  function_scope_.dims = call_field(1, pointer);
  llvm::BasicBlock* start = block("body");
  builder_.CreateBr(start);
  builder_.SetInsertPoint(start);
  body(function->getArg(1), function->getArg(2));
  builder_.CreateRet(builder_.getInt32(TW_OK));

  function_ = outer;
  call_ = outer_call;
  function_scope_ = std::move(outer_scope);
  row_scope_ = std::move(outer_rows);
  for (size_t k = 0; k < captured.size(); ++k)
    *captured[k] = before[k];
  return function;
}

FunctionEmitter::Carried FunctionEmitter::share_folds(const std::vector<loops::Fold>& folds,
                                                      std::vector<Value**> captured, Value* rounds,
                                                      Value* group, Value* worth,
                                                      const Round& round,
                                                      const GroupEnd& end_group) {
  Carried waiting;
  for (const loops::Fold& fold : folds)
    waiting.push_back(entry_alloca(llvm::ArrayType::get(type_of(fold_type(fold)), kGroup)));
  const auto part = [&](size_t k, Value* at) {
    return builder_.CreateInBoundsGEP(type_of(fold_type(folds[k])), waiting[k], at);
  };
  for (Value*& memory : waiting)
    captured.push_back(&memory);
  return count(
      builder_.getInt64(0), rounds, group, start_totals(folds),
      [&](Value* start, const Carried& before) {
        Value* left = builder_.CreateSub(rounds, start);
        Value* own = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, left, group);
        std::vector<Value**> all = captured;
        all.push_back(&start);
        share(all, own, worth, [&](Value* first, Value* last) {
          count(first, last, 1, {}, [&](Value* at, const Carried& none) {
            const Carried parts = round(builder_.CreateAdd(start, at), at);
            for (size_t k = 0; k < folds.size(); ++k)
              builder_.CreateStore(parts[k], part(k, at));
            return none;
          });
        });
        if (end_group) end_group(start, own);
        if (folds.empty()) return before;
        return count(builder_.getInt64(0), own, 1, before, [&](Value* at, const Carried& totals) {
          Carried parts;
          for (size_t k = 0; k < folds.size(); ++k)
            parts.push_back(builder_.CreateLoad(type_of(fold_type(folds[k])), part(k, at)));
          return add_totals(folds, totals, parts);
        });
      });
}

std::optional<FunctionEmitter::Sharing> FunctionEmitter::sharing_of(const loops::Loop& loop,
                                                                    int64_t least) {
  if (depth_ > 0 || loop.ordered) return std::nullopt;
  const Dim& extent = program_.vars[loop.var.value].extent;
  const Dim work = work_of(program_, loop.body);
  const Dim all = extent * work;
  if (all.is_constant() && all.constant() < kWorthSharing) return std::nullopt;
  Sharing sharing;
  sharing.worth = builder_.CreateICmpSGE(size(all), builder_.getInt64(kWorthSharing));
  if (work.is_constant(1)) {
    sharing.grain = builder_.getInt64(kChunk);
  } else { // kChunk operations a round, whole vectors
    Value* each =
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, size(work), builder_.getInt64(1));
    Value* count = builder_.CreateSDiv(builder_.getInt64(kChunk), each);
    count = builder_.CreateAnd(builder_.CreateAdd(count, builder_.getInt64(least - 1)),
                               builder_.getInt64(~static_cast<uint64_t>(least - 1)));
    sharing.grain =
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, count, builder_.getInt64(least));
  }
  sharing.rounds = rounds_of(size(extent), sharing.grain);
  return sharing;
}

// extent / grain, rounded up.
Value* FunctionEmitter::rounds_of(Value* extent, Value* grain) {
  Value* rounded = builder_.CreateAdd(extent, builder_.CreateSub(grain, builder_.getInt64(1)));
  return builder_.CreateUDiv(rounded, grain);
}

void FunctionEmitter::share_range(const loops::Loop& loop, int64_t least,
                                  const std::function<void(Value*, Value*)>& range) {
  const Dim& extent = program_.vars[loop.var.value].extent;
  if (loop.range) return range(values_[loop.range->first.value], values_[loop.range->second.value]);
  std::optional<Sharing> sharing = sharing_of(loop, least);
  ++depth_;
  if (!sharing) {
    range(builder_.getInt64(0), size(extent));
  } else {
    std::vector<Value**> captured = outside_of(loop.body, loop.folds);
    captured.push_back(&sharing->grain);
    share(captured, sharing->rounds, sharing->worth, [&](Value* first, Value* last) {
      Value* end = builder_.CreateMul(last, sharing->grain);
      range(builder_.CreateMul(first, sharing->grain),
            builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, end, size(extent)));
    });
  }
  --depth_;
}

} // namespace thalweg::codegen
