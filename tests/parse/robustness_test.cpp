// Robustness: thousands of damaged programs; whatever the text, parsing ends with a tree or
// messages, never with an exception, and what it says has a place inside the file.
#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

#include "parse_support.h"

using namespace thalweg;
using namespace thalweg::testing;

namespace {

/// A fixed sequence: failures repeat.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t n) {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % n;
  }

private:
  uint64_t state_;
};

std::vector<std::string> programs() {
  std::vector<std::string> texts;
  for (const char* path :
       {"examples/01_logistic_regression.tw", "examples/02_update_rules.tw", "examples/03_lbfgs.tw",
        "examples/04_lasso_fista.tw", "examples/05_constrained.tw",
        "examples/06_matrix_optimizers.tw", "examples/07_wrappers_and_search.tw"})
    texts.push_back(read_source(path));
  return texts;
}

/// Words, numbers, runs of space and single characters.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  auto kind = [](unsigned char c) {
    if (c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))
      return 1;
    return c == ' ' || c == '\n' ? 2 : 3;
  };
  for (char c : text) {
    int k = kind(static_cast<unsigned char>(c));
    if (!pieces.empty() && k != 3 && kind(static_cast<unsigned char>(pieces.back()[0])) == k)
      pieces.back() += c;
    else
      pieces.push_back(std::string(1, c));
  }
  return pieces;
}

std::string damaged(const std::vector<std::string>& texts, Random& random) {
  std::vector<std::string> pieces = pieces_of(texts[random.below(texts.size())]);
  uint64_t damages = 1 + random.below(4);
  for (uint64_t d = 0; d < damages; ++d) {
    size_t at = random.below(pieces.size());
    size_t other = random.below(pieces.size());
    switch (random.below(6)) {
    case 0: pieces[at].clear(); break;
    case 1: pieces[at] += pieces[at]; break;
    case 2: std::swap(pieces[at], pieces[other]); break;
    case 3: pieces[at] = pieces[other]; break;
    case 4: pieces[at] += static_cast<char>(random.below(256)); break;
    default:
      if (pieces[at].empty()) break;
      pieces[at][random.below(pieces[at].size())] = static_cast<char>(random.below(256));
    }
    if (pieces[at].empty()) pieces[at] = " ";
  }
  std::string all;
  for (const std::string& piece : pieces)
    all += piece;
  return all;
}

/// Parses, renders, and checks what must hold of any text.
void check_text(const std::string& text) {
  SourceManager sources;
  Diagnostics diagnostics;
  ast::Context context;
  FileId id = sources.add("t.tw", text);
  const ast::File* file = parse_file(sources, id, context, diagnostics);
  CHECK(file->has_errors == diagnostics.has_errors());
  CHECK(diagnostics.all().size() <= 21); // twenty and the count of the others
  for (const Diagnostic& d : diagnostics.all())
    CHECK((!d.span().valid() || (d.span().begin <= d.span().end && d.span().end <= text.size())));
  std::string messages = render_all(diagnostics, sources);
  CHECK(messages.empty() == !diagnostics.has_errors());
  dump(*file);
  if (diagnostics.has_errors()) return;
  std::string once = formatted(text);
  CHECK(formatted(once) == once);
  CHECK(tree_of(once) == dump(*file));
}

} // namespace

TEST_CASE("two thousand damaged programs") {
  std::vector<std::string> texts = programs();
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text = damaged(texts, random);
    INFO("round " << i << "\n" << text);
    CHECK_NOTHROW(check_text(text));
  }
}

TEST_CASE("every prefix of a program") {
  std::string text = read_source("examples/03_lbfgs.tw");
  for (size_t end = 0; end < text.size(); end += 7) {
    INFO(text.substr(0, end));
    CHECK_NOTHROW(check_text(text.substr(0, end)));
  }
}

TEST_CASE("one slip in a program gives one message") {
  // Deleting a closing bracket, an operator or a keyword's partner is one error, not a cascade.
  auto count = [](const std::string& from, const std::string& to) {
    std::string text = read_source("examples/02_update_rules.tw");
    size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    SourceManager sources;
    Diagnostics diagnostics;
    ast::Context context;
    parse_file(sources, sources.add("t.tw", text), context, diagnostics);
    INFO(render_all(diagnostics, sources));
    CHECK(diagnostics.all().size() == 1);
  };
  count("let g = ∇f(x)", "let g = ∇f(x");
  count("let g = ∇f(x)", "let g ∇f(x)");
  count("beta1*m + (1 - beta1)*g", "beta1*m + 1 - beta1)*g");
  count("on tensor x {", "on tensor x");
  count("on tensor x {", "on x {");
  count("weight_decay*x)\n}", "weight_decay*x)\n");
  count("m' = beta1*m", "m' beta1*m");
  count("m' = beta1*m", "m' = beta1 m");
  count("(1 - beta1)", "(1 -)");
  count("then norm(x)/norm(u) else 1", "then norm(x)/norm(u)");
  count("then norm(x)/norm(u) else 1", "norm(x)/norm(u) else 1");
  count("state m = 0, v = 0", "stat m = 0, v = 0");
  count("state m = 0, v = 0", "state m = 0 v = 0");
  count("schedule warmup_cosine(peak,", "schedule warmup_cosine(peak");
  count("return rate", "retrun rate");
  count("m' / (1 - beta1^t)", "m' / 2(1 - beta1^t)");
}

TEST_CASE("hostile nesting and size") {
  auto repeat = [](const std::string& piece, size_t n) {
    std::string all;
    for (size_t i = 0; i < n; ++i)
      all += piece;
    return all;
  };
  for (const char* piece : {"(",          "[",
                            "{",          "-",
                            "√",          "not ",
                            "all ",       "f(",
                            "x[",         "‖",
                            "a^",         "∇",
                            "if a then ", "if a then b else ",
                            "sum[i] ",    "tensor[i] a + ",
                            "x.y.",       "like ",
                            "1 + (",      "a |> ",
                            "a and ",     "{ if a {",
                            "a..",        "x ²"}) {
    INFO(piece);
    CHECK_NOTHROW(check_text("function f(x) = " + repeat(piece, 5000) + "x"));
    CHECK_NOTHROW(check_text("function f(x) { return " + repeat(piece, 300) + "x }"));
  }
  for (const char* piece : {"x[0]", "x(1)", ".T", "ᵀ"})
    CHECK_NOTHROW(check_text("schedule s = x" + repeat(piece, 5000)));
  CHECK(expr_of("x" + repeat(" + x", 20000)).size() > 20000); // long is not deep
  CHECK(expr_of("x" + repeat("*x - x", 20000)).size() > 20000);
}
