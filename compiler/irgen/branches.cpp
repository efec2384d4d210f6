// Branches and returns: what the names that a branch assigns stand for after it.
#include "irgen/elaborator.h"

#include "support/overloaded.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

bool Elaborator::returns(const Stmt& s) {
  auto any = [](const Block& body) {
    return std::any_of(body.begin(), body.end(), [](const Stmt* inner) { return returns(*inner); });
  };
  return std::visit(overloaded{
                        [](const auto&) { return false; },
                        [](const ReturnStmt&) { return true; },
                        [&](const ForStmt& n) { return any(n.body); },
                        [&](const WhileStmt& n) { return any(n.body); },
                        [&](const RepeatStmt& n) { return any(n.body); },
                        [&](const IfStmt& n) {
                          return any(n.otherwise) ||
                                 std::any_of(n.arms.begin(), n.arms.end(),
                                             [&](const IfStmtArm& arm) { return any(arm.body); });
                        },
                    },
                    s.node);
}

bool Elaborator::always_returns(const Block& body) {
  return std::any_of(body.begin(), body.end(), [](const Stmt* s) {
    if (s->as<ReturnStmt>()) return true;
    const auto* n = s->as<IfStmt>();
    return n && n->has_else && always_returns(n->otherwise) &&
           std::all_of(n->arms.begin(), n->arms.end(),
                       [](const IfStmtArm& arm) { return always_returns(arm.body); });
  });
}

void Elaborator::assigned(const Block& body, Names& names) const {
  for (const Stmt* s : body)
    std::visit(overloaded{
                   [](const auto&) {},
                   [&](const AssignStmt& n) {
                     uint32_t symbol = u_.program.symbol_of(n.name).value;
                     if (env_.contains(symbol) &&
                         std::find(names.begin(), names.end(), symbol) == names.end())
                       names.push_back(symbol);
                   },
                   [&](const ForStmt& n) { assigned(n.body, names); },
                   [&](const WhileStmt& n) { assigned(n.body, names); },
                   [&](const RepeatStmt& n) { assigned(n.body, names); },
                   [&](const IfStmt& n) {
                     for (const IfStmtArm& arm : n.arms)
                       assigned(arm.body, names);
                     assigned(n.otherwise, names);
                   },
               },
               s->node);
}

bool Elaborator::give_back(const Value& v) {
  env_[kReturned] = Value::tensor(b_.constant(1, DType::boolean));
  env_[kResult] = v;
  return !v.is_poison();
}

bool Elaborator::if_statement(const IfStmt& n, size_t k) {
  if (k == n.arms.size()) return statements(n.otherwise);
  const IfStmtArm& arm = n.arms[k];
  int64_t before = asked;
  Value c = condition(*arm.condition);
  if (!c.is_tensor()) return false;
  // The side that a question about the parameter rules out need not make sense.
  std::optional<bool> known;
  if (asked != before) known = known_now(c.id);
  if (known) return *known ? statements(arm.body) : if_statement(n, k + 1);
  Names names{kReturned, kResult};
  for (size_t j = k; j < n.arms.size(); ++j)
    assigned(n.arms[j].body, names);
  assigned(n.otherwise, names);
  return branch(
      c, names, [&] { return statements(arm.body); }, [&] { return if_statement(n, k + 1); },
      *arm.condition);
}

// A side that is cheap and can't fail is evaluated in any case, and the names choose; of others one
// runs.
bool Elaborator::branch(const Value& c, const Names& names, const std::function<bool()>& yes,
                        const std::function<bool()>& no, const Expr& at) {
  const std::unordered_map<uint32_t, Value> before = env_;
  const uint32_t mark = regions_.mark();
  const int around = branches_++;
  path.push_back(c.id);
  std::array<size_t, 3> made_checks{checks.size(), 0, 0};
  if (!yes()) return branches_ = around, false;
  std::unordered_map<uint32_t, Value> after_yes = std::exchange(env_, before);
  path.back() = b_.make(Op::logical_not, {c.id});
  made_checks[1] = checks.size();
  const size_t side = regions_.set_aside(mark);
  const bool fine = no();
  regions_.reopen(side);
  if (!fine) return branches_ = around, false;
  branches_ = around;
  path.pop_back();
  made_checks[2] = checks.size();
  std::unordered_map<uint32_t, Value> after_no = std::exchange(env_, before);

  std::vector<Merged> merged;
  for (uint32_t name : names) {
    auto a = after_yes.find(name), b = after_no.find(name);
    bool has_a = a != after_yes.end(), has_b = b != after_no.end();
    if (!has_a && !has_b) continue;
    Value missing; // a result that nobody reads, or false
    if (name == kReturned && has_a != has_b)
      missing = Value::tensor(b_.constant(0, DType::boolean));
    merged.push_back({name, has_a ? a->second : missing, has_b ? b->second : missing});
  }
  std::erase_if(merged, [&](Merged& m) {
    if (m.yes.is_poison() || m.no.is_poison() ||
        (m.yes.is_tensor() && m.no.is_tensor() && m.yes.id != m.no.id))
      return false;
    env_[m.name] = m.yes;
    return true;
  });
  std::vector<ValueId> sides;
  for (const Merged& m : merged)
    for (const Value* v : {&m.yes, &m.no})
      if (v->is_tensor()) sides.push_back(v->id);
  if (b_.type(c.id).is_scalar() && !scalar_constant(u_.graph, c.id) &&
      (regions_.runs_alone(sides, mark) || !checks_inside(made_checks[0], {}, mark).empty()))
    return merge_regions(c.id, merged, mark, made_checks, at);
  for (const Merged& m : merged) {
    // Where one side has no result, the other's is the only one that is read.
    Value v = m.yes.is_poison() ? m.no : m.no.is_poison() ? m.yes : choose(c, m.yes, m.no, at, at);
    if (v.is_poison()) return false;
    env_[m.name] = v;
  }
  return true;
}

bool Elaborator::merge_regions(ValueId c, std::vector<Merged>& merged, uint32_t mark,
                               std::array<size_t, 3> made_checks, const Expr& at) {
  std::vector<std::vector<ValueId>> bodies(2);
  for (Merged& m : merged) {
    for (Value* v : {&m.yes, &m.no})
      if (v->is_poison()) {
        const Value& other = v == &m.yes ? m.no : m.yes;
        if (!other.is_tensor()) return false;
        *v = Value::tensor(b_.full(0, b_.type(other.id)));
      }
    if (!unify(m.yes, m.no, at, at, at.span, "if")) return false;
    bodies[0].push_back(m.yes.id);
    bodies[1].push_back(m.no.id);
  }
  // What ends the step on one side is decided there, and the numbers of its text are known there.
  std::vector<ValueId*> told;
  for (size_t k = made_checks[0]; k < made_checks[2]; ++k) {
    PendingCheck& check = checks[k];
    check.condition = both(check.within, check.condition);
    check.within = path_condition();
    told.push_back(&check.condition);
    for (ValueId& hole : check.holes)
      told.push_back(&hole);
    for (size_t j = told.size() - check.holes.size() - 1; j < told.size(); ++j) {
      bodies[k < made_checks[1] ? 0 : 1].push_back(*told[j]);
      bodies[k < made_checks[1] ? 1 : 0].push_back(b_.full(0, b_.type(*told[j])));
    }
  }
  if (bodies[0].empty()) return true;
  Regions::Closed closed = regions_.close(bodies, {}, mark, false);
  std::vector<ValueId> operands{c};
  operands.insert(operands.end(), closed.captures.begin(), closed.captures.end());
  ValueId tuple = b_.make(Op::if_else, std::move(operands), {{}, {}, {}, closed.lambdas});
  for (size_t k = 0; k < merged.size(); ++k)
    env_[merged[k].name] = Value::tensor(b_.get(tuple, static_cast<int64_t>(k)));
  for (size_t k = 0; k < told.size(); ++k)
    *told[k] = b_.get(tuple, static_cast<int64_t>(merged.size() + k));
  return true;
}

} // namespace thalweg::irgen
