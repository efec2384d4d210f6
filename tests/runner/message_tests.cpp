// message_tests: runs a command over the message files of a folder and compares what it says.
// Usage: message_tests [--update] COMMAND ARGS FOLDER [NAME…]     ARGS has {file} for the file's
// name
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "message_file.h"

namespace {

using namespace thalweg::testing;

/// The exit code that goes with the expected text: 1 after an error, else 0.
int expected_exit(const MessageFile& file, const std::string& text) {
  if (file.exit_code) return *file.exit_code;
  return text.rfind("error[", 0) == 0 || text.find("\nerror[") != std::string::npos ? 1 : 0;
}

void show_difference(const std::string& expected, const std::string& actual) {
  std::printf("--- expected\n%s--- actual\n%s---\n", expected.c_str(), actual.c_str());
}

int run(int argc, char** argv) {
  bool update = argc > 1 && std::strcmp(argv[1], "--update") == 0;
  if (argc - update < 4) {
    std::fputs("usage: message_tests [--update] COMMAND ARGS FOLDER [NAME…]\n", stderr);
    return 2;
  }
  std::string command = std::filesystem::absolute(argv[1 + update]).string();
  std::string args = argv[2 + update];
  std::filesystem::path folder = argv[3 + update];
  std::vector<std::string> only(argv + 4 + update, argv + argc);

  int failed = 0;
  int ran = 0;
  for (const auto& path : message_files(folder)) {
    std::string name = path.stem().string();
    bool wanted = only.empty();
    for (const std::string& n : only)
      wanted = wanted || n == name;
    if (!wanted) continue;
    ++ran;
    MessageFile file = MessageFile::read(path);
    Outcome outcome = run_message_file(file, command, args);
    // A crash or an internal error is never what is expected.
    bool crashed = outcome.exit_code == 70 || outcome.exit_code >= 124;
    bool take = update && !crashed;
    if (take && outcome.errors != file.expected) file.write(outcome.errors);
    const std::string& expected = take ? outcome.errors : file.expected;
    if (outcome.errors == expected && outcome.exit_code == expected_exit(file, expected)) continue;
    ++failed;
    std::printf("FAILED %s (exit code %d, expected %d)\n", name.c_str(), outcome.exit_code,
                expected_exit(file, expected));
    show_difference(expected, outcome.errors);
    std::printf("rerun:  %s '%s' '%s' '%s' %s\n", argv[0], command.c_str(), args.c_str(),
                folder.c_str(), name.c_str());
    std::printf("update: %s --update '%s' '%s' '%s' %s\n", argv[0], command.c_str(), args.c_str(),
                folder.c_str(), name.c_str());
  }
  std::printf("%d message files, %d failed\n", ran, failed);
  return failed || ran == 0 ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "message_tests: %s\n", e.what());
    return 2;
  }
}
