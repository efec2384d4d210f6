// Cuts a CSV file (RFC 4180, any line ends) into records, one at a time, from a window that moves
// over the bytes; used by csv.cpp.
#pragma once

#include "base/source.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::runtime {

constexpr size_t kMaxCsvColumns = size_t{1} << 20;
constexpr size_t kMaxCsvRecord = size_t{64} << 20; // bytes

struct CsvField {
  std::string_view text; // without its quotes; lives until the next record is read
  bool quoted = false;
  int64_t line = 0; // where it begins, from 1
};

struct CsvRecord {
  std::vector<CsvField> fields;
  int64_t line = 0;
  // A line with nothing in it; such lines are skipped everywhere.
  bool blank() const { return fields.size() == 1 && !fields[0].quoted && is_blank(fields[0].text); }
  static bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == text.npos; }
};

class CsvRecordReader {
public:
  // `bytes` outlives the reader; `name` is the file's name in messages.
  CsvRecordReader(ByteSource& bytes, std::string name, char separator);

  // From the start (again). Refuses UTF-16, skips a UTF-8 byte order mark.
  Outcome begin();
  // The next record that is not blank; false at the end of the file. NUL bytes are refused.
  Result<bool> next(CsvRecord& record);
  // Like next, for those who only count.
  Result<bool> skip();
  // How many bytes the records so far took.
  uint64_t consumed() const { return before_ + (at_ - buffer_.data()); }

private:
  enum class Cut { done, cut_off, failed };
  Outcome refill(); // moves the window on, keeping what begins at at_
  Cut cut_record(CsvRecord& record);
  Cut cut_field(CsvRecord& record);
  Cut cut_quoted(CsvRecord& record);
  // Whether a line ends here; needs the byte after a carriage return.
  bool line_ends() const { return at_ == end_ || *at_ == '\n' || *at_ == '\r'; }
  Cut fail(int64_t line, size_t column, std::string text, std::string help = "");

  ByteSource& bytes_;
  std::string name_;
  char separator_;
  std::vector<char> buffer_;
  const char *at_ = nullptr, *end_ = nullptr; // the window's unread part
  uint64_t before_ = 0;                       // bytes of the file before the buffer
  bool last_ = false;                         // the window reaches the end of the file
  bool nul_ = false;                          // the window ends where a NUL byte stands
  int64_t line_ = 1;
  DataError error_; // of the cut that failed
  CsvRecord scratch_;
  std::deque<std::string> unescaped_; // fields that held doubled quotes
};

} // namespace thalweg::runtime
