// Steps of the levels of a rule: transforms, bodies, inner optimizers.
#include "irgen/rule_builder.h"
#include "irgen/shared_folds.h"

#include "diag/suggest.h"

#include "ir/rewrite.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thalweg::irgen {

using namespace ast;

// ── levels ───────────────────────────────────────────────────────────────────────────────────────

std::optional<RuleBuilder::Outcome> RuleBuilder::step_level(Active start) {
  const int at = start.level;
  const ValueId x = start.x;
  const RuleTree::Level& l = level(at);
  size_t depth = active_.size();
  start.origin = x;
  start.path = e_->path;
  active_.push_back(std::move(start));
  auto close = [&](std::optional<Outcome> outcome) {
    e_->path = active_[depth].path;
    active_.resize(depth);
    return outcome;
  };
  if (!l.transforms.empty() || l.rule < 0)
    if (!gradient(depth)) return close(std::nullopt);
  Outcome outcome;
  if (l.rule < 0) {
    outcome.told = active_[depth].transformed->id;
  } else {
    Elaborator::Scope outer = e_->scope();
    if (!step_node(active_[depth], l.rule, Value::tensor(active_[depth].x)))
      return close(std::nullopt);
    const RuleTree::Node& n = node(l.rule);
    Value next = this->next(n, n.variable().name.view());
    if (!next.is_tensor()) return close(std::nullopt);
    outcome.told = next.id;
    for (const Param& param : n.params())
      if (const Value* v = e_->bound(u_.program.symbol_of(param.name)))
        outcome.hypers[param.name.name.str()] =
            v->kind == Value::Kind::schedule ? e_->schedule_at(v->schedule, e_->step) : *v;
    leave(l.rule);
    advance(n.clock);
    e_->restore(std::move(outer));
    if (!l.transforms.empty() && !active_[depth].asked) {
      u_.diags
          .report(DiagKind::transform_mismatch, l.chain->transforms[0].span,
                  fmt::format("'{}' asks for no gradient, so there is none to transform",
                              name_of(*n.call->decl).name.view()))
          .label(name_of(*n.call->decl).span, "declared here");
      return close(std::nullopt);
    }
  }
  outcome.next = outcome.told;
  if (ValueId holds = e_->path_condition(); holds.valid()) {
    Builder& b = e_->builder();
    if (l.rule >= 0 || depth > 0)
      outcome.next = b.select(b.broadcast_scalar(holds, x_type_.shape), outcome.told, x);
    if (depth == 0) taken_ = holds;
  }
  if (auto found = outcomes_.find(at); found != outcomes_.end())
    outcome.answer = found->second.answer;
  if (!carry_answer(l, outcome)) return close(std::nullopt);
  return close(std::move(outcome));
}

// A rule that says no answer has that of the inner rule whose point it takes as it is.
bool RuleBuilder::carry_answer(const RuleTree::Level& l, Outcome& outcome) {
  if (outcome.answer || l.rule < 0) return true;
  for (int inner : node(l.rule).inner) {
    auto stepped = outcomes_.find(inner);
    if (inner < 0 || stepped == outcomes_.end() || !stepped->second.answer) continue;
    if (stepped->second.next == outcome.told) {
      outcome.answer = stepped->second.answer;
      same_point_.push_back(stepped->second.told);
      continue;
    }
    const Ident& wrapper = name_of(*node(l.rule).call->decl);
    u_.diags
        .report(DiagKind::wrong_kind, wrapper.span,
                fmt::format(
                    "'{}' has an answer other than its point, and '{}' goes on from another "
                    "point than it gives",
                    name_of(*node(level(inner).rule).call->decl).name.view(), wrapper.name.view()))
        .label(stepped->second.answer->span, "the answer")
        .help("say with 'answer' what the result is, or use another inner optimizer");
    return false;
  }
  return true;
}

// The body of a transform or rule with its names bound; the caller takes its next value and leaves,
// unless it failed.
bool RuleBuilder::step_node(Active& active, int at, const Value& variable) {
  size_t depth = active_.size() - 1;
  int outer = active.node;
  active.node = at;
  enter(at);
  e_->bind(u_.program.symbol_of(node(at).variable()), variable);
  bool fine = body(node(at).body(), node(at).prefix);
  active_[depth].node = outer;
  for (PendingCheck& check : e_->checks)
    if (!check.prefix) check.prefix = node(at).prefix;
  if (!fine) leave(at); // what its lines say of states still counts: see run()
  return fine;
}

bool RuleBuilder::body(const Block& statements, const std::string& prefix) {
  bool fine = true;
  for (const Stmt* s : statements) {
    if (s->as<ReportStmt>()) continue;
    // Later lines are looked at too: independent mistakes are told together.
    fine = e_->statement_of_rule(*s) && fine;
    name_value(*s, prefix);
  }
  // A report may name what comes after it.
  for (const Stmt* s : statements)
    if (const auto* reports = s->as<ReportStmt>(); reports && fine)
      for (const ReportItem& item : reports->items)
        report(item, prefix);
  return fine;
}

void RuleBuilder::name_value(const Stmt& s, const std::string& prefix) {
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
  if (v && v->is_tensor() && to_the_end_ == 0) unit_.names.push_back({name, v->id});
}

Value RuleBuilder::next(const RuleTree::Node& n, std::string_view what) {
  return next(n, n.variable(), what);
}

Value RuleBuilder::next(const RuleTree::Node& n, const Ident& name, std::string_view what) {
  auto it = e_->primes.find(u_.program.symbol_of(name).value);
  if (it == e_->primes.end() || !it->second.is_tensor()) return {};
  Value v = it->second;
  v.id = e_->to_precision(v.id);
  Shape found = e_->builder().shape(v.id);
  if (found.empty()) {
    v.id = e_->builder().broadcast_scalar(v.id, x_type_.shape);
  } else if (found != x_type_.shape) {
    Span place = name.span;
    for (const Stmt* s : n.body())
      if (const auto* prime = s->as<PrimeStmt>(); prime && prime->name.name == name.name)
        place = prime->name.span;
    u_.diags.report(DiagKind::next_shape, place,
                    fmt::format("{}' has shape {}, {} is {}", name.name.view(), shape_str(found),
                                what, shape_str(x_type_.shape)));
    return {};
  }
  return v;
}

// Variants that share the lines of routing around it share a reduction at one place of the text;
// one of the same number is met again, of another it is another turn (a function may be called
// twice).
ValueId RuleBuilder::fold(Op op, ValueId part, const std::string& place) {
  size_t under = 0;
  std::string rule;
  if (!active_.empty() && active_.back().node >= 0) {
    under = node(active_.back().node).choices;
    rule = node(active_.back().node).prefix;
  }
  unit_.across_under = std::min(unit_.across_under, under);
  if (!shared_folds_) return e_->builder().make(op, {part});
  std::string key = fmt::format("{} {} {} {}", before_ ? "initial" : "step", rule,
                                fmt::join(std::span(tree_.choices).first(under), ","), place);
  for (int turn = 0;; ++turn) {
    auto [met, fresh] = folded_.try_emplace(fmt::format("{} {}", key, turn), op, part);
    if (!fresh && met->second != std::pair(op, part)) continue;
    size_t at = shared_folds_->place(met->first, op, e_->builder().type(part));
    if (fresh) unit_.parts.push_back({at, part, before_});
    return fresh ? shared_fold(at) : arg(SharedFolds::parameter(at));
  }
}

ValueId RuleBuilder::shared_fold(size_t place) {
  return parameter(SharedFolds::parameter(place), shared_folds_->folds()[place].type, false);
}

bool RuleBuilder::step_when(const Expr& condition) {
  Active& active = active_.back();
  Value c = e_->tensor(condition);
  if (!c.is_tensor()) return false;
  if (e_->builder().type(c.id) != Type::scalar(DType::boolean)) {
    e_->error(DiagKind::wrong_kind, condition.span,
              fmt::format("'step when' needs a single truth value; '{}' is {}",
                          e_->source_text(condition), e_->type_text(c.id)));
    return false;
  }
  ValueId id = said_by_all(c.id);
  if (to_the_end_ == 0) gates_.emplace_back(id, condition.span);
  active.waits_for = id;
  return true;
}

// A rule on the vector has one row: what that says is said by all.
ValueId RuleBuilder::said_by_all(ValueId condition) {
  if (!unit_.demands.vector || to_the_end_ > 0 || !varies(condition)) return condition;
  Builder& b = e_->builder();
  return b.make(Op::lt, {b.constant(0), b.make(Op::across_max, {b.cast(condition, DType::f64)})});
}

bool RuleBuilder::answer(const Expr& e) {
  Value v = e_->tensor(e);
  if (!v.is_tensor()) return false;
  v.id = e_->to_precision(v.id);
  if (e_->builder().shape(v.id).empty()) v.id = e_->builder().broadcast_scalar(v.id, x_type_.shape);
  if (e_->builder().type(v.id) != x_type_) {
    const Ident& x = node(active_.back().node).variable();
    e_->error(DiagKind::next_shape, e.span,
              fmt::format("the answer stands for {} and has its shape; this is {}", x.name.view(),
                          e_->type_text(v.id)));
    return false;
  }
  if (to_the_end_ == 0)
    unit_.names.push_back({level(active_.back().level).prefix + "answer", v.id});
  outcomes_[active_.back().level].answer = Answer{v.id, e.span};
  return true;
}

// ── inner optimizers ─────────────────────────────────────────────────────────────────────────────

std::optional<ValueId> RuleBuilder::point_of(const Expr& e, std::string_view what) {
  Value v = e_->tensor(e);
  if (!v.is_tensor()) return std::nullopt;
  ValueId id = e_->to_precision(v.id);
  if (e_->builder().shape(id).empty()) id = e_->builder().broadcast_scalar(id, x_type_.shape);
  if (e_->builder().type(id) == x_type_) return id;
  e_->error(DiagKind::shape_mismatch, e.span,
            fmt::format("an inner optimizer takes {} of the shape of the parameter; this is {}",
                        what, e_->type_text(id)));
  return std::nullopt;
}

// next - x, without the rounding of the sum where next is made as x plus or minus something.
ValueId RuleBuilder::change_of(ValueId next, ValueId x) {
  Builder& b = e_->builder();
  const Node node = u_.graph.node(next);
  if (node.op == Op::add && node.operands[0] == x) return node.operands[1];
  if (node.op == Op::add && node.operands[1] == x) return node.operands[0];
  if (node.op == Op::sub && node.operands[0] == x) return b.make(Op::neg, {node.operands[1]});
  if (node.op == Op::select)
    return b.select(node.operands[0], change_of(node.operands[1], x),
                    change_of(node.operands[2], x));
  if (next == x) return b.broadcast_scalar(b.constant(0, u_.precision), x_type_.shape);
  return b.make(Op::sub, {next, x});
}

Value RuleBuilder::inner_step(int at, const Call& call, const Expr& e, bool change) {
  for (const Arg& a : call.args)
    if (a.style != ArgStyle::positional)
      return e_->poison(DiagKind::unknown_argument, a.span, "a step takes a point and a gradient");
  if (call.args.empty() || call.args.size() > 2)
    return e_->poison(DiagKind::argument_count, e.span,
                      "a step takes a point and, unless the inner rule shall ask for it, the "
                      "gradient there");
  if (before_ || active_.empty())
    return e_->poison(DiagKind::wrong_kind, e.span, "nothing is stepped before step 1");
  for (const Active& active : active_)
    if (active.level == at)
      return e_->poison(DiagKind::wrong_kind, e.span,
                        "the rule behind a transform steps by itself, once the gradient is ready");
  std::optional<ValueId> x = point_of(*call.args[0].value, "a point");
  std::optional<ValueId> g;
  if (call.args.size() == 2) g = point_of(*call.args[1].value, "a gradient");
  if (!x || (call.args.size() == 2 && !g)) return {};
  for (size_t k : states_of(at))
    if (states_[k].fresh)
      return e_->poison(DiagKind::wrong_kind, e.span,
                        "an inner optimizer is stepped or run by 'minimize', not both");
  std::vector<ValueId> path = e_->path;
  for (ValueId& around : e_->path) {
    if (!e_->builder().type(around).is_scalar())
      return e_->poison(DiagKind::wrong_kind, e.span,
                        "a step under a condition that differs from element to element");
    around = said_by_all(around);
    if (to_the_end_ == 0) gates_.emplace_back(around, e.span);
  }
  Elaborator::Scope outer = e_->scope();
  Active start{.level = at, .x = *x, .span = e.span};
  if (g) start.handed = Value::tensor(*g);
  std::optional<Outcome> outcome = step_level(std::move(start));
  e_->restore(std::move(outer));
  e_->path = std::move(path);
  if (!outcome) return {};
  outcomes_[at] = *outcome;
  return Value::tensor(change ? change_of(outcome->next, *x) : outcome->next);
}

// A hyperparameter, as it was in the step if that stands above, or a state.
Value RuleBuilder::inner_field(int at, const Ident& field) {
  const RuleTree::Level& l = level(at);
  if (l.rule < 0) return Value::tensor(e_->builder().constant(1)); // transforms by themselves
  const RuleTree::Node& n = node(l.rule);
  std::vector<std::string> known{"step", "update", "minimize", "t"};
  if (auto stepped = outcomes_.find(at); stepped != outcomes_.end())
    if (auto hyper = stepped->second.hypers.find(field.name.str());
        hyper != stepped->second.hypers.end())
      return hyper->second;
  for (size_t k = 0; k < n.params().size(); ++k) {
    known.push_back(n.params()[k].name.name.str());
    if (n.params()[k].name.name != field.name) continue;
    Value v = hyper_value(n.prefix + known.back(), n.call->arguments[k]);
    if (v.kind == Value::Kind::schedule) return e_->schedule_at(v.schedule, step_of(n.clock));
    if (n.inner[k] >= 0) {
      v.kind = Value::Kind::rule;
      v.level = n.inner[k];
    }
    return v;
  }
  for (const StateDef& state : states_) {
    if (state.node != l.rule && state.decl) continue;
    if (!state.name.starts_with(n.prefix)) continue;
    std::string name = state.name.substr(n.prefix.size());
    if (name.find('.') != name.npos) continue;
    known.push_back(name);
    if (field.name == std::string_view(name) && state.current.valid())
      return Value::tensor(state.current);
  }
  // What a rule around one other has not is that one's.
  const auto inside = [](int level) { return level >= 0; };
  if (std::count_if(n.inner.begin(), n.inner.end(), inside) == 1)
    return inner_field(*std::find_if(n.inner.begin(), n.inner.end(), inside), field);
  Diagnostic& d = e_->error(DiagKind::unknown_field, field.span,
                            fmt::format("'{}' has no hyperparameter or state '{}'",
                                        name_of(*n.call->decl).name.view(), field.name.view()));
  d.label(name_of(*n.call->decl).span, "declared here");
  if (auto near = suggest(field.name.view(), known))
    d.help(fmt::format("did you mean '{}'?", *near));
  return {};
}

} // namespace thalweg::irgen
