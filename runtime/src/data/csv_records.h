// Cuts the text of a CSV file (RFC 4180, any line ends) into records, one at a time; used by
// csv.cpp.
#pragma once

#include "base/result.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::runtime {

constexpr size_t kMaxCsvColumns = size_t{1} << 20;

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
  // `text` outlives the reader; `name` is the file's name in messages.
  CsvRecordReader(std::string_view text, std::string name, char separator);

  // Refuses what is no text: UTF-16, NUL bytes. Skips a UTF-8 byte order mark.
  Outcome begin();
  // The next record that is not blank; false at the end of the file.
  Result<bool> next(CsvRecord& record);

private:
  Result<CsvField> next_field(size_t number);
  Result<CsvField> quoted_field(size_t number);
  bool at_line_end() const { return at_ == text_.size() || is_line_end(text_[at_]); }
  static bool is_line_end(char c) { return c == '\n' || c == '\r'; }
  void skip_line_end();
  DataError error_at(int64_t line, size_t column, std::string text, std::string help = "") const;

  std::string_view text_;
  std::string name_;
  char separator_;
  size_t at_ = 0;
  int64_t line_ = 1;
  std::deque<std::string> unescaped_; // fields that held doubled quotes
};

} // namespace thalweg::runtime
