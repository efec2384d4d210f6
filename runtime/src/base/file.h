// Where data may come from, and writes that appear complete or not at all.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace thalweg::runtime {

// Where a data path of a program points: relative to `base` (the program's folder) and inside
// `root` (`base` when empty). Absolute paths, URLs, NUL and control characters, and `..` that
// leaves the root are refused; symbolic links are followed. Nothing is ever handed to a shell.
Result<std::string> resolve_data_path(const std::string& base, std::string_view name,
                                      const std::string& root = "");

// A file that is written beside its final name and moved there by commit(); without commit()
// nothing is left behind.
class AtomicFile {
public:
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Outcome write(std::string_view bytes);
  Outcome commit(); // fsync, close, rename: each of them may report that the disk is full

private:
  AtomicFile(int descriptor, std::string path, std::string temporary)
      : descriptor_(descriptor), path_(std::move(path)), temporary_(std::move(temporary)) {}
  DataError failure(const char* what, int error_number) const;

  int descriptor_ = -1;
  std::string path_, temporary_;
};

Outcome write_file_atomically(const std::string& path, std::string_view bytes);

// Writes everything to a descriptor, across interrupts and short writes. `name` is for messages.
Outcome write_all(int descriptor, std::string_view bytes, const std::string& name);

// Fills closed standard descriptors, so that no data file becomes standard output by accident;
// writes to a descriptor that was closed go on failing. Call first thing in main.
void hold_standard_descriptors();

} // namespace thalweg::runtime
