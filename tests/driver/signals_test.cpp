// Interruption and standard streams that fail: a prompt end with what was recorded, no half-written
// file.
#include "driver/program.h"

using namespace thalweg::test;
using Catch::Contains;

namespace {

const std::string kLong = R"(
problem P { param x: [3] = [1, 2, 3]
  minimize sumsq(x) }
experiment e { minimize P() using SGD(lr = 1e-9) steps 100000000 record loss every 1000 }
)";

// Its third step is a single call of compiled code that takes minutes.
const std::string kStuck = R"(
problem P { param x = 1
  minimize x^2 }
optimizer Stuck(lr = 1e-9) on tensor x {
  function spin(z, lasts) {
    var y = z
    while lasts max 100000000000 { y = sin(y) }
    return y
  }
  x' = x - lr*∇f(x) + spin(x, t > 2)
}
experiment e { minimize P() using Stuck() steps 3 record loss every 1 }
)";

// Sends a signal a moment after the run into folder `out` wrote its first rows; the exit code of
// the program.
std::string signalled(const std::string& signal, const std::string& file, const std::string& out) {
  return fmt::format(
      "'{}' run {} --quiet --out {} & p=$!; n=0; "
      "until [ -s {}/log.jsonl ] || [ $n -gt 600 ]; do sleep 0.1; n=$((n + 1)); done; "
      "sleep 0.2; kill -{} $p; wait $p; exit $?",
      THALWEG_PROGRAM, file, out, out, signal);
}

} // namespace

TEST_CASE("signals end a run with its last row, its summary and their code") {
  const Folder folder;
  folder.file("long.tw", kLong);
  for (const auto& [signal, code] : {std::pair<std::string, int>{"TERM", 130}, {"HUP", 130}}) {
    CAPTURE(signal);
    const Ran ran = folder.shell("(" + signalled(signal, "long.tw", signal) + ")");
    CAPTURE(ran.err);
    CHECK(ran.code == code);
    CHECK_THAT(folder.read(signal + "/summary.json"), Contains("\"interrupted\""));
    const std::string log = folder.read(signal + "/log.jsonl");
    REQUIRE(!log.empty());
    CHECK(log.back() == '\n');
    CHECK(std::filesystem::exists(folder.path(signal + "/sgd/params/x.npy")));
  }
}

TEST_CASE("a step that does not end is left within a second") {
  const Folder folder;
  folder.file("stuck.tw", kStuck);
  folder.file("script", signalled("TERM", "stuck.tw", "out"));
  const Ran ran = folder.shell("timeout -s KILL 90 sh script");
  CHECK(ran.code == 128 + 15);
}

TEST_CASE("closed and full standard streams are errors, never signals or results") {
  const Folder folder;
  folder.file("short.tw", "problem P { param x = 1\n minimize x^2 }\n"
                          "experiment e { minimize P() using SGD(lr = 0.1) steps 3 }\n");
  const std::string run = fmt::format("'{}' run short.tw", THALWEG_PROGRAM);
  // A reader that goes away: what it does not read is no fault of the run's.
  const Ran piped = folder.shell("(" + run + " --json; echo $? > code) | head -1");
  CHECK(piped.out == "{\n");
  CHECK_THAT(folder.read("code"), !Contains("14")); // no signal
  CHECK(folder.shell(run + " >&-").code == 1);
  CHECK(folder.shell(run + " <&-").code == 0);
  CHECK(folder.shell(run + " 2>&-").code == 0);
  const Ran full = folder.shell(run + " --json > /dev/full");
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("error[bad-output]"));
}

TEST_CASE("results that can't be written leave nothing half done") {
  const Folder folder;
  folder.file("short.tw",
              "problem P { param x: [100000] = 1\n minimize sumsq(x) }\n"
              "experiment e { minimize P() using SGD(lr = 0.1) steps 3 record loss }\n");
  // A limit on file sizes stands in for a disk that fills up.
  const Ran full = folder.shell(
      fmt::format("(ulimit -f 100; '{}' run short.tw --quiet --out full)", THALWEG_PROGRAM));
  CHECK(full.code == 1);
  CHECK(full.says("error[bad-output]"));
  CHECK_FALSE(std::filesystem::exists(folder.path("full/sgd/params/x.npy")));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path("full")))
    CHECK_THAT(entry.path().string(), !Contains(".part"));
  CHECK(folder.thalweg("run short.tw --quiet --out /proc/nowhere").code == 1);
  folder.file("file", "");
  CHECK(folder.thalweg("run short.tw --quiet --out file").code == 1);
  CHECK(folder.thalweg("run short.tw --quiet --out full --force").code == 0);
}

TEST_CASE("a data file that is replaced by nothing sensible is told") {
  const Folder folder;
  folder.file(
      "p.tw",
      "problem P { data y: [n]\n param m = 0\n minimize mean((y - m)^2) }\n"
      "experiment e { minimize P() given y = csv(\"y.csv\") using SGD(lr = 0.1) steps 2 }\n");
  folder.shell("mkfifo y.csv");
  CHECK(folder.thalweg("run p.tw --quiet").says("not a regular file"));
  folder.shell("rm y.csv; ln -s y.csv y.csv");
  CHECK(folder.thalweg("run p.tw --quiet").says("error[data-file]"));
  folder.shell("rm y.csv; truncate -s 1T y.csv");
  CHECK(folder.thalweg("run p.tw --quiet").says("NUL"));
  folder.shell("rm y.csv; printf '1\\n2\\n' > y.csv; chmod 000 y.csv");
  if (::geteuid() != 0) CHECK(folder.thalweg("run p.tw --quiet").says("error[data-file]"));
}
