// message_file: a program with the messages it must get, written in `#!` comments at its end.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::testing {

/// The parts of a file NAME.tw:
///   the program;
///   `#! args: check {file} --set lr=2`   optional: other arguments than the suite's;
///   `#! exit: 2`                         optional: the exit code, if not 1 after an error and else
///   0;
///   `#! expand`                          optional: «N×text» in the program means text N times;
///   `#! …`                               the exact output on standard error, a line each.
struct MessageFile {
  std::filesystem::path path;
  std::string program;
  std::string args; // empty: the suite's
  bool expand = false;
  std::optional<int> exit_code;
  std::string expected;

  static MessageFile read(const std::filesystem::path& path);
  /// The file with other expectations.
  void write(const std::string& actual) const;
  /// The program with «N×text» written out.
  std::string expanded() const;
};

struct Outcome {
  std::string errors; // standard error, without this machine's folders
  int exit_code = 0;
};

/// Runs `command args` in the file's folder, or in a copy's if the program is expanded.
Outcome run_message_file(const MessageFile& file, const std::string& command,
                         const std::string& default_args);

std::vector<std::filesystem::path> message_files(const std::filesystem::path& folder);

} // namespace thalweg::testing
