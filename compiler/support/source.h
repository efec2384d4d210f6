// SourceManager: the texts that were read, and the way from a byte offset to line and column.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/ids.h"
#include "support/span.h"

namespace thalweg {

/// Numbered from 1; its value is Span::file.
using FileId = Id<struct FileTag>;

/// What a source file may have. More is not read in, but for one byte that shows it is too long.
constexpr size_t kMaxSourceBytes = size_t{4} << 20;

/// Line and column count from 1; the column counts characters (code points), not bytes.
struct LineCol {
  uint32_t line = 0;
  uint32_t column = 0;
};

class SourceManager {
public:
  /// Takes a text that is already in memory (tests, texts on the command line, library files).
  FileId add(std::string path, std::string text);
  /// Reads a file; nothing when it can't be read. The same path read again gives the same id.
  std::optional<FileId> load(const std::string& path);

  std::string_view path(FileId file) const { return at(file).path; }
  std::string_view text(FileId file) const { return at(file).text; }
  std::string_view path(Span span) const { return path(FileId(span.file)); }
  std::string_view text(Span span) const;
  size_t size() const { return files_.size(); }

  LineCol line_col(FileId file, uint32_t offset) const;
  LineCol line_col(Span span) const { return line_col(FileId(span.file), span.begin); }
  /// The line's bytes without its line ending. Lines count from 1.
  std::string_view line_text(FileId file, uint32_t line) const;
  uint32_t line_begin(FileId file, uint32_t line) const;
  uint32_t line_count(FileId file) const;

private:
  struct File {
    std::string path;
    std::string text;
    std::vector<uint32_t> line_begins;
  };
  const File& at(FileId file) const;

  std::deque<File> files_; // a deque, so that views into texts stay valid
};

} // namespace thalweg
