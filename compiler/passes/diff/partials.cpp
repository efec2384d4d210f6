// The table of partial derivatives (see partials.h). Kinks are those of graph.h.
#include "passes/diff/partials.h"

#include "support/check.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace thalweg::diff {
namespace {

using Form = Partial::Form;

Partial zero() { return {Form::zero, {}, {}}; }
Partial same() { return {Form::same, {}, {}}; }
Partial negated() { return {Form::negated, {}, {}}; }
Partial times(ValueId f) { return {Form::times, f, {}}; }
Partial over(ValueId f) { return {Form::over, f, {}}; }
Partial where(ValueId c) { return {Form::where, c, {}}; }
Partial where_not(ValueId c) { return {Form::where_not, c, {}}; }
Partial share(ValueId wins, ValueId ties) { return {Form::share, wins, ties}; }

ValueId number(Builder& b, double value, ValueId like) { return b.full(value, b.type(like)); }
ValueId square(Builder& b, ValueId x) { return b.mul(x, x); }
ValueId equals(Builder& b, ValueId x, double value) {
  return b.make(Op::eq, {x, number(b, value, x)});
}
// f where the condition is false, 0 where it is true.
ValueId unless(Builder& b, ValueId condition, ValueId f) {
  return b.select(condition, number(b, 0, f), f);
}
// √((1 - x)(1 + x)), accurate near ±1.
ValueId cofactor(Builder& b, ValueId x) {
  ValueId one = number(b, 1, x);
  return b.make(Op::sqrt, {b.mul(b.sub(one, x), b.add(one, x))});
}
// 1/(2y) with y = √x, and 0 at y = 0: the root's slope never meets a zero factor as infinity.
ValueId root_slope(Builder& b, ValueId y) {
  ValueId at_zero = equals(b, y, 0);
  ValueId safe = b.select(at_zero, number(b, 1, y), y);
  return unless(b, at_zero, b.div(number(b, 0.5, y), safe));
}

// d(x^p)/dx. A constant exponent gives the schoolbook form; otherwise p*x^(p-1) with p = 0
// excluded, where x^(p-1) may be infinite.
Partial power_base(Builder& b, ValueId x, ValueId p, ValueId y) {
  if (std::optional<double> exponent = scalar_constant(b.graph(), p)) {
    if (*exponent == 0) return zero();
    if (*exponent == 1) return same();
    if (*exponent == 2) return times(b.mul(number(b, 2, x), x));
    if (*exponent == 0.5) return times(root_slope(b, y));
    ValueId lower = b.make(Op::pow, {x, number(b, *exponent - 1, x)});
    return times(b.mul(number(b, *exponent, x), lower));
  }
  ValueId lower = b.make(Op::pow, {x, b.sub(p, number(b, 1, p))});
  return times(unless(b, equals(b, p, 0), b.mul(p, lower)));
}
// d(x^p)/dp = x^p * log(x), with 0 at x = 0 (the limit for p > 0).
ValueId power_exponent(Builder& b, ValueId x, ValueId y) {
  ValueId at_zero = equals(b, x, 0);
  ValueId safe = b.select(at_zero, number(b, 1, x), x);
  return unless(b, at_zero, b.mul(y, b.make(Op::log, {safe})));
}
// a/(x² + y²), and 0 at the origin.
ValueId polar(Builder& b, ValueId a, ValueId x, ValueId y) {
  ValueId r = b.add(square(b, x), square(b, y));
  ValueId at_zero = equals(b, r, 0);
  return unless(b, at_zero, b.div(a, b.select(at_zero, number(b, 1, r), r)));
}

double off_zero(const double* x) { return std::abs(x[0]); }
double off_tie(const double* x) { return std::abs(x[0] - x[1]); }
double off_origin(const double* x) { return std::hypot(x[0], x[1]); }
double off_jump(const double* x) {
  double q = x[0] / x[1];
  return std::min(std::abs(q - std::round(q)), std::abs(x[1]));
}
double off_pole(const double* x) { return std::abs(x[1]); }

#define ROW(name, domain, body)                                                                    \
  constexpr Domain domain_##name = domain;                                                         \
  Partial partial_##name([[maybe_unused]] Builder& b, [[maybe_unused]] const Operands& v,          \
                         [[maybe_unused]] size_t k) {                                              \
    [[maybe_unused]] ValueId x = v.x[0];                                                           \
    [[maybe_unused]] ValueId y = v.y;                                                              \
    body                                                                                           \
  }
#define ON1(lo, hi, ...) (Domain{{lo}, {hi} __VA_OPT__(, ) __VA_ARGS__})
#define ON2(lo0, hi0, lo1, hi1, ...) (Domain{{lo0, lo1}, {hi0, hi1} __VA_OPT__(, ) __VA_ARGS__})
#define ON3(lo, hi) (Domain{{lo, lo, lo}, {hi, hi, hi}})

// clang-format off
ROW(neg,      ON1(-3, 3),           return negated();)
ROW(abs,      ON1(-3, 3, off_zero), return times(b.make(Op::sign, {x}));)
ROW(sqrt,     ON1(0.1, 4),          return times(root_slope(b, y));)
ROW(exp,      ON1(-3, 3),           return times(y);)
ROW(expm1,    ON1(-3, 3),           return times(b.make(Op::exp, {x}));)
ROW(log,      ON1(0.1, 4),          return over(x);)
ROW(log1p,    ON1(-0.9, 3),         return over(b.add(number(b, 1, x), x));)
ROW(sin,      ON1(-7, 7),           return times(b.make(Op::cos, {x}));)
ROW(cos,      ON1(-7, 7),           return times(b.neg(b.make(Op::sin, {x})));)
ROW(tan,      ON1(-1.2, 1.2),       return times(b.add(number(b, 1, x), square(b, y)));)
ROW(asin,     ON1(-0.9, 0.9),       return over(cofactor(b, x));)
ROW(acos,     ON1(-0.9, 0.9),       return over(b.neg(cofactor(b, x)));)
ROW(atan,     ON1(-4, 4),           return over(b.add(number(b, 1, x), square(b, x)));)
ROW(sinh,     ON1(-3, 3),           return times(b.make(Op::cosh, {x}));)
ROW(cosh,     ON1(-3, 3),           return times(b.make(Op::sinh, {x}));)
ROW(tanh,     ON1(-3, 3),           return times(b.sub(number(b, 1, x), square(b, y)));)
// σ(x)σ(-x), not y(1 - y): keeps its relative accuracy in both tails.
ROW(sigmoid,  ON1(-6, 6),           return times(b.mul(y, b.make(Op::sigmoid, {b.neg(x)})));)
ROW(softplus, ON1(-6, 6),           return times(b.make(Op::sigmoid, {x}));)
ROW(erf,      ON1(-3, 3),           return times(b.mul(number(b, 2 * std::numbers::inv_sqrtpi, x),
                                                       b.make(Op::exp, {b.neg(square(b, x))})));)
ROW(cast,     ON1(-3, 3),           return (Partial{Form::cast, {}, {}});)
ROW(add,      ON2(-3, 3, -3, 3),    return same();)
ROW(sub,      ON2(-3, 3, -3, 3),    return k == 0 ? same() : negated();)
ROW(mul,      ON2(-3, 3, -3, 3),    return times(v.x[1 - k]);)
ROW(div,      ON2(-3, 3, -3, 3, off_pole),
    if (k == 0) return over(v.x[1]);
    return times(b.neg(b.div(y, v.x[1])));)
ROW(pow,      ON2(0.2, 3, -2, 3),
    return k == 0 ? power_base(b, x, v.x[1], y) : times(power_exponent(b, x, y));)
ROW(mod,      ON2(-5, 5, 0.5, 3, off_jump),
    if (k == 0) return same();
    return times(b.neg(b.make(Op::floor, {b.div(x, v.x[1])})));)
ROW(atan2,    ON2(-3, 3, -3, 3, off_origin),
    return times(k == 0 ? polar(b, v.x[1], x, v.x[1]) : polar(b, b.neg(x), x, v.x[1]));)
ROW(min,      ON2(-3, 3, -3, 3, off_tie),
    return share(b.make(Op::lt, {v.x[k], v.x[1 - k]}), b.make(Op::eq, {x, v.x[1]}));)
ROW(max,      ON2(-3, 3, -3, 3, off_tie),
    return share(b.make(Op::lt, {v.x[1 - k], v.x[k]}), b.make(Op::eq, {x, v.x[1]}));)
ROW(fma,      ON3(-3, 3),           return k == 2 ? same() : times(v.x[1 - k]);)
ROW(select,   ON3(-3, 3),           return k == 0 ? zero() : k == 1 ? where(x) : where_not(x);)
// clang-format on

// One entry per line of ops.def with `elementwise` in the derivative column; a line without its ROW
// above does not compile.
#define TW_ROW_leaf(name)
#define TW_ROW_zero(name)
#define TW_ROW_linear(name)
#define TW_ROW_piecewise(name)
#define TW_ROW_product(name)
#define TW_ROW_control(name)
#define TW_ROW_factorization(name)
#define TW_ROW_none(name)
#define TW_ROW_elementwise(name) PartialRow{Op::name, partial_##name, domain_##name},
constexpr PartialRow kRows[] = {
#define TW_OP(name, arity, shape, evaluation, derivative, ...) TW_ROW_##derivative(name)
#include "ir/ops.def"
};

} // namespace

std::span<const PartialRow> partial_rows() { return kRows; }

const PartialRow& partial_row(Op op) {
  const PartialRow* row = std::find_if(std::begin(kRows), std::end(kRows),
                                       [&](const PartialRow& r) { return r.op == op; });
  TW_CHECK(row != std::end(kRows), "{} has no row of partials", op_info(op).name);
  return *row;
}

ValueId with_batch(Builder& b, ValueId value, const Shape& batch) {
  if (batch.empty()) return value;
  Shape shape = batch;
  std::vector<int64_t> axes;
  for (const Dim& dim : b.shape(value)) {
    axes.push_back(static_cast<int64_t>(shape.size()));
    shape.push_back(dim);
  }
  return b.broadcast(value, std::move(shape), std::move(axes));
}

// Where d is 0 because a side was not taken, it stays 0 whatever the factor is there (an infinity,
// a NaN): the selection moves outward, past the product.
template <class Apply> static ValueId on_taken_side(Builder& b, ValueId d, Apply apply) {
  const Node& node = b.graph().node(d);
  if (node.op != Op::select) return apply(d);
  ValueId condition = node.operands[0], yes = node.operands[1], no = node.operands[2];
  if (scalar_constant(b.graph(), no) == 0.0) return b.select(condition, apply(yes), no);
  if (scalar_constant(b.graph(), yes) == 0.0) return b.select(condition, yes, apply(no));
  return apply(d);
}

ValueId apply_partial(Builder& b, const Partial& partial, ValueId d, const Shape& batch, DType to) {
  auto factor = [&] { return with_batch(b, partial.factor, batch); };
  switch (partial.form) {
  case Form::zero: TW_CHECK(false, "a zero partial is not applied"); break;
  case Form::same: return d;
  case Form::negated: return on_taken_side(b, d, [&](ValueId v) { return b.neg(v); });
  case Form::times: return on_taken_side(b, d, [&](ValueId v) { return b.mul(v, factor()); });
  case Form::over: return on_taken_side(b, d, [&](ValueId v) { return b.div(v, factor()); });
  case Form::where: return b.select(factor(), d, number(b, 0, d));
  case Form::where_not: return b.select(factor(), number(b, 0, d), d);
  case Form::share: {
    ValueId half = b.mul(d, number(b, 0.5, d));
    ValueId rest = b.select(with_batch(b, partial.tie, batch), half, number(b, 0, d));
    return b.select(factor(), d, rest);
  }
  case Form::cast: return b.cast(d, to);
  }
  TW_CHECK(false);
}

} // namespace thalweg::diff
