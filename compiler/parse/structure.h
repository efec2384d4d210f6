// structure: pairs the brackets, repairs those without partner and bounds nesting, before any
// grammar sees the tokens; so that parsing never recurses deeper than the limit.
#pragma once

#include "parse/tokens.h"

namespace thalweg {

constexpr size_t kMaxNesting = 200;
constexpr size_t kMaxStatementTokens = 200'000;

/// After it, brackets pair up (missing ones are inserted, superfluous ones dropped, each with an
/// error). False if a limit is passed: then the file is not parsed at all.
bool check_structure(const SourceManager& sources, TokenList& list, Diagnostics& diagnostics);

/// True if a statement or declaration clearly starts at tokens[i]: at the start of a line, in a way
/// that no expression can go on.
bool clearly_starts_statement(const std::vector<Token>& tokens, size_t i);
/// True if a declaration starts at tokens[i], which stands at the start of a line.
bool clearly_starts_item(const SourceManager& sources, const std::vector<Token>& tokens, size_t i);

} // namespace thalweg
