// Recording rows, see recorder.h.
#include "record/recorder.h"

#include "base/file.h"
#include "record/json_text.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace thalweg::runtime {

Result<LogFile> LogFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return DataError{path, 0, 0, "cannot be written: " + system_error_text(errno), ""};
  return LogFile(descriptor, path);
}

LogFile::LogFile(LogFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)),
      pending_(std::move(other.pending_)), written_(other.written_),
      last_flush_(other.last_flush_) {}

LogFile::~LogFile() {
  if (descriptor_ < 0) return;
  (void)flush();
  ::close(descriptor_);
}

Outcome LogFile::append(const std::string& line) {
  constexpr size_t kMuch = size_t{1} << 16;
  pending_ += line;
  pending_ += '\n';
  const auto now = std::chrono::steady_clock::now();
  if (pending_.size() < kMuch && now - last_flush_ < std::chrono::milliseconds(100)) return Unit{};
  last_flush_ = now;
  return flush();
}

Outcome LogFile::flush() {
  if (pending_.empty()) return Unit{};
  Outcome put = write_all(descriptor_, pending_, path_);
  if (put) {
    written_ += static_cast<int64_t>(pending_.size());
  } else {
    // Part of a line may have gone out; what was there before stays valid.
    const bool cut =
        ::ftruncate(descriptor_, written_) == 0 && ::lseek(descriptor_, written_, SEEK_SET) >= 0;
    (void)cut; // the file is lost to us either way, the first error is the one to tell
  }
  pending_.clear();
  return put;
}

Outcome LogFile::close() {
  if (descriptor_ < 0) return Unit{};
  Outcome flushed = flush();
  if (::close(std::exchange(descriptor_, -1)) != 0 && flushed)
    return DataError{path_, 0, 0, "cannot be closed: " + system_error_text(errno), ""};
  return flushed;
}

Outcome Recorder::add(RecordRow row) {
  row.values.resize(columns_.size());
  rows_.push_back(std::move(row));
  if (log_ == nullptr) return Unit{};
  return log_->append(log_line(run_, columns_, rows_.back()));
}

std::vector<std::pair<double, double>> Recorder::series(const std::string& column) const {
  std::vector<std::pair<double, double>> points;
  for (size_t k = 0; k < columns_.size(); ++k) {
    if (columns_[k] != column) continue;
    for (const RecordRow& row : rows_)
      if (row.values[k]) points.emplace_back(static_cast<double>(row.step), *row.values[k]);
    break;
  }
  return points;
}

std::string log_line(const std::string& run, const std::vector<std::string>& columns,
                     const RecordRow& row) {
  Json json = {{"run", run}, {"step", row.step}};
  for (size_t k = 0; k < columns.size() && k < row.values.size(); ++k)
    if (row.values[k] && columns[k] != "run" && columns[k] != "step")
      json[columns[k]] = json_number(*row.values[k]);
  return print_json_line(json);
}

} // namespace thalweg::runtime
