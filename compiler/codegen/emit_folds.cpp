// Folds: identities, steps and totals, shared by serial loops, lanes loops and rows.
#include "codegen/emit_function.h"

#include "support/check.h"

#include <limits>

namespace thalweg::codegen {

using llvm::Value;
using FoldOp = loops::Fold::Op;

namespace {
bool is_sum(const loops::Fold& fold) { return fold.op == FoldOp::sum || fold.op == FoldOp::fma; }
} // namespace

DType FunctionEmitter::fold_type(const loops::Fold& fold) const {
  return program_.values[fold.a.value].dtype;
}

Value* FunctionEmitter::identity(const loops::Fold& fold, DType dtype) {
  const double infinity = std::numeric_limits<double>::infinity();
  double value = 0;
  switch (fold.op) {
  case FoldOp::sum:
  case FoldOp::fma: break;
  case FoldOp::product: value = 1; break;
  case FoldOp::min:
  case FoldOp::argmin: value = infinity; break;
  case FoldOp::max:
  case FoldOp::argmax: value = -infinity; break;
  }
  if (is_real(dtype)) return llvm::ConstantFP::get(type_of(dtype), value);
  using Limits = std::numeric_limits<int64_t>;
  const int64_t integer = value == infinity    ? Limits::max()
                          : value == -infinity ? Limits::min()
                                               : static_cast<int64_t>(value);
  return builder_.getInt64(static_cast<uint64_t>(integer));
}

Value* FunctionEmitter::combine(FoldOp op, DType dtype, Value* a, Value* b) {
  switch (op) {
  case FoldOp::sum:
  case FoldOp::fma: return is_real(dtype) ? builder_.CreateFAdd(a, b) : builder_.CreateAdd(a, b);
  case FoldOp::product:
    return is_real(dtype) ? builder_.CreateFMul(a, b) : builder_.CreateMul(a, b);
  case FoldOp::min: return math_.min_max(false, dtype, a, b);
  case FoldOp::max: return math_.min_max(true, dtype, a, b);
  case FoldOp::argmin:
  case FoldOp::argmax: break;
  }
  TW_CHECK(false, "positions are not combined");
  return nullptr;
}

FunctionEmitter::Carried FunctionEmitter::start_folds(const std::vector<loops::Fold>& folds,
                                                      unsigned width) {
  Carried state;
  for (const loops::Fold& fold : folds) {
    const unsigned own = varying_[fold.result.value] ? width : 1;
    state.push_back(splat(identity(fold, fold_type(fold)), own));
    if (loops::finds_position(fold)) state.push_back(splat(builder_.getInt64(0), own));
  }
  return state;
}

FunctionEmitter::Carried FunctionEmitter::step_folds(const std::vector<loops::Fold>& folds,
                                                     const Carried& state, Value* index) {
  Carried next;
  size_t at = 0;
  for (const loops::Fold& fold : folds) {
    Value* accumulator = state[at++];
    const unsigned own = is_vector(accumulator) ? width() : 1;
    const DType dtype = fold_type(fold);
    Value* a = splat(values_[fold.a.value], own);
    if (fold.op == FoldOp::fma) {
      next.push_back(math_.fma(a, splat(values_[fold.b.value], own), accumulator));
    } else if (!loops::finds_position(fold)) {
      next.push_back(combine(fold.op, dtype, accumulator, a));
    } else {
      Value* better = nullptr; // the first of equals stays; the first NaN wins and stays
      if (is_real(dtype)) {
        better = fold.op == FoldOp::argmax ? builder_.CreateFCmpOGT(a, accumulator)
                                           : builder_.CreateFCmpOLT(a, accumulator);
        Value* first_nan =
            builder_.CreateAnd(math_.is_nan(a), builder_.CreateNot(math_.is_nan(accumulator)));
        better = builder_.CreateOr(better, first_nan);
      } else {
        better = fold.op == FoldOp::argmax ? builder_.CreateICmpSGT(a, accumulator)
                                           : builder_.CreateICmpSLT(a, accumulator);
      }
      next.push_back(builder_.CreateSelect(better, a, accumulator));
      next.push_back(builder_.CreateSelect(better, splat(index, own), state[at++]));
    }
  }
  return next;
}

void FunctionEmitter::finish_folds(const std::vector<loops::Fold>& folds, const Carried& state) {
  size_t at = 0;
  for (const loops::Fold& fold : folds) {
    if (loops::finds_position(fold)) ++at;
    values_[fold.result.value] = state[at++];
  }
}

DType FunctionEmitter::total_type(const loops::Fold& fold) const {
  return is_sum(fold) && is_real(fold_type(fold)) ? DType::f64 : fold_type(fold);
}

llvm::Type* FunctionEmitter::type_like(DType dtype, const Value* value) {
  const auto* vector = llvm::dyn_cast<llvm::VectorType>(value->getType());
  return vector ? llvm::VectorType::get(type_of(dtype), vector->getElementCount()) : type_of(dtype);
}

FunctionEmitter::Carried FunctionEmitter::start_totals(const std::vector<loops::Fold>& folds,
                                                       unsigned rows) {
  Carried totals;
  for (const loops::Fold& fold : folds) {
    TW_CHECK(!loops::finds_position(fold), "argmin and argmax fold serially in '{}'",
             program_.name);
    totals.push_back(splat(identity(fold, total_type(fold)), rows));
  }
  return totals;
}

FunctionEmitter::Carried FunctionEmitter::add_totals(const std::vector<loops::Fold>& folds,
                                                     const Carried& totals, const Carried& parts) {
  Carried next;
  for (size_t k = 0; k < folds.size(); ++k) {
    const DType dtype = total_type(folds[k]);
    Value* part = parts[k];
    if (dtype != fold_type(folds[k])) part = builder_.CreateFPExt(part, type_like(dtype, part));
    next.push_back(combine(folds[k].op, dtype, totals[k], part));
  }
  return next;
}

void FunctionEmitter::finish_totals(const std::vector<loops::Fold>& folds, const Carried& totals) {
  for (size_t k = 0; k < folds.size(); ++k) {
    const DType dtype = fold_type(folds[k]);
    values_[folds[k].result.value] =
        dtype == total_type(folds[k])
            ? totals[k]
            : builder_.CreateFPTrunc(totals[k], type_like(dtype, totals[k]));
  }
}

} // namespace thalweg::codegen
