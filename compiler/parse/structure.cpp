// structure: one walk over the tokens with a stack of open brackets.
#include "parse/structure.h"

#include <optional>

#include <fmt/format.h>

#include "parse/token_class.h"

namespace thalweg {

bool clearly_starts_statement(const std::vector<Token>& tokens, size_t i) {
  const Token& token = tokens[i];
  if (!token.line_start || !is_name(token.type) || i + 2 >= tokens.size()) return false;
  const Token& next = tokens[i + 1];
  const Token& third = tokens[i + 2];
  if (next.line_start) return false;
  if (next.type == tok::PRIME) return third.type == tok::ASSIGN; // m' = …
  if (!is_statement_word(token.type)) return false;
  if (next.type == tok::ASSIGN || next.type == tok::COLON) return false; // a name after all
  // Two words side by side end any expression; `subject to`, `let x =`, `return -x` and so on.
  if (is_name(next.type) || next.type == tok::NUMBER || next.type == tok::STRING) return true;
  return next.type == tok::NABLA || next.type == tok::NABLA2 || next.type == tok::SQRT ||
         next.type == tok::IF || next.type == tok::REDUCE_OPEN;
}

bool clearly_starts_item(const SourceManager& sources, const std::vector<Token>& tokens, size_t i) {
  const Token& token = tokens[i];
  if (!token.line_start || !is_item_word(token.type) || i + 1 >= tokens.size()) return false;
  const Token& next = tokens[i + 1];
  if (token.type == tok::USE) return next.type == tok::STRING;
  if (!is_word(next.type) || next.line_start) return false;
  // Local functions are statements; a declaration of its own starts at the margin.
  return token.type != tok::FUNCTION || sources.line_col(token.span).column == 1;
}

namespace {

/// What nests to the right inside one pair of brackets. Each operator closes the tighter ones.
struct Chain {
  size_t tight = 0; // minus, root, like, power, index reduction: ended by any binary operator
  size_t nots = 0;  // ended by and, or
  size_t loose = 0; // if, all, tensor: ended by a comma or the statement's end
  size_t bars = 0;  // open norm bars

  size_t depth() const { return tight + nots + loose + bars; }
};

struct Open {
  Token token;
  uint32_t indent; // column of the first token of its line
  Chain chain;
};

uint16_t closer_of(uint16_t open) {
  if (open == tok::LPAREN) return tok::RPAREN;
  return open == tok::LBRACE ? tok::RBRACE : tok::RBRACK;
}

std::string_view bracket_text(uint16_t open) {
  if (open == tok::LPAREN) return "(";
  return open == tok::LBRACE ? "{" : "[";
}

class Walk {
public:
  Walk(const SourceManager& sources, TokenList& list, Diagnostics& diagnostics)
      : sources_(sources), in_(list.tokens), diagnostics_(diagnostics) {}

  bool run(std::vector<Token>& out) {
    for (size_t i = 0; i < in_.size(); ++i) {
      const Token& token = in_[i];
      if (token.line_start) line_indent_ = sources_.line_col(token.span).column;
      if (token.type == tok::END_OF_FILE)
        close_all(token);
      else if (clearly_starts_item(sources_, in_, i))
        close_all(token);
      else if (clearly_starts_statement(in_, i) || left_of_opener(token, i)) {
        close_parens(token);
        close_outdented(token, i);
      }
      expect_brace(token, i);
      if (is_open_paren(token.type) || token.type == tok::LBRACE)
        open(token);
      else if (is_close_paren(token.type) || token.type == tok::RBRACE) {
        if (!close(token, i)) continue; // dropped
      } else {
        count(token, i);
      }
      swallowed_ = swallowed_ || is_open_string(token);
      out_.push_back(token);
      if (!within_limits(token)) return false;
    }
    out = std::move(out_);
    return true;
  }

private:
  /// A value on a new line, no further right than the line of the open bracket, after a complete
  /// value: more likely the next statement than a missing comma.
  bool left_of_opener(const Token& token, size_t i) const {
    return token.line_start && i > 0 && !stack_.empty() && line_indent_ <= stack_.back().indent &&
           (is_name(token.type) || token.type == tok::IF) && ends_operand(in_[i - 1].type);
  }

  void open(const Token& token) {
    // Calls and subscripts may follow each other without end: they count as nesting too.
    if (operand_before_ && token.type != tok::LBRACE) ++chain().tight, ++depth_;
    stack_.push_back({token, line_indent_, {}});
    ++depth_;
    operand_before_ = false;
    if (token.type == tok::LBRACE) statement_tokens_ = 0;
  }

  void pop() {
    depth_ -= 1 + stack_.back().chain.depth();
    stack_.pop_back();
  }

  /// Reports the innermost open bracket and puts its closer before `at`.
  void insert_closer(const Token& at) {
    const Open& top = stack_.back();
    Span opener = top.token.span;
    if (top.token.type == tok::REDUCE_OPEN || top.token.type == tok::TENSOR_OPEN)
      opener.begin = opener.end - 1;
    uint16_t closer = closer_of(top.token.type);
    auto& d =
        diagnostics_.report(DiagKind::unclosed_bracket, opener,
                            fmt::format("'{}' is never closed", bracket_text(top.token.type)));
    if (at.type == tok::END_OF_FILE)
      d.note("the text ends before its '" + text(closer) + "'");
    else
      d.label(at.span, fmt::format("expected '{}' before this", text(closer)));
    put_closer(closer, at);
  }

  void put_closer(uint16_t closer, const Token& at) {
    // The repair stands at the end of what came before, where a reader would put it.
    uint32_t end = out_.empty() ? at.span.begin : out_.back().span.end;
    out_.push_back({closer, false, true, {at.span.file, end, end}});
    pop();
  }

  /// A string without its closing quote (reported already) has taken the rest of its line with it,
  /// closing brackets too.
  bool is_open_string(const Token& token) const {
    if (token.type != tok::STRING) return false;
    std::string_view t = sources_.text(token.span);
    return t.size() < 2 || t.back() != '"';
  }

  std::string text(uint16_t closer) {
    return closer == tok::RPAREN ? ")" : closer == tok::RBRACE ? "}" : "]";
  }

  void close_parens(const Token& at) {
    while (!stack_.empty() && stack_.back().token.type != tok::LBRACE)
      insert_closer(at);
    swallowed_ = false;
  }

  void close_all(const Token& at) {
    while (!stack_.empty())
      insert_closer(at);
    end_statement();
  }

  bool close(const Token& token, size_t i) {
    // A brace that stands further left than the line of the block it would close: the inner block
    // is the one that lacks its brace.
    while (token.type == tok::RBRACE && token.line_start && stack_.size() > 1 &&
           stack_.back().token.type == tok::LBRACE && stack_.back().indent > line_indent_ &&
           encloses_brace_at(line_indent_) && !enough_braces_follow(i))
      insert_closer(token);
    size_t partner = stack_.size();
    for (size_t i = stack_.size(); i-- > 0;) {
      if (closer_of(stack_[i].token.type) == token.type) {
        partner = i;
        break;
      }
      // A round or square bracket closes nothing across a block's border.
      if (stack_[i].token.type == tok::LBRACE) break;
    }
    if (partner == stack_.size()) {
      std::string_view closer = sources_.text(token.span);
      auto& d = diagnostics_.report(DiagKind::unclosed_bracket, token.span,
                                    fmt::format("'{}' closes nothing", closer));
      if (!stack_.empty() && stack_.back().token.type != tok::LBRACE)
        d.label(stack_.back().token.span, fmt::format("the innermost open bracket is this '{}'",
                                                      bracket_text(stack_.back().token.type)));
      return false;
    }
    while (stack_.size() > partner + 1)
      insert_closer(token);
    uint16_t opener = stack_.back().token.type;
    pop();
    if (token.type == tok::RBRACE) end_statement();
    if (opener == tok::REDUCE_OPEN) ++chain().tight, ++depth_;
    if (opener == tok::TENSOR_OPEN) ++chain().loose, ++depth_;
    operand_before_ = opener != tok::REDUCE_OPEN && opener != tok::TENSOR_OPEN;
    return true;
  }

  /// `a = …` or `a[i] = …`.
  bool starts_assignment(size_t i) const {
    if (!is_name(in_[i].type)) return false;
    size_t next = i + 1;
    if (in_[next].type == tok::LBRACK)
      while (next < in_.size() && !in_[next].line_start && in_[next].type != tok::ASSIGN)
        ++next;
    return next < in_.size() && in_[next].type == tok::ASSIGN && !in_[next].line_start;
  }

  /// Headers that must open a block: if a statement starts on the next line instead, the brace is
  /// missing there. Without this the block's closing brace would end the block around it.
  void expect_brace(const Token& token, size_t i) {
    bool same_level = header_ && stack_.size() == header_level_;
    bool statement = token.line_start && i + 1 < in_.size() &&
                     (clearly_starts_statement(in_, i) || starts_assignment(i));
    if (same_level && statement && i > 0 && !wants_operand(in_[i - 1].type)) {
      const Token& last = in_[i - 1];
      diagnostics_
          .report(DiagKind::unclosed_bracket, last.span,
                  fmt::format("the block of '{}' lacks its '{{'", sources_.text(header_->span)))
          .label(token.span, "expected '{' before this");
      Token brace{tok::LBRACE, false, true, {last.span.file, last.span.end, last.span.end}};
      header_.reset();
      open(brace);
      stack_.back().indent = header_indent_;
      out_.push_back(brace);
    }
    if (token.type == tok::LBRACE || token.type == tok::END_OF_FILE ||
        (same_level && (token.type == tok::ASSIGN || token.type == tok::COLON)))
      header_.reset();
    if (!token.line_start || i + 1 >= in_.size() || !is_word(in_[i + 1].type)) return;
    bool loop = token.type == tok::FOR || token.type == tok::WHILE || token.type == tok::REPEAT;
    bool item = clearly_starts_item(sources_, in_, i) && token.type != tok::SET;
    bool in_block = stack_.empty() || stack_.back().token.type == tok::LBRACE;
    if ((!loop && !item) || !in_block) return;
    header_ = token;
    header_level_ = stack_.size();
    header_indent_ = line_indent_;
  }

  /// A statement no further right than the line that opened the block around it stands behind that
  /// block, if a brace is missing at all.
  void close_outdented(const Token& token, size_t i) {
    while (stack_.size() > 1 && stack_.back().token.type == tok::LBRACE &&
           stack_.back().indent >= line_indent_ && !enough_braces_follow(i))
      insert_closer(token);
  }

  bool encloses_brace_at(uint32_t indent) const {
    for (size_t i = 0; i + 1 < stack_.size(); ++i)
      if (stack_[i].token.type == tok::LBRACE && stack_[i].indent == indent) return true;
    return false;
  }

  /// Whether the declaration has a closing brace for every open block: then odd indentation is a
  /// matter of taste, not a missing brace.
  bool enough_braces_follow(size_t from) {
    if (++brace_questions_ > kMaxBraceQuestions) return true;
    ptrdiff_t open = 0;
    for (const Open& o : stack_)
      open += o.token.type == tok::LBRACE;
    for (size_t i = from; i < in_.size() && (i == from || !clearly_starts_item(sources_, in_, i));
         ++i)
      open += (in_[i].type == tok::LBRACE) - (in_[i].type == tok::RBRACE);
    return open <= 0;
  }

  Chain& chain() { return stack_.empty() ? base_ : stack_.back().chain; }

  void end_chain() {
    depth_ -= chain().depth();
    chain() = {};
  }
  void end_statement() {
    end_chain();
    statement_tokens_ = 0;
  }
  void end(size_t& part) {
    depth_ -= part;
    part = 0;
  }

  void count(const Token& token, size_t i) {
    ++statement_tokens_;
    bool after_operand = operand_before_;
    operand_before_ = ends_operand(token.type);
    switch (token.type) {
    case tok::BAR:
      operand_before_ = after_operand;
      if (!after_operand)
        ++chain().bars, ++depth_;
      else if (chain().bars > 0)
        --chain().bars, --depth_;
      return;
    case tok::BAR1:
    case tok::BAR2:
      if (chain().bars > 0) --chain().bars, --depth_;
      return;
    case tok::DOT:
    case tok::TRANSPOSE:
    case tok::SUPERSCRIPT:
    case tok::LIKE:
    case tok::SQRT:
    case tok::CARET: ++chain().tight, ++depth_; return;
    case tok::NOT: ++chain().nots, ++depth_; return;
    case tok::IF:
    case tok::ALL: ++chain().loose, ++depth_; return;
    case tok::MINUS:
      if (!after_operand) {
        ++chain().tight, ++depth_;
        return;
      }
      break;
    case tok::COMMA:
    case tok::COLON: return end_chain();
    case tok::SEMI: return end_statement();
    case tok::ASSIGN:
      end_chain();
      if (stack_.empty() || stack_.back().token.type == tok::LBRACE) statement_tokens_ = 0;
      return;
    default: break;
    }
    if (is_binary_operator(token.type)) {
      end(chain().tight);
      if (token.type == tok::AND || token.type == tok::OR) end(chain().nots);
    } else if (clearly_starts_statement(in_, i)) {
      end_statement();
    }
  }

  bool within_limits(const Token& token) {
    if (depth_ > kMaxNesting) {
      diagnostics_
          .report(
              DiagKind::nesting_too_deep, token.span,
              fmt::format("expressions and blocks nest more than {} levels deep here", kMaxNesting))
          .help("name the inner parts with 'let'");
      return false;
    }
    if (statement_tokens_ > kMaxStatementTokens) {
      diagnostics_
          .report(DiagKind::expression_too_large, token.span,
                  fmt::format("the expression has more than {} tokens here", kMaxStatementTokens))
          .help("keep data in files of their own and read them with 'given'");
      return false;
    }
    return true;
  }

  const SourceManager& sources_;
  const std::vector<Token>& in_;
  Diagnostics& diagnostics_;
  std::vector<Token> out_;
  std::vector<Open> stack_;
  Chain base_;
  bool operand_before_ = false;
  bool swallowed_ = false; // see is_open_string
  size_t depth_ = 0;       // brackets and chains together
  size_t statement_tokens_ = 0;
  uint32_t line_indent_ = 1;
  std::optional<Token> header_; // the word of a header whose block has not opened yet
  size_t header_level_ = 0;
  uint32_t header_indent_ = 1;
  /// Each question reads the declaration once more: a hostile file may not make that quadratic.
  static constexpr size_t kMaxBraceQuestions = 100;
  size_t brace_questions_ = 0;
};

} // namespace

bool check_structure(const SourceManager& sources, TokenList& list, Diagnostics& diagnostics) {
  std::vector<Token> repaired;
  if (!Walk(sources, list, diagnostics).run(repaired)) return false;
  list.tokens = std::move(repaired);
  return true;
}

} // namespace thalweg
