// Rules for choices and booleans.
#include "passes/simplify/rule.h"

namespace thalweg::simplify {
namespace {

using enum Exactness;
using C = Context;

Maybe known_condition(C& c, ValueId id) {
  std::optional<double> condition = c.number(c.operand(id, 0));
  if (!condition) return std::nullopt;
  return c.operand(id, *condition != 0 ? 1 : 2);
}
Maybe equal_sides(C& c, ValueId id) {
  return c.operand(id, 1) == c.operand(id, 2) ? Maybe(c.operand(id, 1)) : std::nullopt;
}
Maybe negated_condition(C& c, ValueId id) {
  Maybe inner = c.under(c.operand(id, 0), Op::logical_not);
  return inner ? Maybe(c.b.select(*inner, c.operand(id, 2), c.operand(id, 1))) : std::nullopt;
}
// A side that chooses by the same condition again.
Maybe same_condition(C& c, ValueId id) {
  ValueId condition = c.operand(id, 0), a = c.operand(id, 1), b = c.operand(id, 2);
  bool in_a = c.op(a) == Op::select && c.operand(a, 0) == condition;
  bool in_b = c.op(b) == Op::select && c.operand(b, 0) == condition;
  if (!in_a && !in_b) return std::nullopt;
  return c.b.select(condition, in_a ? c.operand(a, 1) : a, in_b ? c.operand(b, 2) : b);
}
Maybe not_not(C& c, ValueId id) { return c.under(c.operand(id, 0), Op::logical_not); }
Maybe and_constant(C& c, ValueId id) {
  for (size_t k = 0; k < 2; ++k)
    if (auto known = c.number(c.operand(id, k))) return c.operand(id, *known != 0 ? 1 - k : k);
  return std::nullopt;
}
Maybe or_constant(C& c, ValueId id) {
  for (size_t k = 0; k < 2; ++k)
    if (auto known = c.number(c.operand(id, k))) return c.operand(id, *known != 0 ? k : 1 - k);
  return std::nullopt;
}
// A value against itself; for reals only where NaN gives the same answer.
Maybe against_itself(C& c, ValueId id) {
  if (c.operand(id, 0) != c.operand(id, 1)) return std::nullopt;
  bool real = c.is_real(c.operand(id, 0));
  Op op = c.op(id);
  if (op == Op::lt) return c.full(0, id);
  if (real) return std::nullopt;
  return c.full(op == Op::ne ? 0 : 1, id);
}
// cast(cast(x)) where the first loses nothing: boolean or f32 to anything wider, and back.
Maybe cast_cast(C& c, ValueId id) {
  Maybe x = c.under(c.operand(id, 0), Op::cast);
  if (!x) return std::nullopt;
  DType from = c.type(*x).dtype, middle = c.type(c.operand(id, 0)).dtype;
  bool lossless = from == DType::boolean || (from == DType::f32 && middle == DType::f64);
  if (!lossless || middle == DType::boolean) return std::nullopt;
  return c.b.cast(*x, c.type(id).dtype);
}
Maybe same_cast(C& c, ValueId id) {
  ValueId x = c.operand(id, 0);
  return c.type(x) == c.type(id) ? Maybe(x) : std::nullopt;
}

const Rule kRules[] = {
    {"select(true, a, b) = a", {Op::select}, exact, known_condition},
    {"select(c, a, a) = a", {Op::select}, exact, equal_sides},
    {"select(not c, a, b) = select(c, b, a)", {Op::select}, exact, negated_condition},
    {"select(c, select(c, a, _), b) = select(c, a, b)", {Op::select}, exact, same_condition},
    {"not not c = c", {Op::logical_not}, exact, not_not},
    {"true and c = c", {Op::logical_and}, exact, and_constant},
    {"false or c = c", {Op::logical_or}, exact, or_constant},
    {"x < x = false", {Op::eq, Op::ne, Op::lt, Op::le}, exact, against_itself},
    {"cast(cast(x)) = cast(x)", {Op::cast}, exact, cast_cast},
    {"cast(x) = x", {Op::cast}, exact, same_cast},
};

} // namespace

std::span<const Rule> select_rules() { return kRules; }

} // namespace thalweg::simplify
