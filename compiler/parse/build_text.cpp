// build_text: names and strings of the source as values; expressions inside strings.
#include <cstdlib>

#include <fmt/format.h>
#include <utf8proc.h>

#include "parse/build.h"
#include "parse/failure.h"
#include "parse/structure.h"
#include "support/check.h"

namespace thalweg {

ast::Ident BuildEnv::ident(ThalwegParser::IdentContext* node) const {
  Span span = span_of(node->getStart());
  return {name(sources.text(span)), span};
}

Name BuildEnv::name(std::string_view text) const {
  bool ascii = true;
  for (char c : text)
    ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  if (ascii) return context.names.intern(text);
  if (text == "π") return context.names.intern("pi");
  utf8proc_uint8_t* normal = nullptr;
  utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &normal,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  TW_CHECK(size >= 0, "normalizing a name failed: {}", size);
  Name result = context.names.intern(
      std::string_view(reinterpret_cast<char*>(normal), static_cast<size_t>(size)));
  std::free(normal);
  return result;
}

namespace {

/// The inside of a string token; an unclosed string (already reported) has no quote at its end.
Span inside(Span literal, std::string_view text) {
  Span span = literal;
  ++span.begin;
  bool closed = text.size() >= 2 && text.back() == '"';
  if (closed) {
    size_t slashes = 0;
    while (slashes + 2 < text.size() && text[text.size() - 2 - slashes] == '\\')
      ++slashes;
    closed = slashes % 2 == 0;
  }
  if (closed) --span.end;
  return span;
}

char escaped(char c) {
  if (c == 'n') return '\n';
  return c == 't' ? '\t' : c;
}

} // namespace

std::string BuildEnv::string_value(antlr4::Token* token) const {
  Span literal = span_of(token);
  std::string_view text = sources.text(inside(literal, sources.text(literal)));
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      value += escaped(text[++i]);
    else
      value += text[i];
  }
  return value;
}

ast::Template BuildEnv::string_template(antlr4::Token* token) const {
  Span literal = span_of(token);
  Span body = inside(literal, sources.text(literal));
  std::string_view text = sources.text(body);
  ast::Template result{literal, {""}, {}};
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      result.pieces.back() += escaped(text[++i]);
      continue;
    }
    if (text[i] != '{') {
      result.pieces.back() += text[i];
      continue;
    }
    size_t close = text.find('}', i);
    uint32_t begin = body.begin + static_cast<uint32_t>(i);
    if (close == std::string_view::npos) {
      diagnostics
          .report(DiagKind::unclosed_bracket, {body.file, begin, begin + 1},
                  "'{' in the text is never closed")
          .help("values stand in {…}; write \\{ for the brace itself");
      break;
    }
    Span hole{body.file, begin + 1, body.begin + static_cast<uint32_t>(close)};
    if (const ast::Expr* value = parse_part(sources, hole, context, diagnostics)) {
      result.holes.push_back(value);
      result.pieces.emplace_back();
    }
    i = close;
  }
  return result;
}

} // namespace thalweg
