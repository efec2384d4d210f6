// Messages: their exact form, widths, escapes, order; name suggestions; the table of kinds.
#include <catch2/catch.hpp>

#include <set>

#include "diag/diagnostics.h"
#include "diag/render.h"
#include "diag/suggest.h"

using namespace thalweg;

namespace {

/// The span of the n-th `what` in a text.
Span find(const SourceManager& sources, FileId file, std::string_view what, size_t nth = 0) {
  size_t at = sources.text(file).find(what);
  while (nth-- > 0)
    at = sources.text(file).find(what, at + 1);
  REQUIRE(at != std::string_view::npos);
  return {file.value, static_cast<uint32_t>(at), static_cast<uint32_t>(at + what.size())};
}

} // namespace

TEST_CASE("a message has the form of the language page") {
  SourceManager sources;
  FileId file =
      sources.add("model.tw", "problem P {\n  data X: [n, d]\n  let m = y * (X @ w + b)\n}\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagKind::syntax, find(sources, file, "X @ w"), "shapes do not agree")
      .caret(find(sources, file, "@"))
      .note("d and k: dimension d comes from 'data X: [n, d]' (line 2)")
      .help("declare 'param w: [d]'");
  CHECK(render_all(diagnostics, sources) ==
        "error[syntax]: shapes do not agree\n"
        "  --> model.tw:3:18\n"
        "   |\n"
        " 3 |   let m = y * (X @ w + b)\n"
        "   |                ~~^~~\n"
        "   = d and k: dimension d comes from 'data X: [n, d]' (line 2)\n"
        "   = help: declare 'param w: [d]'\n");
}

TEST_CASE("labels on the same line, on other lines, in other files") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "one two\nthree\nfour\nfive six\n");
  FileId other = sources.add("b.tw", "elsewhere\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagKind::syntax, find(sources, file, "six"), "text")
      .label(find(sources, file, "five"), "here")
      .label(find(sources, file, "two"), "first")
      .label(find(sources, other, "where"), "and there");
  CHECK(render_all(diagnostics, sources) == "error[syntax]: text\n"
                                            "  --> a.tw:4:6\n"
                                            "   |\n"
                                            " 1 | one two\n"
                                            "   |     ~~~ first\n"
                                            "...\n"
                                            " 4 | five six\n"
                                            "   | ~~~~ ^^^ here\n"
                                            "  ::: b.tw:1:5\n"
                                            "   |\n"
                                            " 1 | elsewhere\n"
                                            "   |     ~~~~~ and there\n");
}

TEST_CASE("columns are screen columns: tabs, wide and combining characters, escapes") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "\tm\u0302 データ x\u202Ey z\n");
  auto at = [&](std::string_view what) {
    Diagnostics diagnostics;
    diagnostics.report(DiagKind::syntax, find(sources, file, what), "t");
    std::string text = render_all(diagnostics, sources);
    return text.substr(text.rfind("| ") + 2);
  };
  CHECK(at("m\u0302") == "    ^\n");
  CHECK(at("データ") == "      ^^^^^^\n");
  CHECK(at("\u202E") == "              ^^^^^^^^\n");
  CHECK(at("z") == "                        ^\n");
  CHECK(escape_for_display("a\x1b[31m\u200b") == "a<U+001B>[31m<U+200B>");
  CHECK(escape_for_display("\xff") == "<FF>");
}

TEST_CASE("messages are sorted by place, repeats dropped, and counted") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "a b\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagKind::syntax, find(sources, file, "b"), "second");
  diagnostics.report(DiagKind::syntax, find(sources, file, "a"), "first");
  diagnostics.report(DiagKind::syntax, find(sources, file, "b"), "second");
  std::string text = render_all(diagnostics, sources);
  CHECK(text.find("first") < text.find("second"));
  CHECK(text.find("second") == text.rfind("second"));
  CHECK(summary_line(diagnostics) == "3 errors");
  CHECK(diagnostics.has_errors());
  diagnostics.clear();
  CHECK(summary_line(diagnostics).empty());
}

TEST_CASE("color only when asked for") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "a\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagKind::syntax, find(sources, file, "a"), "t");
  CHECK(render_all(diagnostics, sources).find('\033') == std::string::npos);
  CHECK(render_all(diagnostics, sources, {true, 4}).find('\033') != std::string::npos);
}

TEST_CASE("spans at the very end and at empty lines") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "");
  Diagnostics diagnostics;
  diagnostics.report(DiagKind::syntax, {file.value, 0, 0}, "empty");
  diagnostics.report(DiagKind::syntax, {}, "nowhere").help("h");
  CHECK(render_all(diagnostics, sources) == "error[syntax]: nowhere\n   = help: h\n\n"
                                            "error[syntax]: empty\n  --> a.tw:1:1\n   |\n 1 |\n"
                                            "   | ^\n");
}

TEST_CASE("lines and columns of a source") {
  SourceManager sources;
  FileId file = sources.add("a.tw", "ab\r\n\u03b8c\nlast");
  CHECK(sources.line_count(file) == 3);
  CHECK(sources.line_text(file, 1) == "ab");
  CHECK(sources.line_text(file, 2) == "\u03b8c");
  CHECK(sources.line_text(file, 3) == "last");
  LineCol at = sources.line_col(file, 6); // the c: θ has two bytes
  CHECK(at.line == 2);
  CHECK(at.column == 2);
  CHECK(!sources.load("/no/such/file.tw"));
}

TEST_CASE("distances count edits of characters") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("momentum", "momentum") == 0);
  CHECK(edit_distance("momentmu", "momentum") == 1); // neighbours swapped
  CHECK(edit_distance("β1", "b1") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("suggestions are near, and nothing is better than something far") {
  std::vector<std::string> known = {"momentum", "lr", "weight_decay", "beta1", "beta2", "Adam"};
  CHECK(suggest("momentun", known) == std::optional<std::string>("momentum"));
  CHECK(suggest("weigth_decay", known) == std::optional<std::string>("weight_decay"));
  CHECK(suggest("beta3", known) == std::optional<std::string>("beta1"));
  CHECK(suggest("adam", known) == std::optional<std::string>("Adam"));
  CHECK(suggest("LR", known) == std::optional<std::string>("lr"));
  CHECK(!suggest("x", known));
  CHECK(!suggest("gradient", known));
  CHECK(!suggest("lr", {std::string("lr")}));
  std::vector<std::string> words = {"warmup_cosine", "cosine_restarts", "cosine_decay", "lr_scale"};
  CHECK(suggest("cosine", words) == std::optional<std::string>("cosine_decay"));
  CHECK(suggest("warmup", words) == std::optional<std::string>("warmup_cosine"));
  CHECK(!suggest("lr", words));
  CHECK(!suggest("cosi", words));
}

TEST_CASE("kinds are named once, in kebab-case") {
  std::set<std::string> names;
  for (const DiagInfo& kind : all_diag_kinds()) {
    INFO(kind.name);
    CHECK(names.insert(std::string(kind.name)).second);
    CHECK(kind.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
          std::string_view::npos);
    CHECK(!kind.meaning.empty());
  }
}
