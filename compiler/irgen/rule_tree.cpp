// Chains taken apart (see rule_tree.h).
#include "irgen/rule_tree.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::irgen {

using namespace ast;

const Block& RuleTree::Node::body() const {
  if (const auto* transform = call->decl->as<TransformDecl>()) return transform->body;
  return std::get<RuleBody>(call->decl->as<OptimizerDecl>()->body).body;
}
const std::vector<Param>& RuleTree::Node::params() const {
  if (const auto* transform = call->decl->as<TransformDecl>()) return transform->params;
  return call->decl->as<OptimizerDecl>()->params;
}
const Ident& RuleTree::Node::variable() const {
  if (const auto* transform = call->decl->as<TransformDecl>()) return transform->variable;
  return std::get<RuleBody>(call->decl->as<OptimizerDecl>()->body).variable;
}

std::optional<bool> takes_shape(std::string_view group, size_t rank) {
  if (group == "scalars") return rank == 0;
  if (group == "vectors") return rank == 1;
  if (group == "matrices") return rank == 2;
  if (group == "tensors") return rank > 2;
  if (group == "otherwise") return true;
  return std::nullopt;
}

namespace {

class TreeBuilder {
public:
  TreeBuilder(const Unit& unit, const Subject& subject) : u_(unit), subject_(subject) {}

  bool level(const Chain& chain, const std::string& prefix) {
    int index = static_cast<int>(tree.levels.size());
    tree.levels.push_back({&chain, prefix, {}, -1});
    open_ = 0;
    std::vector<int> own;
    std::string names = prefix;
    const Chain* at = &chain;
    while (true) {
      transforms(*at, names, own);
      if (!at->rule.decl) break;
      const auto& decl = *at->rule.decl->as<OptimizerDecl>();
      if (std::holds_alternative<DerivedBody>(decl.body)) {
        u_.diags.report(DiagKind::not_lowered, decl.name.span,
                        "an optimizer made from a flow is not compiled yet");
        return false;
      }
      const auto* routing = std::get_if<RoutingBody>(&decl.body);
      if (!routing) {
        own.push_back(node(at->rule, names));
        tree.levels[static_cast<size_t>(index)].rule = own.back();
        break;
      }
      at = route(at->rule, *routing, names);
      if (!at) return false;
    }
    bool has_rule = tree.levels[static_cast<size_t>(index)].rule >= 0;
    tree.levels[static_cast<size_t>(index)].transforms = own;
    if (has_rule) tree.levels[static_cast<size_t>(index)].transforms.pop_back();
    for (; open_ < own.size(); ++open_)
      tree.nodes[static_cast<size_t>(own[open_])].clock = clock(index == 0 ? "" : prefix + "t");
    if (own.empty()) clock(index == 0 ? "" : prefix + "t");
    return inner_levels(own);
  }

  RuleTree tree;

private:
  int clock(const std::string& state) {
    for (size_t k = 0; k < tree.clocks.size(); ++k)
      if (tree.clocks[k].state == state) return static_cast<int>(k);
    tree.clocks.push_back({state});
    return static_cast<int>(tree.clocks.size()) - 1;
  }

  void transforms(const Chain& chain, const std::string& prefix, std::vector<int>& own) {
    for (const RuleCall& call : chain.transforms) {
      int copy = 1;
      for (const RuleCall& other : chain.transforms) {
        if (&other == &call) break;
        copy += other.decl == call.decl;
      }
      std::string name = fmt::format("{}{}{}.", prefix, name_of(*call.decl).name.view(),
                                     copy == 1 ? "" : std::to_string(copy));
      own.push_back(node(call, name));
      if (!tree.nodes.back().waits) continue;
      for (; open_ < own.size(); ++open_)
        tree.nodes[static_cast<size_t>(own[open_])].clock = clock(name + "t");
    }
  }

  bool inner_levels(const std::vector<int>& own) {
    bool fine = true;
    for (int at : own) {
      const RuleCall& call = *tree.nodes[static_cast<size_t>(at)].call;
      for (size_t k = 0; k < call.arguments.size(); ++k) {
        const Argument& a = call.arguments[k];
        if (a.kind != Argument::Kind::rule) continue;
        size_t inner = tree.levels.size();
        tree.nodes[static_cast<size_t>(at)].inner[k] = static_cast<int>(inner);
        std::string name = tree.nodes[static_cast<size_t>(at)].prefix +
                           tree.nodes[static_cast<size_t>(at)].params()[k].name.name.str() + ".";
        fine = level(*a.rule, name) && fine && fits(call, inner, a.span);
      }
    }
    return fine;
  }

  int node(const RuleCall& call, std::string prefix) {
    RuleTree::Node out{&call, std::move(prefix), 0, false, {}, tree.choices.size()};
    out.inner.assign(call.arguments.size(), -1);
    if (const auto* transform = call.decl->as<TransformDecl>())
      out.waits = std::any_of(transform->body.begin(), transform->body.end(),
                              [](const Stmt* s) { return s->as<StepWhenStmt>() != nullptr; });
    tree.nodes.push_back(std::move(out));
    return static_cast<int>(tree.nodes.size()) - 1;
  }

  // The chain of the first line that takes the parameter; `names` becomes the prefix of its names.
  const Chain* route(const RuleCall& call, const RoutingBody& routing, std::string& names) {
    const auto& decl = *call.decl->as<OptimizerDecl>();
    if (tree.choices.size() > 16) { // one that routes to itself
      u_.diags.report(DiagKind::recursion, call.span,
                      fmt::format("'{}' routes to itself", decl.name.name.view()));
      return nullptr;
    }
    for (size_t k = 0; k < routing.routes.size(); ++k) {
      const Route& line = routing.routes[k];
      bool takes = std::any_of(line.groups.begin(), line.groups.end(), [&](const Ident& group) {
        return takes_shape(group.name.view(), subject_.shape.size())
            .value_or(!subject_.role.empty() && group.name == std::string_view(subject_.role));
      });
      if (!takes) continue;
      Bindings bindings;
      for (size_t p = 0; p < decl.params.size(); ++p) {
        bindings.emplace(u_.program.symbol_of(decl.params[p].name).value, call.arguments[p]);
        tree.routing_hypers.emplace_back(names + decl.params[p].name.name.str(), call.arguments[p]);
      }
      std::optional<Chain> chain = chain_of(u_, *line.rule, DiagKind::wrong_kind, &bindings);
      if (!chain) return nullptr;
      tree.choices.push_back(static_cast<int>(k));
      tree.routed.push_back(std::make_shared<Chain>(std::move(*chain)));
      names += line.groups[0].name.str() + ".";
      return tree.routed.back().get();
    }
    Diagnostic& d = u_.diags.report(
        DiagKind::unrouted, call.span,
        fmt::format("no line of '{}' takes param '{}', {}{}", decl.name.name.view(), subject_.name,
                    subject_.shape.empty() ? "a number" : shape_str(subject_.shape),
                    subject_.role.empty() ? "" : fmt::format(" of role '{}'", subject_.role)));
    if (subject_.span.valid()) d.label(subject_.span, "declared here");
    d.label(decl.name.span, fmt::format("'{}' is declared here", decl.name.name.view()))
        .help("add a line 'otherwise: …'");
    return nullptr;
  }

  // One sees every parameter by itself, the other all of them as one vector: neither can step the
  // other.
  bool fits(const RuleCall& outer, size_t level, Span span) {
    int rule = tree.levels[level].rule;
    if (rule < 0) return true;
    const auto* inner = tree.nodes[static_cast<size_t>(rule)].call->decl->as<OptimizerDecl>();
    auto scope = [](const OptimizerDecl& d) { return std::get<RuleBody>(d.body).scope; };
    // A transform sees each parameter by itself, too.
    const auto* rule_around = outer.decl->as<OptimizerDecl>();
    const RuleScope around = rule_around ? scope(*rule_around) : RuleScope::tensor;
    const Ident& name = ast::name_of(*outer.decl);
    if ((around == RuleScope::vector) == (scope(*inner) == RuleScope::vector)) return true;
    bool whole = scope(*inner) == RuleScope::vector;
    u_.diags
        .report(DiagKind::wrong_kind, span,
                fmt::format("'{}' works on {}, '{}' on {}", inner->name.name.view(),
                            whole ? "all parameters end to end" : "each parameter by itself",
                            name.name.view(),
                            whole ? "each parameter by itself" : "all parameters end to end"))
        .label(inner->name.span, fmt::format("'{}' is declared here", inner->name.name.view()))
        .label(name.span, fmt::format("'{}' is declared here", name.name.view()));
    return false;
  }

  Unit u_;
  const Subject& subject_;
  size_t open_ = 0; // nodes of the level at hand from here on have no clock yet
};

bool any_on(const RuleTree& tree, RuleScope scope) {
  return std::any_of(tree.nodes.begin(), tree.nodes.end(), [&](const RuleTree::Node& node) {
    const auto* rule = node.call->decl->as<OptimizerDecl>();
    return rule && std::get<RuleBody>(rule->body).scope == scope;
  });
}

} // namespace

bool RuleTree::on_vector() const { return any_on(*this, RuleScope::vector); }
bool RuleTree::on_matrix() const { return any_on(*this, RuleScope::matrix); }

std::optional<RuleTree> RuleTree::of(const Unit& unit, const Chain& chain, const Subject& subject) {
  TreeBuilder builder(unit, subject);
  if (!builder.level(chain, "")) return std::nullopt;
  return std::move(builder.tree);
}

} // namespace thalweg::irgen
