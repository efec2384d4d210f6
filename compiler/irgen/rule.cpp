// Rules: gradient through the transforms, states to their least shapes, the step as one function.
#include "irgen/rule_frame.h"

#include "ir/varying.h"

#include "support/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thalweg::irgen {

using namespace ast;

std::string Demands::str() const {
  std::vector<std::string> parts;
  if (value) parts.push_back("f at x");
  if (gradient_at_x) parts.push_back("∇f at x");
  if (gradients_elsewhere)
    parts.push_back(fmt::format("∇f at {} other point{}", gradients_elsewhere,
                                gradients_elsewhere == 1 ? "" : "s"));
  if (values_elsewhere)
    parts.push_back(
        fmt::format("f at {} other point{}", values_elsewhere, values_elsewhere == 1 ? "" : "s"));
  if (matrix) parts.push_back("matrix parameters");
  if (vector) parts.push_back("all parameters end to end");
  if (across) parts.push_back("reductions over all parameters");
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

size_t RuleUnit::index_of(std::string_view parameter) const {
  for (size_t k = 0; k < step.parameters.size(); ++k)
    if (step.parameters[k].name == parameter) return k;
  return step.parameters.size();
}

namespace {

constexpr int kMaxShapeRounds = 10;

class RuleBuilder : public RuleFrame {
public:
  RuleBuilder(const Unit& unit, const Chain& chain, size_t rank)
      : RuleFrame(unit, chain), rank_(rank) {}

  std::optional<RuleUnit> run() {
    size_t errors = u_.diags.error_count();
    const Decl* decl = chain_.rule.decl ? chain_.rule.decl : chain_.transforms.back().decl;
    name_ = name_of(*decl);
    unit_.name = name_.name.str();
    if (const auto* main = decl->as<OptimizerDecl>()) {
      body_ = std::get_if<RuleBody>(&main->body);
      if (!body_) {
        u_.diags.report(DiagKind::not_lowered, name_.span,
                        std::holds_alternative<RoutingBody>(main->body)
                            ? "an optimizer that routes parameters to rules is not compiled yet"
                            : "an optimizer made from a flow is not compiled yet");
        return std::nullopt;
      }
      unit_.demands.matrix = body_->scope == RuleScope::matrix;
      unit_.demands.vector = body_->scope == RuleScope::vector;
      if (body_->scope == RuleScope::matrix) rank_ = 2;
      if (body_->scope == RuleScope::vector) rank_ = 1;
    }
    unit_.rank = rank_;
    if (rank_ == 1)
      x_type_ = Type::tensor(u_.precision, {Dim::symbol("size")});
    else {
      x_type_ = Type::tensor(u_.precision, {});
      for (size_t k = 0; k < rank_; ++k)
        x_type_.shape.push_back(Dim::symbol(fmt::format("size{}", k)));
    }
    collect_hypers();
    collect_states();
    // States start from their initial shapes and widen until the step keeps them.
    for (int round = 0;; ++round) {
      begin();
      initial_states(round == 0);
      if (u_.diags.error_count() > errors) return std::nullopt;
      TW_CHECK(unit_.initial.results.size() == states_.size(), "a state without initial value");
      begin();
      points_.clear();
      transformed_.reset();
      in_transform_ = false;
      if (!steps() || u_.diags.error_count() > errors) return std::nullopt;
      if (!widen()) {
        if (u_.diags.error_count() > errors) return std::nullopt;
        break;
      }
      if (round == kMaxShapeRounds) {
        u_.diags.report(DiagKind::state_shape, name_.span,
                        "the shapes of the states grow with every step");
        return std::nullopt;
      }
    }
    finish();
    if (u_.diags.error_count() > errors) return std::nullopt;
    return std::move(unit_);
  }

  // f or ∇f at a point: at x itself the objective's own value or gradient, elsewhere a query.
  Value oracle(const ObjectiveRef& objective, const std::vector<Value>& arguments,
               const Expr& at) override {
    if (!objective.part.empty())
      return e_->not_lowered(at.span, fmt::format("'f.{}'", objective.part));
    if (objective.order > 1) return e_->not_lowered(at.span, "'∇²f'");
    Value point = arguments[0];
    if (in_transform_) return e_->not_lowered(at.span, "an oracle inside a transform");
    Builder& b = e_->builder();
    point.id = e_->to_precision(point.id);
    if (point.id == x_) {
      if (objective.order == 1) {
        unit_.demands.gradient_at_x = true;
        return gradient_at_x();
      }
      unit_.demands.value = true;
      return Value::tensor(arg("value"));
    }
    if (b.type(point.id) != x_type_) {
      Diagnostic& d =
          e_->error(DiagKind::shape_mismatch, at.span,
                    fmt::format("the objective takes a point of the shape of {}; this is {}",
                                body_->variable.name.view(), e_->type_text(point.id)));
      d.note("every parameter's own point is formed, then the objective is asked once");
      return {};
    }
    if (!chain_.transforms.empty()) {
      e_->error(DiagKind::transform_mismatch, chain_.transforms[0].span,
                fmt::format("'{}' asks for the objective at points other than {}, so it is not "
                            "clear what '|>' transforms",
                            unit_.name, body_->variable.name.view()))
          .label(at.span, "asked here")
          .help("put the transform around the inner rule of a wrapper instead");
      return {};
    }
    // Queries keep the order of their first appearance; the same point is asked once.
    for (size_t k = 0; k < points_.size(); ++k)
      if (points_[k].first == point.id && points_[k].second == objective.order)
        return Value::tensor(arg(query_name(k)));
    points_.emplace_back(point.id, objective.order);
    return Value::tensor(parameter(query_name(points_.size() - 1),
                                   objective.order == 1 ? x_type_ : Type::scalar(u_.precision),
                                   objective.order == 1));
  }

private:
  static std::string query_name(size_t k) { return fmt::format("query{}", k); }

  // The gradient at x, through the transforms; built once.
  Value gradient_at_x() {
    if (transformed_) return *transformed_;
    Value g = Value::tensor(gradient_);
    in_transform_ = true;
    for (const RuleCall& call : chain_.transforms) {
      const auto& transform = *call.decl->as<TransformDecl>();
      e_->bind(u_.program.symbol_of(transform.variable), g);
      if (transform.point) e_->bind(u_.program.symbol_of(transform.point), Value::tensor(x_));
      enter(call);
      if (!body(transform.body, prefix(call))) return {};
      leave(call);
      g = next(transform.variable, x_type_, "the gradient");
      if (!g.is_tensor()) return g;
    }
    in_transform_ = false;
    transformed_ = g;
    return g;
  }

  bool body(const Block& statements, const std::string& prefix) {
    std::optional<Value> returned;
    bool fine = true;
    for (const Stmt* s : statements) {
      if (const auto* report = s->as<ReportStmt>()) {
        reports_.push_back(report);
        continue;
      }
      // Later lines are looked at too: independent mistakes are told together.
      fine = e_->statement_of_rule(*s, returned) && fine;
      name_value(*s, prefix);
    }
    return fine;
  }
  void name_value(const Stmt& s, const std::string& prefix) {
    const Value* v = nullptr;
    std::string name;
    if (const auto* let = s.as<LetStmt>()) {
      v = e_->bound(u_.program.symbol_of(let->name));
      name = prefix + let->name.name.str();
    } else if (const auto* prime = s.as<PrimeStmt>()) {
      auto it = e_->primes.find(u_.program.symbol_of(prime->name).value);
      if (it != e_->primes.end()) v = &it->second;
      name = prefix + prime->name.name.str() + "'";
    }
    if (v && v->is_tensor()) unit_.names.push_back({name, v->id});
  }

  Value next(const Ident& name, const Type& type, std::string_view what) {
    auto it = e_->primes.find(u_.program.symbol_of(name).value);
    if (it == e_->primes.end() || !it->second.is_tensor()) return {};
    Value v = it->second;
    v.id = e_->to_precision(v.id);
    Shape found = e_->builder().shape(v.id);
    if (found.empty())
      v.id = e_->builder().broadcast_scalar(v.id, type.shape);
    else if (found != type.shape) {
      u_.diags.report(DiagKind::next_shape, prime_span(name),
                      fmt::format("{}' has shape {}, {} is {}", name.name.view(), shape_str(found),
                                  what, shape_str(type.shape)));
      return {};
    }
    return v;
  }
  Span prime_span(const Ident& name) const {
    if (!body_) return name.span;
    for (const Stmt* s : body_->body)
      if (const auto* prime = s->as<PrimeStmt>(); prime && prime->name.name == name.name)
        return prime->name.span;
    return name.span;
  }

  bool steps() {
    reports_.clear();
    if (body_) {
      enter(chain_.rule);
      if (!body(body_->body, "")) return false;
      leave(chain_.rule);
    }
    // The schedules' states advance even where the rule does not read the rate.
    recorded_.clear();
    for_calls([&](const RuleCall& call) {
      const std::vector<Param>& params = params_of(*call.decl);
      for (size_t k = 0; k < params.size(); ++k)
        if (call.arguments[k].kind == Argument::Kind::schedule) {
          std::string name = prefix(call) + params[k].name.name.str();
          Value v = e_->schedule_at(hyper_value(name, call.arguments[k]).schedule, e_->step);
          if (v.is_tensor()) recorded_.emplace_back(name, e_->builder().cast(v.id, DType::f64));
        }
    });
    if (!body_) unit_.demands.gradient_at_x = true;
    new_x_ = !body_
                 ? gradient_at_x()
                 : next(body_->variable, x_type_, fmt::format("{}", body_->variable.name.view()));
    return new_x_.is_tensor();
  }

  void finish() {
    auto base = [&](Function& f, std::string name) {
      f.name = std::move(name);
      f.parameters = parameters_;
      f.over_table = true;
      for (const Dim& dim : x_type_.shape)
        f.tensor_symbols.push_back(*dim.as_symbol());
    };
    base(unit_.initial, unit_.name + ".initial");
    base(unit_.step, unit_.name + ".step");
    std::vector<Result>& results = unit_.step.results;
    results.push_back({body_ ? body_->variable.name.str() : "x", new_x_.id, true,
                       static_cast<int>(unit_.index_of("x"))});
    for (size_t k = 0; k < states_.size(); ++k) {
      const StateDef& state = states_[k];
      unit_.states.push_back({state.name, state.type, state.per_tensor});
      results.push_back({state.name + "'", fit(state.next, state.type), state.per_tensor,
                         static_cast<int>(unit_.index_of("state " + state.name))});
    }
    for (const auto& [name, id] : recorded_) {
      unit_.recorded.push_back(name);
      results.push_back({name, id, false, -1});
    }
    for (const ReportStmt* report : reports_)
      for (const ReportItem& item : report->items)
        this->report(item, results);
    unit_.step.checks = e_->checks;
    for (size_t k = 0; k < unit_.step.checks.size(); ++k)
      unit_.step.checks[k].status = kFirstRequire + static_cast<int>(k);
    for (size_t k = 0; k < points_.size(); ++k) {
      RuleUnit::Query query{{}, points_[k].second};
      base(query.point, fmt::format("{}.point{}", unit_.name, k));
      query.point.results.push_back({"point", points_[k].first, true, -1});
      unit_.queries.push_back(std::move(query));
      ++(points_[k].second == 1 ? unit_.demands.gradients_elsewhere
                                : unit_.demands.values_elsewhere);
    }
    for (ValueId id : reachable(u_.graph, roots_of(unit_.step))) {
      Op op = u_.graph.node(id).op;
      unit_.demands.across = unit_.demands.across || op == Op::across_sum || op == Op::across_min ||
                             op == Op::across_max;
    }
    unit_.shape_sensitive = e_->shape_sensitive;
  }

  void report(const ReportItem& item, std::vector<Result>& results) {
    Value v = e_->tensor(*item.value);
    if (!v.is_tensor()) return;
    std::string name =
        item.name ? item.name.name.str() : std::string(u_.sources.text(item.value->span));
    if (!e_->builder().type(v.id).is_scalar()) {
      u_.diags.report(DiagKind::not_scalar, item.value->span,
                      fmt::format("a report is one number; '{}' is {}", name, e_->type_text(v.id)));
      return;
    }
    // Nothing but the report may read the value: it has to be a result to be looked at.
    Function probe = unit_.step;
    probe.results.push_back({name, v.id, true, -1});
    bool varies = varies_by_tensor(u_.graph, probe)[v.id.value];
    if (varies && !unit_.demands.vector) {
      u_.diags
          .report(DiagKind::not_scalar, item.value->span,
                  fmt::format("'{}' differs from parameter to parameter", name))
          .help("reduce it over all of them: norm(all g), sum(all …)");
      return;
    }
    if (e_->builder().type(v.id).dtype == DType::boolean)
      v.id = e_->builder().cast(v.id, DType::f64);
    v.id = e_->builder().cast(e_->real(v.id), DType::f64);
    // One tensor alone: a sum over the table is its value, shared.
    if (varies) v.id = e_->builder().make(Op::across_sum, {v.id});
    unit_.reports.push_back(name);
    results.push_back({name, v.id, false, -1});
  }

  size_t rank_;
  std::vector<std::pair<ValueId, int>> points_;
  std::optional<Value> transformed_;
  bool in_transform_ = false;
  std::vector<const ReportStmt*> reports_;
  std::vector<std::pair<std::string, ValueId>> recorded_;
  Value new_x_;
};

} // namespace

std::optional<RuleUnit> elaborate_rule(const Unit& unit, const Chain& chain, size_t rank) {
  for (const RuleCall& call : chain.transforms)
    if (unit.program.broken.contains(call.decl)) return std::nullopt;
  if (chain.rule.decl && unit.program.broken.contains(chain.rule.decl)) return std::nullopt;
  return RuleBuilder(unit, chain, rank).run();
}

} // namespace thalweg::irgen
