// Operations counted along the loops (see flops.h).
#include "codegen/flops.h"

#include "ir/math/math.h"
#include "ir/math/random.h"
#include "ir/op.h"
#include "support/overloaded.h"

namespace thalweg::loops {
namespace {

// Runs an element function on nothing and counts what it does.
class CountingBackend {
public:
  using Real = int;
  struct Int {};
  struct Mask {};
  explicit CountingBackend(bool f64) : f64_(f64) {}
  int64_t count = 0;

  bool is_f64() const { return f64_; }
  bool has_fma() const { return true; }
  Real constant(double) { return 0; }
  Real add(Real, Real) { return one(); }
  Real sub(Real, Real) { return one(); }
  Real mul(Real, Real) { return one(); }
  Real div(Real, Real) { return one(); }
  Real fma(Real, Real, Real) { return one(), one(); }
  Real sqrt(Real) { return one(); }
  Real floor(Real) { return one(); }
  Real rint(Real) { return one(); }
  Real neg(Real) { return 0; }
  Real abs(Real) { return 0; }
  Mask lt(Real, Real) { return {}; }
  Mask le(Real, Real) { return {}; }
  Mask eq(Real, Real) { return {}; }
  Mask ne(Real, Real) { return {}; }
  Mask mask_and(Mask, Mask) { return {}; }
  Mask mask_or(Mask, Mask) { return {}; }
  Mask mask_not(Mask) { return {}; }
  Real select(Mask, Real, Real) { return 0; }
  Int int_constant(int64_t) { return {}; }
  Int to_bits(Real) { return {}; }
  Real from_bits(Int) { return 0; }
  Int int_add(Int, Int) { return {}; }
  Int int_sub(Int, Int) { return {}; }
  Int int_and(Int, Int) { return {}; }
  Int int_or(Int, Int) { return {}; }
  Int int_xor(Int, Int) { return {}; }
  Int int_shl(Int, unsigned) { return {}; }
  Int int_lshr(Int, unsigned) { return {}; }
  Int int_ashr(Int, unsigned) { return {}; }
  Mask int_eq(Int, Int) { return {}; }
  Mask int_lt(Int, Int) { return {}; }
  Int int_select(Mask, Int, Int) { return {}; }

private:
  Real one() {
    ++count;
    return 0;
  }
  bool f64_;
};

int64_t of_value(const Value& value) {
  if (value.dtype != DType::f32 && value.dtype != DType::f64) return 0;
  CountingBackend b(value.dtype == DType::f64);
  if (value.kind == Value::Kind::random) {
    switch (static_cast<Distribution>(value.site >> 32)) {
    case Distribution::normal: math::normal_pair(b, {}, {}); return b.count / 2;
    case Distribution::uniform: math::unit(b, {}); return b.count;
    case Distribution::rademacher: return 0;
    }
  }
  if (value.kind != Value::Kind::element) return 0;
  switch (value.op) {
  case Op::add:
  case Op::sub:
  case Op::mul:
  case Op::div:
  case Op::sqrt:
  case Op::min:
  case Op::max:
  case Op::floor:
  case Op::ceil:
  case Op::round: return 1;
  case Op::fma: return 2;
  default: break;
  }
  const std::string_view name = op_info(value.op).name;
#define TW_MATH1(function, ...)                                                                    \
  if (name == #function) math::function(b, 0);
#define TW_MATH2(function, ...)                                                                    \
  if (name == #function) math::function(b, 0, 0);
#include "ir/math/functions.def"
  return b.count;
}

class Counter {
public:
  explicit Counter(const Program& program) : program_(program) {}
  Dim total;

  void visit(const Block& block, const Dim& times) {
    for (const Statement& statement : block)
      std::visit(
          overloaded{
              [&](const Let& let) { add(of_value(program_.values[let.value.value]), times); },
              [&](const Loop& loop) { visit(loop, times); },
              [&](const Product& product) {
                Dim rows = times * extent(product.i.var);
                add(2, rows * extent(product.j.var) * extent(product.k.var));
                visit(product.row, rows);
                visit(product.columns, rows);
              },
              [&](const Rows& rows) {
                visit(rows.body, times);
                folds(rows.folds, times);
              },
              // Loops inside run over the rows of a chunk: over all of them together.
              [&](const Chunks& chunks) { visit(chunks.body, times); },
              [&](const If& branch) {
                visit(branch.yes, times);
                visit(branch.no, times);
              },
              [](const auto&) {},
          },
          statement.is);
  }

private:
  const Dim& extent(Var var) const { return program_.vars[var.value].extent; }
  void visit(const Loop& loop, const Dim& times) {
    Dim inside = times * extent(loop.var);
    visit(loop.body, inside);
    folds(loop.folds, inside);
  }
  void folds(const std::vector<Fold>& folds, const Dim& times) {
    for (const Fold& fold : folds)
      if (!finds_position(fold)) add(fold.op == Fold::Op::fma ? 2 : 1, times);
  }
  void add(int64_t count, const Dim& times) {
    if (count > 0) total = total + times * Dim(count);
  }
  const Program& program_;
};

} // namespace

Dim flops(const Program& program) {
  Counter counter(program);
  counter.visit(program.body, Dim(1));
  return counter.total;
}

} // namespace thalweg::loops
