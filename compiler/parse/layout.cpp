// layout: reads the flags off the generated parser's tree.
#include "parse/layout.h"

#include "parse/tree.h"

namespace thalweg {

std::optional<std::vector<uint8_t>> layout_flags(const SourceManager& sources,
                                                 const std::vector<Token>& tokens) {
  using P = grammar::ThalwegParser;
  Tree tree(sources, tokens);
  antlr4::ParserRuleContext* root = tree.parse(Tree::Entry::file);
  if (!root) return std::nullopt;
  std::vector<uint8_t> flags(tokens.size(), 0);
  std::vector<antlr4::tree::ParseTree*> open{root}; // a stack of its own: chains are deep trees
  while (!open.empty()) {
    antlr4::tree::ParseTree* node = open.back();
    open.pop_back();
    auto* rule = dynamic_cast<antlr4::ParserRuleContext*>(node);
    if (!rule) continue;
    uint8_t flag = 0;
    switch (rule->getRuleIndex()) {
    case P::RuleItem: flag = layout::kItem; break;
    case P::RuleClause: flag = layout::kStatement | layout::kClause; break;
    case P::RuleProblemItem: {
      size_t word = rule->getStart()->getType();
      flag = layout::kStatement;
      if (word == P::DATA || word == P::PARAM) flag |= layout::kDeclares;
      break;
    }
    case P::RuleConstraint:
      flag = layout::kStatement;
      if (!static_cast<P::ConstraintContext*>(rule)->ident()) flag |= layout::kSeparated;
      break;
    case P::RuleStmt:
    case P::RuleNamedConstraint:
    case P::RuleRoute:
    case P::RuleFlowItem: flag = layout::kStatement; break;
    case P::RuleAttached: flag = layout::kAttached; break;
    case P::RuleIdent: flag = layout::kName; break;
    default: break;
    }
    flags[rule->getStart()->getTokenIndex()] |= flag;
    for (antlr4::tree::ParseTree* child : rule->children)
      open.push_back(child);
  }
  return flags;
}

} // namespace thalweg
