// Builtins of rules: draws, and what a rule may ask about the parameter that it is applied to.
#include "irgen/elaborator.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

Value Elaborator::draw(const Expr& e, const Call& n, std::string_view name) {
  std::optional<Shape> shape = draw_shape;
  std::vector<const Expr*> numbers;
  for (const Arg& arg : n.args) {
    if (!arg.value->as<Like>()) {
      numbers.push_back(arg.value);
      continue;
    }
    Value like = expr(*arg.value);
    if (like.kind != Value::Kind::shape) return {};
    shape = like.dims;
  }
  if (numbers.size() > 2 || (name == "rademacher" && !numbers.empty()))
    return poison(DiagKind::argument_count, e.span,
                  fmt::format("'{}' takes {} and the shape, as in 'like x'", name,
                              name == "normal"    ? "mean and deviation"
                              : name == "uniform" ? "the lowest and the highest number"
                                                  : "no number"));
  if (!shape || !draw_key[0].valid())
    return poison(DiagKind::wrong_kind, e.span,
                  fmt::format("'{}' draws initial values of params, and in rules and transforms; "
                              "nothing is drawn here",
                              name));
  for (ValueId around : path)
    if (!b_.type(around).is_scalar())
      return poison(DiagKind::wrong_kind, e.span,
                    "a draw under a condition that differs from element to element");
  Distribution d = name == "normal"    ? Distribution::normal
                   : name == "uniform" ? Distribution::uniform
                                       : Distribution::rademacher;
  ValueId at = draw_step.valid() ? draw_step : b_.cast(step, DType::i64);
  Value drawn = Value::tensor(b_.random(d, next_site_++, Type::tensor(u_.precision, *shape),
                                        {draw_key[0], draw_key[1], at}));
  if (d == Distribution::rademacher) return drawn;
  const Expr* first = numbers.empty() ? nullptr : numbers[0];
  const Expr* second = numbers.size() < 2 ? nullptr : numbers[1];
  if (!first) return drawn;
  Value a = tensor(*first);
  Value b = second ? tensor(*second) : Value::tensor(b_.constant(1));
  if (!a.is_tensor() || !b.is_tensor()) return {};
  const Expr& eb = second ? *second : *first;
  // normal(mean, deviation); uniform(low, high)
  Value width = d == Distribution::uniform ? binary(Op::sub, b, a, eb, *first, e.span, "-") : b;
  Value scaled = binary(Op::mul, drawn, width, e, eb, e.span, "*");
  return scaled.is_tensor() ? binary(Op::add, scaled, a, e, *first, e.span, "+") : scaled;
}

// role(x), name(x), matches(name(x), "*.bias"): known for every parameter before the run.
Value Elaborator::about(const Expr& e, const Call& n, std::string_view name) {
  if (name == "matches") {
    Value text = expr(*n.args[0].value), pattern = expr(*n.args[1].value);
    if (text.is_poison() || pattern.is_poison()) return {};
    if (text.kind != Value::Kind::text || pattern.kind != Value::Kind::text ||
        !(text.of_role || text.of_name))
      return poison(DiagKind::wrong_kind, e.span,
                    "'matches' takes the parameter's name or role and a text: "
                    "matches(name(x), \"*.bias\")");
    return ask(text, pattern.text);
  }
  const Expr& argument = *n.args[0].value;
  sema::SymbolId id = argument.as<NameRef>() ? u_.program.symbol_of(argument) : sema::SymbolId{};
  if (!hooks || !id.valid() || u_.program.symbol(id).kind != sema::SymbolKind::tensor)
    return poison(DiagKind::wrong_kind, argument.span,
                  fmt::format("'{}' is asked of the parameter that a rule is applied to", name));
  if (!hooks->subject())
    return poison(DiagKind::wrong_kind, e.span,
                  fmt::format("a rule on the vector sees all parameters at once: they have no "
                              "'{}' together",
                              name));
  Value text;
  text.kind = Value::Kind::text;
  text.of_role = name == "role";
  text.of_name = name == "name";
  return text;
}

Value Elaborator::ask(const Value& text, const std::string& pattern) {
  ++asked;
  questions.push_back({text.of_role, pattern});
  return Value::tensor(b_.constant(questions.back().answer(*hooks->subject()), DType::boolean));
}

} // namespace thalweg::irgen
