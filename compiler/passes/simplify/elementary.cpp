// Rules for powers and the numerically safe forms of exp and log; never the reverse.
#include "passes/simplify/rule.h"

#include <algorithm>

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;

bool is_one(C& c, ValueId id) { return c.is(id, 1); }
// x, if id is 1 + x in either order.
Maybe one_plus(C& c, ValueId id) {
  if (c.op(id) != Op::add) return std::nullopt;
  for (size_t k = 0; k < 2; ++k)
    if (is_one(c, c.operand(id, k))) return c.operand(id, 1 - k);
  return std::nullopt;
}
// z, if id is 1 + exp(z).
Maybe one_plus_exp(C& c, ValueId id) {
  Maybe x = one_plus(c, id);
  return x ? c.under(*x, Op::exp) : std::nullopt;
}
ValueId apply(C& c, Op op, ValueId x) { return c.b.make(op, {x}); }

// exact: what the semantics of pow say; rounding: products for small whole and half exponents.
Maybe pow_trivial(C& c, ValueId id) {
  if (c.is(c.operand(id, 1), 0) || c.is(c.operand(id, 0), 1)) return c.full(1, id);
  if (c.is(c.operand(id, 1), 1)) return c.operand(id, 0);
  return std::nullopt;
}
Maybe pow_product(C& c, ValueId id) {
  std::optional<double> p = c.number(c.operand(id, 1));
  if (!p) return std::nullopt;
  ValueId x = c.operand(id, 0), one = c.full(1, id);
  if (*p == 2) return c.b.mul(x, x);
  if (*p == 3) return c.b.mul(c.b.mul(x, x), x);
  if (*p == 4) return c.b.mul(c.b.mul(x, x), c.b.mul(x, x));
  if (*p == -1) return c.b.div(one, x);
  if (*p == -2) return c.b.div(one, c.b.mul(x, x));
  if (*p == 1.5) return c.b.mul(x, apply(c, Op::sqrt, x));
  if (*p == 0.5) return apply(c, Op::sqrt, x);
  if (*p == -0.5) return c.b.div(one, apply(c, Op::sqrt, x));
  return std::nullopt;
}
Maybe sqrt_square(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  bool square = c.op(x) == Op::mul && c.operand(x, 0) == c.operand(x, 1);
  return square ? Maybe(apply(c, Op::abs, c.operand(x, 0))) : std::nullopt;
}

Maybe log_one_plus_exp(C& c, ValueId id) {
  Maybe z = one_plus_exp(c, c.operand(id, 0));
  return z ? Maybe(apply(c, Op::softplus, *z)) : std::nullopt;
}
Maybe log1p_exp(C& c, ValueId id) {
  Maybe z = c.under(c.operand(id, 0), Op::exp);
  return z ? Maybe(apply(c, Op::softplus, *z)) : std::nullopt;
}
Maybe log_one_plus(C& c, ValueId id) {
  Maybe x = one_plus(c, c.operand(id, 0));
  return x ? Maybe(apply(c, Op::log1p, *x)) : std::nullopt;
}
Maybe log_one_minus(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  if (c.op(x) != Op::sub || !is_one(c, c.operand(x, 0))) return std::nullopt;
  return apply(c, Op::log1p, c.b.neg(c.operand(x, 1)));
}
Maybe log_sigmoid(C& c, ValueId id) {
  Maybe z = c.under(c.operand(id, 0), Op::sigmoid);
  return z ? Maybe(c.b.neg(apply(c, Op::softplus, c.b.neg(*z)))) : std::nullopt;
}
Maybe log_exp(C& c, ValueId id) { return c.under(c.operand(id, 0), Op::exp); }

Maybe exp_minus_one(C& c, ValueId id) {
  if (!is_one(c, c.operand(id, 1))) return std::nullopt;
  Maybe x = c.under(c.operand(id, 0), Op::exp);
  return x ? Maybe(apply(c, Op::expm1, *x)) : std::nullopt;
}
Maybe one_minus_exp(C& c, ValueId id) {
  if (!is_one(c, c.operand(id, 0))) return std::nullopt;
  Maybe x = c.under(c.operand(id, 1), Op::exp);
  return x ? Maybe(c.b.neg(apply(c, Op::expm1, *x))) : std::nullopt;
}
Maybe expm1_plus_one(C& c, ValueId id) {
  Maybe x = one_plus(c, id);
  Maybe z = x ? c.under(*x, Op::expm1) : std::nullopt;
  return z ? Maybe(apply(c, Op::exp, *z)) : std::nullopt;
}
// 1/(1 + exp(z)) and a/(1 + exp(z)) = a*σ(-z).
Maybe over_one_plus_exp(C& c, ValueId id) {
  Maybe z = one_plus_exp(c, c.operand(id, 1));
  if (!z) return std::nullopt;
  ValueId a = c.operand(id, 0);
  if (c.op(a) == Op::exp && c.operand(a, 0) == *z) return apply(c, Op::sigmoid, *z);
  ValueId s = apply(c, Op::sigmoid, c.b.neg(*z));
  return is_one(c, a) ? s : c.b.mul(a, s);
}
// σ(-z)*exp(z) = σ(z), where the factors stand side by side or σ stands in a product.
Maybe sigmoid_times_exp(C& c, ValueId id) {
  auto negatives = [&](ValueId a, ValueId b) {
    return c.under(a, Op::neg) == Maybe(b) || c.under(b, Op::neg) == Maybe(a);
  };
  for (size_t k = 0; k < 2; ++k) {
    ValueId x = c.operand(id, 1 - k);
    Maybe z = c.under(c.operand(id, k), Op::exp);
    if (!z) continue;
    Maybe s = c.under(x, Op::sigmoid);
    if (s && negatives(*s, *z)) return apply(c, Op::sigmoid, *z);
    if (c.op(x) != Op::mul) continue;
    for (size_t j = 0; j < 2; ++j) {
      Maybe inner = c.under(c.operand(x, j), Op::sigmoid);
      if (inner && negatives(*inner, *z))
        return c.b.mul(c.operand(x, 1 - j), apply(c, Op::sigmoid, *z));
    }
  }
  return std::nullopt;
}
Maybe one_minus_sigmoid(C& c, ValueId id) {
  if (!is_one(c, c.operand(id, 0))) return std::nullopt;
  Maybe z = c.under(c.operand(id, 1), Op::sigmoid);
  return z ? Maybe(apply(c, Op::sigmoid, c.b.neg(*z))) : std::nullopt;
}
Maybe softplus_minus(C& c, ValueId id) {
  Maybe z = c.under(c.operand(id, 0), Op::softplus);
  if (!z || *z != c.operand(id, 1)) return std::nullopt;
  return apply(c, Op::softplus, c.b.neg(*z));
}

// log Σ exp(x) with the largest element taken out first. Any shift gives the same function, so it
// is the maximum rounded to an integer: locally constant, and the derivative is exactly softmax.
// Done only where x holds no maximum yet, which no rule removes: once per logarithm.
bool holds_maximum(C& c, ValueId root) {
  std::vector<ValueId> roots{root};
  std::vector<ValueId> all = reachable(c.b.graph(), roots);
  return std::any_of(all.begin(), all.end(),
                     [&](ValueId id) { return c.op(id) == Op::reduce_max; });
}
Maybe log_sum_exp(C& c, ValueId id) {
  ValueId sum = c.operand(id, 0);
  if (c.op(sum) != Op::reduce_sum) return std::nullopt;
  Maybe x = c.under(c.operand(sum, 0), Op::exp);
  if (!x || holds_maximum(c, *x)) return std::nullopt;
  std::vector<int64_t> axes(c.node(sum).attr.ints.begin() + 1, c.node(sum).attr.ints.end()), kept;
  for (int64_t axis = 0; axis < static_cast<int64_t>(c.type(*x).rank()); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) kept.push_back(axis);
  ValueId largest = c.b.reduce(Op::reduce_max, *x, axes);
  ValueId shift = c.b.select(apply(c, Op::is_finite, largest), apply(c, Op::round, largest),
                             c.full(0, largest));
  ValueId shifted = c.b.sub(*x, c.b.broadcast(shift, c.type(*x).shape, kept));
  ValueId rest = c.b.reduce(Op::reduce_sum, apply(c, Op::exp, shifted), axes);
  return c.b.add(shift, apply(c, Op::log, rest));
}

const Rule kRules[] = {
    {"pow(x, 0) = 1, pow(x, 1) = x, pow(1, y) = 1", {Op::pow}, exact, pow_trivial},
    {"pow(x, 2) = x*x, …", {Op::pow}, rounding, pow_product},
    {"sqrt(x*x) = abs(x)", {Op::sqrt}, rounding, sqrt_square},
    {"log(1 + exp(z)) = softplus(z)", {Op::log}, rounding, log_one_plus_exp},
    {"log1p(exp(z)) = softplus(z)", {Op::log1p}, rounding, log1p_exp},
    {"log(1 + x) = log1p(x)", {Op::log}, rounding, log_one_plus},
    {"log(1 - x) = log1p(-x)", {Op::log}, rounding, log_one_minus},
    {"log(sigmoid(z)) = -softplus(-z)", {Op::log}, rounding, log_sigmoid},
    {"log(exp(x)) = x", {Op::log}, rounding, log_exp},
    {"exp(x) - 1 = expm1(x)", {Op::sub}, rounding, exp_minus_one},
    {"1 - exp(x) = -expm1(x)", {Op::sub}, rounding, one_minus_exp},
    {"expm1(x) + 1 = exp(x)", {Op::add}, rounding, expm1_plus_one},
    {"1/(1 + exp(z)) = sigmoid(-z)", {Op::div}, rounding, over_one_plus_exp},
    {"sigmoid(-z)*exp(z) = sigmoid(z)", {Op::mul}, rounding, sigmoid_times_exp},
    {"1 - sigmoid(z) = sigmoid(-z)", {Op::sub}, rounding, one_minus_sigmoid},
    {"softplus(z) - z = softplus(-z)", {Op::sub}, rounding, softplus_minus},
    {"log(sum(exp(x))) = m + log(sum(exp(x - m)))", {Op::log}, rounding, log_sum_exp},
};

} // namespace

std::span<const Rule> elementary_rules() { return kRules; }

} // namespace thalweg::simplify
