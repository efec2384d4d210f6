// The rows that a run records, in memory for tables and plots and, as they come, in log.jsonl.
#pragma once

#include "base/result.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::runtime {

// One recorded value; nothing where the run has no such value at that row (shown blank).
using RecordValue = std::optional<double>;

struct RecordRow {
  int64_t step = 0;                // steps taken before the values were measured
  std::vector<RecordValue> values; // one per column
};

// Appends lines of JSON to a file; each line appears whole or, when the disk is full, not at all.
class LogFile {
public:
  static Result<LogFile> create(const std::string& path);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile(); // flushes; errors are only told by close()

  // Buffers the line and writes when the last write is a tenth of a second old or much has
  // gathered.
  Outcome append(const std::string& line);
  Outcome flush();
  Outcome close();

private:
  LogFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_ = -1;
  std::string path_, pending_;
  int64_t written_ = 0; // bytes of whole lines in the file
  std::chrono::steady_clock::time_point last_flush_{};
};

// Collects the rows of one run.
class Recorder {
public:
  // `log` may be null and is shared by the runs of an experiment; it outlives the recorder.
  Recorder(std::string run, std::vector<std::string> columns, LogFile* log = nullptr)
      : run_(std::move(run)), columns_(std::move(columns)), log_(log) {}

  const std::string& run() const { return run_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<RecordRow>& rows() const { return rows_; }
  // Too few values are filled up with blanks; too many are an error of the caller and cut.
  Outcome add(RecordRow row);
  // (step, value) of the rows in which the column has one; empty for an unknown column.
  std::vector<std::pair<double, double>> series(const std::string& column) const;

private:
  std::string run_;
  std::vector<std::string> columns_;
  std::vector<RecordRow> rows_;
  LogFile* log_;
};

// {"run":"…","step":0,"loss":0.69,…}: blanks are left out.
std::string log_line(const std::string& run, const std::vector<std::string>& columns,
                     const RecordRow& row);

} // namespace thalweg::runtime
