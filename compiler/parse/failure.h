// failure: says in words what the grammar could not go on with.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "parse/tokens.h"

namespace thalweg {

/// The statement in which the parser stopped, as recovery sees it.
struct FailedStatement {
  size_t begin = 0;               // first token
  size_t end = 0;                 // one past the last
  size_t at = 0;                  // where the parser stopped, within begin..end
  std::vector<uint16_t> expected; // what the grammar would take there; empty if not known
  uint16_t block = 0;             // word of the block it stands in (PROBLEM, FUNCTION …); 0: a file
};

void report_failure(const SourceManager& sources, const std::vector<Token>& tokens,
                    const FailedStatement& failed, Diagnostics& diagnostics);

/// Two values side by side between begin and end: the index of the second, or `end`.
size_t find_side_by_side(const std::vector<Token>& tokens, size_t begin, size_t end);

/// The expression that a part of a file is (the inside of `{…}` in a string, a whole text); null
/// after an error.
const ast::Expr* parse_part(const SourceManager& sources, Span part, ast::Context& context,
                            Diagnostics& diagnostics);

} // namespace thalweg
