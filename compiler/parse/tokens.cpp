// tokens: drives the generated lexer and turns its code point positions into byte offsets.
#include "parse/tokens.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "ThalwegLexer.h"
#include "parse/lexical_errors.h"

namespace thalweg {
namespace {

using grammar::ThalwegLexer;

/// Byte offset of every code point, and of the end; false at the first byte that is not UTF-8.
bool index_code_points(std::string_view text, std::vector<uint32_t>& offsets, size_t& bad_byte) {
  offsets.reserve(text.size() + 1);
  size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (size <= 0) {
      bad_byte = at;
      return false;
    }
    offsets.push_back(static_cast<uint32_t>(at));
    at += static_cast<size_t>(size);
  }
  offsets.push_back(static_cast<uint32_t>(text.size()));
  return true;
}

Token end_token(Span part) {
  return {tok::END_OF_FILE, true, false, {part.file, part.end, part.end}};
}

} // namespace

TokenList read_tokens(const SourceManager& sources, FileId file, Diagnostics& diagnostics) {
  std::string_view text = sources.text(file);
  Span whole{file.value, 0, static_cast<uint32_t>(text.size())};
  if (text.size() > kMaxSourceBytes) {
    diagnostics
        .report(DiagKind::file_too_large, {},
                fmt::format("{} is too long: a source file has at most {} bytes",
                            sources.path(file), kMaxSourceBytes))
        .help("keep data in files of their own and read them with 'given'");
    return {{end_token({file.value, 0, 0})}, {}};
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") whole.begin = 3; // a byte order mark
  return read_tokens(sources, whole, diagnostics);
}

TokenList read_tokens(const SourceManager& sources, Span part, Diagnostics& diagnostics) {
  std::string_view text = sources.text(part);
  std::vector<uint32_t> offsets;
  TokenList list;
  if (size_t bad = 0; !index_code_points(text, offsets, bad)) {
    uint32_t at = part.begin + static_cast<uint32_t>(bad);
    diagnostics
        .report(DiagKind::bad_encoding, {part.file, at, at + 1},
                fmt::format("byte 0x{:02X} is not valid UTF-8 here",
                            static_cast<unsigned char>(text[bad])))
        .help("save the file with the encoding UTF-8");
    list.tokens.push_back(end_token(part));
    return list;
  }

  antlr4::ANTLRInputStream input{std::string(text)};
  ThalwegLexer lexer(&input);
  lexer.removeErrorListeners(); // the grammar's last rule takes any character
  LexicalErrors errors(sources, diagnostics);

  size_t scanned = 0; // for line starts: how far the text was searched for newlines
  bool fresh_line = true;
  for (;;) {
    std::unique_ptr<antlr4::Token> raw = lexer.nextToken();
    if (raw->getType() == antlr4::Token::EOF) break;
    uint32_t begin = offsets[raw->getStartIndex()];
    uint32_t end = offsets[raw->getStopIndex() + 1];
    if (text.substr(scanned, begin - scanned).find('\n') != std::string_view::npos)
      fresh_line = true;
    scanned = end;
    Span span{part.file, part.begin + begin, part.begin + end};
    size_t type = raw->getType();
    if (type == ThalwegLexer::DOC || type == ThalwegLexer::COMMENT) {
      std::string_view comment = text.substr(begin, end - begin);
      size_t last = comment.find_last_not_of(" \t\r");
      span.end = span.begin + static_cast<uint32_t>(last + 1);
      list.comments.push_back({span, type == ThalwegLexer::DOC, fresh_line});
      errors.check_comment(span);
      continue;
    }
    Token token{static_cast<uint16_t>(type), fresh_line, false, span};
    fresh_line = false;
    errors.add(token, list.tokens);
    if (errors.hopeless()) break;
  }
  errors.finish();
  Token end = end_token(part);
  list.tokens.push_back(end);
  return list;
}

} // namespace thalweg
