// parse_fuzz: any bytes through parse, render and fmt; for libFuzzer (preset `fuzz`).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ast/dump.h"
#include "diag/render.h"
#include "parse/format.h"
#include "parse/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace thalweg;
  SourceManager sources;
  Diagnostics diagnostics;
  ast::Context context;
  FileId id = sources.add("fuzz.tw", std::string(reinterpret_cast<const char*>(data), size));
  const ast::File* file = parse_file(sources, id, context, diagnostics);
  render_all(diagnostics, sources);
  std::string tree = ast::dump(*file);
  if (diagnostics.has_errors()) return 0;
  // Formatting keeps the tree and has nothing to change the second time.
  auto once = format_file(sources, id, diagnostics);
  if (!once) std::abort();
  FileId again = sources.add("again.tw", *once);
  auto twice = format_file(sources, again, diagnostics);
  if (!twice || *twice != *once) std::abort();
  if (ast::dump(*parse_file(sources, again, context, diagnostics)) != tree) std::abort();
  return 0;
}
