// format: walks tokens and comments in order and decides line breaks; spacing.cpp decides spaces.
#include "parse/format.h"

#include <algorithm>
#include <vector>

#include "ast/ast.h"
#include "diag/render.h"
#include "parse/layout.h"
#include "parse/parse.h"
#include "parse/spacing.h"
#include "parse/token_class.h"
#include "parse/tokens.h"
#include "support/check.h"

namespace thalweg {
namespace {

constexpr size_t kIndent = 2;

/// One line of the result before columns are lined up.
struct Line {
  size_t indent = 0;
  std::string text;
  std::string comment; // behind the text, or alone
  bool blank_before = false;
  size_t word = 0;   // length of a first word that is padded to those of its neighbours
  uint8_t flags = 0; // of the first token
  size_t block = 0;  // which block it belongs to
};

class Formatter {
public:
  Formatter(const SourceManager& sources, FileId file, const TokenList& list,
            const std::vector<uint8_t>& flags)
      : sources_(sources), file_(file), list_(list), flags_(flags),
        spacing_(sources, list.tokens, flags) {}

  std::string run() {
    find_inline_blocks();
    for (size_t i = 0; i < list_.tokens.size(); ++i) {
      comments_before(i);
      if (list_.tokens[i].type != tok::END_OF_FILE) token(i);
    }
    flush();
    pad_words();
    align_comments();
    std::string out;
    for (const Line& line : lines_) {
      if (line.blank_before && !out.empty()) out += '\n';
      out.append(line.indent, ' ');
      out += line.text + line.comment + '\n';
    }
    return out;
  }

private:
  const Token& at(size_t i) const { return list_.tokens[i]; }

  /// A block that was written on one line stays on one line.
  void find_inline_blocks() {
    inline_.assign(list_.tokens.size(), false);
    std::vector<size_t> open;
    for (size_t i = 0; i < list_.tokens.size(); ++i) {
      if (at(i).type == tok::LBRACE) open.push_back(i);
      if (at(i).type != tok::RBRACE) continue;
      TW_CHECK(!open.empty());
      size_t begin = open.back();
      open.pop_back();
      bool one_line = true;
      for (size_t k = begin + 1; k <= i; ++k)
        one_line = one_line && !at(k).line_start;
      if (i == begin + 1) one_line = true;
      for (const Comment& c : comments_between(at(begin).span.end, at(i).span.begin))
        one_line = one_line && !c.span.valid();
      inline_[begin] = inline_[i] = one_line;
    }
  }

  std::vector<Comment> comments_between(uint32_t begin, uint32_t end) const {
    auto first = std::lower_bound(list_.comments.begin(), list_.comments.end(), begin,
                                  [](const Comment& c, uint32_t p) { return c.span.begin < p; });
    std::vector<Comment> found;
    for (; first != list_.comments.end() && first->span.begin < end; ++first)
      found.push_back(*first);
    return found;
  }

  void comments_before(size_t i) {
    while (next_comment_ < list_.comments.size() &&
           list_.comments[next_comment_].span.begin < at(i).span.begin) {
      const Comment& c = list_.comments[next_comment_++];
      bool trails = !c.line_start && (open_line_ || !lines_.empty());
      if (trails) {
        Line& line = open_line_ ? line_ : lines_.back();
        line.comment = std::string(sources_.text(c.span));
        flush();
      } else {
        flush();
        begin_line(c.span.begin, statement_goes_on(i) ? continued() : depth_ * kIndent);
        line_.comment = std::string(sources_.text(c.span));
        line_.block = blocks_.empty() ? 0 : blocks_.back();
        flush();
      }
      last_end_ = c.span.end;
      after_comment_ = true;
    }
  }

  bool statement_goes_on(size_t i) const {
    uint8_t starts = layout::kItem | layout::kStatement;
    return at(i).type != tok::END_OF_FILE && at(i).type != tok::RBRACE && !(flags_[i] & starts) &&
           i > 0 && at(i - 1).type != tok::LBRACE && at(i - 1).type != tok::RBRACE;
  }
  size_t continued() const { return statement_indent_ + kIndent; }

  void flush() {
    if (open_line_) lines_.push_back(std::move(line_));
    line_ = {};
    open_line_ = false;
  }

  void begin_line(uint32_t position, size_t indent) {
    flush();
    open_line_ = true;
    line_.indent = indent;
    line_.blank_before = blank_between(last_end_, position) && !after_open_brace_;
    after_open_brace_ = false;
  }

  bool blank_between(uint32_t from, uint32_t to) const {
    std::string_view gap = sources_.text(file_).substr(from, to - from);
    size_t first = gap.find('\n');
    return first != std::string_view::npos && gap.find('\n', first + 1) != std::string_view::npos;
  }

  void token(size_t i) {
    const Token& t = at(i);
    bool in_inline = !inline_open_.empty();
    // Separators go, and the layout's own take their place, where they are not needed.
    bool needed = !in_inline && (flags_[i + 1] & layout::kSeparated);
    if (t.type == tok::SEMI && !needed) {
      last_end_ = t.span.end;
      return;
    }
    if (flags_[i] & layout::kItem)
      start_item(i);
    else if ((flags_[i] & layout::kStatement) && !in_inline)
      start_statement(i);
    else if ((flags_[i] & layout::kStatement) && at(i - 1).type != tok::LBRACE &&
             at(i - 1).type != tok::COMMA)
      line_.text += ";";
    else if ((flags_[i] & layout::kAttached) && (t.line_start || after_comment_))
      begin_line(t.span.begin, continued());
    else if (t.type == tok::RBRACE && !inline_[i]) {
      --depth_;
      TW_CHECK(!blocks_.empty());
      blocks_.pop_back();
      begin_line(t.span.begin, depth_ * kIndent);
      line_.blank_before = false;
      statement_indent_ = depth_ * kIndent;
    } else if (breaks_before(i)) {
      bool closes = is_close_paren(t.type);
      begin_line(t.span.begin, closes ? statement_indent_ : continued());
      line_.blank_before = false;
    }
    append(i);
    if (t.type == tok::LBRACE) {
      if (inline_[i])
        inline_open_.push_back(i);
      else {
        ++depth_;
        blocks_.push_back(++block_count_);
        after_open_brace_ = true;
      }
    }
    if (t.type == tok::RBRACE && inline_[i]) inline_open_.pop_back();
    last_end_ = t.span.end;
    after_comment_ = false;
  }

  /// The author's own break inside a statement; braces and `else` join the line before.
  bool breaks_before(size_t i) const {
    if (!open_line_) return true;
    const Token& t = at(i);
    if (!t.line_start) return false;
    if (t.type == tok::LBRACE || t.type == tok::SEMI) return false;
    return !(t.type == tok::ELSE && i > 0 && at(i - 1).type == tok::RBRACE);
  }

  void start_item(size_t i) {
    bool first = lines_.empty() && !open_line_;
    flush();
    bool commented = !lines_.empty() && lines_.back().text.empty(); // its own comment block
    bool after_block = !lines_.empty() && lines_.back().text == "}";
    begin_line(at(i).span.begin, 0);
    if (!first && !commented && after_block) line_.blank_before = true;
    statement_indent_ = 0;
  }

  void start_statement(size_t i) {
    begin_line(at(i).span.begin, depth_ * kIndent);
    line_.flags = flags_[i];
    line_.block = blocks_.empty() ? 0 : blocks_.back();
    if (flags_[i] & (layout::kClause | layout::kDeclares)) line_.word = at(i).span.size();
    statement_indent_ = depth_ * kIndent;
  }

  void append(size_t i) {
    bool joined = !line_.text.empty();
    if (joined && spacing_.between(i - 1, i)) line_.text += ' ';
    line_.text += spacing_.text(i);
  }

  /// Clause words of an experiment, and data and param of a problem, get one width.
  void pad_words() {
    for (size_t i = 0; i < lines_.size();) {
      size_t end = i + 1;
      size_t width = lines_[i].word;
      if (lines_[i].word) {
        bool clause = lines_[i].flags & layout::kClause;
        while (end < lines_.size() && goes_along(lines_[i], lines_[end], clause)) {
          width = std::max(width, lines_[end].word);
          ++end;
        }
      }
      for (size_t k = i; k < end; ++k)
        if (lines_[k].word) lines_[k].text.insert(lines_[k].word, width - lines_[k].word, ' ');
      i = end;
    }
  }
  static bool goes_along(const Line& first, const Line& line, bool clause) {
    if (clause) return line.block == first.block || !line.word;
    return line.block == first.block && line.word && !line.blank_before;
  }

  /// Comments behind neighbouring lines start in one column.
  void align_comments() {
    auto trails = [](const Line& l) { return !l.comment.empty() && !l.text.empty(); };
    for (size_t i = 0; i < lines_.size();) {
      if (!trails(lines_[i])) {
        ++i;
        continue;
      }
      size_t end = i;
      size_t column = 0;
      while (end < lines_.size() && trails(lines_[end]) &&
             (end == i || !lines_[end].blank_before)) {
        column = std::max(column, lines_[end].indent + display_width(lines_[end].text));
        ++end;
      }
      for (; i < end; ++i)
        lines_[i].text.append(column + 2 - lines_[i].indent - display_width(lines_[i].text), ' ');
    }
  }

  const SourceManager& sources_;
  FileId file_;
  const TokenList& list_;
  const std::vector<uint8_t>& flags_;
  Spacing spacing_;
  std::vector<bool> inline_;        // braces whose block stays on one line
  std::vector<size_t> inline_open_; // those around the current token
  std::vector<Line> lines_;
  Line line_;
  bool open_line_ = false;
  bool after_open_brace_ = false;
  bool after_comment_ = false;
  uint32_t last_end_ = 0;
  size_t next_comment_ = 0;
  size_t depth_ = 0;
  size_t statement_indent_ = 0;
  std::vector<size_t> blocks_;
  size_t block_count_ = 0;
};

} // namespace

std::optional<std::string> format_file(const SourceManager& sources, FileId file,
                                       Diagnostics& diagnostics) {
  ast::Context context;
  if (parse_file(sources, file, context, diagnostics)->has_errors) return std::nullopt;
  TokenList list = read_tokens(sources, file, diagnostics);
  auto flags = layout_flags(sources, list.tokens);
  TW_CHECK(flags.has_value(), "a file that parsed once does not parse again");
  return Formatter(sources, file, list, *flags).run();
}

} // namespace thalweg
