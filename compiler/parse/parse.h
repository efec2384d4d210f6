// parse: source text to syntax tree; the only folder that knows ANTLR, whose own tree dies inside.
#pragma once

#include "ast/ast.h"
#include "diag/diagnostics.h"
#include "support/source.h"

namespace thalweg {

/// Reads one file. Every independent syntax error is reported; the tree then holds what did parse
/// and `has_errors` is set. The result lives in `context`.
const ast::File* parse_file(const SourceManager& sources, FileId file, ast::Context& context,
                            Diagnostics& diagnostics);

/// Reads a text that is one expression (`--set lr=…`, `--at x=[…]`); null if it does not parse.
const ast::Expr* parse_expression(const SourceManager& sources, FileId file, ast::Context& context,
                                  Diagnostics& diagnostics);

} // namespace thalweg
