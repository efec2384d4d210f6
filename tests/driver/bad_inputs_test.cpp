// Malformed and hostile programs through the built program: every one is answered by a message with
// a place, in bounded time and memory, the same way twice, and no result appears.
#include "driver/program.h"

#include <sys/resource.h>

using namespace thalweg::test;
using Catch::Contains;

namespace {

struct Case {
  std::string name, text, says; // what the message holds; empty: the program is sound and runs
};

std::string problem(const std::string& param, const std::string& body,
                    const std::string& run = "using SGD(lr = 0.1) steps 3",
                    const std::string& before = "") {
  return before + "problem P {\n  param " + param + "\n  " + body +
         "\n}\nexperiment e {\n  minimize P()\n  " + run + "\n}\n";
}

std::string repeated(int count, const std::string& piece) {
  std::string all;
  for (int k = 0; k < count; ++k)
    all += piece;
  return all;
}

std::string squared(const std::string& run, const std::string& before = "") {
  return problem("x = 1", "minimize x^2", run, before);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      // lexing and parsing
      {"empty", "", "[nothing-declared]"},
      {"comments alone", "# nothing\n\n  \n## doc\n", "[nothing-declared]"},
      {"two operators", problem("x = 1", "minimize x + * 3"), ":3:16"},
      {"operand at the end of a line", problem("x = 1", "minimize x +"), "[missing-operand]"},
      {"a hundred errors", "problem P {\n" + repeated(100, "  let a = 1 + * 2\n") + "}\n",
       "[too-many-errors]"},
      {"literal too large", problem("x = 1", "minimize x*1e999"), "too large for f64"},
      {"literal too small", problem("x = 1", "minimize x*1e-999"), "too small for f64"},
      {"size 2^63", problem("x: [9223372036854775808]", "minimize sum(x)"), "[bad-size]"},
      {"size 2^64", problem("x: [18446744073709551616]", "minimize sum(x)"), "[bad-size]"},
      {"index 2^64", problem("x: [3]", "minimize x[18446744073709551616]"), "[bad-index]"},
      {"a million terms", problem("x = 1", "minimize x" + repeated(1'000'000, "+x")),
       "[expression-too-large]"},
      {"keyword as a name", problem("if = 1", "minimize 2"), "[reserved-word]"},
      {"builtin as a name", problem("exp = 1", "minimize exp"), "[builtin-redefined]"},
      {"zero-width space", problem("x = 1", "minimize x\u200b^2"), "U+200B"},
      {"right-to-left override", problem("x = 1", "minimize x\u202e^2"), "U+202E"},
      {"NFC and NFD are one name", problem("\u00e9 = 1", "minimize e\u0301^2"), ""},
      {"carriage returns alone", "problem P {\r  param x = 1\r  minimize x + * 3\r}\r", ":3:16"},
      {"carriage returns with line feeds",
       "problem P {\r\n  param x = 1\r\n  minimize x + * 3\r\n}", ":3:16"},
      {"form feed", problem("x = 1", "minimize\fx^2"), "U+000C"},
      {"NUL", problem("x = 1", std::string("minimize x\0^2", 13)), "U+0000"},
      {"UTF-16", std::string("\xff\xfep\0r\0", 6), "[bad-encoding]"},
      {"byte order mark", "\xef\xbb\xbf" + problem("x = 1", "minimize x^2"), ""},
      {"deep parentheses",
       problem("x = 1", "minimize " + repeated(50'000, "(") + "x" + repeated(50'000, ")")),
       "[nesting-too-deep]"},
      {"deep conditions",
       problem("x = 1",
               "minimize " + repeated(5000, "if x > 0 then ") + "x" + repeated(5000, " else 1")),
       "[nesting-too-deep]"},
      {"a function of itself",
       problem("x = 1", "minimize f(x)", "using SGD() steps 1", "function f(x) = f(x - 1)\n"),
       "[recursion]"},
      {"functions in a ring",
       problem("x = 1", "minimize f(x)", "using SGD() steps 1",
               "function f(x) = g(x)\nfunction g(x) = f(x)\n"),
       "[recursion]"},
      // shapes and sizes
      {"matrix times vector", problem("A: [3, 4]\n  param v: [3]", "minimize sum(A @ v)"),
       "A is [3, 4], v is [3]"},
      {"sum of vectors", problem("a: [3]\n  param b: [4]", "minimize sum(a + b)"),
       "a is [3], b is [4]"},
      {"dot of different lengths", problem("a: [3]\n  param b: [4]", "minimize dot(a, b)"),
       "[shape-mismatch]"},
      {"negative size", problem("x: [-1]", "minimize sum(x)"), "negative"},
      {"size with a fraction", problem("x: [2.5]", "minimize sum(x)"), "[bad-size]"},
      {"sizes whose product is too large",
       problem("x: [4294967296, 4294967296]", "minimize sum(x)"), "[bad-size]"},
      {"more memory than there is", problem("x: [900000000000]", "minimize sum(x)"),
       "can't be had"},
      {"index past the end", problem("x: [3]", "minimize x[3]"), "outside an axis of size 3"},
      {"index before the start", problem("x: [3]", "minimize x[-4]"), "outside an axis of size 3"},
      {"index with a fraction", problem("x: [3]", "minimize x[2.5]"), "[bad-index]"},
      {"index from a value", problem("x: [3] = 1", "minimize x[argmax(x) + 3]"), "[run-failed]"},
      {"range of 10^12", problem("x = 1", "minimize sum[i in 0..1000000000000] x*i"), "[bad-size]"},
      {"unknown name", problem("x = 1", "minimize x + zz"), "[unknown-name]"},
      // numbers
      {"NaN at the start", problem("x = -1", "minimize log(x)"), "not finite at the start"},
      {"infinite at the start", problem("x = 0", "minimize 1/x"), "not finite at the start"},
      {"0 log 0", problem("x = 0", "minimize x*log(x)"), "not finite at the start"},
      {"an untaken branch leaves nothing",
       problem("x = 0", "minimize if x > 0 then log(x) else x^2"), ""},
      {"cancellation is IEEE", problem("x = 1e16", "minimize x + 1 - x"), ""},
      {"negative rate", squared("using SGD(lr = -0.1) steps 3"), "lr = -0.1"},
      {"rate that is no number", squared("using SGD(lr = 0/0) steps 3"), "lr = nan"},
      {"huge rate", squared("using SGD(lr = 1e300) steps 3"), "is inf"},
      {"beta of 1", squared("using Adam(beta2 = 1) steps 3"), "0 <= beta2 < 1"},
      {"negative decay", squared("using AdamW(weight_decay = -1) steps 3"), "weight_decay >= 0"},
      {"schedule of itself", squared("using SGD(lr = s(0.1)) steps 3", "schedule s(p) = s(p)*t\n"),
       "[recursion]"},
      {"batch of 0", squared("using SGD() batch 0 steps 3"), "'batch'"},
      {"negative seed", squared("using SGD() seed -1 steps 3"), "'seed'"},
      {"seed of 2^64", squared("using SGD() seed 18446744073709551616 steps 3"), "'seed'"},
      {"no end", squared("using SGD()"), "has no end"},
  };
  return all;
}

} // namespace

// The address sanitizer notes on standard error that an allocation it was asked for is refused, and
// takes memory of its own.
#if defined(__SANITIZE_ADDRESS__)
#define THALWEG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define THALWEG_SANITIZED 1
#endif
#endif
#ifdef THALWEG_SANITIZED
constexpr long kMostMemory = 1200 * 1024; // KiB
#else
constexpr long kMostMemory = 400 * 1024;
#endif
static std::string without_sanitizer(const std::string& text) {
  std::istringstream in(text);
  std::string line, rest;
  while (std::getline(in, line))
    if (line.find("WARNING: AddressSanitizer failed to allocate") == line.npos) rest += line + '\n';
  return rest;
}

TEST_CASE("hostile programs are answered, boundedly and the same way twice") {
  const Folder folder;
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    folder.file("bad.tw", c.text);
    const Ran ran = folder.thalweg("run bad.tw --quiet");
    CAPTURE(ran.err);
    if (c.says.empty()) {
      CHECK(ran.code == 0);
      continue;
    }
    CHECK(ran.code == 1);
    CHECK(ran.says("error["));
    CHECK(ran.says(c.says));
    // Only a run that began has a table, and that says how it ended.
    CHECK((ran.out.empty() || ran.out.find("not finite") != std::string::npos ||
           ran.out.find("failed") != std::string::npos));
    CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') < 130);
    CHECK(ran.err.size() < 20'000);
    for (const char* internal : {"internal check", "LLVM", "terminate", "Assertion", "std::"})
      CHECK_FALSE(ran.says(internal));
    const Ran again = folder.thalweg("run bad.tw --quiet");
    CHECK(without_sanitizer(again.err) == without_sanitizer(ran.err));
    CHECK(again.code == ran.code);
  }
  // Nothing is left that would disturb the next run.
  folder.file("good.tw", squared("using SGD(lr = 0.1) steps 3"));
  CHECK(folder.thalweg("run good.tw --quiet").code == 0);
  struct rusage used{};
  REQUIRE(::getrusage(RUSAGE_CHILDREN, &used) == 0);
  CHECK(used.ru_maxrss < kMostMemory); // of the largest of all those runs
}

TEST_CASE("Hessians of a million parameters are refused before they are made") {
  const Folder folder;
  folder.file("p.tw", "problem P { param x: [1000000] = 1\n minimize sum(x^4) }\n");
  const Ran ran = folder.thalweg("eval p.tw --what hessian");
  CHECK(ran.code == 1);
  CHECK(ran.says("1e+12"));
}
