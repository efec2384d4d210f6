// Snapshot reads, confined data paths and atomic writes, see file.h.
#include "base/file.h"

#include "base/text.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

// Closes on every way out of read_file.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

bool same_version(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

DataError file_error(const std::string& name, std::string text, std::string help = "") {
  return {name, 0, 0, std::move(text), std::move(help)};
}

} // namespace

Result<std::string> read_file(const std::string& path, const std::string& name, uint64_t limit) {
  // O_NONBLOCK: a FIFO must not hang the open; it is refused below.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      return file_error(name, fmt::format("no such file: looked for {}", shown(path, 200)),
                        "data paths are relative to the folder of the program");
    }
    return file_error(name, "cannot be opened: " + system_error_text(error));
  }
  struct stat before{}, after{};
  if (::fstat(file.value, &before) != 0)
    return file_error(name, "cannot be examined: " + system_error_text(errno));
  if (S_ISDIR(before.st_mode)) return file_error(name, "is a folder, not a file");
  if (!S_ISREG(before.st_mode)) return file_error(name, "is not a regular file");
  const auto size = static_cast<uint64_t>(before.st_size);
  if (size > limit)
    return file_error(name, fmt::format("holds {} bytes, more than the limit of {}", size, limit));
  std::string bytes;
  try {
    bytes.resize(size);
  } catch (
      const std::bad_alloc&) { // the library's way to say so; a file's size is no internal error
    return file_error(name, fmt::format("no memory for its {} bytes", size));
  }
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(file.value, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(name, "cannot be read: " + system_error_text(errno));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  if (::fstat(file.value, &after) != 0 || filled != bytes.size() || !same_version(before, after))
    return file_error(name, "changed while it was being read", "run again when it is complete");
  return bytes;
}

Result<std::string> resolve_data_path(const std::string& base, std::string_view name,
                                      const std::string& root) {
  namespace fs = std::filesystem;
  const std::string display = shown(std::string(name), 80);
  if (name.empty()) return file_error("", "the name of a data file is empty");
  for (size_t at = 0; at < name.size();) {
    const Utf8Step step = next_code_point(name, at);
    if (!step.valid || step.code < 0x20 || step.code == 0x7f || is_format_code(step.code)) {
      return file_error(
          "", fmt::format("the data path \"{}\" holds a character that is not allowed", display));
    }
    at += step.length;
  }
  if (name.find("://") != name.npos)
    return file_error(display, "is a URL; data is read from files only", "download it first");
  const fs::path path{std::string(name)};
  if (path.is_absolute()) {
    return file_error(display, "is an absolute path",
                      "write it relative to the folder of the program");
  }
  const fs::path folder = fs::absolute(base.empty() ? fs::path(".") : fs::path(base));
  const fs::path whole = (folder / path).lexically_normal();
  const fs::path limit = (root.empty() ? folder : fs::absolute(fs::path(root))).lexically_normal();
  const fs::path inside = whole.lexically_relative(limit);
  if (inside.empty() || *inside.begin() == "..") {
    return file_error(display, "leads out of the folder that data may come from",
                      "move the data beside the program, or name a wider data folder");
  }
  return whole.string();
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  // Hidden and unique to this process: a reader that lists the folder never takes it for a result.
  const size_t slash = path.rfind('/');
  const size_t name = slash == path.npos ? 0 : slash + 1;
  const std::string temporary = fmt::format("{}.{}.{}-{}.part", path.substr(0, name),
                                            path.substr(name), ::getpid(), counter++);
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) return file_error(path, "cannot be written: " + system_error_text(errno));
  return AtomicFile(descriptor, path, temporary);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

DataError AtomicFile::failure(const char* what, int error_number) const {
  return file_error(path_, fmt::format("{}: {}", what, system_error_text(error_number)));
}

Outcome AtomicFile::write(std::string_view bytes) { return write_all(descriptor_, bytes, path_); }

Outcome AtomicFile::commit() {
  // Some file systems (tmpfs aside) tell of a full disk only here or at close.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOSYS)
    return failure("cannot be written", errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) return failure("cannot be closed", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    return failure("cannot be put in place", errno);
  temporary_.clear();
  return Unit{};
}

Outcome write_file_atomically(const std::string& path, std::string_view bytes) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Outcome written = file->write(bytes); !written) return written.error();
  return file->commit();
}

Outcome write_all(int descriptor, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return file_error(name, "cannot be written: " + system_error_text(errno));
    if (put == 0) return file_error(name, "cannot be written: nothing was accepted");
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return Unit{};
}

void hold_standard_descriptors() {
  // open() takes the lowest free number, so each of the three is taken before the next is asked.
  for (int number = 0; number < 3; ++number)
    if (::fcntl(number, F_GETFD) == -1)
      (void)::open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY);
}

} // namespace thalweg::runtime
