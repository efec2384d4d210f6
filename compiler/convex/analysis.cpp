// The walk over the graph, and what holds of constants, params and calls (see analysis.h).
#include "convex/analysis.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::convex {

std::string a_value(Curvature curvature) {
  switch (curvature) {
  case Curvature::constant: return "a constant";
  case Curvature::affine: return "an affine value";
  case Curvature::convex: return "a convex value";
  case Curvature::concave: return "a concave value";
  case Curvature::unknown: break;
  }
  return "a value of unknown curvature";
}

Analysis::Analysis(Question question) : q_(std::move(question)) {
  for (const CallNote& note : q_.notes)
    notes_.emplace(note.result.value, &note);
}

const CallNote* Analysis::note(ValueId value) const {
  auto found = notes_.find(value.value);
  return found == notes_.end() ? nullptr : found->second;
}

const Facts& Analysis::of(ValueId value) {
  if (auto found = done_.find(value.value); found != done_.end()) return found->second;
  // Ascending ids are a topological order.
  for (ValueId id : reachable(q_.graph, std::span(&value, 1)))
    if (!done_.contains(id.value)) {
      Facts found = facts(id);
      // Of a finite value with an affine or constant verdict the Hessian is 0.
      if (is_affine(found.curvature)) found.bend = Bound::number(0);
      done_.emplace(id.value, std::move(found));
    }
  return done_.at(value.value);
}

Facts Analysis::facts(ValueId value) {
  const Node& node = q_.graph.node(value);
  const bool free = std::all_of(node.operands.begin(), node.operands.end(), [&](ValueId operand) {
    return done_.at(operand.value).curvature == Curvature::constant;
  });
  if (node.op == Op::arg && node.attr.ints[0] >= q_.first && node.attr.ints[0] < q_.end) {
    Facts f;
    const int param = static_cast<int>(node.attr.ints[0] - q_.first);
    f.curvature = Curvature::affine;
    f.smooth = f.separable = f.bounded = true;
    f.element_of = param;
    f.gain.emplace(param, Bound::number(1));
    f.reason = "a param";
    return f;
  }
  if (free) return free_facts(value);
  Facts f = operation(value);
  if (const CallNote* call = note(value)) f = declared(*call, std::move(f));
  return f;
}

// ── values without params ────────────────────────────────────────────────────────────────────────

static Sign sign_of_number(double v) {
  return v == 0 ? Sign::zero : v > 0 ? Sign::plus : v < 0 ? Sign::minus : Sign::unknown;
}

Facts Analysis::free_facts(ValueId value) {
  const Node& node = q_.graph.node(value);
  auto operand = [&](size_t k) -> const Facts& { return done_.at(node.operands[k].value); };
  Facts f;
  f.curvature = Curvature::constant;
  f.smooth = f.separable = f.bounded = true;
  f.bend = Bound::number(0);
  f.reason = "no param in it";
  switch (node.op) {
  case Op::constant:
    f.sign = sign_of_number(constant_value(node));
    f.positive = constant_value(node) > 0;
    break;
  case Op::dim:
  case Op::iota: f.sign = Sign::plus; break;
  case Op::neg: f.sign = turned(operand(0).sign); break;
  case Op::add:
    f.sign = sum_of(operand(0).sign, operand(1).sign);
    f.positive = is_plus(f.sign) && (operand(0).positive || operand(1).positive);
    break;
  case Op::sub: f.sign = sum_of(operand(0).sign, turned(operand(1).sign)); break;
  case Op::mul:
    f.sign = node.operands[0] == node.operands[1] ? Sign::plus
                                                  : product_of(operand(0).sign, operand(1).sign);
    f.positive = operand(0).positive && operand(1).positive;
    break;
  case Op::div:
    f.sign = product_of(operand(0).sign, operand(1).sign);
    f.positive = operand(0).positive && operand(1).positive;
    break;
  case Op::abs:
  case Op::sqrt:
  case Op::cosh:
  case Op::softplus:
  case Op::sigmoid: f.sign = Sign::plus; break;
  case Op::exp:
    f.sign = Sign::plus;
    f.positive = true;
    break;
  case Op::pow:
    if (is_plus(operand(0).sign)) f.sign = Sign::plus;
    if (auto p = number(node.operands[1]); p && *p == 2) f.sign = Sign::plus;
    break;
  case Op::cast:
    if (is_real(node.type.dtype) || node.type.dtype == DType::i64) {
      f.sign = operand(0).sign;
      f.positive = operand(0).positive;
    }
    if (q_.graph.type(node.operands[0]).dtype == DType::boolean) f.sign = Sign::plus;
    break;
  case Op::broadcast:
  case Op::reshape:
  case Op::transpose:
  case Op::slice:
  case Op::gather:
  case Op::reduce_max:
  case Op::reduce_min:
    f.sign = operand(0).sign;
    f.positive = operand(0).positive;
    break;
  case Op::reduce_sum: f.sign = operand(0).sign; break;
  default: break;
  }
  return f;
}

Sign Analysis::sign_of(ValueId value) {
  const Facts& f = of(value);
  if (f.sign != Sign::unknown || f.curvature != Curvature::constant || !q_.known) return f.sign;
  std::optional<Tensor> t = q_.known(value);
  if (!t) return Sign::unknown;
  Sign sign = Sign::zero;
  for (int64_t i = 0; i < t->size(); ++i)
    sign = sum_of(sign, sign_of_number(t->number(i)));
  Facts& known = done_.at(value.value);
  known.sign = sign;
  known.positive = sign == Sign::plus && t->size() > 0;
  for (int64_t i = 0; i < t->size(); ++i)
    known.positive = known.positive && t->number(i) > 0;
  return sign;
}

std::optional<double> Analysis::number(ValueId free) {
  if (auto constant = scalar_constant(q_.graph, free)) return constant;
  const Node& node = q_.graph.node(free);
  if (node.op == Op::cast || node.op == Op::broadcast || node.op == Op::reshape)
    if (q_.graph.type(node.operands[0]).is_scalar() || node.op == Op::cast)
      return number(node.operands[0]);
  if (!q_.graph.type(free).is_scalar() || !q_.known) return std::nullopt;
  std::optional<Tensor> t = q_.known(free);
  return t ? std::optional(t->number(0)) : std::nullopt;
}

// ── dispatch ─────────────────────────────────────────────────────────────────────────────────────

Facts Analysis::operation(ValueId value) {
  const Node& node = q_.graph.node(value);
  const std::vector<ValueId>& in = node.operands;
  switch (node.op) {
  case Op::cast:
    if (is_real(node.type.dtype) && is_real(q_.graph.type(in[0]).dtype))
      return moved(value, in[0], "the same value");
    break;
  case Op::neg: {
    Facts f = negated(of(in[0]));
    f.reason =
        is_affine(f.curvature) || f.curvature == Curvature::unknown
            ? fmt::format("minus {}", a_value(of(in[0]).curvature))
            : fmt::format("minus {} is {}", a_value(of(in[0]).curvature), name_of(f.curvature));
    f.because = {in[0]};
    return f;
  }
  case Op::add: return sum(value, in[0], in[1], false);
  case Op::sub: return sum(value, in[0], in[1], true);
  case Op::mul: return product(value, in[0], in[1]);
  case Op::div: return quotient(value, in[0], in[1]);
  case Op::max: return extreme(value, in[0], in[1], true);
  case Op::min: return extreme(value, in[0], in[1], false);
  case Op::pow:
    if (auto p = is_free(in[1]) ? number(in[1]) : std::nullopt) return power(value, in[0], *p);
    break;
  case Op::select: return chosen(value);
  case Op::reshape:
  case Op::transpose:
  case Op::slice:
  case Op::gather:
  case Op::scatter_add:
  case Op::pad: return moved(value, node.op == Op::scatter_add ? in.back() : in[0], "");
  case Op::broadcast: return spread(value);
  case Op::concat: return joined(value);
  case Op::reduce_sum:
  case Op::reduce_max:
  case Op::reduce_min: return folded(value);
  case Op::contract: return contracted(value);
  case Op::solve:
    if (is_free(in[0]) && is_affine(of(in[1]).curvature)) {
      Facts f;
      f.curvature = of(in[1]).curvature;
      f.smooth = true;
      f.reason = "a linear system with a matrix free of params";
      f.because = {in[1]};
      return f;
    }
    break;
  default:
    if (in.size() == 1 && is_elementwise(node.op)) return atom(value);
    break;
  }
  Facts f;
  f.reason = fmt::format("no rule for '{}'", op_info(node.op).name);
  for (ValueId operand : in)
    if (!is_free(operand)) f.because.push_back(operand);
  return f;
}

Facts negated(Facts f) {
  f.curvature = turned(f.curvature);
  f.sign = turned(f.sign);
  f.positive = f.log_convex = f.root_convex = false;
  return f;
}

// What a declaration says stands beside what its formula shows.
Facts Analysis::declared(const CallNote& note, Facts body) {
  if (note.arguments.empty() || !note.arguments[0].valid()) return body;
  for (size_t k = 1; k < note.arguments.size(); ++k)
    if (note.arguments[k].valid() && !is_free(note.arguments[k])) return body;
  const ValueId argument = note.arguments[0];
  if (note.curvature != 0 && body.curvature == Curvature::unknown) {
    Form shape{note.function};
    shape.whole = note.curvature > 0 ? Curvature::convex : Curvature::concave;
    shape.above = shape.below = shape.whole;
    shape.up = shape.down = note.monotone;
    Facts f = composed(shape, argument);
    body.curvature = f.curvature;
    body.reason = f.reason.insert(0, "declared: ");
    body.because = f.because;
  }
  if (note.smooth.valid() && of(argument).smooth) {
    body.smooth = true;
    std::optional<double> slope = number(note.smooth);
    std::optional<Bound> reach = this->reach(of(argument));
    if (!body.bend && slope && std::isfinite(*slope) && reach)
      body.bend = Bound::number(*slope) * *reach;
  }
  return body;
}

} // namespace thalweg::convex
