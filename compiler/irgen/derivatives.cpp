// ∇h(z), ∇²h(z), hvp(h, z, v) and jac(h, z) of functions h of one tensor: the function at a
// placeholder, cut out as a lambda. It may mention anything in sight, f included.
#include "irgen/elaborator.h"

#include "ir/rewrite.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

Value Elaborator::derivative_at(const Value& function, const Call& n, const Expr& e) {
  if (function.derivative > 2) return not_lowered(e.span, "a derivative beyond the second");
  if (n.args.size() != 1)
    return poison(DiagKind::argument_count, e.span, "a derivative is taken at one point");
  Value point = tensor(*n.args[0].value);
  if (!point.is_tensor()) return point;
  Value plain = function;
  plain.derivative = 0;
  return derivative(function.derivative == 1 ? DerivativeKind::gradient : DerivativeKind::hessian,
                    plain, {point}, e);
}

Value Elaborator::derivative(DerivativeKind kind, const Value& function,
                             std::vector<Value> arguments, const Expr& e) {
  if (!hooks) return not_lowered(e.span, "the derivative of a function outside of rules");
  const FunctionDecl& f = *function.function;
  if (f.params.empty())
    return poison(DiagKind::argument_count, e.span,
                  fmt::format("'{}' has no argument to differentiate by", f.name.name.view()));
  for (Value& v : arguments)
    v.id = to_precision(real(v.id));
  const Type type = b_.type(arguments[0].id);
  if (kind == DerivativeKind::product) {
    Value& direction = arguments[1];
    if (b_.shape(direction.id).empty())
      direction.id = b_.broadcast_scalar(direction.id, type.shape);
    if (b_.type(direction.id) != type)
      return poison(DiagKind::shape_mismatch, e.span,
                    fmt::format("a direction has the shape of the point, {}; this is {}",
                                shape_str(type.shape), type_text(direction.id)));
  }
  // What it asks of f is asked at its own point, where the derivative is taken.
  ++branches_;
  const uint32_t mark = regions_.mark();
  const ValueId point = regions_.placeholder(type);
  const size_t first_check = checks.size();
  std::optional<std::vector<Value>> given = with_defaults(f, Value::tensor(point), e);
  Value v = given ? call_function(f, *given, e) : Value{};
  v = tensor(std::move(v), e);
  --branches_;
  if (checks.size() > first_check) {
    Span stops = checks.back().span;
    checks.resize(first_check);
    return not_lowered(stops, "what ends the step inside a function that is differentiated");
  }
  if (!v.is_tensor()) return {};
  v.id = kind == DerivativeKind::jacobian ? to_precision(real(v.id)) : real(v.id);
  if (kind != DerivativeKind::jacobian && !b_.type(v.id).is_scalar()) {
    error(DiagKind::not_scalar, e.span,
          fmt::format("'{}' is {} there, and a gradient is that of one number", f.name.name.view(),
                      type_text(v.id)))
        .help("reduce it with sum(…), or take its Jacobian: jac(h, z)");
    return {};
  }
  Regions::Closed closed = regions_.close({{v.id}}, {point}, mark, false);
  if (closed.across.valid())
    return not_lowered(e.span, "the derivative of a sum over all parameters");
  std::vector<ValueId> operands{arguments[0].id};
  operands.insert(operands.end(), closed.captures.begin(), closed.captures.end());
  if (kind == DerivativeKind::product) operands.push_back(arguments[1].id);
  Attr attr;
  attr.ints = {static_cast<int64_t>(kind)};
  attr.lambdas = closed.lambdas;
  return Value::tensor(b_.make(Op::derivative, std::move(operands), std::move(attr)));
}

std::optional<std::vector<Value>> Elaborator::with_defaults(const FunctionDecl& f, Value first,
                                                            const Expr& e) {
  std::vector<Value> given{std::move(first)};
  bind(u_.program.symbol_of(f.params[0].name), given[0]);
  for (size_t k = 1; k < f.params.size(); ++k) {
    if (!f.params[k].value) {
      error(DiagKind::missing_argument, e.span,
            fmt::format("'{}' has more arguments than the one it is differentiated by",
                        f.name.name.view()))
          .label(f.params[k].span, "this one has no default");
      return std::nullopt;
    }
    given.push_back(expr(*f.params[k].value));
  }
  return given;
}

} // namespace thalweg::irgen
