// Random elementwise operators (see random_generator.h).
#include "properties/random_generator.h"

#include <algorithm>
#include <cmath>

namespace thalweg::testing {

void Generator::unary() {
  static const std::vector<Op> kExact = {Op::neg,   Op::abs,  Op::sign,  Op::sqrt,
                                         Op::floor, Op::ceil, Op::round, Op::stop_gradient};
  static const std::vector<Op> kElement = {
      Op::exp,  Op::expm1, Op::log,  Op::log1p, Op::sin,  Op::cos,     Op::tan,      Op::asin,
      Op::acos, Op::atan,  Op::sinh, Op::cosh,  Op::tanh, Op::sigmoid, Op::softplus, Op::erf};
  ValueId a = pick_real();
  if (options_.f32 && options_.f64 && rng_.chance(0.1)) {
    DType other = builder_.type(a).dtype == DType::f64 ? DType::f32 : DType::f64;
    return put(builder_.cast(a, other));
  }
  if (options_.integers && rng_.chance(0.1)) {
    if (rng_.chance(0.5)) return put(builder_.make(Op::is_finite, {a}));
    return put(builder_.cast(a, rng_.chance(0.5) ? DType::i64 : DType::boolean));
  }
  put(builder_.make(rng_.pick(options_.exact || rng_.chance(0.4) ? kExact : kElement), {a}));
}

// Each operator at arguments where it and its derivatives are smooth.
void Generator::smooth_unary() {
  ValueId a = tame(pick_real(), 3);
  const Type type = builder_.type(a);
  auto full = [&](double value) { return builder_.full(value, type); };
  auto make = [&](Op op, ValueId x) { return builder_.make(op, {x}); };
  ValueId unit = make(Op::tanh, a);                              // in (-1, 1)
  ValueId above_one = builder_.add(full(1), builder_.mul(a, a)); // in [1, 10]
  if (options_.exact) {
    return rng_.chance(0.5) ? put(make(Op::neg, a), 3) : put(make(Op::sqrt, above_one), 3.2);
  }
  switch (rng_.below(18)) {
  case 0: return put(make(Op::neg, a), 3);
  case 1: return put(make(Op::sqrt, above_one), 3.2);
  case 2: return put(make(Op::exp, a), 20.1);
  case 3: return put(make(Op::expm1, a), 20.1);
  case 4: return put(make(Op::log, above_one), 2.4);
  case 5: return put(make(Op::log1p, builder_.mul(a, a)), 2.4);
  case 6: return put(make(Op::sin, a), 1);
  case 7: return put(make(Op::cos, a), 1);
  case 8: return put(make(Op::tan, unit), 1.6);
  case 9: return put(make(Op::asin, builder_.mul(full(0.75), unit)), 0.9);
  case 10: return put(make(Op::acos, builder_.mul(full(0.75), unit)), 2.5);
  case 11: return put(make(Op::atan, a), 1.3);
  case 12: return put(make(Op::sinh, a), 10.1);
  case 13: return put(make(Op::cosh, a), 10.1);
  case 14: return put(unit, 1);
  case 15: return put(make(Op::sigmoid, a), 1);
  case 16: return put(make(Op::softplus, a), 3.1);
  default: return put(make(Op::erf, a), 1);
  }
}

void Generator::binary() {
  static const std::vector<Op> kExact = {Op::add, Op::sub, Op::mul, Op::div,
                                         Op::mod, Op::min, Op::max};
  ValueId a = pick_real(), b = pick(builder_.type(a));
  if (rng_.chance(0.1)) std::swap(a, b);
  Op op = rng_.pick(kExact);
  if (!options_.exact && rng_.chance(0.15)) op = rng_.chance(0.5) ? Op::pow : Op::atan2;
  put(builder_.make(op, {a, b}));
}

void Generator::smooth_binary() {
  ValueId a = pick_real(), b = pick(builder_.type(a));
  double x = bound(a), y = bound(b);
  const Type type = builder_.type(a);
  ValueId one = builder_.full(1, type);
  switch (rng_.below(options_.exact ? 4 : 6)) {
  case 0: return put(builder_.add(a, b), x + y);
  case 1: return put(builder_.sub(a, b), x + y);
  case 2: return put(builder_.mul(a, b), x * y);
  case 3: return put(builder_.div(a, builder_.add(one, builder_.mul(b, b))), x);
  case 4: {
    ValueId base = tame(a, 2);
    base = builder_.add(one, builder_.mul(base, base));
    return put(builder_.make(Op::pow, {base, tame(b, 2)}), 25);
  }
  default: return put(builder_.make(Op::atan2, {a, builder_.add(one, builder_.mul(b, b))}), 1.6);
  }
}

void Generator::compare() {
  static const std::vector<Op> kOps = {Op::eq, Op::ne, Op::lt, Op::le};
  // In a smooth function no condition may depend on a real.
  bool reals = !options_.smooth && rng_.chance(0.6);
  std::vector<ValueId> integers =
      of_kind([](const Type& type) { return type.dtype == DType::i64; });
  if (!reals && integers.empty()) return;
  ValueId a = reals ? pick_real() : rng_.pick(integers);
  ValueId b = pick(builder_.type(a));
  put(builder_.make(rng_.pick(kOps), {a, b}));
}

void Generator::ternary() {
  ValueId a = pick_real();
  const Type type = builder_.type(a);
  ValueId b = pick(type);
  if (options_.integers && rng_.chance(0.5)) {
    ValueId condition = pick(Type::tensor(DType::boolean, type.shape));
    return put(builder_.select(condition, a, b), std::max(bound(a), bound(b)));
  }
  ValueId c = pick(type);
  put(builder_.make(Op::fma, {a, b, c}), bound(a) * bound(b) + bound(c));
}

void Generator::integer() {
  std::vector<ValueId> integers =
      of_kind([](const Type& type) { return type.dtype == DType::i64; });
  std::vector<ValueId> booleans =
      of_kind([](const Type& type) { return type.dtype == DType::boolean; });
  if (rng_.chance(0.3) && !booleans.empty()) {
    ValueId a = rng_.pick(booleans);
    const Type type = builder_.type(a);
    switch (rng_.below(options_.smooth ? 3 : 4)) {
    case 0: return put(builder_.make(Op::logical_not, {a}));
    case 1: return put(builder_.make(Op::logical_and, {a, pick(type)}));
    case 2: return put(builder_.make(Op::logical_or, {a, pick(type)}));
    default: return put(builder_.cast(a, real_dtype()));
    }
  }
  if (integers.empty() || rng_.chance(0.15)) {
    Dim dim = random_dim();
    if (rng_.chance(0.5)) return put(builder_.dim(dim));
    Shape shape = random_shape();
    if (shape.empty()) shape = {Dim(3)};
    return put(builder_.iota(shape, rng_.below(static_cast<int64_t>(shape.size()))));
  }
  ValueId a = rng_.pick(integers);
  if (rng_.chance(0.2) && !options_.smooth) return put(builder_.cast(a, real_dtype()));
  if (rng_.chance(0.3))
    return put(builder_.make(rng_.pick(std::vector{Op::neg, Op::abs, Op::sign}), {a}));
  static const std::vector<Op> kOps = {Op::add, Op::sub, Op::mul, Op::mod, Op::min, Op::max};
  put(builder_.make(rng_.pick(kOps), {a, pick(builder_.type(a))}));
}

} // namespace thalweg::testing
