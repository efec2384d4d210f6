// The tokens of CSV, see csv_records.h.
#include "data/csv_records.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

constexpr size_t kWindow = size_t{1} << 20;

int64_t ends_of_lines(const char* from, const char* to) {
  int64_t count = 0;
  for (const char* p = from; p != to; ++p)
    count += *p == '\n' || (*p == '\r' && (p + 1 == to || p[1] != '\n'));
  return count;
}

} // namespace

CsvRecordReader::CsvRecordReader(ByteSource& bytes, std::string name, char separator)
    : bytes_(bytes), name_(std::move(name)), separator_(separator),
      buffer_(static_cast<size_t>(std::clamp<uint64_t>(bytes.size() + 1, 16, kWindow))) {}

CsvRecordReader::Cut CsvRecordReader::fail(int64_t line, size_t column, std::string text,
                                           std::string help) {
  error_ = {name_, line, static_cast<int64_t>(column), std::move(text), std::move(help)};
  return Cut::failed;
}

Outcome CsvRecordReader::begin() {
  if (Outcome back = bytes_.rewind(); !back) return back;
  at_ = end_ = buffer_.data();
  before_ = 0;
  last_ = nul_ = false;
  line_ = 1;
  if (Outcome filled = refill(); !filled) return filled;
  const std::string_view start(at_, static_cast<size_t>(end_ - at_));
  if (start.substr(0, 2) == "\xff\xfe" || start.substr(0, 2) == "\xfe\xff")
    return DataError{name_, 0, 0, "is UTF-16 text", "save it as UTF-8"};
  if (start.substr(0, 3) == "\xef\xbb\xbf") at_ += 3;
  return Unit{};
}

Outcome CsvRecordReader::refill() {
  if (nul_)
    return DataError{name_, line_ + ends_of_lines(at_, end_), 0,
                     "holds a NUL byte: this is no text file", ""};
  const auto rest = static_cast<size_t>(end_ - at_);
  before_ += static_cast<uint64_t>(at_ - buffer_.data());
  if (rest == buffer_.size()) {
    if (rest >= kMaxCsvRecord) {
      return DataError{
          name_, line_, 0,
          fmt::format("a line, or a quoted field, is longer than {} MiB", kMaxCsvRecord >> 20), ""};
    }
    std::vector<char> larger(2 * rest);
    std::memcpy(larger.data(), at_, rest);
    buffer_.swap(larger);
  } else if (rest > 0) {
    std::memmove(buffer_.data(), at_, rest);
  }
  at_ = buffer_.data();
  Result<size_t> got = bytes_.read_fully(buffer_.data() + rest, buffer_.size() - rest);
  if (!got) return got.error();
  last_ = *got < buffer_.size() - rest;
  const char* const fresh = at_ + rest;
  end_ = fresh + *got;
  if (const auto* nul = static_cast<const char*>(std::memchr(fresh, 0, *got)); nul != nullptr) {
    // What stands before it is read first, wherever the window ends.
    end_ = nul;
    nul_ = true;
    last_ = false;
  }
  return Unit{};
}

Result<bool> CsvRecordReader::next(CsvRecord& record) {
  for (;;) {
    if (at_ == end_ && last_) return false;
    const char* const start = at_;
    const int64_t line = line_;
    const Cut cut = at_ == end_ ? Cut::cut_off : cut_record(record);
    if (cut == Cut::failed) return error_;
    if (cut == Cut::done) {
      if (!record.blank()) return true;
      continue;
    }
    at_ = start; // cut again when the window holds more
    line_ = line;
    if (Outcome filled = refill(); !filled) return filled.error();
  }
}

Result<bool> CsvRecordReader::skip() {
  const auto rest = static_cast<size_t>(end_ - at_);
  if (const auto* feed = static_cast<const char*>(std::memchr(at_, '\n', rest)); feed != nullptr) {
    const std::string_view text(at_, static_cast<size_t>(feed - at_));
    // A carriage return elsewhere than before the line feed ends a line of its own.
    const size_t carriage = text.find('\r');
    const bool one_line = carriage == text.npos || carriage + 1 == text.size();
    if (one_line && text.find('"') == text.npos && !CsvRecord::is_blank(text.substr(0, carriage))) {
      at_ = feed + 1;
      ++line_;
      return true;
    }
  }
  return next(scratch_);
}

CsvRecordReader::Cut CsvRecordReader::cut_record(CsvRecord& record) {
  unescaped_.clear();
  record.fields.clear();
  record.line = line_;
  for (;;) {
    if (record.fields.size() == kMaxCsvColumns) {
      return fail(record.line, 0,
                  fmt::format("has more than {} fields in one line", kMaxCsvColumns));
    }
    if (const Cut cut = cut_field(record); cut != Cut::done) return cut;
    if (line_ends()) break;
    ++at_; // the separator
  }
  if (at_ == end_) return last_ ? Cut::done : Cut::cut_off;
  if (*at_ == '\r') {
    if (at_ + 1 == end_ && !last_) return Cut::cut_off;
    if (at_ + 1 != end_ && at_[1] == '\n') ++at_;
  }
  ++at_;
  ++line_;
  return Cut::done;
}

CsvRecordReader::Cut CsvRecordReader::cut_field(CsvRecord& record) {
  const char* const begin = at_;
  const char* p = at_;
  while (p != end_ && *p == ' ')
    ++p;
  if (p != end_ && *p == '"') {
    at_ = p;
    return cut_quoted(record);
  }
  while (p != end_ && *p != separator_ && *p != '\n' && *p != '\r')
    ++p;
  at_ = p;
  if (p == end_ && !last_) return Cut::cut_off;
  record.fields.push_back({{begin, static_cast<size_t>(p - begin)}, false, line_});
  return Cut::done;
}

CsvRecordReader::Cut CsvRecordReader::cut_quoted(CsvRecord& record) {
  const int64_t opened = line_;
  const size_t number = record.fields.size() + 1;
  const char* const begin = ++at_;
  std::string* copy = nullptr; // made at the first doubled quote
  const char* copied = begin;
  for (;; ++at_) {
    if (at_ == end_)
      return last_ ? fail(opened, number, "a quote opens here and is never closed") : Cut::cut_off;
    const bool whole = at_ + 1 != end_ || last_; // whether the byte after this one is known
    const char after = at_ + 1 != end_ ? at_[1] : '\0';
    if (*at_ == '\n' || (*at_ == '\r' && whole && after != '\n')) ++line_;
    if (*at_ != '"') continue;
    if (!whole) return Cut::cut_off;
    if (after != '"') break;
    if (copy == nullptr) copy = &unescaped_.emplace_back();
    copy->append(copied, at_ + 1); // one of the two quotes stays
    copied = ++at_ + 1;
  }
  std::string_view content(begin, static_cast<size_t>(at_ - begin));
  if (copy != nullptr) {
    copy->append(copied, at_);
    content = *copy;
  }
  ++at_;
  while (at_ != end_ && *at_ == ' ')
    ++at_;
  if (at_ == end_ && !last_) return Cut::cut_off;
  if (!line_ends() && *at_ != separator_) {
    return fail(line_, number, "text follows a closing quote",
                "write a quote inside a quoted field twice: \"\"");
  }
  record.fields.push_back({content, true, opened});
  return Cut::done;
}

} // namespace thalweg::runtime
