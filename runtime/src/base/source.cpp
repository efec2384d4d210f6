// Files and texts as bytes, see source.h.
#include "base/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

DataError file_error(const std::string& name, std::string text, std::string help = "") {
  return {name, 0, 0, std::move(text), std::move(help), DataFault::file};
}

class FileSource : public ByteSource {
public:
  FileSource(int descriptor, FileVersion version, std::string name)
      : descriptor_(descriptor), version_(version), name_(std::move(name)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(descriptor_); }

  Result<size_t> read(char* to, size_t room) override {
    for (;;) {
      const ssize_t got = ::pread(descriptor_, to, room, static_cast<off_t>(at_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file_error(name_, "cannot be read: " + system_error_text(errno));
      at_ += static_cast<uint64_t>(got);
      return static_cast<size_t>(got);
    }
  }
  Outcome rewind() override {
    at_ = 0;
    return Unit{};
  }
  Outcome unchanged() const override { return version_.unchanged(descriptor_, name_); }
  uint64_t size() const override { return version_.size(); }

private:
  int descriptor_;
  FileVersion version_;
  std::string name_;
  uint64_t at_ = 0;
};

class TextSource : public ByteSource {
public:
  explicit TextSource(std::string_view text) : text_(text) {}
  Result<size_t> read(char* to, size_t room) override {
    const size_t count = std::min(room, text_.size() - at_);
    if (count > 0) std::memcpy(to, text_.data() + at_, count);
    at_ += count;
    return count;
  }
  Outcome rewind() override {
    at_ = 0;
    return Unit{};
  }
  uint64_t size() const override { return text_.size(); }

private:
  std::string_view text_;
  size_t at_ = 0;
};

} // namespace

Result<size_t> ByteSource::read_fully(char* to, size_t room) {
  size_t filled = 0;
  while (filled < room) {
    Result<size_t> got = read(to + filled, room - filled);
    if (!got) return got;
    if (*got == 0) break;
    filled += *got;
  }
  return filled;
}

Result<FileVersion> FileVersion::of(int descriptor, const std::string& name) {
  struct stat now{};
  if (::fstat(descriptor, &now) != 0)
    return file_error(name, "cannot be examined: " + system_error_text(errno));
  if (S_ISDIR(now.st_mode)) return file_error(name, "is a folder, not a file");
  if (!S_ISREG(now.st_mode)) return file_error(name, "is not a regular file");
  FileVersion version;
  version.size_ = static_cast<uint64_t>(now.st_size);
  version.seconds_ = now.st_mtim.tv_sec;
  version.nanoseconds_ = now.st_mtim.tv_nsec;
  return version;
}

Outcome FileVersion::unchanged(int descriptor, const std::string& name) const {
  Result<FileVersion> now = of(descriptor, name);
  if (!now) return now.error();
  if (size_ == now->size_ && seconds_ == now->seconds_ && nanoseconds_ == now->nanoseconds_)
    return Unit{};
  return file_error(name, "changed while it was being read", "run again when it is complete");
}

Result<int> open_regular_file(const std::string& path, const std::string& name) {
  // O_NONBLOCK: a FIFO must not hang the open; it is refused below.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      return file_error(name, fmt::format("no such file: looked for {}", shown(path, 200)),
                        "data paths are relative to the folder of the program");
    }
    return file_error(name, "cannot be opened: " + system_error_text(error));
  }
  Result<FileVersion> regular = FileVersion::of(descriptor, name);
  if (regular) return descriptor;
  ::close(descriptor);
  return regular.error();
}

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path, const std::string& name) {
  Result<int> descriptor = open_regular_file(path, name);
  if (!descriptor) return descriptor.error();
  Result<FileVersion> version = FileVersion::of(*descriptor, name);
  if (!version) {
    ::close(*descriptor);
    return version.error();
  }
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(*descriptor, *version, name));
}

std::unique_ptr<ByteSource> text_source(std::string_view text) {
  return std::make_unique<TextSource>(text);
}

} // namespace thalweg::runtime
