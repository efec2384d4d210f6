// Bytes that are read from front to end, and again: a file as a consistent snapshot, or a text.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg::runtime {

class ByteSource {
public:
  virtual ~ByteSource() = default;
  // Up to `room` bytes from where the last read ended; 0 at the end.
  virtual Result<size_t> read(char* to, size_t room) = 0;
  virtual Outcome rewind() = 0;
  // Fails when what is read is no longer what was opened. Asked at the end of each pass, and before
  // anything else is said against the bytes.
  virtual Outcome unchanged() const { return Unit{}; }
  virtual uint64_t size() const = 0;

  // Fills the room unless the bytes end before.
  Result<size_t> read_fully(char* to, size_t room);
};

// A regular file, held open: replacing it by name does not matter, changing it is found out.
// `name` is the path as messages show it.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path, const std::string& name);

// The descriptor of such a file, for a library that reads files itself; the caller closes it.
Result<int> open_regular_file(const std::string& path, const std::string& name);

// A text that outlives the source.
std::unique_ptr<ByteSource> text_source(std::string_view text);

// A regular file's state; two states are equal as long as nothing writes to the file.
class FileVersion {
public:
  static Result<FileVersion> of(int descriptor, const std::string& name);
  Outcome unchanged(int descriptor, const std::string& name) const;
  uint64_t size() const { return size_; }

private:
  uint64_t size_ = 0;
  int64_t seconds_ = 0, nanoseconds_ = 0; // of the last modification
};

} // namespace thalweg::runtime
