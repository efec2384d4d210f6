// spacing: fixed rules; only around * / .. (and + - in subscripts) the author groups, both sides
// alike.
#include "parse/spacing.h"

#include "parse/layout.h"
#include "parse/token_class.h"

namespace thalweg {

Spacing::Spacing(const SourceManager& sources, const std::vector<Token>& tokens,
                 const std::vector<uint8_t>& flags)
    : sources_(sources), tokens_(tokens), flags_(flags), unary_(tokens.size(), false),
      opens_(tokens.size(), false), indexes_(tokens.size(), false) {
  bool operand = false; // whether a value ended just before
  std::vector<uint16_t> brackets;
  for (size_t i = 0; i < tokens.size(); ++i) {
    uint16_t type = tokens[i].type;
    indexes_[i] =
        !brackets.empty() && brackets.back() != tok::LPAREN && brackets.back() != tok::LBRACE;
    if (is_open_paren(type) || type == tok::LBRACE) brackets.push_back(type);
    if ((is_close_paren(type) || type == tok::RBRACE) && !brackets.empty()) brackets.pop_back();
    if (type == tok::MINUS) unary_[i] = !operand;
    if (type == tok::BAR) {
      opens_[i] = !operand;
      operand = !opens_[i];
    } else {
      operand = ends_operand(type) && !is_keyword(i);
    }
  }
}

bool Spacing::is_keyword(size_t i) const {
  return is_word(tokens_[i].type) && !(flags_[i] & layout::kName);
}

bool Spacing::gap_in_source(size_t left, size_t right) const {
  return tokens_[left].span.end != tokens_[right].span.begin;
}

/// Around this operator the author wrote a space on either side.
bool Spacing::as_written(size_t op) const {
  bool before = op > 0 && gap_in_source(op - 1, op);
  bool after = op + 1 < tokens_.size() && gap_in_source(op, op + 1);
  return before || after;
}

std::string Spacing::text(size_t i) const {
  std::string_view text = sources_.text(tokens_[i].span);
  if (tokens_[i].type != tok::REDUCE_OPEN && tokens_[i].type != tok::TENSOR_OPEN)
    return std::string(text);
  return std::string(text.substr(0, text.find_first_of(" \t["))) + "[";
}

bool Spacing::between(size_t left, size_t right) const {
  uint16_t a = tokens_[left].type;
  uint16_t b = tokens_[right].type;
  // What binds to the left.
  switch (b) {
  case tok::COMMA:
  case tok::SEMI:
  case tok::RPAREN:
  case tok::RBRACK:
  case tok::PRIME:
  case tok::TRANSPOSE:
  case tok::SUPERSCRIPT:
  case tok::DOT:
  case tok::BAR1:
  case tok::BAR2: return false;
  case tok::COLON: return a == tok::COMMA;
  default: break;
  }
  if (a == tok::COMMA || a == tok::SEMI || a == tok::COLON) return true;
  // What binds to the right.
  if (is_open_paren(a) || a == tok::DOT || a == tok::NABLA || a == tok::NABLA2 || a == tok::SQRT)
    return false;
  if (a == tok::MINUS && unary_[left]) return false;
  if (a == tok::BAR && opens_[left]) return false;
  if (b == tok::BAR && !opens_[right]) return false;
  if (a == tok::LBRACE || b == tok::RBRACE) return true;
  // Operators whose grouping is the author's.
  if (a == tok::CARET || b == tok::CARET) return false;
  for (size_t op : {left, right}) {
    switch (tokens_[op].type) {
    case tok::STAR:
    case tok::SLASH: return as_written(op);
    case tok::RANGE:
    case tok::RANGE_EQ: {
      bool open = is_open_paren(tokens_[op - 1].type) || tokens_[op - 1].type == tok::COMMA;
      uint16_t next = tokens_[op + 1].type;
      bool closed = next == tok::RBRACK || next == tok::COMMA;
      return !open && !closed && as_written(op);
    }
    case tok::PLUS:
    case tok::MINUS:
      if (!unary_[op]) return !indexes_[op] || as_written(op);
      break;
    default: break;
    }
  }
  // Calls and subscripts stick to their name; `prox(` and `project(` are such too.
  if (b == tok::LPAREN || b == tok::LBRACK) {
    if (a == tok::PROX || a == tok::PROJECT) return false;
    return !ends_operand(a) || is_keyword(left);
  }
  return true;
}

} // namespace thalweg
