// Small questions about declarations that need no context.
#include "ast/ast.h"

#include "support/overloaded.h"

namespace thalweg::ast {

Ident name_of(const Decl& decl) {
  return std::visit(overloaded{[](const UseDecl&) { return Ident{}; },
                               [](const auto& named) { return named.name; }},
                    decl.node);
}

std::string_view word_of(const Decl& decl) {
  return std::visit(overloaded{[](const ProblemDecl&) { return "problem"; },
                               [](const OptimizerDecl&) { return "optimizer"; },
                               [](const TransformDecl&) { return "transform"; },
                               [](const ScheduleDecl&) { return "schedule"; },
                               [](const FunctionDecl&) { return "function"; },
                               [](const SetDecl&) { return "set"; },
                               [](const FlowDecl&) { return "flow"; },
                               [](const ExperimentDecl&) { return "experiment"; },
                               [](const UseDecl&) { return "use"; }},
                    decl.node);
}

} // namespace thalweg::ast
