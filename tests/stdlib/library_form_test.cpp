// The form of the library's files: one item each, named as its file, of its folder's kind,
// documented.
#include "ast/ast.h"
#include "diag/diagnostics.h"
#include "diag/render.h"
#include "parse/parse.h"
#include "support/source.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace thalweg;

namespace {

struct FolderRule {
  std::string_view word;                // the declaration that its files hold
  std::vector<std::string_view> topics; // what their documentation has to name
};

// A folder that is not listed here fails the test: it has to be given its rule first.
const std::map<std::string, FolderRule> kFolders = {
    {"optimizers",
     {"optimizer", {"Hyperparameters:", "Errors:", "Source:", "Equals:", "Example:"}}},
    {"transforms", {"transform", {"Errors:", "Source:", "Equals:", "Example:"}}},
    {"schedules", {"schedule", {"Source:", "Equals:", "Example:"}}},
    {"functions", {"function", {"Equals:"}}},
    {"losses", {"function", {"Equals:"}}},
    {"methods", {"optimizer", {"Hyperparameters:", "Errors:", "Source:", "Example:"}}},
    {"problems", {"problem", {"Source:"}}},
    {"prox", {"function", {"Source:"}}},
    {"sets", {"set", {"Source:", "Example:"}}},
    {"line_searches", {"function", {"Source:"}}},
    {"flows", {"flow", {}}},
};

std::vector<fs::path> library_files() {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(THALWEG_SOURCE_DIR) / "stdlib"))
    if (entry.is_regular_file() && entry.path().extension() == ".tw") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

TEST_CASE("every library file holds one documented item named as the file", "[stdlib]") {
  const std::vector<fs::path> files = library_files();
  REQUIRE(files.size() >= 15);
  for (const fs::path& path : files) {
    INFO(path.string());
    SourceManager sources;
    const std::optional<FileId> id = sources.load(path.string());
    REQUIRE(id);
    ast::Context context;
    Diagnostics diagnostics;
    const ast::File* file = parse_file(sources, *id, context, diagnostics);
    INFO(render_all(diagnostics, sources));
    REQUIRE(diagnostics.empty());
    REQUIRE(file != nullptr);

    const auto folder = kFolders.find(path.parent_path().filename().string());
    REQUIRE(folder != kFolders.end());
    REQUIRE(file->decls.size() == 1);
    const ast::Decl& item = *file->decls.front();
    CHECK(ast::name_of(item).name.str() == path.stem().string());
    CHECK(ast::word_of(item) == folder->second.word);
    CHECK_FALSE(item.doc.empty());
    for (std::string_view topic : folder->second.topics) {
      INFO("missing in its documentation: " << topic);
      CHECK(item.doc.find(topic) != std::string::npos);
    }
  }
}

TEST_CASE("no two library items share a name", "[stdlib]") {
  std::map<std::string, std::string> seen;
  for (const fs::path& path : library_files()) {
    const auto [other, fresh] = seen.emplace(path.stem().string(), path.string());
    INFO(path.string() << " and " << other->second);
    CHECK(fresh);
  }
}
