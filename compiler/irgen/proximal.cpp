// Clauses of functions and sets elaborated at a point (see proximal.h).
#include "irgen/proximal.h"

#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

namespace {

class Clauses {
public:
  Clauses(const Unit& unit, const ProblemUnit& problem, const Type& type)
      : u_(unit), e_(unit), problem_(problem), type_(type) {
    const auto next = static_cast<int64_t>(problem.objective.parameters.size());
    point_ = Value::tensor(e_.builder().arg(next, type));
    step_ = Value::tensor(e_.builder().arg(next + 1, Type::scalar(DType::f64)));
  }

  Elaborator& elaborator() { return e_; }
  const Value& point() const { return point_; }

  std::optional<Function> clause(const AttachedClause& clause, const std::string& name) {
    for (size_t k = 0; k < clause.params.size(); ++k)
      e_.bind(u_.program.symbol_of(clause.params[k]), k == 0 ? point_ : step_);
    Value v = e_.tensor(*clause.value);
    if (!v.is_tensor()) return std::nullopt;
    Builder& b = e_.builder();
    v.id = e_.to_precision(e_.real(v.id));
    if (b.shape(v.id).empty()) v.id = b.broadcast_scalar(v.id, type_.shape);
    if (b.type(v.id) == type_) return function(name, v.id);
    e_.error(DiagKind::shape_mismatch, clause.value->span,
             fmt::format("'{}' is at a point of shape {} of another shape: {}", name,
                         shape_str(type_.shape), e_.type_text(v.id)));
    return std::nullopt;
  }

  Function function(const std::string& name, ValueId value) {
    Function f;
    f.name = name;
    f.parameters = problem_.objective.parameters;
    f.parameters.push_back({"point", type_, false});
    f.parameters.push_back({"step", Type::scalar(DType::f64), false});
    f.results.push_back({"value", value, false, -1});
    return f;
  }

  // By how much a condition fails: 0 where it holds. Nothing for what is no comparison.
  std::optional<ValueId> excess(const Expr& condition) {
    Builder& b = e_.builder();
    if (const auto* logical = condition.as<Logical>()) {
      if (logical->op != LogicalOp::logical_and) return std::nullopt;
      std::optional<ValueId> worst;
      for (const Expr* part : logical->operands) {
        std::optional<ValueId> one = excess(*part);
        if (!one) return std::nullopt;
        worst = worst ? b.make(Op::max, {*worst, *one}) : one;
      }
      return worst;
    }
    const auto* compare = condition.as<Compare>();
    if (!compare) return std::nullopt;
    std::optional<ValueId> worst;
    const Expr* left = compare->first;
    for (const CompareStep& link : compare->rest) {
      const bool less = link.op == CompareOp::le || link.op == CompareOp::lt,
                 more = link.op == CompareOp::ge || link.op == CompareOp::gt;
      if (!less && !more && link.op != CompareOp::eq) return std::nullopt;
      const Value a = e_.tensor(*left), c = e_.tensor(*link.value);
      if (!a.is_tensor() || !c.is_tensor()) return std::nullopt;
      Value gap =
          e_.binary(Op::sub, more ? c : a, more ? a : c, *left, *link.value, link.op_span, "-");
      if (!gap.is_tensor()) return std::nullopt;
      ValueId id = e_.to_precision(e_.real(gap.id));
      if (link.op == CompareOp::eq) id = b.make(Op::abs, {id});
      id = b.reduce_all(Op::reduce_max, id);
      id = b.make(Op::max, {id, b.constant(0, u_.precision)});
      worst = worst ? b.make(Op::max, {*worst, id}) : id;
      left = link.value;
    }
    return worst;
  }

private:
  Unit u_;
  Elaborator e_;
  const ProblemUnit& problem_;
  Type type_;
  Value point_, step_;
};

} // namespace

std::optional<Proximal> proximal_of(const Unit& unit, const ProblemUnit& problem, size_t note) {
  const Elaborator::Noted& call = problem.noted[note];
  const AttachedClause* prox = clause_of(call.function->clauses, AttachedClause::Kind::prox);
  if (!prox || call.arguments.empty() || !call.arguments[0].is_tensor()) return std::nullopt;
  Proximal out;
  out.type = Type::tensor(unit.precision, unit.graph.type(call.arguments[0].id).shape);
  Clauses clauses(unit, problem, out.type);
  std::vector<Value> arguments = call.arguments;
  arguments[0] = clauses.point();
  Elaborator& e = clauses.elaborator();
  Value v = e.tensor(e.call_function(*call.function, arguments, *prox->value), *prox->value);
  if (!v.is_tensor()) return std::nullopt;
  // A function of single elements stands for the sum over them.
  ValueId value = e.builder().reduce_all(Op::reduce_sum, e.to_precision(e.real(v.id)));
  out.value = clauses.function(call.function->name.name.str(), value);
  std::optional<Function> point = clauses.clause(*prox, call.function->name.name.str() + ".prox");
  if (!point) return std::nullopt;
  out.point = std::move(*point);
  return out;
}

std::optional<Proximal> projection_of(const Unit& unit, const ProblemUnit& problem,
                                      size_t membership) {
  const ProblemUnit::Membership& member = problem.memberships[membership];
  const AttachedClause* project = clause_of(member.set->clauses, AttachedClause::Kind::project);
  if (!project) return std::nullopt;
  Proximal out;
  out.type = Type::tensor(unit.precision, unit.graph.type(member.element).shape);
  Clauses clauses(unit, problem, out.type);
  Elaborator& e = clauses.elaborator();
  for (size_t k = 0; k < member.arguments.size(); ++k)
    e.bind(unit.program.symbol_of(member.set->params[k].name), member.arguments[k]);
  e.bind(unit.program.symbol_of(member.set->variable), clauses.point());
  const std::string name = member.set->name.name.str();
  if (member.set->condition)
    if (std::optional<ValueId> excess = clauses.excess(*member.set->condition))
      out.value = clauses.function(name, *excess);
  std::optional<Function> point = clauses.clause(*project, name + ".project");
  if (!point) return std::nullopt;
  out.point = std::move(*point);
  return out;
}

} // namespace thalweg::irgen
