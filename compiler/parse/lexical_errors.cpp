// lexical_errors: stray and invisible characters, open strings, malformed numbers, `2x`.
#include "parse/lexical_errors.h"

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <utf8proc.h>

#include "diag/render.h"

namespace thalweg {
namespace {

/// What users of other languages and of formula editors type, and what it is called here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kForeign{{
    {"&&", "write 'and'"},
    {"&", "write 'and'"},
    {"||", "write 'or', or norm(x) for a norm"},
    {"|", "write 'or', or norm(x) for a norm"},
    {"!", "write 'not'"},
    {"%", "write 'mod' for the remainder"},
    {"·", "write '*', or dot(a, b) for the inner product"},
    {"⋅", "write '*', or dot(a, b) for the inner product"},
    {"×", "write '*'"},
    {"∗", "write '*'"},
    {"÷", "write '/'"},
    {"−", "this is U+2212; write '-'"},
    {"–", "this is a dash, U+2013; write '-'"},
    {"—", "this is a dash, U+2014; write '-'"},
    {"’", "this is a quotation mark, U+2019; write ' for a next value"},
    {"‘", "this is a quotation mark, U+2018; write ' for a next value"},
    {"“", "this is a typographic quotation mark; write \""},
    {"”", "this is a typographic quotation mark; write \""},
    {"→", "write '='"},
    {"←", "write '='"},
    {"∧", "write 'and'"},
    {"∨", "write 'or'"},
    {"¬", "write 'not'"},
    {"$", "names need no mark before them"},
    {"\\", "statements may run over several lines without a mark"},
    {"?", "write 'if c then a else b'"},
}};

bool is_word(uint16_t type) { return type == tok::ID || (type >= tok::ALL && type <= tok::WHILE); }

} // namespace

bool is_invisible(uint32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  if (code >= 0xFE00 && code <= 0xFE0F) return true;   // variation selectors
  if (code >= 0xE0100 && code <= 0xE01EF) return true; // more of them
  if (code == 0x00A0 || code == 0x034F || code == 0x115F || code == 0x1160 || code == 0x3164)
    return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP: return true;
  case UTF8PROC_CATEGORY_ZS: return code != ' ';
  default: return false;
  }
}

void LexicalErrors::report_invisible(Span at, uint32_t code) {
  diagnostics_
      .report(DiagKind::invisible_character, at,
              fmt::format("the text contains the invisible character U+{:04X}", code))
      .help(code == 0x00A0 ? "replace it by an ordinary space" : "delete it");
}

void LexicalErrors::add_stray(Span at) {
  utf8proc_int32_t code = 0;
  std::string_view text = sources_.text(at);
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (is_invisible(static_cast<uint32_t>(code))) {
    flush_stray();
    report_invisible(at, static_cast<uint32_t>(code));
  } else if (stray_ && stray_->end == at.begin) {
    stray_->end = at.end;
  } else {
    flush_stray();
    stray_ = at;
  }
}

void LexicalErrors::flush_stray() {
  if (!stray_) return;
  std::string_view text = sources_.text(*stray_);
  auto& d = diagnostics_.report(
      DiagKind::stray_character, *stray_,
      fmt::format("'{}' is not a part of the language", escape_for_display(text)));
  stray_.reset();
  for (auto [foreign, hint] : kForeign) {
    if (text != foreign) continue;
    d.help(std::string(hint));
    break;
  }
}

void LexicalErrors::check_comment(Span comment) {
  std::string_view text = sources_.text(comment);
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    at += static_cast<size_t>(
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code));
    bool turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    if (!turns) continue;
    uint32_t end = comment.begin + static_cast<uint32_t>(at);
    report_invisible({comment.file, end - 3, end}, static_cast<uint32_t>(code));
  }
}

void LexicalErrors::check_word(Span word) {
  std::string_view text = sources_.text(word);
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    size_t size = static_cast<size_t>(
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code));
    uint32_t begin = word.begin + static_cast<uint32_t>(at);
    Span character{word.file, begin, begin + static_cast<uint32_t>(size)};
    at += size;
    if (code < 0x80) continue;
    if (is_invisible(static_cast<uint32_t>(code)))
      report_invisible(character, static_cast<uint32_t>(code));
    else if (code == 0x00B5)
      diagnostics_
          .report(DiagKind::stray_character, character,
                  "the micro sign U+00B5 is not a letter of a name")
          .help("write the Greek letter μ (U+03BC), or mu");
  }
}

void LexicalErrors::check_string(Span literal) {
  std::string_view text = sources_.text(literal);
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    size_t size = static_cast<size_t>(
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code));
    uint32_t begin = literal.begin + static_cast<uint32_t>(at);
    if (code == '\\' && at + 1 < text.size()) {
      char next = text[at + 1];
      if (next != '"' && next != '\\' && next != 'n' && next != 't' && next != '{' && next != '}') {
        size_t width = static_cast<size_t>(
            std::max<int>(1, utf8proc_utf8class[static_cast<unsigned char>(next)]));
        diagnostics_
            .report(
                DiagKind::bad_escape,
                {literal.file, begin, begin + 1 + static_cast<uint32_t>(width)},
                fmt::format("'\\{}' is no escape", escape_for_display(text.substr(at + 1, width))))
            .help("the escapes are \\\" \\\\ \\n \\t \\{ \\}");
        size += width;
      } else {
        size += 1;
      }
    } else if (is_invisible(static_cast<uint32_t>(code)) && code != 0x00A0) {
      report_invisible({literal.file, begin, begin + static_cast<uint32_t>(size)},
                       static_cast<uint32_t>(code));
    }
    at += size;
  }
}

/// A name or bracket stuck to the end of a number: true if both together are one malformed number.
bool LexicalErrors::absorbed_by_number(const Token& token, std::vector<Token>& tokens) {
  if (tokens.empty() || tokens.back().type != tok::NUMBER) return false;
  const Token number = tokens.back();
  if (number.span.end != token.span.begin || number.inserted) return false;
  bool nabla = token.type == tok::NABLA || token.type == tok::NABLA2 || token.type == tok::SQRT;
  bool reserved = token.type >= tok::ALL && token.type <= tok::THEN;
  if (!(is_word(token.type) && !reserved) && token.type != tok::LPAREN && !nabla &&
      token.type != tok::REDUCE_OPEN && token.type != tok::TENSOR_OPEN)
    return false;
  std::string_view left = sources_.text(number.span);
  std::string_view right = sources_.text(token.span);
  Span both = join(number.span, token.span);
  bool exponent = (right[0] == 'e' || right[0] == 'E') &&
                  left.find_first_of("eE") == std::string_view::npos && right.size() == 1;
  bool underscore = right[0] == '_' || left == "0";
  if (exponent || (underscore && token.type == tok::ID)) {
    auto& d = diagnostics_.report(DiagKind::bad_number, both,
                                  fmt::format("'{}{}' is no number", left, right));
    if (exponent)
      d.help("an exponent needs digits: 1e-3");
    else
      d.help("numbers are written in decimal, without letters and underscores");
    tokens.back().span = both;
    return true;
  }
  diagnostics_
      .report(DiagKind::missing_operator, both,
              fmt::format("'{}' and '{}' stand side by side", left, right))
      .caret(token.span)
      .help(token.type == tok::LPAREN ? fmt::format("write {}*(…)", left)
                                      : fmt::format("write {}*{}", left, right));
  tokens.push_back({tok::STAR, false, true, {token.span.file, token.span.begin, token.span.begin}});
  return false;
}

void LexicalErrors::add(Token token, std::vector<Token>& tokens) {
  if (token.type == tok::STRAY) return add_stray(token.span);
  flush_stray();
  if (is_word(token.type)) check_word(token.span);
  if (token.type == tok::OPEN_STRING) {
    diagnostics_
        .report(DiagKind::unterminated_string, token.span,
                "the string is not closed before the end of its line")
        .caret({token.span.file, token.span.begin, token.span.begin + 1})
        .help("add the closing \"");
    token.type = tok::STRING;
  }
  if (token.type == tok::STRING) check_string(token.span);
  if (token.type == tok::NUMBER) {
    double value = 0;
    std::string_view text = sources_.text(token.span);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
      // from_chars says the same of both ends; only the large one loses the number's meaning.
      size_t exponent = text.find_first_of("eE");
      bool tiny = exponent != std::string_view::npos && text[exponent + 1] == '-';
      diagnostics_
          .report(DiagKind::bad_number, token.span,
                  fmt::format("the number {} is too {} for f64", text, tiny ? "small" : "large"))
          .help(tiny ? "the smallest number is about 4.9e-324; write 0"
                     : "the largest number is about 1.8e308; write inf for infinity");
    }
  }
  if (!absorbed_by_number(token, tokens)) tokens.push_back(token);
}

} // namespace thalweg
