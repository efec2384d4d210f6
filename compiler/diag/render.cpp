// render: lays a message out: heading, place, source lines with carets, notes, help.
#include "diag/render.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <utf8proc.h>

#include "support/check.h"

namespace thalweg {
namespace {

struct Decoded {
  utf8proc_int32_t code;
  size_t size;
};

Decoded decode(std::string_view text) {
  utf8proc_int32_t code = 0;
  utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                           static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0) return {-1, 1}; // a byte that is not UTF-8
  return {code, static_cast<size_t>(size)};
}

/// Shown as <U+…> instead of itself: it would not be seen, or would change how the line reads.
bool hidden(utf8proc_int32_t code) {
  if (code == 0x00A0 || (code >= 0xFE00 && code <= 0xFE0F) || code == 0x3164) return true;
  switch (utf8proc_category(code)) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_CS: return true;
  default: return false;
  }
}

struct Piece {
  std::string text;
  size_t width;
};

Piece shown(std::string_view text, const Decoded& c) {
  if (c.code < 0) {
    auto byte = static_cast<unsigned char>(text[0]);
    return {fmt::format("<{:02X}>", byte), 4};
  }
  if (hidden(c.code)) {
    std::string escaped = fmt::format("<U+{:04X}>", c.code);
    size_t width = escaped.size();
    return {std::move(escaped), width};
  }
  return {std::string(text.substr(0, c.size)),
          static_cast<size_t>(std::max(0, utf8proc_charwidth(c.code)))};
}

/// A source line as it is printed: the text, and the screen column of each byte.
struct Line {
  std::string text;
  std::vector<size_t> columns; // one more than the line has bytes
};

constexpr size_t kLongestLine = 160; // longer ones are cut around the marks

Line lay_out(std::string_view source, uint32_t tab_width) {
  Line line;
  size_t column = 0;
  for (size_t at = 0; at < source.size();) {
    Decoded c = decode(source.substr(at));
    Piece piece = c.code == '\t' ? Piece{"", 0} : shown(source.substr(at), c);
    if (c.code == '\t') {
      piece.width = tab_width - column % tab_width;
      piece.text.assign(piece.width, ' ');
    }
    for (size_t i = 0; i < c.size; ++i)
      line.columns.push_back(column);
    line.text += piece.text;
    column += piece.width;
    at += c.size;
  }
  line.columns.push_back(column);
  return line;
}

struct Mark {
  size_t from, to; // screen columns
  char sign;
  std::string text; // words behind it, may be empty
};

class Layout {
public:
  Layout(const SourceManager& sources, const RenderOptions& options)
      : sources_(sources), options_(options) {}

  std::string message(const Diagnostic& d) {
    std::string_view word = d.severity() == Severity::error     ? "error"
                            : d.severity() == Severity::warning ? "warning"
                                                                : "note";
    std::string_view color = d.severity() == Severity::error     ? "\033[1;31m"
                             : d.severity() == Severity::warning ? "\033[1;33m"
                                                                 : "\033[1;36m";
    std::string out = paint(color, fmt::format("{}[{}]", word, info(d.kind()).name)) +
                      paint("\033[1m", ": " + escape_for_display(d.text())) + "\n";
    if (d.span().valid())
      place(d, out);
    else
      gutter_ = 1;
    for (const std::string& note : d.notes())
      trailer(out, note);
    for (const std::string& help : d.helps())
      trailer(out, "help: " + help);
    return out;
  }

private:
  std::string paint(std::string_view code, std::string text) const {
    return options_.color ? std::string(code) + text + "\033[0m" : text;
  }
  std::string bar(std::string number = {}) const {
    return paint("\033[34m", fmt::format("{:>{}} |", number, gutter_ + 1));
  }

  void trailer(std::string& out, const std::string& text) const {
    std::string pad(gutter_ + 2, ' ');
    std::string escaped;
    for (size_t begin = 0; begin <= text.size();) { // further lines line up under the first
      size_t end = std::min(text.find('\n', begin), text.size());
      if (begin) escaped += "\n" + pad + "  ";
      escaped += escape_for_display(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
    }
    out += pad + paint("\033[34m", "=") + " " + escaped + "\n";
  }

  /// Where the caret stands: at the marked operator, else under the whole span.
  static Span caret_of(const Diagnostic& d) { return d.caret().valid() ? d.caret() : d.span(); }

  void place(const Diagnostic& d, std::string& out) {
    FileId file(d.span().file);
    Span caret = caret_of(d);
    uint32_t caret_line = sources_.line_col(file, caret.begin).line;
    std::map<uint32_t, std::vector<Mark>> marks; // by line, in the caret's file
    marks[caret_line];
    std::vector<Diagnostic::Label> elsewhere;
    for (const auto& label : d.labels()) {
      if (!label.span.valid()) continue;
      if (label.span.file != d.span().file)
        elsewhere.push_back(label);
      else
        marks[sources_.line_col(file, label.span.begin).line];
    }
    gutter_ = std::to_string(marks.rbegin()->first).size();
    for (const auto& label : elsewhere)
      gutter_ = std::max(gutter_, std::to_string(sources_.line_col(label.span).line).size());

    LineCol at = sources_.line_col(file, caret.begin);
    out += std::string(gutter_ + 1, ' ') + paint("\033[34m", "-->") +
           fmt::format(" {}:{}:{}\n", escape_for_display(sources_.path(file)), at.line, at.column);
    out += bar() + "\n";
    uint32_t previous = 0;
    for (auto& [line, list] : marks) {
      if (previous && line > previous + 1) out += paint("\033[34m", "...") + "\n";
      show_line(d, file, line, line == caret_line, out);
      previous = line;
    }
    for (const auto& label : elsewhere) {
      Diagnostic other(d.kind(), label.span, "");
      LineCol where = sources_.line_col(label.span);
      out += std::string(gutter_ + 1, ' ') + paint("\033[34m", ":::") +
             fmt::format(" {}:{}:{}\n", escape_for_display(sources_.path(label.span)), where.line,
                         where.column);
      out += bar() + "\n";
      other.label(label.span, label.text);
      show_line(other, FileId(label.span.file), where.line, false, out);
    }
  }

  void show_line(const Diagnostic& d, FileId file, uint32_t number, bool with_caret,
                 std::string& out) {
    std::string_view source = sources_.line_text(file, number);
    uint32_t begin = sources_.line_begin(file, number);
    Line line = lay_out(source, options_.tab_width);
    auto columns = [&](Span span, char sign, std::string text) {
      size_t from = std::min<size_t>(std::max(span.begin, begin) - begin, source.size());
      size_t to = std::min<size_t>(std::max(span.end, begin) - begin, source.size());
      Mark mark{line.columns[from], line.columns[to], sign, std::move(text)};
      mark.to = std::max(mark.to, mark.from + 1); // an empty place still gets one sign
      return mark;
    };
    std::vector<Mark> marks;
    for (const auto& label : d.labels())
      if (label.span.file == file.value && sources_.line_col(file, label.span.begin).line == number)
        marks.push_back(columns(label.span, '~', label.text));
    if (with_caret) {
      if (d.caret().valid()) {
        Span whole = d.span();
        if (whole.begin < begin) whole.begin = d.caret().begin;
        marks.push_back(columns(whole, '~', ""));
      }
      marks.push_back(columns(caret_of(d), '^', ""));
    }
    cut_long_line(line, marks);
    out += bar(std::to_string(number));
    if (!line.text.empty()) out += " " + line.text;
    out += "\n";
    underline(marks, out);
  }

  /// Lines of generated files can be huge: show a window around the marks.
  void cut_long_line(Line& line, std::vector<Mark>& marks) const {
    if (line.columns.back() <= kLongestLine) return;
    size_t first = SIZE_MAX;
    for (const Mark& mark : marks)
      first = std::min(first, mark.from);
    size_t skip = first > 60 ? first - 60 : 0;
    // Cut between characters: find text offsets by walking the shown text.
    std::string window = skip ? "…" : "";
    size_t column = 0;
    size_t lead = skip ? 1 : 0;
    for (size_t at = 0; at < line.text.size();) {
      Decoded c = decode(std::string_view(line.text).substr(at));
      size_t width = c.code < 0 ? 1 : static_cast<size_t>(std::max(0, utf8proc_charwidth(c.code)));
      if (column >= skip && column + width <= skip + kLongestLine)
        window += line.text.substr(at, c.size);
      column += width;
      at += c.size;
    }
    if (column > skip + kLongestLine) window += "…";
    line.text = std::move(window);
    for (Mark& mark : marks) {
      mark.from = std::min(mark.from - skip, kLongestLine) + lead;
      mark.to = std::max(std::min(mark.to - skip, kLongestLine) + lead, mark.from + 1);
    }
  }

  void underline(std::vector<Mark> marks, std::string& out) const {
    std::string signs;
    for (const Mark& mark : marks) {
      if (signs.size() < mark.to) signs.resize(mark.to, ' ');
      // A caret wins over the tildes around it.
      for (size_t i = mark.from; i < mark.to; ++i)
        if (signs[i] != '^') signs[i] = mark.sign;
    }
    std::stable_sort(marks.begin(), marks.end(),
                     [](const Mark& a, const Mark& b) { return a.from < b.from; });
    marks.erase(
        std::remove_if(marks.begin(), marks.end(), [](const Mark& m) { return m.text.empty(); }),
        marks.end());
    std::string row = bar() + " " + paint("\033[1;31m", signs);
    if (!marks.empty()) row += " " + escape_for_display(marks.back().text);
    out += row + "\n";
    if (marks.empty()) return;
    marks.pop_back();
    // Earlier words go on rows of their own, each under the start of its mark.
    for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark)
      out += bar() + " " + std::string(mark->from, ' ') + escape_for_display(mark->text) + "\n";
  }

  const SourceManager& sources_;
  const RenderOptions& options_;
  size_t gutter_ = 1;
};

std::string plural(size_t n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

} // namespace

std::string escape_for_display(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    Decoded c = decode(text.substr(at));
    out += shown(text.substr(at), c).text;
    at += c.size;
  }
  return out;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    Decoded c = decode(text.substr(at));
    width += shown(text.substr(at), c).width;
    at += c.size;
  }
  return width;
}

std::string render(const Diagnostic& diagnostic, const SourceManager& sources,
                   const RenderOptions& options) {
  return Layout(sources, options).message(diagnostic);
}

std::string render_all(const Diagnostics& diagnostics, const SourceManager& sources,
                       const RenderOptions& options) {
  std::vector<const Diagnostic*> list;
  for (const Diagnostic& d : diagnostics.all())
    list.push_back(&d);
  // Messages about no place come first, in the order reported.
  std::stable_sort(list.begin(), list.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tuple(a->span().file, a->span().begin) <
           std::tuple(b->span().file, b->span().begin);
  });
  std::string out;
  std::set<std::string> seen;
  for (const Diagnostic* d : list) {
    if (options.limit && seen.size() == options.limit) {
      out += fmt::format("\n… and {} more messages\n", list.size() - options.limit);
      break;
    }
    std::string text = render(*d, sources, options);
    if (!seen.insert(text).second) continue;
    if (!out.empty()) out += "\n";
    out += text;
  }
  return out;
}

std::string summary_line(const Diagnostics& diagnostics) {
  size_t errors = diagnostics.error_count();
  size_t warnings = 0;
  for (const Diagnostic& d : diagnostics.all())
    warnings += d.severity() == Severity::warning;
  if (!errors && !warnings) return "";
  if (!warnings) return plural(errors, "error");
  if (!errors) return plural(warnings, "warning");
  return plural(errors, "error") + ", " + plural(warnings, "warning");
}

} // namespace thalweg
