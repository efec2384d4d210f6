// Methods that ask their objective in the middle of a step: the interpreter's trace goes the path
// of the run, failures are told, and the counts of evaluations are printed.
#include "trace_lines.h"

using namespace thalweg::test;

namespace {

const char* const kValley = R"(
problem Valley {
  param x: [2] = [-1.2, 1]
  minimize 100*(x[1] - x[0]^2)^2 + (1 - x[0])^2
}
)";

std::string experiment(const std::string& use, int steps) {
  return fmt::format(
      "{}experiment e {{\n  minimize Valley()\n  using {}\n  steps {}\n  record loss\n}}\n",
      kValley, use, steps);
}

} // namespace

TEST_CASE("trace walks the path of methods bit for bit") {
  Folder folder;
  for (const char* use :
       {"LBFGS(history = 3)", "BFGS()", "NonlinearCG()", "SteepestDescent()", "DampedNewton()"}) {
    INFO(use);
    constexpr int kSteps = 12;
    folder.file("run.tw", experiment(use, kSteps));
    Ran traced = folder.thalweg(fmt::format("trace {} --steps {}", folder.path("run.tw"), kSteps));
    REQUIRE(traced.code == 0);
    Ran run = folder.thalweg("run " + folder.path("run.tw") + " --json --quiet");
    REQUIRE(run.code == 0);
    std::vector<double> last = numbers(traced.out, kSteps, "x'");
    REQUIRE(last.size() == 2);
    for (size_t k = 0; k < 2; ++k)
      CHECK(run.json()["runs"][0]["params"]["x"][k].get<double>() == last[k]);
  }
}

TEST_CASE("the summary counts evaluations of rules that ask elsewhere, and of no others") {
  Folder folder;
  folder.file("run.tw", experiment("LBFGS() using GD()", 9));
  Ran run = folder.thalweg("run " + folder.path("run.tw") + " --json --quiet");
  REQUIRE(run.code == 0);
  auto runs = run.json()["runs"];
  CHECK(runs[0]["evaluations"]["f"].get<int>() >= 10);
  CHECK(runs[0]["evaluations"]["grad"] == runs[0]["evaluations"]["f"]);
  CHECK_FALSE(runs[1].contains("evaluations"));
  Ran table = folder.thalweg("run " + folder.path("run.tw") + " --quiet");
  CHECK(table.out.find(" f  grad") != table.out.npos);
}

TEST_CASE("a line search without progress ends the run with its reason") {
  Folder folder;
  folder.file("run.tw", R"(
problem Away {
  param x: [2] = 1
  minimize 10*stop_gradient(sumsq(x)) - sum(x)
}
experiment e {
  minimize Away()
  using LBFGS()
  steps 5
}
)");
  Ran run = folder.thalweg("run " + folder.path("run.tw") + " --quiet");
  CHECK(run.code == 1);
  CHECK(run.says("no step along d lowers the objective (slope -"));
}
