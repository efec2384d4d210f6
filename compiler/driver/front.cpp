// Reading a program and telling what is wrong with it (see front.h).
#include "driver/front.h"

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace thalweg::driver {

bool Front::load(const std::string& file) {
  path = file;
  std::optional<FileId> id = sources.load(file);
  if (!id) {
    std::error_code error;
    bool exists = std::filesystem::exists(file, error);
    diags
        .report(DiagKind::file_not_found, {},
                fmt::format("can't read '{}'", escape_for_display(file)))
        .help(exists ? "it is no readable text file" : "there is no such file");
    return false;
  }
  sema::Compilation compilation{sources, context, library, diags};
  program = sema::analyze(compilation, *id);
  return true;
}

int Front::report() const {
  if (!diags.empty()) {
    RenderOptions options;
    options.limit = 30; // more is no help
    options.color = isatty(2) && !std::getenv("NO_COLOR");
    std::string text = render_all(diags, sources, options);
    std::fputs(text.c_str(), stderr);
    if (!text.empty() && text.back() != '\n') std::fputc('\n', stderr);
  }
  return diags.has_errors() ? kExitProgram : kExitOk;
}

std::string Front::folder() const { return std::filesystem::path(path).parent_path().string(); }

std::string library_root(const std::string&) {
  namespace fs = std::filesystem;
  if (const char* chosen = std::getenv("THALWEG_STDLIB")) return chosen;
  std::error_code error;
  fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error)
    for (const char* place : {"../stdlib", "../share/thalweg/stdlib", "../../stdlib"}) {
      fs::path candidate = self.parent_path() / place;
      if (fs::is_directory(candidate / "optimizers", error))
        return candidate.lexically_normal().string();
    }
  return THALWEG_STDLIB_DEFAULT;
}

} // namespace thalweg::driver
