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

namespace {

class TreeBuilder {
public:
  explicit TreeBuilder(const Unit& unit) : u_(unit) {}

  bool level(const Chain& chain, const std::string& prefix) {
    int index = static_cast<int>(tree.levels.size());
    tree.levels.push_back({&chain, prefix, {}, -1});
    auto clock = [&](const std::string& state) {
      tree.clocks.push_back({state});
      return static_cast<int>(tree.clocks.size()) - 1;
    };
    std::vector<int> own;
    size_t open = 0; // transforms from here on have no clock yet
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
      int counted = clock(name + "t");
      for (; open < own.size(); ++open)
        tree.nodes[static_cast<size_t>(own[open])].clock = counted;
    }
    int last = clock(index == 0 ? "" : prefix + "t");
    tree.levels[static_cast<size_t>(index)].transforms = own;
    if (chain.rule.decl) {
      own.push_back(node(chain.rule, prefix));
      tree.levels[static_cast<size_t>(index)].rule = own.back();
      if (!plain(chain.rule)) return false;
    }
    for (; open < own.size(); ++open)
      tree.nodes[static_cast<size_t>(own[open])].clock = last;
    bool fine = true;
    for (int at : own) {
      const RuleCall& call = *tree.nodes[static_cast<size_t>(at)].call;
      for (size_t k = 0; k < call.arguments.size(); ++k) {
        const Argument& a = call.arguments[k];
        if (a.kind != Argument::Kind::rule) continue;
        tree.nodes[static_cast<size_t>(at)].inner[k] = static_cast<int>(tree.levels.size());
        std::string name = tree.nodes[static_cast<size_t>(at)].prefix +
                           tree.nodes[static_cast<size_t>(at)].params()[k].name.name.str() + ".";
        fine = level(*a.rule, name) && fine && fits(call, *a.rule, a.span);
      }
    }
    return fine;
  }

  RuleTree tree;

private:
  int node(const RuleCall& call, std::string prefix) {
    RuleTree::Node out{&call, std::move(prefix), 0, false, {}};
    out.inner.assign(call.arguments.size(), -1);
    if (const auto* transform = call.decl->as<TransformDecl>())
      out.waits = std::any_of(transform->body.begin(), transform->body.end(),
                              [](const Stmt* s) { return s->as<StepWhenStmt>() != nullptr; });
    tree.nodes.push_back(std::move(out));
    return static_cast<int>(tree.nodes.size()) - 1;
  }

  // An optimizer with a body of its own.
  bool plain(const RuleCall& call) {
    const auto& decl = *call.decl->as<OptimizerDecl>();
    if (std::holds_alternative<RuleBody>(decl.body)) return true;
    u_.diags.report(DiagKind::not_lowered, decl.name.span,
                    std::holds_alternative<RoutingBody>(decl.body)
                        ? "an optimizer that routes parameters to rules is not compiled yet"
                        : "an optimizer made from a flow is not compiled yet");
    return false;
  }

  // One sees every parameter by itself, the other all of them as one vector: neither can step the
  // other.
  bool fits(const RuleCall& outer, const Chain& chain, Span span) {
    const auto* inner = chain.rule.decl ? chain.rule.decl->as<OptimizerDecl>() : nullptr;
    if (!inner) return true;
    auto scope = [](const OptimizerDecl& d) { return std::get<RuleBody>(d.body).scope; };
    const auto& decl = *outer.decl->as<OptimizerDecl>();
    if ((scope(decl) == RuleScope::vector) == (scope(*inner) == RuleScope::vector)) return true;
    bool whole = scope(*inner) == RuleScope::vector;
    u_.diags
        .report(DiagKind::wrong_kind, span,
                fmt::format("'{}' works on {}, '{}' on {}", inner->name.name.view(),
                            whole ? "all parameters end to end" : "each parameter by itself",
                            decl.name.name.view(),
                            whole ? "each parameter by itself" : "all parameters end to end"))
        .label(inner->name.span, fmt::format("'{}' is declared here", inner->name.name.view()))
        .label(decl.name.span, fmt::format("'{}' is declared here", decl.name.name.view()));
    return false;
  }

  Unit u_;
};

} // namespace

std::optional<RuleTree> RuleTree::of(const Unit& unit, const Chain& chain) {
  TreeBuilder builder(unit);
  if (!builder.level(chain, "")) return std::nullopt;
  return std::move(builder.tree);
}

} // namespace thalweg::irgen
