// The tokens of CSV, see csv_records.h.
#include "data/csv_records.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::runtime {

CsvRecordReader::CsvRecordReader(std::string_view text, std::string name, char separator)
    : text_(text), name_(std::move(name)), separator_(separator) {}

DataError CsvRecordReader::error_at(int64_t line, size_t column, std::string text,
                                    std::string help) const {
  return {name_, line, static_cast<int64_t>(column), std::move(text), std::move(help)};
}

Outcome CsvRecordReader::begin() {
  if (text_.substr(0, 2) == "\xff\xfe" || text_.substr(0, 2) == "\xfe\xff")
    return error_at(0, 0, "is UTF-16 text", "save it as UTF-8");
  if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
  if (const size_t nul = text_.find('\0'); nul != text_.npos) {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(nul), '\n');
    return error_at(line, 0, "holds a NUL byte: this is no text file");
  }
  return Unit{};
}

void CsvRecordReader::skip_line_end() {
  if (at_ == text_.size()) return;
  if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
  ++at_;
  ++line_;
}

Result<bool> CsvRecordReader::next(CsvRecord& record) {
  while (at_ < text_.size()) {
    unescaped_.clear();
    record.fields.clear();
    record.line = line_;
    for (bool more = true; more;) {
      if (record.fields.size() == kMaxCsvColumns) {
        return error_at(record.line, 0,
                        fmt::format("has more than {} fields in one line", kMaxCsvColumns));
      }
      Result<CsvField> field = next_field(record.fields.size() + 1);
      if (!field) return field.error();
      record.fields.push_back(*field);
      more = !at_line_end();
      if (more) ++at_; // the separator
    }
    skip_line_end();
    if (!record.blank()) return true;
  }
  return false;
}

Result<CsvField> CsvRecordReader::next_field(size_t number) {
  const size_t begin = at_;
  size_t quote = at_;
  while (quote < text_.size() && text_[quote] == ' ')
    ++quote;
  if (quote < text_.size() && text_[quote] == '"') {
    at_ = quote;
    return quoted_field(number);
  }
  while (!at_line_end() && text_[at_] != separator_)
    ++at_;
  return CsvField{text_.substr(begin, at_ - begin), false, line_};
}

Result<CsvField> CsvRecordReader::quoted_field(size_t number) {
  const int64_t opened = line_;
  const size_t begin = ++at_;
  std::string* copy = nullptr; // made at the first doubled quote
  size_t copied = begin;
  for (;; ++at_) {
    if (at_ == text_.size())
      return error_at(opened, number, "a quote opens here and is never closed");
    const char c = text_[at_];
    if (c == '\n' || (c == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n'))) ++line_;
    if (c != '"') continue;
    if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
    if (copy == nullptr) copy = &unescaped_.emplace_back();
    copy->append(text_.substr(copied, at_ + 1 - copied)); // one of the two quotes stays
    copied = ++at_ + 1;
  }
  std::string_view content = text_.substr(begin, at_ - begin);
  if (copy != nullptr) {
    copy->append(text_.substr(copied, at_ - copied));
    content = *copy;
  }
  ++at_;
  while (at_ < text_.size() && text_[at_] == ' ')
    ++at_;
  if (!at_line_end() && text_[at_] != separator_) {
    return error_at(line_, number, "text follows a closing quote",
                    "write a quote inside a quoted field twice: \"\"");
  }
  return CsvField{content, true, opened};
}

} // namespace thalweg::runtime
