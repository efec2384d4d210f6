// parse_support: short ways from a text to its tree or its messages, for the tests of the front
// end.
#pragma once

#include <string>

#include "ast/dump.h"
#include "diag/render.h"
#include "parse/format.h"
#include "parse/parse.h"

namespace thalweg::testing {

/// The dump of a file's tree, or its messages.
inline std::string tree_of(const std::string& text) {
  SourceManager sources;
  Diagnostics diagnostics;
  ast::Context context;
  const ast::File* file = parse_file(sources, sources.add("t.tw", text), context, diagnostics);
  return file->has_errors ? render_all(diagnostics, sources) : dump(*file);
}

/// The same for a text that is one expression.
inline std::string expr_of(const std::string& text) {
  SourceManager sources;
  Diagnostics diagnostics;
  ast::Context context;
  const ast::Expr* e = parse_expression(sources, sources.add("e", text), context, diagnostics);
  return e ? dump(*e) : render_all(diagnostics, sources);
}

inline std::string formatted(const std::string& text) {
  SourceManager sources;
  Diagnostics diagnostics;
  auto result = format_file(sources, sources.add("t.tw", text), diagnostics);
  return result ? *result : render_all(diagnostics, sources);
}

inline std::string read_source(const std::string& path) {
  SourceManager sources;
  auto file = sources.load(std::string(THALWEG_SOURCE_DIR) + "/" + path);
  return file ? std::string(sources.text(*file)) : "";
}

} // namespace thalweg::testing
