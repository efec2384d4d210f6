// recover: parses a file with errors declaration by declaration, dropping the statement that fails,
// until the rest parses: every independent error is found and none is a consequence of another.
#pragma once

#include "parse/build.h"
#include "parse/tokens.h"

namespace thalweg {

/// The `##` lines above the token, without their marks.
std::string doc_above(const SourceManager& sources, const TokenList& list, Span item);

/// Appends the declarations that could be saved to `file`.
void recover(const BuildEnv& env, const TokenList& list, ast::File& file);

} // namespace thalweg
