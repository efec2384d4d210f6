// recover: finds the statement around each failure, reports it, and parses what remains.
#include "parse/recover.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "diag/suggest.h"
#include "parse/failure.h"
#include "parse/structure.h"
#include "parse/token_class.h"

namespace thalweg {
namespace {

constexpr size_t kMaxFoundErrors = 200; // then the rest of the file is not looked at
/// Blocks without statement words of their own.
constexpr uint16_t kRoutes = tok::COLON;
constexpr uint16_t kConstraints = tok::SUBJECT;

/// One block of a stretch of tokens: the braces and where its statements start.
struct BlockView {
  size_t open = 0;
  size_t close = 0;
  std::vector<size_t> starts;
};

size_t matching_brace(const std::vector<Token>& tokens, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].type == tok::LBRACE) ++depth;
    if (tokens[i].type == tok::RBRACE && --depth == 0) return i;
  }
  return tokens.size() - 1;
}

/// The innermost block around tokens[at], or nothing if it stands in a header.
std::optional<size_t> enclosing_brace(const std::vector<Token>& tokens, size_t at) {
  std::vector<size_t> open;
  for (size_t i = 0; i < at; ++i) {
    if (tokens[i].type == tok::LBRACE) open.push_back(i);
    if (tokens[i].type == tok::RBRACE && !open.empty()) open.pop_back();
  }
  if (open.empty()) return std::nullopt;
  return open.back();
}

bool starts_statement(const std::vector<Token>& tokens, size_t i, size_t open) {
  const Token& token = tokens[i];
  const Token& before = tokens[i - 1];
  if (i == open + 1 || before.type == tok::SEMI) return true;
  if (before.type == tok::RBRACE) return token.type != tok::ELSE;
  const Token& next = tokens[i + 1];
  bool word = is_name(token.type) || token.type == tok::IF;
  if (!token.line_start) {
    // Several statements on one line: a next value or a `let` after a complete value.
    if (!is_name(token.type) || !ends_operand(before.type)) return false;
    return (next.type == tok::PRIME && tokens[i + 2].type == tok::ASSIGN) ||
           (token.type == tok::LET && is_name(next.type));
  }
  if (clearly_starts_statement(tokens, i)) return true;
  if (is_name(token.type) && (next.type == tok::ASSIGN || next.type == tok::COLON)) return true;
  return word ? !wants_operand(before.type)
              : !is_word(token.type) && !wants_operand(before.type) &&
                    !is_binary_operator(token.type) && token.type != tok::LBRACE &&
                    token.type != tok::ASSIGN;
}

BlockView view_block(const std::vector<Token>& tokens, size_t open) {
  BlockView view{open, matching_brace(tokens, open), {}};
  int braces = 0;
  int parens = 0;
  for (size_t i = open + 1; i < view.close; ++i) {
    if (braces == 0 && parens == 0 && tokens[i].type != tok::SEMI &&
        tokens[i].type != tok::LBRACE && starts_statement(tokens, i, open))
      view.starts.push_back(i);
    braces += (tokens[i].type == tok::LBRACE) - (tokens[i].type == tok::RBRACE);
    parens += is_open_paren(tokens[i].type) - is_close_paren(tokens[i].type);
  }
  return view;
}

/// The kind of block a brace opens: its statement's or declaration's word.
uint16_t block_kind(const std::vector<Token>& tokens, size_t open) {
  std::optional<size_t> outer = enclosing_brace(tokens, open);
  size_t first = 0;
  if (outer) {
    for (size_t start : view_block(tokens, *outer).starts)
      if (start < open) first = start;
  }
  uint16_t word = tokens[first].type;
  if (word == tok::OPTIMIZER && !outer) {
    for (size_t i = first; i < open; ++i)
      if (tokens[i].type == tok::ON) return word;
    return kRoutes;
  }
  if (is_item_word(word)) return word;
  if (word == tok::SUBJECT) return kConstraints;
  return tok::FUNCTION;
}

class Recovery {
public:
  Recovery(const BuildEnv& env, const TokenList& list, ast::File& file)
      : env_(env), list_(list), file_(file) {
    for (const Diagnostic& d : env.diagnostics.all())
      if (d.span().file == file.file_id.value) earlier_.push_back(d.span());
  }

  void run() {
    std::vector<size_t> bounds = item_bounds();
    if (bounds.empty() || bounds.front() != 0) {
      size_t end = bounds.empty() ? list_.tokens.size() - 1 : bounds.front();
      if (end > 0) item(stretch(0, end));
    }
    for (size_t i = 0; i < bounds.size(); ++i) {
      size_t end = i + 1 < bounds.size() ? bounds[i + 1] : list_.tokens.size() - 1;
      item(stretch(bounds[i], end));
    }
  }

private:
  std::vector<size_t> item_bounds() {
    const auto& tokens = list_.tokens;
    std::vector<size_t> bounds;
    int depth = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      bool outside = depth == 0;
      depth += (tokens[i].type == tok::LBRACE) - (tokens[i].type == tok::RBRACE);
      if (!outside || !is_word(tokens[i].type)) continue;
      bool names = is_name(tokens[i + 1].type) && !tokens[i + 1].line_start;
      bool margin = tokens[i].line_start && !is_reserved(tokens[i].type) && names &&
                    env_.sources.line_col(tokens[i].span).column == 1;
      bool after_block =
          i > 0 && tokens[i - 1].type == tok::RBRACE && is_item_word(tokens[i].type) && names;
      if (clearly_starts_item(env_.sources, tokens, i) || margin || after_block)
        bounds.push_back(i);
    }
    return bounds;
  }

  std::vector<Token> stretch(size_t begin, size_t end) const {
    std::vector<Token> part(list_.tokens.begin() + static_cast<ptrdiff_t>(begin),
                            list_.tokens.begin() + static_cast<ptrdiff_t>(end));
    part.push_back({tok::END_OF_FILE, true, false, list_.tokens[end].span});
    return part;
  }

  bool done() const { return found_ >= kMaxFoundErrors; }

  void item(std::vector<Token> tokens) {
    correct_first_word(tokens);
    std::string doc = doc_above(env_.sources, list_, tokens.front().span);
    while (tokens.size() > 1 && !done()) {
      Tree tree(env_.sources, tokens);
      if (auto* entry = tree.parse(Tree::Entry::item)) {
        auto* node = static_cast<ThalwegParser::ItemEntryContext*>(entry)->item();
        file_.decls.push_back(DeclBuilder(env_).item(node, doc));
        return;
      }
      if (!drop_failed(tokens, tree.failure())) break;
    }
    if (is_item_word(tokens[0].type) && tokens.size() > 1 && is_name(tokens[1].type))
      file_.lost_names.push_back(env_.name(env_.sources.text(tokens[1].span)));
  }

  /// `optimzer Foo …`: reported, then read as what was meant, so that its inside is checked too.
  void correct_first_word(std::vector<Token>& tokens) {
    static const std::vector<std::pair<std::string, uint16_t>> items = {
        {"problem", tok::PROBLEM},   {"optimizer", tok::OPTIMIZER},  {"transform", tok::TRANSFORM},
        {"schedule", tok::SCHEDULE}, {"function", tok::FUNCTION},    {"set", tok::SET},
        {"flow", tok::FLOW},         {"experiment", tok::EXPERIMENT}};
    uint16_t first = tokens[0].type;
    if (!is_name(first) || is_item_word(first) || is_statement_word(first)) return;
    std::vector<std::string> words;
    for (const auto& entry : items)
      words.push_back(entry.first);
    auto meant = suggest(env_.sources.text(tokens[0].span), words);
    if (!meant) return;
    report({0, 1, 0, {}, 0}, tokens);
    for (const auto& [word, type] : items)
      if (word == *meant) tokens[0].type = type;
  }

  void report(const FailedStatement& failed, const std::vector<Token>& tokens) {
    Span first = tokens[failed.begin].span;
    Span last = tokens[failed.end > failed.begin ? failed.end - 1 : failed.begin].span;
    for (Span e : earlier_)
      if (e.begin >= first.begin && e.begin <= last.end) return; // a consequence of that error
    ++found_;
    report_failure(env_.sources, tokens, failed, env_.diagnostics);
  }

  /// Reports the failure and takes its statement out; false if nothing of the stretch is left.
  bool drop_failed(std::vector<Token>& tokens, const ParseFailure& failure) {
    size_t at = failure.token;
    std::optional<size_t> open = enclosing_brace(tokens, at);
    if (!open) return drop_header(tokens, failure);
    BlockView block = view_block(tokens, *open);
    FailedStatement failed{*open + 1, block.close, at, failure.expected, block_kind(tokens, *open)};
    size_t index = 0; // of the failed statement among the block's
    for (size_t i = 0; i < block.starts.size(); ++i)
      if (block.starts[i] <= at) index = i;
    if (!block.starts.empty()) failed.begin = block.starts[index];
    if (index + 1 < block.starts.size()) failed.end = block.starts[index + 1];
    if (at < block.close && index > 0 && belongs_to_previous(tokens, failed, block, index)) {
      failed.end = failed.begin;
      failed.begin = block.starts[index - 1];
      failed.at = failed.end;
      if (wants_operand(tokens[failed.end - 1].type)) failed.expected.clear();
    }
    if (failed.block == kRoutes && is_rule_statement(tokens, failed.begin)) {
      ++found_;
      env_.diagnostics
          .report(DiagKind::syntax, join(tokens[0].span, tokens[1].span),
                  "the optimizer does not say what it acts on")
          .caret(tokens[1].span)
          .label(tokens[failed.begin].span, "a rule's statement")
          .help("write 'on tensor x', 'on matrix W' or 'on vector x' before its block");
      body(tokens, *open, Tree::Entry::block, tok::OPTIMIZER);
      return false;
    }
    report(failed, tokens);
    size_t end = std::max(failed.end, failed.begin + (failed.begin < block.close ? 1 : 0));
    if (end == failed.begin) return false; // an empty block: nothing to take out
    check_inner_block(tokens, failed, end);
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(failed.begin),
                 tokens.begin() + static_cast<ptrdiff_t>(end));
    return true;
  }

  /// Not a route: `state m = 0`, `x' = …`.
  static bool is_rule_statement(const std::vector<Token>& tokens, size_t i) {
    if (i + 2 >= tokens.size() || !is_name(tokens[i].type)) return false;
    if (tokens[i + 1].type == tok::PRIME) return true;
    return is_statement_word(tokens[i].type) && is_name(tokens[i + 1].type);
  }

  /// The parser stopped near the start of a statement because the one before it is not complete.
  bool belongs_to_previous(const std::vector<Token>& tokens, const FailedStatement& failed,
                           const BlockView& block, size_t index) const {
    size_t start = failed.begin;
    if (tokens[start].line_start && wants_operand(tokens[start - 1].type)) return true;
    if (failed.at != start) return false;
    if (!failed.expected.empty())
      return std::find(failed.expected.begin(), failed.expected.end(), tok::RBRACE) ==
             failed.expected.end();
    return find_side_by_side(tokens, block.starts[index - 1], start) != start;
  }

  /// The body of a dropped `for`, `while`, `function` … may have errors of its own.
  void check_inner_block(const std::vector<Token>& tokens, const FailedStatement& failed,
                         size_t end) {
    if (failed.block != tok::FUNCTION && tokens[failed.begin].type != tok::FUNCTION) return;
    for (size_t i = failed.at; i < end; ++i)
      if (tokens[i].type == tok::LBRACE) {
        body(tokens, i, Tree::Entry::block, tok::FUNCTION);
        i = matching_brace(tokens, i);
      }
  }

  /// Checks a block alone, without building anything.
  void body(const std::vector<Token>& tokens, size_t open, Tree::Entry entry, uint16_t word) {
    size_t close = matching_brace(tokens, open);
    // Keep a word before the brace: it tells the kind of block.
    std::vector<Token> part{tokens[open]};
    part.insert(part.end(), tokens.begin() + static_cast<ptrdiff_t>(open + 1),
                tokens.begin() + static_cast<ptrdiff_t>(close + 1));
    part.push_back({tok::END_OF_FILE, true, false, tokens[close].span});
    while (part.size() > 1 && !done()) {
      Tree tree(env_.sources, part);
      if (tree.parse(entry)) return;
      std::vector<Token> worded = part;
      worded.insert(worded.begin(), Token{word, true, true, part.front().span});
      if (word == tok::OPTIMIZER && entry == Tree::Entry::block)
        worded.insert(worded.begin() + 1, Token{tok::ON, false, true, part.front().span});
      size_t shift = worded.size() - part.size();
      ParseFailure failure = tree.failure();
      failure.token += shift;
      if (!enclosing_brace(worded, failure.token)) return;
      if (!drop_failed(worded, failure)) return;
      part.assign(worded.begin() + static_cast<ptrdiff_t>(shift), worded.end());
    }
  }

  bool drop_header(std::vector<Token>& tokens, const ParseFailure& failure) {
    size_t at = failure.token;
    size_t open = 0;
    while (open < tokens.size() && tokens[open].type != tok::LBRACE)
      ++open;
    bool has_body = open < tokens.size();
    if (has_body && at > open) { // after the body's closing brace
      size_t begin = matching_brace(tokens, open) + 1;
      report({at, tokens.size() - 1, at, failure.expected, 0}, tokens);
      if (at < begin || at + 1 >= tokens.size()) return false;
      tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(at), tokens.end() - 1);
      return true;
    }
    report({0, has_body ? open + 1 : tokens.size() - 1, at, failure.expected, 0}, tokens);
    if (has_body) {
      switch (tokens[0].type) {
      case tok::PROBLEM: body(tokens, open, Tree::Entry::problem, tok::PROBLEM); break;
      case tok::EXPERIMENT: body(tokens, open, Tree::Entry::experiment, tok::EXPERIMENT); break;
      case tok::FLOW: body(tokens, open, Tree::Entry::flow, tok::FLOW); break;
      case tok::OPTIMIZER: {
        bool routes = true;
        for (size_t i = 0; i < open; ++i)
          routes = routes && tokens[i].type != tok::ON;
        if (!routes) body(tokens, open, Tree::Entry::block, tok::OPTIMIZER);
        break;
      }
      case tok::TRANSFORM:
      case tok::SCHEDULE:
      case tok::FUNCTION: body(tokens, open, Tree::Entry::block, tokens[0].type); break;
      default: break;
      }
    }
    return false;
  }

  const BuildEnv& env_;
  const TokenList& list_;
  ast::File& file_;
  std::vector<Span> earlier_; // errors of tokens and brackets: they explain later ones near them
  size_t found_ = 0;
};

} // namespace

std::string doc_above(const SourceManager& sources, const TokenList& list, Span item) {
  uint32_t line = sources.line_col(item).line;
  auto after = std::lower_bound(list.comments.begin(), list.comments.end(), item.begin,
                                [](const Comment& c, uint32_t at) { return c.span.begin < at; });
  std::vector<std::string_view> lines;
  while (after != list.comments.begin()) {
    --after;
    if (!after->doc || !after->line_start || sources.line_col(after->span).line + 1 != line) break;
    --line;
    std::string_view text = sources.text(after->span).substr(2);
    if (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    lines.push_back(text);
  }
  std::string doc;
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    if (!doc.empty()) doc += '\n';
    doc += *it;
  }
  return doc;
}

void recover(const BuildEnv& env, const TokenList& list, ast::File& file) {
  Recovery(env, list, file).run();
}

} // namespace thalweg
