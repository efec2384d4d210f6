// `thalweg fmt`: files in their canonical layout.
#include "driver/commands.h"

#include "base/file.h"
#include "parse/format.h"

#include <cstdio>

namespace thalweg::driver {

int fmt_command(const FmtOptions& options) {
  int code = kExitOk;
  for (const std::string& path : options.files) {
    Front front("");
    std::optional<FileId> file = front.sources.load(path);
    if (!file) {
      front.load(path); // reports why
      code = front.report();
      continue;
    }
    std::optional<std::string> text = format_file(front.sources, *file, front.diags);
    if (!text) {
      code = front.report();
      continue;
    }
    bool changes = *text != front.sources.text(*file);
    if (options.check) {
      if (!changes) continue;
      fmt::print("{}\n", path);
      code = kExitProgram;
    } else if (options.in_place) {
      if (!changes) continue;
      if (runtime::Outcome written = runtime::write_file_atomically(path, *text); !written) {
        front.diags.report(DiagKind::bad_output, {}, written.error().message());
        code = front.report();
      }
    } else if (std::fwrite(text->data(), 1, text->size(), stdout) != text->size() ||
               std::fflush(stdout) != 0) {
      return kExitProgram;
    }
  }
  return code;
}

} // namespace thalweg::driver
