// `--profile`: which kernels the table has, how often they ran and the bytes that they move.
#include "program.h"

#include <vector>

using namespace thalweg::test;

namespace {

// The words of the table's line that begins with `name`; none if there is no such line.
std::vector<std::string> line_of(const std::string& table, const std::string& name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find_first_not_of(' ');
    if (at == std::string::npos || line.compare(at, name.size() + 1, name + " ") != 0) continue;
    std::istringstream rest(line.substr(at + name.size()));
    std::vector<std::string> words;
    for (std::string word; rest >> word;)
      words.push_back(word);
    return words;
  }
  return {};
}

// calls, time, unit, share, %, bytes, …
void check_kernel(const std::string& table, const std::string& name, int64_t calls, int64_t bytes) {
  const std::vector<std::string> words = line_of(table, name);
  INFO(name << "\n" << table);
  REQUIRE(words.size() > 6);
  CHECK(words[0] == std::to_string(calls));
  CHECK(words[5] == std::to_string(bytes));
}

const char* const kPlane = R"(
problem Plane {
  data  X: [n, d]
  data  y: [n]
  param w: [d] = 0
  param b = 0
  minimize mean((X @ w + b - y)^2)
}
experiment fit {
  minimize  Plane()
  given     X, y = csv("data.csv", target = "y")
  using     clip_by_global_norm(1) |> AdamW()
  steps     5
  precision f32
}
)";

} // namespace

TEST_CASE("--profile names the kernels of a run, with calls and bytes") {
  Folder folder;
  std::string rows = "a,b,c,y\n";
  for (int i = 0; i < 8; ++i)
    rows += fmt::format("{},{},{},{}\n", i, i % 3, i % 5, i % 2);
  folder.file("data.csv", rows);
  const std::string file = folder.file("plane.tw", kPlane);
  const Ran ran = folder.thalweg("run --profile --quiet --stdlib " + kLibrary + " " + file);
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  // Two rows of the table of params: w of three numbers and b of one. A step reads g for the norm,
  // then x, g, m and v, and writes x, m and v.
  check_kernel(ran.err, "sum over all params", 5, 4 * 4);
  check_kernel(ran.err, "x, m, v", 5, 4 * 4 * 7);
  CHECK(ran.says("limit:"));
  CHECK(ran.says("outside of kernels"));
  CHECK(ran.says("*"));
}

TEST_CASE("--profile of eval counts one call; without it nothing is printed") {
  Folder folder;
  const std::string file = folder.file("bowl.tw", R"(
problem Bowl(m = 10, n = 7) {
  param A: [m, n] = 1
  param b: [m] = 1
  minimize sum(A @ A.T) + sumsq(b)
}
)");
  const std::string command = "eval --what gradient --stdlib " + kLibrary;
  const Ran plain = folder.thalweg(command + " " + file);
  INFO(plain.err);
  REQUIRE(plain.code == 0);
  CHECK(plain.err == "");
  const Ran ran = folder.thalweg(command + " --profile " + file);
  REQUIRE(ran.code == 0);
  CHECK(ran.out == plain.out);
  CHECK(ran.says("Bowl.gradient"));
  CHECK_FALSE(ran.says("outside of kernels"));
}
