// Emission of the statement Product: a call of the module's product, block of rows by block of rows
// where an epilogue follows.
#include "codegen/emit_function.h"
#include "codegen/emit_product.h"
#include "support/check.h"

namespace thalweg::codegen {

using llvm::Value;

namespace {

// Rows of c between a product and its epilogue, which finds them in cache.
constexpr int64_t kEpilogueRows = 128;
// Multiply-adds of a round that threads share out: some microseconds, well above what a copied
// panel of b costs.
constexpr int64_t kRoundWork = 64 * kChunk;
// Rows of a round are a multiple of this, so that no tile is cut on any target.
constexpr int64_t kRoundRows = 24;

} // namespace

void FunctionEmitter::emit(const loops::Product& product) {
  TW_CHECK(!lanes_, "a product inside a vector loop in '{}'", program_.name);
  if (depth_ > 0 || product.i.range) {
    const auto [first, end] = range_of(product.i);
    return product_rows(product, first, end);
  }
  const auto extent = [&](const loops::Product::Along& along) {
    return size(program_.vars[along.var.value].extent);
  };
  Value* rows = extent(product.i);
  Value* row_work = builder_.CreateMul(extent(product.j), extent(product.k));
  Value* work = builder_.CreateMul(rows, row_work);
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(work);
  ++depth_;
  if (known && known->getSExtValue() < kWorthSharing) {
    product_rows(product, builder_.getInt64(0), rows);
  } else {
    Value* grain = builder_.CreateUDiv(
        builder_.getInt64(kRoundWork),
        builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, row_work, builder_.getInt64(1)));
    grain = builder_.CreateAdd(builder_.CreateUDiv(grain, builder_.getInt64(kRoundRows)),
                               builder_.getInt64(1));
    grain = builder_.CreateMul(grain, builder_.getInt64(kRoundRows));
    std::vector<Value**> captured = outside_of({{product}}, {});
    captured.push_back(&grain);
    share(captured, rounds_of(rows, grain),
          builder_.CreateICmpSGE(work, builder_.getInt64(kWorthSharing)),
          [&](Value* first, Value* last) {
            Value* end = builder_.CreateMul(last, grain);
            end = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, end, extent(product.i));
            product_rows(product, builder_.CreateMul(first, grain), end);
          });
  }
  --depth_;
}

std::pair<Value*, Value*> FunctionEmitter::range_of(const loops::Product::Along& along) {
  if (along.range) return {values_[along.range->first.value], values_[along.range->second.value]};
  return {builder_.getInt64(0), size(program_.vars[along.var.value].extent)};
}

void FunctionEmitter::product_rows(const loops::Product& product, Value* first, Value* end) {
  const auto stride = [&](const loops::Address& address, const loops::Product::Along& along) {
    Dim sum;
    for (const auto& [var, factor] : address.terms)
      if (var == along.var) sum = sum + factor;
    return size(sum);
  };
  const DType dtype = program_.buffers[product.c.buffer.value].dtype;
  ProductEmitter emitter(module_, target_, dtype);
  const auto* across = llvm::dyn_cast<llvm::ConstantInt>(stride(product.b, product.j));
  const bool one_row = program_.vars[product.i.var.value].extent.is_constant(1) &&
                       product.k.range && across && across->isOne() && target_.has_masked_words;
  auto [j_first, j_end] = range_of(product.j);
  auto [k_first, k_end] = range_of(product.k);
  const auto compute = [&, j_first = j_first, j_end = j_end, k_first = k_first,
                        k_end = k_end](Value* row, Value* row_end) {
    indices_[product.i.var.value] = row;
    indices_[product.j.var.value] = j_first;
    indices_[product.k.var.value] = k_first;
    Value *a = place(product.a).pointer, *b = place(product.b).pointer,
          *c = place(product.c).pointer;
    for (const auto* along : {&product.i, &product.j, &product.k})
      indices_[along->var.value] = nullptr;
    Value *a_k = stride(product.a, product.k), *b_k = stride(product.b, product.k),
          *n = builder_.CreateSub(j_end, j_first), *k = builder_.CreateSub(k_end, k_first);
    if (one_row)
      builder_.CreateCall(emitter.row(),
                          {a, a_k, b, b_k, c, n, k, builder_.getInt1(product.accumulate)});
    else
      builder_.CreateCall(emitter.product(),
                          {a, stride(product.a, product.i), a_k, b, b_k,
                           stride(product.b, product.j), c, stride(product.c, product.i),
                           builder_.CreateSub(row_end, row), n, k,
                           builder_.getInt1(product.accumulate)});
  };
  if (product.row.empty() && product.columns.body.empty()) return compute(first, end);
  mark_varying(product.columns.body, product.j.var);
  ++depth_;
  count(first, end, kEpilogueRows, {},
        [&, j_first = j_first, j_end = j_end](Value* row, const Carried& none) {
          Value* row_end = builder_.CreateNSWAdd(row, builder_.getInt64(kEpilogueRows));
          row_end = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, row_end, end);
          compute(row, row_end);
          count(row, row_end, 1, {}, [&](Value* i, const Carried& none) {
            indices_[product.i.var.value] = i;
            emit(product.row);
            vector_range(product.columns, j_first, j_end, false);
            indices_[product.i.var.value] = nullptr;
            return none;
          });
          return none;
        });
  --depth_;
}

} // namespace thalweg::codegen
