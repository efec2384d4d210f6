// SourceManager: line tables are built once when a text is added.
#include "support/source.h"

#include <algorithm>
#include <fstream>

#include "support/check.h"

namespace thalweg {

FileId SourceManager::add(std::string path, std::string text) {
  File file{std::move(path), std::move(text), {0}};
  // A line ends with a line feed, or with a carriage return that has none after it.
  for (size_t i = 0; i < file.text.size(); ++i)
    if (file.text[i] == '\n' ||
        (file.text[i] == '\r' && (i + 1 == file.text.size() || file.text[i + 1] != '\n')))
      file.line_begins.push_back(static_cast<uint32_t>(i + 1));
  files_.push_back(std::move(file));
  return FileId(static_cast<uint32_t>(files_.size()));
}

std::optional<FileId> SourceManager::load(const std::string& path) {
  for (size_t i = 0; i < files_.size(); ++i)
    if (files_[i].path == path) return FileId(static_cast<uint32_t>(i + 1));
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(kMaxSourceBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::nullopt; // a folder, for one
  text.resize(static_cast<size_t>(in.gcount()));
  text.shrink_to_fit();
  return add(path, std::move(text));
}

const SourceManager::File& SourceManager::at(FileId file) const {
  TW_CHECK(file.valid() && file.value >= 1 && file.value <= files_.size(), "file {}", file.value);
  return files_[file.value - 1];
}

std::string_view SourceManager::text(Span span) const {
  std::string_view all = text(FileId(span.file));
  TW_CHECK(span.begin <= span.end && span.end <= all.size(), "span {}..{}", span.begin, span.end);
  return all.substr(span.begin, span.end - span.begin);
}

LineCol SourceManager::line_col(FileId file, uint32_t offset) const {
  const File& f = at(file);
  auto next = std::upper_bound(f.line_begins.begin(), f.line_begins.end(), offset);
  uint32_t line = static_cast<uint32_t>(next - f.line_begins.begin());
  uint32_t column = 1;
  size_t stop = std::min<size_t>(offset, f.text.size());
  for (size_t i = f.line_begins[line - 1]; i < stop; ++i)
    if ((static_cast<unsigned char>(f.text[i]) & 0xC0) != 0x80) ++column;
  return {line, column};
}

std::string_view SourceManager::line_text(FileId file, uint32_t line) const {
  const File& f = at(file);
  uint32_t begin = line_begin(file, line);
  size_t end = line < f.line_begins.size() ? f.line_begins[line] - 1 : f.text.size();
  if (end > begin && f.text[end - 1] == '\r') --end;
  return std::string_view(f.text).substr(begin, end - begin);
}

uint32_t SourceManager::line_begin(FileId file, uint32_t line) const {
  const File& f = at(file);
  TW_CHECK(line >= 1 && line <= f.line_begins.size(), "line {}", line);
  return f.line_begins[line - 1];
}

uint32_t SourceManager::line_count(FileId file) const {
  return static_cast<uint32_t>(at(file).line_begins.size());
}

} // namespace thalweg
