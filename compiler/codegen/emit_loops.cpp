// Emission of serial and vector loops.
#include "codegen/emit_function.h"

#include "support/check.h"

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Facts about a loop's body that decide its shape.
struct BodyFacts {
  bool has_f32 = false;
  bool has_booleans_in_memory = false;
  int element_functions = 0; // long polynomial programs
  int draws = 0;             // of real numbers
  int loops = 0;
};

bool is_long(Op op) {
  switch (op) {
  case Op::exp:
  case Op::expm1:
  case Op::log:
  case Op::log1p:
  case Op::sin:
  case Op::cos:
  case Op::tan:
  case Op::asin:
  case Op::acos:
  case Op::atan:
  case Op::atan2:
  case Op::sinh:
  case Op::cosh:
  case Op::tanh:
  case Op::sigmoid:
  case Op::softplus:
  case Op::erf:
  case Op::pow:
  case Op::mod: return true;
  default: return false;
  }
}

void collect(const loops::Program& program, const loops::Block& block, BodyFacts& facts) {
  for (const loops::Statement& statement : block) {
    if (const auto* let = std::get_if<loops::Let>(&statement.is)) {
      const loops::Value& value = program.values[let->value.value];
      facts.has_f32 |= value.dtype == DType::f32;
      facts.has_booleans_in_memory |=
          value.kind == loops::Value::Kind::load && value.dtype == DType::boolean;
      facts.draws += value.kind == loops::Value::Kind::random &&
                     static_cast<Distribution>(value.site >> 32) != Distribution::rademacher;
      facts.element_functions += value.kind == loops::Value::Kind::element && is_long(value.op);
    } else if (const auto* store = std::get_if<loops::Store>(&statement.is)) {
      const DType dtype = program.buffers[store->to.buffer.value].dtype;
      facts.has_f32 |= dtype == DType::f32;
      facts.has_booleans_in_memory |= dtype == DType::boolean;
    } else if (const auto* loop = std::get_if<loops::Loop>(&statement.is)) {
      ++facts.loops;
      collect(program, loop->body, facts);
    } else if (const auto* branch = std::get_if<loops::If>(&statement.is)) {
      collect(program, branch->yes, facts);
      collect(program, branch->no, facts);
    }
  }
}

bool is_zero(const Value* value) {
  return value->getType()->isFPOrFPVectorTy() && llvm::cast<llvm::Constant>(value)->isNullValue();
}

BodyFacts facts_of(const loops::Program& program, const loops::Block& block) {
  BodyFacts facts;
  collect(program, block, facts);
  return facts;
}

} // namespace

bool FunctionEmitter::tail_is_masked(const loops::Block& body) const {
  return target_.has_masks ||
         (target_.has_masked_words && !facts_of(program_, body).has_booleans_in_memory);
}

// A long body is emitted once, under a mask in every round: the mask costs less than the second
// copy.
bool FunctionEmitter::is_always_masked(const loops::Block& body) const {
  const BodyFacts facts = facts_of(program_, body);
  return tail_is_masked(body) && facts.element_functions > 0 && facts.loops == 0;
}

// Two native vectors side by side hide latency; element functions have enough to do with one, and
// folds inside want more accumulators. What is left of the latter takes native vectors again, since
// narrow matrices are all rest. A draw is one long chain on half as many lanes.
FunctionEmitter::Widths FunctionEmitter::vector_widths(const loops::Loop& loop) const {
  const BodyFacts facts = facts_of(program_, loop.body);
  const unsigned native = target_.vector_bits / (facts.has_f32 ? 32 : 64);
  if (facts.loops > 0) return {native * 4, native};
  if (facts.draws > 0 && facts.element_functions == 0) return {native * 4, native * 2};
  const unsigned width = native * (facts.element_functions > 0 ? 1 : 2);
  return {width, width};
}

Carried FunctionEmitter::when(Value* condition, const Carried& otherwise,
                              const std::function<Carried()>& body) {
  return codegen::when(builder_, condition, otherwise, body);
}

Carried FunctionEmitter::count(Value* first, Value* end, Value* step, const Carried& state,
                               const std::function<Carried(Value*, const Carried&)>& body) {
  return codegen::count(builder_, first, end, step, state, body);
}

void FunctionEmitter::serial_loop(const loops::Loop& loop) {
  const auto run = [&](Value* first, Value* last) {
    return count(first, last, 1, start_folds(loop.folds, width()),
                 [&](Value* index, const Carried& state) {
                   indices_[loop.var.value] = index;
                   emit(loop.body);
                   indices_[loop.var.value] = nullptr;
                   return step_folds(loop.folds, state, index);
                 });
  };
  if (loop.folds.empty()) {
    const unsigned rows = rows_abreast(loop);
    return share_range(loop, rows, [&](Value* first, Value* last) {
      run(rows > 1 ? fold_abreast(loop, rows, first, last) : first, last);
    });
  }
  ++depth_;
  const Dim& extent = program_.vars[loop.var.value].extent;
  Value* zero = builder_.getInt64(0);
  Value* end = size(extent);
  const bool one_chunk =
      loops::finds_position(loop.folds[0]) || (extent.is_constant() && extent.constant() <= kChunk);
  const auto by_chunks = [&] {
    Carried neutral; // leaves the first chunk's result as it is
    for (Value* identity : start_folds(loop.folds, width()))
      neutral.push_back(is_zero(identity) ? llvm::ConstantFP::getNegativeZero(identity->getType())
                                          : identity);
    Carried totals = count(zero, end, kChunk, neutral, [&](Value* first, const Carried& before) {
      Value* last = builder_.CreateNSWAdd(first, builder_.getInt64(kChunk));
      last = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, last, end);
      const Carried parts = run(first, last);
      Carried next;
      for (size_t k = 0; k < loop.folds.size(); ++k)
        next.push_back(combine(loop.folds[k].op, fold_type(loop.folds[k]), before[k], parts[k]));
      return next;
    });
    Value* empty = builder_.CreateICmpEQ(zero, end);
    const Carried identities = start_folds(loop.folds, width());
    for (size_t k = 0; k < totals.size(); ++k)
      totals[k] = builder_.CreateSelect(empty, identities[k], totals[k]);
    return totals;
  };
  Carried folded;
  if (loop.range)
    folded = run(values_[loop.range->first.value], values_[loop.range->second.value]);
  else
    folded = one_chunk ? run(zero, end) : by_chunks();
  finish_folds(loop.folds, folded);
  --depth_;
}

void FunctionEmitter::mark_varying(std::span<const loops::Statement> block, loops::Var var) {
  for (const loops::Statement& statement : block) {
    if (const auto* let = std::get_if<loops::Let>(&statement.is)) {
      const loops::Value& value = program_.values[let->value.value];
      bool varies = value.kind == loops::Value::Kind::index && value.var == var;
      for (loops::Val operand : value.operands)
        varies = varies || varying_[operand.value];
      if (value.kind == loops::Value::Kind::load) {
        for (const auto& [term, stride] : value.address.terms)
          varies = varies || (term == var && !stride.is_constant(0));
        for (const auto& [val, stride] : value.address.dynamic)
          varies = varies || (varying_[val.value] && !stride.is_constant(0));
      }
      varying_[let->value.value] = varies;
    } else if (const auto* loop = std::get_if<loops::Loop>(&statement.is)) {
      mark_varying(loop->body, var);
      for (const loops::Fold& fold : loop->folds)
        varying_[fold.result.value] =
            varying_[fold.a.value] || (fold.op == loops::Fold::Op::fma && varying_[fold.b.value]);
    } else if (const auto* branch = std::get_if<loops::If>(&statement.is)) {
      mark_varying(branch->yes, var);
      mark_varying(branch->no, var);
    }
  }
}

void FunctionEmitter::emit_lanes(const loops::Loop& loop, unsigned width, Value* first,
                                 Value* remaining, Value* start) {
  Value* mask = nullptr;
  if (remaining) {
    Value* active =
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, remaining, builder_.getInt64(width));
    active = splat(builder_.CreateTrunc(active, builder_.getInt32Ty()), width);
    mask = builder_.CreateICmpULT(lane_numbers(32, width), active);
  }
  const bool streams = loop.kind == loops::Loop::Kind::vector && width > 1 && !mask &&
                       facts_of(program_, loop.body).loops == 0;
  lanes_ = Lanes{loop.var, width, first, mask, streams, &loop, start};
  emit(loop.body);
}

void FunctionEmitter::vector_loop(const loops::Loop& loop) {
  mark_varying(loop.body, loop.var);
  share_range(loop, vector_widths(loop).main,
              [&](Value* start, Value* end) { vector_range(loop, start, end, true); });
}

void FunctionEmitter::vector_range(const loops::Loop& loop, Value* start, Value* end,
                                   bool aligned) {
  TW_CHECK(!lanes_ && loop.folds.empty(), "a vector loop with folds or inside another in '{}'",
           program_.name);
  const auto [width, tail_width] = vector_widths(loop);
  const auto round = [&](unsigned lanes, bool masked, Value* from) {
    return [&, lanes, masked, from](Value* first, const Carried& none) {
      emit_lanes(loop, lanes, first, masked ? builder_.CreateSub(end, first) : nullptr,
                 aligned ? from : nullptr);
      return none;
    };
  };
  if (is_always_masked(loop.body)) {
    count(start, end, width, {}, round(width, true, start));
  } else {
    Value* length = builder_.CreateSub(end, start);
    Value* full = builder_.CreateAnd(length, builder_.getInt64(~uint64_t{width - 1}));
    full = builder_.CreateAdd(start, full);
    count(start, full, width, {}, round(width, false, start));
    const bool masked = tail_is_masked(loop.body);
    const unsigned rest = masked ? tail_width : 1;
    if (rest == width) // at most one round, so no loop
      when(builder_.CreateICmpSLT(full, end), {},
           [&] { return round(width, true, full)(full, {}); });
    else
      count(full, end, rest, {}, round(rest, masked, full));
  }
  lanes_.reset();
}

} // namespace thalweg::codegen
