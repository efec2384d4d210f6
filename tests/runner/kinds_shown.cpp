// kinds_shown: fails for every registered kind of message that no message file shows.
// Usage: kinds_shown FOLDER      looks into FOLDER and the folders right under it
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "diag/diagnostics.h"
#include "message_file.h"

namespace {

int run(const std::filesystem::path& folder) {
  using namespace thalweg;
  std::string all;
  auto take = [&](const std::filesystem::path& from) {
    for (const auto& path : testing::message_files(from))
      all += testing::MessageFile::read(path).expected;
  };
  take(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory()) take(entry.path());

  int missing = 0;
  for (const DiagInfo& info : all_diag_kinds()) {
    if (all.find("[" + std::string(info.name) + "]:") != std::string::npos) continue;
    ++missing;
    std::printf("no message file shows [%s]: %s\n", std::string(info.name).c_str(),
                std::string(info.meaning).c_str());
  }
  std::printf("%zu kinds, %d without a file\n", all_diag_kinds().size(), missing);
  return missing ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: kinds_shown FOLDER\n", stderr);
    return 2;
  }
  try {
    return run(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "kinds_shown: %s\n", e.what());
    return 2;
  }
}
