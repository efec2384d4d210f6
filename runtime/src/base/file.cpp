// Confined data paths and atomic writes, see file.h.
#include "base/file.h"

#include "base/text.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

DataError file_error(const std::string& name, std::string text, std::string help = "") {
  return {name, 0, 0, std::move(text), std::move(help)};
}

DataError path_error(const std::string& name, std::string text, std::string help = "") {
  return {name, 0, 0, std::move(text), std::move(help), DataFault::path};
}

} // namespace

Result<std::string> resolve_data_path(const std::string& base, std::string_view name,
                                      const std::string& root) {
  namespace fs = std::filesystem;
  const std::string display = shown(std::string(name), 80);
  if (name.empty()) return path_error("", "the name of a data file is empty");
  for (size_t at = 0; at < name.size();) {
    const Utf8Step step = next_code_point(name, at);
    if (!step.valid || step.code < 0x20 || step.code == 0x7f || is_format_code(step.code)) {
      return path_error(
          "", fmt::format("the data path \"{}\" holds a character that is not allowed", display));
    }
    at += step.length;
  }
  if (name.find("://") != name.npos)
    return path_error(display, "is a URL; data is read from files only", "download it first");
  const fs::path path{std::string(name)};
  if (path.is_absolute()) {
    return path_error(display, "is an absolute path",
                      "write it relative to the folder of the program");
  }
  const fs::path folder = fs::absolute(base.empty() ? fs::path(".") : fs::path(base));
  const fs::path whole = (folder / path).lexically_normal();
  const fs::path limit = (root.empty() ? folder : fs::absolute(fs::path(root))).lexically_normal();
  const fs::path inside = whole.lexically_relative(limit);
  if (inside.empty() || *inside.begin() == "..") {
    return path_error(display, "leads out of the folder that data may come from",
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
