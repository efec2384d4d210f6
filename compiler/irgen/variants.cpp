// Grouping of parameters by what a rule asks about them (see variants.h).
#include "irgen/variants.h"

#include "diag/suggest.h"
#include "irgen/rule_tree.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace thalweg::irgen {

std::vector<Subject> subjects_of(const ProblemUnit& problem) {
  std::vector<Subject> subjects;
  for (const ProblemUnit::Parameter& p : problem.parameters)
    subjects.push_back({p.name, p.role, p.type.shape, p.span});
  return subjects;
}

namespace {

class Grouping {
public:
  Grouping(const Unit& unit, const Chain& chain, const std::vector<Subject>& subjects)
      : u_(unit), chain_(chain), subjects_(subjects) {}

  std::optional<std::vector<RuleVariant>> run() {
    std::vector<size_t> left;
    for (size_t k = 0; k < subjects_.size(); ++k)
      left.push_back(k);
    std::vector<RuleVariant> variants;
    // A rule without parameters is looked at as well: for one that is none.
    if (left.empty()) {
      std::optional<RuleUnit> rule = elaborate_rule(u_, chain_, 1);
      if (!rule) return std::nullopt;
      variants.push_back({std::move(*rule), {}});
    }
    while (!left.empty()) {
      std::optional<RuleUnit> rule = elaborate(subjects_[left[0]]);
      if (!rule) return std::nullopt;
      std::vector<size_t> members, others;
      for (size_t k : left) {
        std::optional<bool> fits = k == left[0] ? true : same(*rule, left[0], k);
        if (!fits) return std::nullopt;
        (*fits ? members : others).push_back(k);
      }
      variants.push_back({std::move(*rule), std::move(members)});
      left = std::move(others);
    }
    return variants;
  }

  // Flat, if the rule never looks at the shape, else with the parameter's own rank.
  std::optional<RuleUnit> elaborate(const Subject& subject, SharedFolds* shared = nullptr) {
    std::optional<RuleTree> tree = RuleTree::of(u_, chain_, subject);
    if (!tree) return std::nullopt;
    size_t rank = subject.shape.size();
    if (tree->on_matrix() && rank != 2) {
      needs_matrix(*tree, subject);
      return std::nullopt;
    }
    if (rank != 1 && !tree->on_matrix() && !tree->on_vector()) {
      Diagnostics flat; // what is wrong with a flat x need not be wrong
      std::optional<RuleUnit> rule = elaborate_rule(
          {u_.program, u_.sources, flat, u_.graph, u_.precision}, chain_, subject, 1, shared);
      if (rule && !rule->shape_sensitive) return rule;
    }
    return elaborate_rule(u_, chain_, subject, rank, shared);
  }

private:
  void needs_matrix(const RuleTree& tree, const Subject& subject) {
    const RuleCall* call = nullptr;
    for (const RuleTree::Node& node : tree.nodes)
      if (const auto* rule = node.call->decl->as<ast::OptimizerDecl>();
          rule && std::get<ast::RuleBody>(rule->body).scope == ast::RuleScope::matrix && !call)
        call = node.call;
    Diagnostic& d =
        u_.diags.report(DiagKind::shape_mismatch, call->span,
                        fmt::format("'{}' is a rule for matrices; param '{}' is {}",
                                    ast::name_of(*call->decl).name.view(), subject.name,
                                    subject.shape.empty() ? "a number" : shape_str(subject.shape)));
    if (subject.span.valid()) d.label(subject.span, "declared here");
    d.help("route it to another rule");
  }

  // Whether a variant made for one parameter is that of another; nothing after a message.
  std::optional<bool> same(const RuleUnit& rule, size_t one, size_t other) {
    const Subject &a = subjects_[one], &b = subjects_[other];
    if (rule.demands.vector && rule.choices.empty()) return true;
    if (!rule.choices.empty()) {
      const std::vector<int>* choices = choices_of(b);
      if (!choices) return std::nullopt;
      if (*choices != rule.choices) return false;
    }
    if (rule.demands.vector) return true;
    if ((rule.shape_sensitive || rule.demands.matrix) && a.shape.size() != b.shape.size()) {
      if (rule.demands.matrix) {
        if (std::optional<RuleTree> tree = RuleTree::of(u_, chain_, b)) needs_matrix(*tree, b);
        return std::nullopt;
      }
      return false;
    }
    return std::all_of(rule.questions.begin(), rule.questions.end(),
                       [&](const Question& q) { return q.answer(a) == q.answer(b); });
  }

  // Routing looks at role and rank alone.
  const std::vector<int>* choices_of(const Subject& subject) {
    auto [it, fresh] = choices_.try_emplace({subject.role, subject.shape.size()});
    if (!fresh) return &it->second;
    std::optional<RuleTree> tree = RuleTree::of(u_, chain_, subject);
    if (!tree) return nullptr;
    it->second = tree->choices;
    return &it->second;
  }

  Unit u_;
  const Chain& chain_;
  const std::vector<Subject>& subjects_;
  std::map<std::pair<std::string, size_t>, std::vector<int>> choices_;
};

// `all` ranges over the parameters that the lines of routing around it take.
bool reductions_fit(const std::vector<RuleVariant>& variants) {
  for (const RuleVariant& variant : variants) {
    size_t under = variant.rule.across_under;
    const std::vector<int>& choices = variant.rule.choices;
    if (under > choices.size()) continue;
    for (const RuleVariant& other : variants) {
      const std::vector<int>& theirs = other.rule.choices;
      if (&other != &variant && theirs.size() >= under &&
          std::equal(choices.begin(), choices.begin() + static_cast<ptrdiff_t>(under),
                     theirs.begin()))
        return false;
    }
  }
  return true;
}

std::vector<std::string> roles_of(const std::vector<Subject>& subjects) {
  std::vector<std::string> roles;
  for (const Subject& subject : subjects)
    if (!subject.role.empty()) roles.push_back(subject.role);
  return roles;
}

// Where a text is given to a transform or rule of the chain.
Span place_of(const Chain& chain, const std::string& text) {
  std::vector<const RuleCall*> calls;
  for (const RuleCall& call : chain.transforms)
    calls.push_back(&call);
  calls.push_back(&chain.rule);
  for (const RuleCall* call : calls)
    for (const Argument& a : call->arguments) {
      if (a.kind == Argument::Kind::text && a.text == text) return a.span;
      if (a.kind != Argument::Kind::rule) continue;
      if (Span inside = place_of(*a.rule, text); inside.valid()) return inside;
    }
  return {};
}

// The same for a role that a rule asks for by a text.
void look_at_texts(const Unit& unit, const Chain& chain, const std::vector<RuleVariant>& variants,
                   const std::vector<Subject>& subjects) {
  const std::vector<std::string> roles = roles_of(subjects);
  std::set<std::string> told;
  for (const RuleVariant& variant : variants)
    for (const Question& q : variant.rule.questions) {
      if (!q.of_role || q.pattern.find_first_of("*?") != q.pattern.npos) continue;
      if (std::find(roles.begin(), roles.end(), q.pattern) != roles.end()) continue;
      const Span place = place_of(chain, q.pattern);
      auto near = suggest(q.pattern, roles);
      if (!place.valid() || !near || !told.insert(q.pattern).second) continue;
      unit.diags
          .report(DiagKind::unknown_role, place,
                  fmt::format("no param has the role '{}'", q.pattern))
          .help(fmt::format("did you mean '{}'?", *near));
    }
}

// A line for a role that no param has may wait for another problem; a near miss is told.
void look_at_roles(const Unit& unit, const Chain& chain, const std::vector<Subject>& subjects) {
  if (!chain.rule.decl) return;
  const auto& decl = *chain.rule.decl->as<ast::OptimizerDecl>();
  const std::vector<std::string> roles = roles_of(subjects);
  if (const auto* routing = std::get_if<ast::RoutingBody>(&decl.body))
    for (const ast::Route& line : routing->routes)
      for (const ast::Ident& group : line.groups) {
        if (takes_shape(group.name.view(), 0) ||
            std::find(roles.begin(), roles.end(), group.name.view()) != roles.end())
          continue;
        if (auto near = suggest(group.name.view(), roles))
          unit.diags
              .report(DiagKind::unknown_role, group.span,
                      fmt::format("no param has the role '{}'", group.name.view()))
              .help(fmt::format("did you mean '{}'?", *near));
      }
  for (const Argument& a : chain.rule.arguments)
    if (a.kind == Argument::Kind::rule) look_at_roles(unit, *a.rule, subjects);
}

} // namespace

std::optional<RulePlan> elaborate_variants(const Unit& unit, const Chain& chain,
                                           const std::vector<Subject>& subjects) {
  RulePlan plan;
  look_at_roles(unit, chain, subjects);
  Grouping grouping(unit, chain, subjects);
  std::optional<std::vector<RuleVariant>> rules = grouping.run();
  if (!rules) return std::nullopt;
  plan.rules = std::move(*rules);
  look_at_texts(unit, chain, plan.rules, subjects);
  for (const RuleVariant& variant : plan.rules)
    if (variant.rule.demands.vector && variant.parameters.size() < subjects.size()) {
      unit.diags
          .report(DiagKind::shape_mismatch, chain.rule.span,
                  fmt::format("'{}' works on all parameters end to end and can't be routed to",
                              variant.rule.name))
          .help("use it without routing");
      return std::nullopt;
    }
  if (reductions_fit(plan.rules)) return plan;
  std::vector<RuleUnit*> units;
  for (RuleVariant& variant : plan.rules) {
    std::optional<RuleUnit> rule = grouping.elaborate(subjects[variant.parameters[0]], &plan.folds);
    if (!rule) return std::nullopt;
    variant.rule = std::move(*rule);
    units.push_back(&variant.rule);
  }
  plan.folds.finish(unit.graph, units);
  return plan;
}

} // namespace thalweg::irgen
