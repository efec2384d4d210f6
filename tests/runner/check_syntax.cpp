// check_syntax: a program that only parses, for message tests of the front end. Usage: check_syntax
// FILE
#include <cstdio>
#include <string_view>

#include "diag/render.h"
#include "parse/parse.h"

int main(int argc, char** argv) {
  using namespace thalweg;
  if (argc != 2) {
    std::fputs("usage: check_syntax FILE\n", stderr);
    return 2;
  }
  SourceManager sources;
  Diagnostics diagnostics;
  ast::Context context;
  auto file = sources.load(argv[1]);
  if (!file) {
    diagnostics.report(DiagKind::file_not_found, {}, std::string("can't read ") + argv[1]);
  } else {
    parse_file(sources, *file, context, diagnostics);
  }
  std::fputs(render_all(diagnostics, sources).c_str(), stderr);
  return diagnostics.has_errors() ? 1 : 0;
}
