// Values given where nothing is computed: constant numbers, and rules with their hyperparameters.
#include "irgen/rule.h"

#include "ir/interp.h"
#include "support/overloaded.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

static std::optional<double> evaluate(const Unit& unit, ValueId id) {
  Function f;
  f.name = "constant";
  f.results.push_back({"value", id, false, -1});
  Evaluated out = Interpreter(unit.graph).evaluate(f, {});
  return out.ok() ? std::optional(out.results[0].number(0)) : std::nullopt;
}

std::optional<double> constant_number(const Unit& unit, const Expr& e, const Bindings* bindings) {
  Elaborator elaborator(unit);
  if (bindings)
    for (const auto& [symbol, a] : *bindings)
      if (a.kind == Argument::Kind::number)
        elaborator.bind(sema::SymbolId(symbol),
                        Value::tensor(elaborator.builder().constant(a.number)));
  size_t errors = unit.diags.error_count();
  Value v = elaborator.scalar(e);
  if (v.is_tensor())
    if (std::optional<double> number = evaluate(unit, v.id)) return number;
  if (unit.diags.error_count() == errors)
    unit.diags.report(
        DiagKind::not_constant, e.span,
        fmt::format("'{}' is not a number known before the run", elaborator.source_text(e)));
  return std::nullopt;
}

static std::optional<Argument> argument(const Unit& unit, const Expr& e, const Bindings* bindings);

static const std::vector<Param>* params_of(const Decl& decl) {
  return std::visit(overloaded{
                        [](const OptimizerDecl& d) { return &d.params; },
                        [](const TransformDecl& d) { return &d.params; },
                        [](const ScheduleDecl& d) { return &d.params; },
                        [](const auto&) { return static_cast<const std::vector<Param>*>(nullptr); },
                    },
                    decl.node);
}

// A flag or a text is one by its default value, an optimizer by that or by its type; all else are
// numbers.
static bool suits(const Unit& unit, const Param& param, const Argument& a) {
  const Expr* value = param.value;
  bool flag = value && value->as<BoolLit>(), text = value && value->as<StringLit>();
  bool rule =
      param.type && param.type->kind && param.type->kind.name == std::string_view("optimizer");
  if (!rule && value) {
    const Call* call = value->as<Call>();
    sema::SymbolId id = unit.program.symbol_of(call ? *call->callee : *value);
    const Decl* item = id.valid() ? unit.program.symbol(id).item : nullptr;
    rule = value->as<Pipe>() || (item && item->as<OptimizerDecl>());
  }
  using Kind = Argument::Kind;
  const char* wanted = flag                      ? "is true or false"
                       : rule                    ? "takes an optimizer"
                       : text                    ? "takes a text"
                       : a.kind == Kind::boolean ? "takes no truth value"
                       : a.kind == Kind::text    ? "takes no text"
                                                 : "takes no optimizer";
  if (flag == (a.kind == Kind::boolean) && rule == (a.kind == Kind::rule) &&
      text == (a.kind == Kind::text))
    return true;
  unit.diags.report(DiagKind::wrong_kind, a.span,
                    fmt::format("'{}' {}", param.name.name.view(), wanted));
  return false;
}

// One argument per parameter: given, or the default; a missing one was reported by sema.
static std::optional<std::vector<Argument>> arguments(const Unit& unit,
                                                      const std::vector<Param>& params,
                                                      const std::vector<Arg>& given,
                                                      const Bindings* bindings) {
  std::vector<const Expr*> values(params.size(), nullptr);
  size_t next = 0;
  for (const Arg& arg : given) {
    if (arg.style == ArgStyle::sampled) {
      unit.diags.report(DiagKind::not_lowered, arg.span,
                        "a search over hyperparameters is not compiled yet");
      return std::nullopt;
    }
    size_t k = next;
    if (arg.style == ArgStyle::positional)
      ++next;
    else
      k = static_cast<size_t>(
          std::find_if(params.begin(), params.end(),
                       [&](const Param& p) { return p.name.name == arg.name.name; }) -
          params.begin());
    if (k >= params.size()) return std::nullopt;
    values[k] = arg.value;
  }
  std::vector<Argument> out;
  for (size_t k = 0; k < params.size(); ++k) {
    const Expr* e = values[k] ? values[k] : params[k].value;
    if (!e) return std::nullopt;
    std::optional<Argument> a = argument(unit, *e, values[k] ? bindings : nullptr);
    if (!a) return std::nullopt;
    a->span = e->span;
    if (!suits(unit, params[k], *a)) return std::nullopt;
    out.push_back(std::move(*a));
  }
  return out;
}

// The declaration that `Name` or `Name(…)` names.
static const Decl* named_item(const Unit& unit, const Expr& e) {
  const Call* call = e.as<Call>();
  sema::SymbolId id = unit.program.symbol_of(call ? *call->callee : e);
  return id.valid() ? unit.program.symbol(id).item : nullptr;
}

static std::optional<Argument> argument(const Unit& unit, const Expr& e, const Bindings* bindings) {
  Argument out;
  if (bindings && e.as<NameRef>())
    if (auto bound = bindings->find(unit.program.symbol_of(e).value); bound != bindings->end())
      return bound->second;
  if (const auto* literal = e.as<BoolLit>()) {
    out.kind = Argument::Kind::boolean;
    out.number = literal->value;
    return out;
  }
  if (const auto* literal = e.as<StringLit>()) {
    out.kind = Argument::Kind::text;
    out.text = literal->value;
    return out;
  }
  const Decl* item = named_item(unit, e);
  if (item && unit.program.broken.contains(item)) return std::nullopt;
  if (item && item->as<ScheduleDecl>()) {
    const Call* call = e.as<Call>();
    std::optional<std::vector<Argument>> inner =
        arguments(unit, *params_of(*item), call ? call->args : std::vector<Arg>{}, bindings);
    if (!inner) return std::nullopt;
    out.kind = Argument::Kind::schedule;
    out.schedule = item->as<ScheduleDecl>();
    out.arguments = std::move(*inner);
    return out;
  }
  if (e.as<Pipe>() || (item && params_of(*item))) {
    std::optional<Chain> chain = chain_of(unit, e, DiagKind::wrong_kind, bindings);
    if (!chain) return std::nullopt;
    out.kind = Argument::Kind::rule;
    out.rule = std::make_shared<Chain>(std::move(*chain));
    return out;
  }
  std::optional<double> number = constant_number(unit, e, bindings);
  if (!number) return std::nullopt;
  out.number = *number;
  return out;
}

std::optional<RuleCall> default_call(const Unit& unit, const Decl& decl) {
  const std::vector<Param>& params = *params_of(decl);
  RuleCall call{&decl, {}, name_of(decl).span};
  for (const Param& param : params) {
    std::optional<Argument> a =
        Argument{Argument::Kind::number, 1, nullptr, nullptr, {}, param.span, {}};
    // An optimizer that has to be given: one whose step is the gradient.
    if (!param.value && param.type && param.type->kind.name == std::string_view("optimizer"))
      a = Argument{Argument::Kind::rule, 0, nullptr, std::make_shared<Chain>(), {}, param.span, {}};
    if (param.value) a = argument(unit, *param.value, nullptr);
    if (!a) return std::nullopt;
    a->span = param.span;
    if (!suits(unit, param, *a)) return std::nullopt;
    call.arguments.push_back(std::move(*a));
  }
  return call;
}

static std::optional<RuleCall> rule_call(const Unit& unit, const Expr& e,
                                         const Bindings* bindings) {
  const Call* call = e.as<Call>();
  const Decl* item = named_item(unit, e);
  if (item && unit.program.broken.contains(item)) return std::nullopt;
  if (!item || !params_of(*item) || item->as<ScheduleDecl>()) {
    if (item || !(call ? call->callee : &e)->as<NameRef>() ||
        unit.program.symbol_of(call ? *call->callee : e).valid())
      unit.diags.report(DiagKind::wrong_kind, e.span, "an optimizer or a transform is needed here");
    return std::nullopt;
  }
  std::optional<std::vector<Argument>> values =
      arguments(unit, *params_of(*item), call ? call->args : std::vector<Arg>{}, bindings);
  if (!values) return std::nullopt;
  return RuleCall{item, std::move(*values), e.span};
}

std::optional<Chain> chain_of(const Unit& unit, const Expr& e, DiagKind kind,
                              const Bindings* bindings) {
  std::vector<const Expr*> stages{&e};
  if (const auto* pipe = e.as<Pipe>()) stages = pipe->stages;
  Chain chain;
  bool fine = true;
  for (size_t k = 0; k < stages.size(); ++k) {
    std::optional<RuleCall> call = rule_call(unit, *stages[k], bindings);
    if (!call) {
      fine = false;
      continue;
    }
    bool last = k + 1 == stages.size(), optimizer = call->decl->as<OptimizerDecl>() != nullptr;
    if (last != optimizer) {
      unit.diags.report(kind, stages[k]->span,
                        last ? "a chain ends with an optimizer"
                             : "only transforms stand before the last '|>'");
      fine = false;
    } else if (last) {
      chain.rule = std::move(*call);
    } else {
      chain.transforms.push_back(std::move(*call));
    }
  }
  return fine ? std::optional(std::move(chain)) : std::nullopt;
}

bool check_schedule(const Unit& unit, const Decl& decl) {
  const auto& schedule = *decl.as<ScheduleDecl>();
  Elaborator e(unit);
  size_t errors = unit.diags.error_count();
  int64_t next = 0;
  auto open = [&] { return e.builder().arg(next++, Type::scalar(DType::f64)); };
  e.step = open();
  e.loss = open();
  e.epoch = open();
  e.batch = open();
  Value v;
  v.kind = Value::Kind::schedule;
  v.schedule.decl = &schedule;
  v.schedule.arguments = std::make_shared<std::vector<Value>>();
  for (const Param& param : schedule.params) {
    Value argument;
    if (const auto* flag = param.value ? param.value->as<BoolLit>() : nullptr) {
      argument = Value::tensor(e.builder().constant(flag->value, DType::boolean));
    } else if (const auto* text = param.value ? param.value->as<StringLit>() : nullptr) {
      argument.kind = Value::Kind::text;
      argument.text = text->value;
    } else { // a number, or a schedule that may be asked for other steps
      argument.kind = Value::Kind::schedule;
      argument.schedule.open = open();
    }
    v.schedule.arguments->push_back(std::move(argument));
  }
  std::map<std::string, Elaborator::ScheduleState> states;
  for (const Stmt* s : schedule.body)
    if (const auto* list = s->as<StateStmt>())
      for (const StateDecl& state : list->states) {
        ValueId id = open();
        states["." + state.name.name.str()] = {id, id};
      }
  e.schedule_states = &states;
  e.schedule_at(v.schedule, e.step);
  return unit.diags.error_count() == errors;
}

} // namespace thalweg::irgen
