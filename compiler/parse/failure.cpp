// failure: looks at the tokens around the place where the parser stopped; the first case that fits
// gives the message.
#include "parse/failure.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "diag/render.h"
#include "diag/suggest.h"
#include "parse/statement_words.h"
#include "parse/token_class.h"

namespace thalweg {
namespace {

class Describe {
public:
  Describe(const SourceManager& sources, const std::vector<Token>& tokens,
           const FailedStatement& failed, Diagnostics& diagnostics)
      : sources_(sources), tokens_(tokens), f_(failed), diagnostics_(diagnostics) {}

  void run() {
    if (reserved_word() || unseparated_constraint() || unknown_statement() || value_after_word() ||
        misused_assign() || expected_one_thing() || (!two_values() && expected_few()) ||
        missing_operand() || side_by_side() || expected_few())
      return;
    diagnostics_.report(DiagKind::syntax, cur().span,
                        fmt::format("{} does not fit here", shown(cur())));
  }

private:
  const Token& cur() const { return tokens_[f_.at]; }
  const Token* prev() const { return f_.at > f_.begin ? &tokens_[f_.at - 1] : nullptr; }
  std::string_view text(const Token& token) const { return sources_.text(token.span); }
  std::string shown(const Token& token) const {
    if (token.type == tok::END_OF_FILE) return "the end of the text";
    if (token.inserted) return "the end of the line";
    std::string_view t = text(token);
    if (token.type == tok::STRING && t.size() > 24) return "the string";
    return fmt::format("'{}'", escape_for_display(t));
  }
  /// The token is out of sight of what came before it: better to point at the latter.
  bool far(const Token& token) const {
    return token.line_start || token.inserted || token.type == tok::END_OF_FILE ||
           token.type == tok::RBRACE;
  }
  bool expects(uint16_t type) const {
    return std::find(f_.expected.begin(), f_.expected.end(), type) != f_.expected.end();
  }

  /// A value after a complete value, not in a header: what is missing is an operator.
  bool two_values() const {
    if (expects(tok::PLUS)) return true;
    bool list = expects(tok::RPAREN) || expects(tok::RBRACK);
    return f_.block && list && prev() && ends_operand(prev()->type) && starts_operand(cur().type);
  }

  bool unseparated_constraint() {
    if (f_.block != tok::SUBJECT || f_.begin == 0 || f_.at > f_.begin + 1) return false;
    const Token& before = tokens_[f_.begin - 1];
    if (!ends_operand(before.type) || !starts_operand(tokens_[f_.begin].type)) return false;
    diagnostics_
        .report(DiagKind::syntax, tokens_[f_.begin].span,
                "a constraint without a name needs a separator before it")
        .help(fmt::format("write ';' after {}, or give this one a name: name: …", shown(before)));
    return true;
  }

  bool next_is(uint16_t type) const {
    return f_.at + 1 < tokens_.size() && tokens_[f_.at + 1].type == type;
  }

  bool reserved_word() {
    if (!is_reserved(cur().type)) return false;
    bool names = (prev() && declares_name(prev()->type)) ||
                 (expects(tok::ID) && !expects(tok::NUMBER) && !expects(tok::RBRACE));
    bool assigned =
        f_.at == f_.begin && f_.at + 1 < tokens_.size() &&
        (tokens_[f_.at + 1].type == tok::ASSIGN || tokens_[f_.at + 1].type == tok::PRIME);
    const Token* before = prev();
    bool listed = before && (before->type == tok::LPAREN || before->type == tok::COMMA) &&
                  (next_is(tok::ASSIGN) || next_is(tok::COLON));
    if (!names && !assigned && !listed) return false;
    diagnostics_
        .report(DiagKind::reserved_word, cur().span,
                fmt::format("{} is a reserved word and can't be a name", shown(cur())))
        .help("always reserved: all and else if in like mod not or then");
    return true;
  }

  bool unknown_statement() {
    if (f_.at > f_.begin + 1) return false;
    const Token& first = tokens_[f_.begin];
    const BlockWords* known = words_of(f_.block);
    if (!known || block_has_statement(f_.block, first.type)) return false;
    if (!is_word(first.type)) {
      if (f_.at != f_.begin || first.type == tok::RBRACE) return false;
      diagnostics_
          .report(DiagKind::syntax, first.span,
                  fmt::format("{} can't start a statement of {}", shown(first), known->name))
          .help(fmt::format("{} has {}", known->name, listed(*known)));
      return true;
    }
    const Token& second = tokens_[f_.begin + 1];
    bool names_value = second.type == tok::ASSIGN || second.type == tok::PRIME;
    if (names_value && f_.at > f_.begin) return false;
    if (operator_assignment(first, second)) return true;
    auto& d = diagnostics_.report(
        DiagKind::syntax, first.span,
        f_.block ? fmt::format("{} starts no statement of {}", shown(first), known->name)
                 : fmt::format("{} starts no declaration", shown(first)));
    auto near = suggest(text(first), known->words);
    if (!f_.block && is_statement_word(first.type))
      d.help("statements stand inside a problem, an optimizer, a function …");
    else if (near)
      d.help(fmt::format("did you mean '{}'?", *near));
    else if (names_value && block_has_statement(f_.block, tok::LET))
      d.help(fmt::format("write 'let {} = …' to name a value", text(first)));
    else
      d.help(fmt::format("{} has {}", known->name, listed(*known)));
    return true;
  }

  /// `a += 3`, as other languages have it.
  bool operator_assignment(const Token& name, const Token& op) {
    bool assigns = is_binary_operator(op.type) && f_.begin + 2 < f_.end &&
                   tokens_[f_.begin + 2].type == tok::ASSIGN;
    if (!is_name(name.type) || !assigns) return false;
    diagnostics_
        .report(DiagKind::syntax, join(op.span, tokens_[f_.begin + 2].span),
                fmt::format("there is no '{}='", text(op)))
        .help(fmt::format("write {0} = {0} {1} …", text(name), text(op)));
    return true;
  }

  std::string listed(const BlockWords& known) const {
    std::string all;
    for (const std::string& word : known.words) {
      if (!all.empty()) all += ", ";
      all += word == "subject" ? "subject to" : word == "step" ? "step when" : word;
    }
    if (known.block == tok::OPTIMIZER || known.block == tok::TRANSFORM ||
        known.block == tok::SCHEDULE)
      all += ", and next values: name' = …";
    if (known.block == tok::FLOW) all += ", and equations: dx/dt = …";
    return all;
  }

  /// `steps = 400`: the word takes its value without a sign.
  bool value_after_word() {
    if (f_.at != f_.begin + 1 || cur().type != tok::ASSIGN) return false;
    const Token& first = tokens_[f_.begin];
    if (!is_statement_word(first.type) || !block_has_statement(f_.block, first.type)) return false;
    if (declares_name(first.type)) return false;
    diagnostics_
        .report(DiagKind::syntax, cur().span,
                fmt::format("'{}' takes its value without '='", text(first)))
        .help(fmt::format("write '{} {}'", text(first),
                          tokens_[f_.at + 1].type == tok::NUMBER ? text(tokens_[f_.at + 1]) : "…"));
    return true;
  }

  /// The first operator of the statement that lacks a value: the parser may have stopped before it.
  bool missing_operand() {
    size_t i = f_.begin + 1;
    while (i < f_.end && !lacks_operand(i))
      ++i;
    bool at_end = i == f_.end && i > f_.begin && wants_operand(tokens_[i - 1].type);
    if (i == f_.end && !at_end) return false;
    report_missing_operand(tokens_[i - 1], tokens_[i], i);
    return true;
  }

  /// tokens[i] follows an operator but can't begin a value.
  bool lacks_operand(size_t i) const {
    uint16_t left = tokens_[i - 1].type;
    uint16_t right = tokens_[i].type;
    if (!wants_operand(left) || starts_operand(right)) return false;
    if (is_open_paren(left) || left == tok::COMMA) { // empty lists, last commas, `[:, ..b]`
      bool closes = is_close_paren(right) && !tokens_[i].inserted;
      return !closes && right != tok::COLON && right != tok::RANGE && right != tok::RANGE_EQ;
    }
    if (left == tok::RANGE || left == tok::RANGE_EQ)
      return right != tok::RBRACK && right != tok::COMMA;
    return left != tok::ELSE || right != tok::LBRACE;
  }

  void report_missing_operand(const Token& before, const Token& found, size_t index) {
    if (found.type == tok::DOT && tokens_[index + 1].type == tok::NUMBER) {
      const Token& digits = tokens_[index + 1];
      diagnostics_
          .report(DiagKind::bad_number, join(found.span, digits.span),
                  "a number starts with a digit")
          .help(fmt::format("write 0.{}", text(digits)));
      return;
    }
    if (far(found)) {
      auto& d = diagnostics_.report(DiagKind::missing_operand, before.span,
                                    fmt::format("a value is missing after {}", shown(before)));
      if (found.line_start && found.type != tok::END_OF_FILE && found.type != tok::RBRACE)
        d.label(found.span, "the next statement starts here");
      return;
    }
    auto& d = diagnostics_.report(
        DiagKind::missing_operand, found.span,
        fmt::format("expected a value after {}, found {}", shown(before), shown(found)));
    if (before.type == tok::STAR && found.type == tok::STAR)
      d.help("powers are written a^b");
    else if (before.type == tok::ASSIGN && found.type == tok::ASSIGN)
      d.help("to compare, write '==' without a space");
    else if ((before.type == tok::GT || before.type == tok::LT) && found.type == tok::ASSIGN)
      d.help(fmt::format("write '{}=' without a space", text(before)));
    else if (found.type == tok::ASSIGN && is_binary_operator(before.type))
      d.help(fmt::format("there is no '{}='; write the whole formula", text(before)));
  }

  /// What the grammar would take, less the operators that can follow any value.
  std::vector<std::string> wanted() const {
    std::vector<std::string> list;
    bool name = expects(tok::ID);
    if (expects(tok::NUMBER)) return {"a value"};
    if (name) list.push_back("a name");
    for (uint16_t type : f_.expected) {
      if (is_word(type) && name && !is_reserved(type)) continue;
      if (is_binary_operator(type) && type != tok::IN) continue;
      if (type == tok::IN && expects(tok::PLUS)) continue;
      if (type == tok::DOT || type == tok::TRANSPOSE || type == tok::SUPERSCRIPT) continue;
      if (expects(tok::PLUS) && (type == tok::LPAREN || type == tok::LBRACK)) continue;
      if (type == tok::SEMI || type == tok::ID) continue;
      std::string_view word = spelling(type);
      if (!word.empty())
        list.emplace_back(word);
      else
        list.emplace_back("?"); // too many to say: counted all the same
    }
    return list;
  }

  void report_wanted(const std::vector<std::string>& list) {
    std::string what;
    for (size_t i = 0; i < list.size(); ++i)
      what += (i == 0 ? "" : i + 1 == list.size() ? " or " : ", ") + list[i];
    const Token* before = prev();
    auto& d = before && far(cur())
                  ? diagnostics_.report(DiagKind::syntax, before->span,
                                        fmt::format("expected {} after {}", what, shown(*before)))
                  : diagnostics_.report(DiagKind::syntax, cur().span,
                                        fmt::format("expected {}, found {}", what, shown(cur())));
    if (what == "'max'")
      d.help("a loop says how many rounds it takes at most: while c max N { … }");
  }

  bool expected_one_thing() {
    auto list = wanted();
    if (list.size() != 1 || list[0] == "?") return false;
    if (list[0] == "'}'" || list[0] == "the end of the file") return false; // says nothing
    if (list[0] == "a value" && missing_operand()) return true;
    // After a complete value a second value is a missing operator, unless a word like `then` is
    // due.
    if (expects(tok::PLUS) && starts_operand(cur().type) && !cur().line_start &&
        !expects(tok::THEN) && !expects(tok::ELSE))
      return false;
    report_wanted(list);
    return true;
  }

  bool side_by_side() {
    size_t stop = f_.end;
    size_t second = find_side_by_side(tokens_, f_.begin, stop);
    if (second == stop) return false;
    const Token& left = tokens_[second - 1];
    const Token& right = tokens_[second];
    auto& d =
        diagnostics_.report(DiagKind::missing_operator, right.span,
                            fmt::format("{} and {} stand side by side", shown(left), shown(right)));
    if (inside_parens(second))
      d.help("put an operator or a comma between them");
    else
      d.help("put an operator between them");
    return true;
  }

  bool inside_parens(size_t index) const {
    int depth = 0;
    for (size_t i = f_.begin; i < index; ++i)
      depth += is_open_paren(tokens_[i].type) - is_close_paren(tokens_[i].type);
    return depth > 0;
  }

  bool misused_assign() {
    if (cur().type != tok::ASSIGN || f_.at < f_.begin + 2 || expects(tok::ASSIGN)) return false;
    if (!ends_operand(prev()->type)) return false;
    diagnostics_
        .report(DiagKind::syntax, cur().span, "'=' gives a name its value; it can't stand here")
        .help("to compare, write '=='");
    return true;
  }

  bool expected_few() {
    auto list = wanted();
    bool sayable = std::find(list.begin(), list.end(), "?") == list.end();
    if (list.empty() || list.size() == 1 || list.size() > 4 || !sayable) return false;
    report_wanted(list);
    return true;
  }

  const SourceManager& sources_;
  const std::vector<Token>& tokens_;
  const FailedStatement& f_;
  Diagnostics& diagnostics_;
};

/// Words that stand between two values in some statement: `record loss every 10`.
bool is_connective(uint16_t type) {
  switch (type) {
  case tok::AS:
  case tok::BY:
  case tok::EVERY:
  case tok::MAX:
  case tok::OF:
  case tok::ON:
  case tok::ROLE:
  case tok::TO:
  case tok::WHEN:
  case tok::GRAD:
  case tok::HESS: return true;
  default: return false;
  }
}

} // namespace

size_t find_side_by_side(const std::vector<Token>& tokens, size_t begin, size_t end) {
  bool worded = is_statement_word(tokens[begin].type) || is_item_word(tokens[begin].type);
  for (size_t i = worded ? begin + 1 : begin; i + 1 < end; ++i) {
    const Token& left = tokens[i];
    const Token& right = tokens[i + 1];
    if (!ends_operand(left.type) || !starts_operand(right.type)) continue;
    if (right.type == tok::LPAREN || right.type == tok::LBRACK || right.type == tok::MINUS ||
        right.type == tok::BAR || right.type == tok::IF || left.type == tok::BAR)
      continue;
    if (is_connective(left.type) || is_connective(right.type)) continue;
    if (i == begin + 1 && declares_name(tokens[begin].type)) continue; // `let a b`: lacks the '='
    if ((i > begin && tokens[i - 1].type == tok::RBRACE) || right.line_start) continue;
    return i + 1;
  }
  return end;
}

void report_failure(const SourceManager& sources, const std::vector<Token>& tokens,
                    const FailedStatement& failed, Diagnostics& diagnostics) {
  Describe(sources, tokens, failed, diagnostics).run();
}

} // namespace thalweg
