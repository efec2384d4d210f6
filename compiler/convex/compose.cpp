// Sums, products, powers and functions of values that depend on params.
#include "convex/analysis.h"

#include <cmath>
#include <fmt/format.h>

namespace thalweg::convex {

namespace {

constexpr double kNoBend = std::numeric_limits<double>::infinity();
constexpr Curvature V = Curvature::convex, C = Curvature::concave, N = Curvature::unknown;
enum class ValueSign : uint8_t { plus, same, any };

struct Atom {
  Op op;
  Curvature whole, above, below;
  int up, down;
  bool smooth;
  double bend;
  ValueSign sign;
};
constexpr Atom kAtoms[] = {
#define TW_ATOM(op, whole, above, below, up, down, smooth, bend, sign)                             \
  {Op::op, whole, above, below, up, down, smooth, bend, ValueSign::sign},
#include "convex/atoms.def"
};

std::string direction(int slope) {
  return slope > 0 ? " and increasing" : slope < 0 ? " and decreasing" : "";
}

} // namespace

// φ(g): convex where φ is and g is affine, or φ goes the way in which g bends.
Facts Analysis::composed(const Form& shape, ValueId argument) {
  const Facts g = of(argument);
  const Sign sign = sign_of(argument);
  Curvature own = shape.whole;
  std::string where;
  if (own == Curvature::unknown && is_plus(sign)) {
    own = shape.above;
    where = " for arguments ≥ 0";
  } else if (own == Curvature::unknown && is_minus(sign)) {
    own = shape.below;
    where = " for arguments ≤ 0";
  }
  int slope = shape.up == shape.down ? shape.up : 0;
  if (slope == 0 && (is_plus(sign) || is_minus(sign))) {
    slope = is_plus(sign) ? shape.up : shape.down;
    where = is_plus(sign) ? " for arguments ≥ 0" : " for arguments ≤ 0";
  }
  Facts f;
  f.because = {argument};
  if (is_affine(g.curvature))
    f.curvature = own;
  else if (own == V && ((g.curvature == V && slope > 0) || (g.curvature == C && slope < 0)))
    f.curvature = V;
  else if (own == C && ((g.curvature == C && slope > 0) || (g.curvature == V && slope < 0)))
    f.curvature = C;
  f.reason =
      own == Curvature::unknown
          ? fmt::format("{} is neither convex nor concave{}", shape.name,
                        shape.above == N ? "" : ", and the sign of its argument is not known")
          : fmt::format("{}, {}{}{}, of {}", shape.name, name_of(own),
                        is_affine(g.curvature) ? "" : direction(slope), where,
                        a_value(g.curvature));
  f.smooth = shape.smooth && g.smooth;
  if (shape.bend && is_affine(g.curvature))
    if (std::optional<Bound> reach = this->reach(g)) f.bend = Bound::number(*shape.bend) * *reach;
  f.element_of = g.element_of;
  f.separable = g.element_of >= 0;
  return f;
}

Facts Analysis::atom(ValueId value) {
  const Node& node = q_.graph.node(value);
  const ValueId argument = node.operands[0];
  for (const Atom& a : kAtoms) {
    if (a.op != node.op) continue;
    Form shape{
        std::string(op_info(a.op).name), a.whole, a.above, a.below, a.up, a.down, a.smooth, {}};
    if (std::isfinite(a.bend)) shape.bend = a.bend;
    Facts f = composed(shape, argument);
    const Facts& g = of(argument);
    f.sign = a.sign == ValueSign::plus   ? Sign::plus
             : a.sign == ValueSign::same ? g.sign
                                         : Sign::unknown;
    f.positive = a.op == Op::exp || a.op == Op::cosh || (a.op == Op::sqrt && g.positive);
    f.log_convex = a.op == Op::exp && is_convex(g.curvature);
    if (a.op == Op::sqrt) {
      f.smooth = g.smooth && g.positive;
      if (g.root_convex) {
        f.curvature = V;
        f.reason = "√ of a sum of squares, a norm";
      }
    }
    if (a.op == Op::log && g.log_convex) {
      f.curvature = V;
      f.reason = "the logarithm of a sum of exponentials";
    }
    // log(1 + exp(z)) and log Σ exp(z) bend by at most ¼ and 1 times the slope of z.
    if ((a.op == Op::log || a.op == Op::log1p) && !f.bend) {
      const Node* sum = &q_.graph.node(argument);
      double bend = 1;
      ValueId inside = argument;
      if (a.op == Op::log && sum->op == Op::add)
        for (size_t k = 0; k < 2; ++k)
          if (auto one = is_free(sum->operands[k]) ? number(sum->operands[k]) : std::nullopt;
              one && *one > 0) {
            inside = sum->operands[1 - k];
            bend = 0.25;
          }
      if (a.op == Op::log1p) bend = 0.25;
      while (q_.graph.node(inside).op == Op::reshape)
        inside = q_.graph.node(inside).operands[0];
      if (bend == 1 && q_.graph.node(inside).op == Op::reduce_sum)
        inside = q_.graph.node(inside).operands[0];
      if (const Node& e = q_.graph.node(inside); e.op == Op::exp) {
        const Facts& z = of(e.operands[0]);
        if (a.op == Op::log1p && is_convex(z.curvature)) {
          f.curvature = V;
          f.reason = "the logarithm of a sum of exponentials";
        }
        std::optional<Bound> reach = this->reach(z);
        if (is_affine(z.curvature) && reach) f.bend = Bound::number(bend) * *reach;
      }
    }
    return f;
  }
  Facts f;
  f.because = {argument};
  f.reason = fmt::format("no rule for '{}'", op_info(node.op).name);
  return f;
}

Facts Analysis::power(ValueId value, ValueId base, double p) {
  const Facts g = of(base);
  if (p == 1) return moved(value, base, "the first power");
  const bool whole = p == std::floor(p), even = whole && std::fmod(p, 2) == 0;
  Form shape{p == 2 ? "the square" : fmt::format("the power {:g}", p)};
  // Other than for whole p it has no value below 0.
  shape.above = p > 1 || p < 0 ? V : C;
  shape.below = !whole ? N : even ? V : C;
  shape.whole = even && p > 0 ? V : !whole ? shape.above : N;
  shape.up = p > 0 ? 1 : -1;
  shape.down = !whole ? 0 : even ? -shape.up : shape.up;
  // There a convex one is +∞ below 0, so it grows only above, one of a negative p falls everywhere.
  if (!whole && (p < 0 || p < 1)) shape.down = shape.up;
  shape.smooth = p > 1 || p < 0;
  if (p == 2) shape.bend = 2;
  Facts f = composed(shape, base);
  const Sign sign = sign_of(base);
  f.sign = even || !whole || is_plus(sign) ? Sign::plus : Sign::unknown;
  f.positive = g.positive;
  f.root_convex = p == 2 && is_convex(f.curvature);
  if (p == 0.5) {
    f.smooth = g.smooth && g.positive;
    if (g.root_convex) {
      f.curvature = V;
      f.reason = "√ of a sum of squares, a norm";
    }
  }
  return f;
}

Facts Analysis::sum(ValueId, ValueId a, ValueId b, bool negative) {
  const Facts x = of(a), y = negative ? negated(of(b)) : of(b);
  Facts f = together(x, y);
  f.sign = sum_of(sign_of(a), negative ? turned(sign_of(b)) : sign_of(b));
  f.positive = is_plus(f.sign) && (of(a).positive || (!negative && of(b).positive));
  const bool xs = x.curvature == Curvature::constant, ys = y.curvature == Curvature::constant;
  f.element_of = xs ? y.element_of : ys || x.element_of == y.element_of ? x.element_of : -1;
  f.separable = (x.separable && y.separable) || f.element_of >= 0;
  auto plus = [](const Facts& part, Sign sign) {
    return part.curvature == Curvature::constant && is_plus(sign);
  };
  auto log_part = [&](const Facts& part, Sign sign) { return part.log_convex || plus(part, sign); };
  auto root_part = [&](const Facts& part, Sign sign) {
    return part.root_convex || plus(part, sign);
  };
  const Sign sx = sign_of(a), sy = negative ? turned(sign_of(b)) : sign_of(b);
  f.log_convex = log_part(x, sx) && log_part(y, sy);
  f.root_convex = root_part(x, sx) && root_part(y, sy);
  for (ValueId part : {a, b})
    if (!is_free(part)) f.because.push_back(part);
  const char* word = negative ? "a difference" : "a sum";
  if (f.curvature != Curvature::unknown)
    f.reason = is_affine(f.curvature)
                   ? fmt::format("{} of affine values", word)
                   : fmt::format("{} of {} and affine parts", word, name_of(f.curvature));
  else if (x.curvature == Curvature::unknown || y.curvature == Curvature::unknown)
    f.reason = fmt::format("{} with a part of unknown curvature", word);
  else
    f.reason = negative ? fmt::format("a difference of two {} values", name_of(x.curvature))
                        : "a sum of a convex and a concave value";
  return f;
}

Facts Analysis::product(ValueId value, ValueId a, ValueId b) {
  if (a == b) return power(value, a, 2);
  for (auto [factor, other] : {std::pair{a, b}, std::pair{b, a}})
    if (is_free(factor)) {
      Facts f = times(of(other), sign_of(factor), size_of(factor), q_.text(factor));
      f.because = {other};
      return f;
    }
  const Facts &x = of(a), &y = of(b);
  Facts f;
  f.because = {a, b};
  f.smooth = x.smooth && y.smooth;
  f.sign = product_of(sign_of(a), sign_of(b));
  f.log_convex = x.log_convex && y.log_convex;
  f.element_of = x.element_of == y.element_of ? x.element_of : -1;
  f.separable = f.element_of >= 0;
  f.reason = "a product of two values that depend on params";
  for (auto [factor, other] : {std::pair{a, b}, std::pair{b, a}})
    if (const Node& log = q_.graph.node(other);
        log.op == Op::log && log.operands[0] == factor && is_affine(of(factor).curvature)) {
      f.curvature = V;
      f.because = {factor};
      f.reason = "z·log z of an affine value";
    }
  return f;
}

Facts Analysis::quotient(ValueId value, ValueId a, ValueId b) {
  if (is_free(b)) {
    Bound size = size_of(b);
    // By a tensor of several numbers the smallest counts; a bound is kept for single ones.
    std::optional<double> divisor = number(b);
    const Node* shown = &q_.graph.node(b);
    while (shown->op == Op::broadcast || shown->op == Op::cast)
      shown = &q_.graph.node(shown->operands[0]);
    const bool single = divisor || shown->type.is_scalar();
    if (divisor && *divisor != 0) size.value = std::abs(*divisor);
    Facts f = times(of(a), sign_of(b), Bound::number(1), q_.text(b));
    for (auto& [param, gain] : f.gain)
      gain = gain / size;
    if (f.bend) f.bend = *f.bend / size;
    if (!single) {
      f.bounded = false;
      if (!is_affine(f.curvature)) f.bend.reset();
    }
    f.because = {a};
    return f;
  }
  const Facts &x = of(a), &y = of(b);
  Facts f;
  f.because = {b};
  f.smooth = x.smooth && y.smooth;
  f.reason = "a quotient of two values that depend on params";
  f.element_of = is_free(a) || x.element_of == y.element_of ? y.element_of : -1;
  f.separable = f.element_of >= 0;
  if (is_free(a)) {
    Facts inverse = power(value, b, -1);
    inverse = times(inverse, sign_of(a), size_of(a), q_.text(a));
    inverse.smooth = y.smooth;
    inverse.bend.reset();
    inverse.because = {b};
    return inverse;
  }
  f.because = {a, b};
  f.sign = product_of(sign_of(a), sign_of(b));
  // u²/v for v > 0 is convex in both, and falls with v.
  const Node& top = q_.graph.node(a);
  ValueId squared{};
  if (top.op == Op::mul && top.operands[0] == top.operands[1]) squared = top.operands[0];
  if (top.op == Op::pow && number(top.operands[1]) == 2.0) squared = top.operands[0];
  if (top.op == Op::reduce_sum) {
    const Node& inside = q_.graph.node(top.operands[0]);
    if (inside.op == Op::mul && inside.operands[0] == inside.operands[1])
      squared = inside.operands[0];
    if (inside.op == Op::pow && number(inside.operands[1]) == 2.0) squared = inside.operands[0];
  }
  if (squared.valid() && is_affine(of(squared).curvature) && is_concave(y.curvature) &&
      is_plus(sign_of(b))) {
    f.curvature = V;
    f.reason =
        fmt::format("a square of an affine value by {} that is at least 0", a_value(y.curvature));
  }
  return f;
}

Facts Analysis::extreme(ValueId, ValueId a, ValueId b, bool largest) {
  const Facts &x = of(a), &y = of(b);
  Facts f;
  const bool kept = largest ? is_convex(x.curvature) && is_convex(y.curvature)
                            : is_concave(x.curvature) && is_concave(y.curvature);
  if (kept) f.curvature = largest ? V : C;
  const Sign sa = sign_of(a), sb = sign_of(b);
  if (largest)
    f.sign = is_plus(sa) || is_plus(sb)     ? Sign::plus
             : is_minus(sa) && is_minus(sb) ? Sign::minus
                                            : Sign::unknown;
  else
    f.sign = is_minus(sa) || is_minus(sb) ? Sign::minus
             : is_plus(sa) && is_plus(sb) ? Sign::plus
                                          : Sign::unknown;
  f.positive = largest ? of(a).positive || of(b).positive : of(a).positive && of(b).positive;
  f.element_of = is_free(a)                                   ? y.element_of
                 : is_free(b) || x.element_of == y.element_of ? x.element_of
                                                              : -1;
  f.separable = f.element_of >= 0;
  for (ValueId part : {a, b})
    if (!is_free(part)) f.because.push_back(part);
  f.reason =
      fmt::format("{} of {}", largest ? "the larger" : "the smaller",
                  kept ? largest ? "convex values" : "concave values"
                       : "values that are not all " + std::string(largest ? "convex" : "concave"));
  return f;
}

Facts Analysis::chosen(ValueId value) {
  const Node& node = q_.graph.node(value);
  const ValueId condition = node.operands[0], a = node.operands[1], b = node.operands[2];
  const Facts &x = of(a), &y = of(b);
  Facts f = is_free(condition) ? together(x, y) : Facts{};
  const Sign sa = sign_of(a), sb = sign_of(b);
  f.sign = sum_of(sa, sb);
  f.positive = of(a).positive && of(b).positive;
  for (ValueId part : {condition, a, b})
    if (!is_free(part)) f.because.push_back(part);
  if (!is_free(condition)) {
    f.because = {condition};
    f.reason = "a choice by a condition that depends on params";
    return f;
  }
  f.element_of = is_free(a)                                   ? y.element_of
                 : is_free(b) || x.element_of == y.element_of ? x.element_of
                                                              : -1;
  f.separable = f.element_of >= 0;
  f.reason = "one of two by a condition free of params";
  return f;
}

} // namespace thalweg::convex
