// Rules for + - * / and signs. Scalars spread over a tensor ("uniform", written s) gather in one
// factor in front, computed once; negations float outward and into such factors.
#include "passes/simplify/rule.h"

#include <cmath>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;

Maybe other_than(C& c, ValueId id, double number) {
  for (size_t k = 0; k < 2; ++k)
    if (c.is(c.operand(id, k), number)) return c.operand(id, 1 - k);
  return std::nullopt;
}
// A constant scalar (not spread): what scalar rules gather.
bool is_scalar_constant(C& c, ValueId id) { return c.op(id) == Op::constant && c.is_real(id); }

Maybe plus_zero(C& c, ValueId id) { return other_than(c, id, 0); }

Maybe add_negated(C& c, ValueId id) {
  ValueId a = c.operand(id, 0), b = c.operand(id, 1);
  if (Maybe n = c.under(b, Op::neg)) return c.b.sub(a, *n);
  if (Maybe n = c.under(a, Op::neg)) return c.b.sub(b, *n);
  return std::nullopt;
}

Maybe twice(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (x != c.operand(id, 1) || c.number(x)) return std::nullopt;
  return c.b.mul(c.full(2, x), x);
}

Maybe minus_zero(C& c, ValueId id) {
  return c.is(c.operand(id, 1), 0) ? Maybe(c.operand(id, 0)) : std::nullopt;
}
Maybe zero_minus(C& c, ValueId id) {
  return c.is(c.operand(id, 0), 0) ? Maybe(c.b.neg(c.operand(id, 1))) : std::nullopt;
}
Maybe sub_negated(C& c, ValueId id) {
  Maybe n = c.under(c.operand(id, 1), Op::neg);
  return n ? Maybe(c.b.add(c.operand(id, 0), *n)) : std::nullopt;
}
Maybe negated_sub(C& c, ValueId id) {
  Maybe n = c.under(c.operand(id, 0), Op::neg);
  return n ? Maybe(c.b.neg(c.b.add(*n, c.operand(id, 1)))) : std::nullopt;
}

Maybe neg_neg(C& c, ValueId id) { return c.under(c.operand(id, 0), Op::neg); }
Maybe neg_sub(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::sub) return std::nullopt;
  return c.b.sub(c.operand(x, 1), c.operand(x, 0));
}
Maybe neg_scaled(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (auto s = c.scaled(x)) return c.scale(c.b.neg(s->scalar), s->rest);
  return std::nullopt;
}
// -(c*x) and -(c/x) on scalars.
Maybe neg_constant_first(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::mul && c.op(x) != Op::div) return std::nullopt;
  for (size_t k = 0; k < (c.op(x) == Op::mul ? 2 : 1); ++k)
    if (is_scalar_constant(c, c.operand(x, k))) {
      std::vector<ValueId> operands = c.node(x).operands;
      operands[k] = c.b.constant(-*c.number(operands[k]), c.type(x).dtype);
      return c.b.make(c.op(x), operands);
    }
  return std::nullopt;
}

Maybe times_one(C& c, ValueId id) { return other_than(c, id, 1); }
Maybe times_minus_one(C& c, ValueId id) {
  Maybe x = other_than(c, id, -1);
  return x ? Maybe(c.b.neg(*x)) : std::nullopt;
}
Maybe mul_negated(C& c, ValueId id) {
  for (size_t k = 0; k < 2; ++k)
    if (Maybe n = c.under(c.operand(id, k), Op::neg)) {
      ValueId other = c.operand(id, 1 - k);
      if (Maybe s = c.uniform(other)) return c.scale(c.b.neg(*s), *n);
      return c.b.neg(k == 0 ? c.b.mul(*n, other) : c.b.mul(other, *n));
    }
  return std::nullopt;
}
Maybe gather_uniform(C& c, ValueId id) {
  auto outer = c.scaled(id);
  if (!outer) return std::nullopt;
  auto inner = c.scaled(outer->rest);
  if (!inner) return std::nullopt;
  return c.scale(c.b.mul(outer->scalar, inner->scalar), inner->rest);
}
Maybe uniform_outward(C& c, ValueId id) {
  if (c.scaled(id)) return std::nullopt;
  for (size_t k = 0; k < 2; ++k)
    if (auto s = c.scaled(c.operand(id, k))) {
      ValueId other = c.operand(id, 1 - k);
      return c.scale(s->scalar, k == 0 ? c.b.mul(s->rest, other) : c.b.mul(other, s->rest));
    }
  return std::nullopt;
}
// The same for factors spread from the same axes of the tensor: one product on those axes.
Maybe gather_spread(C& c, ValueId id) {
  for (size_t k = 0; k < 2; ++k) {
    ValueId u = c.operand(id, k), x = c.operand(id, 1 - k);
    if (c.op(u) != Op::broadcast || c.op(x) != Op::mul) continue;
    for (size_t j = 0; j < 2; ++j) {
      ValueId v = c.operand(x, j), rest = c.operand(x, 1 - j);
      if (c.op(v) != Op::broadcast || c.op(rest) == Op::broadcast) continue;
      ValueId a = c.operand(u, 0), b = c.operand(v, 0);
      if (c.node(u).attr != c.node(v).attr || c.type(a) != c.type(b)) continue;
      return c.b.mul(c.b.broadcast(c.b.mul(a, b), c.type(id).shape, c.node(u).attr.ints), rest);
    }
  }
  return std::nullopt;
}
// c1*(c2*x), (x/c1)*c2, (c1/x)*c2 with constant scalars c1, c2; the constants meet in f64.
Maybe gather_constants(C& c, ValueId id) {
  DType dtype = c.type(id).dtype;
  for (size_t k = 0; k < 2; ++k) {
    ValueId outer = c.operand(id, k), x = c.operand(id, 1 - k);
    if (!is_scalar_constant(c, outer)) continue;
    double number = *c.number(outer);
    if (c.op(x) == Op::mul)
      for (size_t j = 0; j < 2; ++j)
        if (is_scalar_constant(c, c.operand(x, j)))
          return c.b.mul(c.b.constant(number * *c.number(c.operand(x, j)), dtype),
                         c.operand(x, 1 - j));
    if (c.op(x) != Op::div) continue;
    if (is_scalar_constant(c, c.operand(x, 1)) && !c.is(c.operand(x, 1), 0))
      return c.b.mul(c.b.constant(number / *c.number(c.operand(x, 1)), dtype), c.operand(x, 0));
    if (is_scalar_constant(c, c.operand(x, 0)))
      return c.b.div(c.b.constant(number * *c.number(c.operand(x, 0)), dtype), c.operand(x, 1));
  }
  return std::nullopt;
}
// (1/n)*x on scalars.
Maybe times_reciprocal(C& c, ValueId id) {
  if (!c.type(id).is_scalar()) return std::nullopt;
  for (size_t k = 0; k < 2; ++k) {
    ValueId r = c.operand(id, k);
    if (c.op(r) == Op::div && c.is(c.operand(r, 0), 1))
      return c.b.div(c.operand(id, 1 - k), c.operand(r, 1));
  }
  return std::nullopt;
}
// In a function in f32, scalar arithmetic on f64 scalars that were cast is done in f64 and cast.
Maybe scalars_in_f64(C& c, ValueId id) {
  const Node& node = c.node(id);
  if (!(node.type == Type::scalar(DType::f32))) return std::nullopt;
  std::vector<ValueId> wide;
  bool any = false;
  for (ValueId operand : node.operands) {
    Maybe inner = c.under(operand, Op::cast);
    if (inner && c.type(*inner).dtype == DType::f64) {
      wide.push_back(*inner);
      any = true;
    } else if (is_scalar_constant(c, operand)) {
      wide.push_back(c.b.constant(*c.number(operand)));
    } else {
      return std::nullopt;
    }
  }
  if (!any) return std::nullopt;
  return c.b.cast(c.b.make(node.op, std::move(wide)), DType::f32);
}

Maybe over_one(C& c, ValueId id) {
  return c.is(c.operand(id, 1), 1) ? Maybe(c.operand(id, 0)) : std::nullopt;
}
Maybe over_minus_one(C& c, ValueId id) {
  return c.is(c.operand(id, 1), -1) ? Maybe(c.b.neg(c.operand(id, 0))) : std::nullopt;
}
Maybe div_negated(C& c, ValueId id) {
  ValueId a = c.operand(id, 0), b = c.operand(id, 1);
  if (Maybe n = c.under(a, Op::neg)) return c.b.neg(c.b.div(*n, b));
  if (Maybe n = c.under(b, Op::neg)) return c.b.neg(c.b.div(a, *n));
  return std::nullopt;
}
// The reciprocal is computed once, in f64 where the scalar came from there.
Maybe over_uniform(C& c, ValueId id) {
  Maybe s = c.uniform(c.operand(id, 1));
  ValueId x = c.operand(id, 0);
  if (!s || c.uniform(x)) return std::nullopt;
  DType dtype = c.type(id).dtype;
  if (std::optional<double> number = c.number(*s)) {
    double reciprocal = 1 / *number;
    return std::isfinite(reciprocal) ? Maybe(c.scale(c.b.constant(reciprocal, dtype), x))
                                     : std::nullopt;
  }
  Maybe inner = c.under(*s, Op::cast);
  if (inner && c.type(*inner).dtype == DType::f64)
    return c.scale(c.b.cast(c.b.div(c.b.constant(1), *inner), dtype), x);
  return c.scale(c.b.div(c.b.constant(1, dtype), *s), x);
}
Maybe scaled_over(C& c, ValueId id) {
  auto s = c.scaled(c.operand(id, 0));
  if (!s || c.uniform(c.operand(id, 1))) return std::nullopt;
  return c.scale(s->scalar, c.b.div(s->rest, c.operand(id, 1)));
}
// (c1*x)/c2, (x/c1)/c2 and (c1/x)/c2 with constant scalars.
Maybe constants_over(C& c, ValueId id) {
  DType dtype = c.type(id).dtype;
  ValueId x = c.operand(id, 0), outer = c.operand(id, 1);
  if (!is_scalar_constant(c, outer) || c.is(outer, 0)) return std::nullopt;
  double number = *c.number(outer);
  if (c.op(x) == Op::mul)
    for (size_t k = 0; k < 2; ++k)
      if (is_scalar_constant(c, c.operand(x, k)))
        return c.b.mul(c.b.constant(*c.number(c.operand(x, k)) / number, dtype),
                       c.operand(x, 1 - k));
  if (c.op(x) == Op::div && is_scalar_constant(c, c.operand(x, 1)))
    return c.b.div(c.operand(x, 0), c.b.constant(*c.number(c.operand(x, 1)) * number, dtype));
  if (c.op(x) == Op::div && is_scalar_constant(c, c.operand(x, 0)))
    return c.b.div(c.b.constant(*c.number(c.operand(x, 0)) / number, dtype), c.operand(x, 1));
  return std::nullopt;
}

std::vector<Op> ops_with(uint8_t law) {
  std::vector<Op> out;
  for (int k = 0; k < kOpCount; ++k)
    if ((op_info(static_cast<Op>(k)).laws & law) && static_cast<Op>(k) != Op::neg)
      out.push_back(static_cast<Op>(k));
  return out;
}
Maybe odd(C& c, ValueId id) {
  Maybe n = c.under(c.operand(id, 0), Op::neg);
  return n ? Maybe(c.b.neg(c.b.make(c.op(id), {*n}))) : std::nullopt;
}
Maybe even(C& c, ValueId id) {
  Maybe n = c.under(c.operand(id, 0), Op::neg);
  return n ? Maybe(c.b.make(c.op(id), {*n})) : std::nullopt;
}
Maybe idempotent(C& c, ValueId id) {
  return c.operand(id, 0) == c.operand(id, 1) ? Maybe(c.operand(id, 0)) : std::nullopt;
}
// abs(abs(x)), floor(ceil(x)), …: the outer operator finds nothing to do.
Maybe applied_twice(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  Op inner = c.op(x), outer = c.op(id);
  bool whole = inner == Op::floor || inner == Op::ceil || inner == Op::round;
  bool rounds = outer == Op::floor || outer == Op::ceil || outer == Op::round;
  bool same = inner == outer && (outer == Op::abs || outer == Op::sign);
  return same || (rounds && whole) ? Maybe(x) : std::nullopt;
}
Maybe abs_square(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  bool square = c.op(x) == Op::mul && c.operand(x, 0) == c.operand(x, 1) && c.is_real(x);
  return square ? Maybe(x) : std::nullopt;
}

const Rule kRules[] = {
    {"x + 0 = x", {Op::add}, rounding, plus_zero},
    {"a + -b = a - b", {Op::add}, exact, add_negated},
    {"x + x = 2*x", {Op::add}, exact, twice},
    {"x - 0 = x", {Op::sub}, rounding, minus_zero},
    {"0 - x = -x", {Op::sub}, rounding, zero_minus},
    {"a - -b = a + b", {Op::sub}, exact, sub_negated},
    {"-a - b = -(a + b)", {Op::sub}, rounding, negated_sub},
    {"-(-x) = x", {Op::neg}, exact, neg_neg},
    {"-(a - b) = b - a", {Op::neg}, rounding, neg_sub},
    {"-(s*x) = (-s)*x", {Op::neg}, exact, neg_scaled},
    {"-(c*x) = (-c)*x", {Op::neg}, exact, neg_constant_first},
    {"1*x = x", {Op::mul}, exact, times_one},
    {"-1*x = -x", {Op::mul}, exact, times_minus_one},
    {"a * -b = -(a*b)", {Op::mul}, exact, mul_negated},
    {"s1*(s2*x) = (s1*s2)*x", {Op::mul}, rounding, gather_uniform},
    {"u*(v*x) = (u*v)*x", {Op::mul}, rounding, gather_spread},
    {"(s*x)*y = s*(x*y)", {Op::mul}, rounding, uniform_outward},
    {"c1*(c2*x) = (c1*c2)*x", {Op::mul}, rounding, gather_constants},
    {"(1/n)*x = x/n", {Op::mul}, rounding, times_reciprocal},
    {"x/1 = x", {Op::div}, exact, over_one},
    {"x/-1 = -x", {Op::div}, exact, over_minus_one},
    {"-a/b = -(a/b)", {Op::div}, exact, div_negated},
    {"x/s = (1/s)*x", {Op::div}, rounding, over_uniform},
    {"(s*x)/y = s*(x/y)", {Op::div}, rounding, scaled_over},
    {"(c1*x)/c2 = (c1/c2)*x", {Op::div}, rounding, constants_over},
    {"op(cast(a), cast(b)) = cast(op(a, b))",
     {Op::add, Op::sub, Op::mul, Op::div, Op::neg, Op::sqrt, Op::pow, Op::exp, Op::log},
     rounding,
     scalars_in_f64},
    {"op(-x) = -op(x)", ops_with(kOdd), exact, odd},
    {"op(-x) = op(x)", ops_with(kEven), exact, even},
    {"op(x, x) = x", ops_with(kIdempotent), exact, idempotent},
    {"op(op(x)) = op(x)",
     {Op::abs, Op::sign, Op::floor, Op::ceil, Op::round},
     exact,
     applied_twice},
    {"abs(x*x) = x*x", {Op::abs}, exact, abs_square},
};

} // namespace

std::span<const Rule> arithmetic_rules() { return kRules; }

} // namespace thalweg::simplify
