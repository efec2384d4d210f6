// From what the text of a rule says to its functions: results, checks, reports, the answer.
#include "irgen/rule_builder.h"

#include "ir/rewrite.h"
#include "ir/varying.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

// ── what is the same for all tensors ─────────────────────────────────────────────────────────────

bool RuleBuilder::varies(ValueId id) {
  Function probe;
  probe.parameters = parameters_;
  probe.over_table = true;
  for (const Dim& dim : x_type_.shape)
    probe.tensor_symbols.push_back(*dim.as_symbol());
  probe.results.push_back({"", id, true, -1});
  return varies_by_tensor(u_.graph, probe)[id.value];
}

bool RuleBuilder::shared(ValueId id, Span span, std::string_view what) {
  if (!varies(id)) return true;
  u_.diags
      .report(DiagKind::not_scalar, span,
              fmt::format("{} differs from parameter to parameter", what))
      .help("reduce it over all of them: norm(all g), sum(all …)");
  return false;
}

// ── the functions ────────────────────────────────────────────────────────────────────────────────

static bool keeps_state(const Argument& a) {
  if (a.kind != Argument::Kind::schedule) return false;
  return std::any_of(a.schedule->body.begin(), a.schedule->body.end(),
                     [](const Stmt* s) { return s->as<StateStmt>() != nullptr; }) ||
         std::any_of(a.arguments.begin(), a.arguments.end(), keeps_state);
}

void RuleBuilder::finish() {
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
  const char* moves = level(0).rule < 0 ? "gradient" : "x"; // of transforms alone
  results.push_back({body_ ? body_->variable.name.str() : moves, outcome_.next, true,
                     static_cast<int>(unit_.index_of(moves))});
  for (const StateDef& state : states_) {
    if (state.fresh) continue;
    unit_.states.push_back({state.name, state.type, state.per_tensor});
    results.push_back({state.name + "'", fit(state.current, state.type), state.per_tensor,
                       static_cast<int>(unit_.index_of("state " + state.name))});
  }
  // A schedule without states that routing was given is the same for every line that takes it.
  for (const auto& [name, a] : tree_.routing_hypers)
    if (a.kind == Argument::Kind::schedule && !keeps_state(a)) record_schedule(name, a);
  for (const Recorded& schedule : recorded_) {
    unit_.recorded.push_back(schedule.name);
    unit_.rates.push_back(schedule.rate);
    results.push_back({schedule.name, schedule.value, false, -1});
  }
  finish_reports(results);
  for (auto [id, span] : gates_)
    if (!shared(id, span, "whether a step is taken")) return;
  if (taken_.valid()) {
    unit_.gated = true;
    results.push_back({"taken", taken_, false, -1});
  }
  finish_checks();
  for (size_t k = 0; k < points_.size(); ++k) {
    const Point& asked = points_[k];
    RuleUnit::Query query{{}, asked.order, {}};
    base(query.point, fmt::format("{}.point{}", unit_.name, k));
    query.point.results.push_back({"point", asked.point, true, -1});
    if (asked.order == 2) query.point.results.push_back({"direction", asked.direction, true, -1});
    if (asked.asked.valid() && e_->builder().type(asked.asked).is_scalar() &&
        !varies(asked.asked)) {
      query.asked.emplace();
      base(*query.asked, fmt::format("{}.asks{}", unit_.name, k));
      query.asked->results.push_back({"asked", asked.asked, false, -1});
    }
    unit_.queries.push_back(std::move(query));
    unit_.demands.gradients_elsewhere += asked.order == 1;
    unit_.demands.values_elsewhere += asked.order == 0;
  }
  unit_.demands.across = !unit_.parts.empty();
  for (ValueId id : reachable(u_.graph, roots_of(unit_.step)))
    unit_.demands.across = unit_.demands.across || is_across(u_.graph.node(id).op);
  demands_in_step();
  unit_.shape_sensitive = e_->shape_sensitive;
  unit_.questions = e_->questions;
  if (!outcome_.answer) return;
  unit_.answer.emplace();
  base(*unit_.answer, unit_.name + ".answer");
  finish_answer();
}

// A side that a switch rules out was looked at and asks for nothing.
void RuleBuilder::demands_in_step() {
  if (!unit_.demands.vector) return;
  std::vector<ValueId> roots = roots_of(unit_.step);
  for (const RuleUnit::Stop& stop : unit_.stops)
    roots.insert(roots.end(), stop.holes.begin(), stop.holes.end());
  Demands& d = unit_.demands;
  d.hessians = d.products = d.gradients_in_step = d.values_in_step = false;
  d.residuals = d.jacobians = false;
  for (ValueId id : reachable_deep(u_.graph, roots)) {
    const Node& node = u_.graph.node(id);
    if (node.op == Op::derivative) {
      std::vector<OracleKind> asked;
      for (ValueId inside : reachable_deep(u_.graph, u_.graph.lambda(node.attr.lambdas[0]).results))
        if (const Node& oracle = u_.graph.node(inside); oracle.op == Op::oracle)
          asked.push_back(static_cast<OracleKind>(oracle.attr.ints[0]));
      derives(static_cast<DerivativeKind>(node.attr.ints[0]), asked);
    }
    if (node.op != Op::oracle) continue;
    switch (static_cast<OracleKind>(node.attr.ints[0])) {
    case OracleKind::value: d.values_in_step = true; break;
    case OracleKind::gradient: d.gradients_in_step = true; break;
    case OracleKind::hessian: d.hessians = true; break;
    case OracleKind::hvp: d.products = true; break;
    case OracleKind::residuals: d.residuals = true; break;
    case OracleKind::jacobian: d.jacobians = true; break;
    }
  }
}

// Statuses count the checks in the order of the text. Behind a `step when` a check is made where
// the step is taken; what a hyperparameter has to keep to holds always.
void RuleBuilder::finish_checks() {
  Builder& b = e_->builder();
  auto fixed = [&](ValueId id) { // made from numbers, hyperparameters and t
    for (ValueId v : reachable(u_.graph, std::span(&id, 1)))
      if (u_.graph.node(v).op == Op::arg) {
        const std::string& name =
            parameters_[static_cast<size_t>(u_.graph.node(v).attr.ints[0])].name;
        if (name != "t" && !name.starts_with("hyper ")) return false;
      }
    return true;
  };
  for (const PendingCheck& check : e_->checks) {
    int status = kFirstRequire + static_cast<int>(unit_.step.checks.size());
    ValueId condition = check.condition;
    bool range = check.kind == PendingCheck::Kind::require;
    if (check.within.valid() && !(range && fixed(condition)))
      condition = b.make(Op::logical_and, {check.within, condition});
    std::string text;
    for (const std::string& piece : check.pieces)
      text += (text.empty() ? "" : "…") + piece;
    unit_.step.checks.push_back({condition, status, range ? check.pieces[0] : text, check.span});
    unit_.check_prefixes.push_back(check.prefix.value_or(""));
    if (!range)
      unit_.stops.push_back(
          {status, check.kind == PendingCheck::Kind::done, check.pieces, check.holes});
  }
}

// ── reports ──────────────────────────────────────────────────────────────────────────────────────

void RuleBuilder::report(const ReportItem& item, const std::string& prefix) {
  Value v = e_->tensor(*item.value);
  if (!v.is_tensor() || to_the_end_ > 0) return;
  std::string name =
      item.name ? item.name.name.str() : std::string(u_.sources.text(item.value->span));
  if (!e_->builder().type(v.id).is_scalar()) {
    u_.diags.report(DiagKind::not_scalar, item.value->span,
                    fmt::format("a report is one number; '{}' is {}", name, e_->type_text(v.id)));
    return;
  }
  name = prefix + name;
  if (!unit_.demands.vector && !shared(v.id, item.value->span, fmt::format("'{}'", name))) return;
  std::erase_if(reports_, [&](const Report& known) { return known.name == name; });
  reports_.push_back({name, v.id});
}

void RuleBuilder::finish_reports(std::vector<Result>& results) {
  for (const Report& report : reports_) {
    Builder& b = e_->builder();
    ValueId id = report.value;
    if (b.type(id).dtype == DType::boolean) id = b.cast(id, DType::f64);
    id = b.cast(e_->real(id), DType::f64);
    // One tensor alone: a sum over the table is its value, shared.
    if (varies(report.value)) id = b.make(Op::across_sum, {id});
    unit_.reports.push_back(report.name);
    results.push_back({report.name, id, false, -1});
  }
}

// ── the answer ───────────────────────────────────────────────────────────────────────────────────

// The answer is asked for after a step, so it is made from what the rule keeps: next values stand
// for what x and the states are then. Anything else of the step is gone.
void RuleBuilder::finish_answer() {
  std::unordered_map<uint32_t, ValueId> kept;
  for (const StateDef& state : states_) {
    if (state.fresh) continue;
    ValueId now = arg("state " + state.name);
    for (ValueId next : {state.told, state.current})
      if (next.valid() && next != now && u_.graph.type(next) == u_.graph.type(now))
        kept.emplace(next.value, now);
  }
  for (ValueId next : same_point_)
    kept.emplace(next.value, x_);
  kept.emplace(outcome_.told.value, x_);
  kept.emplace(outcome_.next.value, x_);
  // What the answer reads besides.
  std::vector<ValueId> work{outcome_.answer->value};
  std::vector<bool> seen(u_.graph.size(), false);
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    if (seen[id.value] || kept.contains(id.value)) continue;
    seen[id.value] = true;
    const Node& node = u_.graph.node(id);
    if (node.op == Op::arg) {
      const std::string& name = parameters_[static_cast<size_t>(node.attr.ints[0])].name;
      if (name == "t" || name.starts_with("hyper ")) continue;
      if (name.starts_with("fold ")) {
        e_->not_lowered(outcome_.answer->span,
                        "an answer made from 'all', which several forms of the rule share,");
        return;
      }
      bool state = name.starts_with("state ");
      std::string what = name == "x" ? body_->variable.name.str()
                         : state     ? name.substr(6)
                                     : "what the objective said in the step";
      Diagnostic& d = u_.diags.report(
          DiagKind::wrong_kind, outcome_.answer->span,
          fmt::format("the answer is asked for after the step, when {} is gone",
                      state || name == "x" ? fmt::format("'{}', the value at its start,", what)
                                           : what));
      if (state || name == "x")
        d.help(fmt::format("write {}', or keep it in a state", what));
      else
        d.help("keep it in a state and answer with the state's next value");
      return;
    }
    for (ValueId operand : node.operands)
      work.push_back(operand);
  }
  // From the top: what is kept is not looked into.
  std::unordered_map<uint32_t, ValueId> done = kept;
  std::vector<ValueId> order = reachable(u_.graph, std::span(&outcome_.answer->value, 1));
  Builder& b = e_->builder();
  for (ValueId id : order) {
    if (done.contains(id.value)) continue;
    const Node node = u_.graph.node(id);
    std::vector<ValueId> operands;
    for (ValueId operand : node.operands)
      operands.push_back(done.at(operand.value));
    done[id.value] =
        operands == node.operands ? id : b.graph().add(node.op, node.type, operands, node.attr);
  }
  // A state that is kept in a wider shape than its next value was written in.
  ValueId value = done.at(outcome_.answer->value.value);
  unit_.answer->results.push_back({"answer", fit(value, x_type_), true, -1});
}

} // namespace thalweg::irgen
