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
       {"LBFGS(history = 3)", "BFGS()", "NonlinearCG()", "SteepestDescent()", "DampedNewton()",
        "NonlinearCG(beta = \"DY\")", "SteepestDescent(line_search = \"exact\")",
        "SteepestDescent(line_search = \"wolfe\")",
        "SteepestDescent(line_search = \"nonmonotone\")", "PolyakStep()", "BarzilaiBorwein()",
        "NewtonCG()", "TrustRegion()", "AcceleratedGradient()"}) {
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

namespace {

// Two params that the Hessian couples, and rules that ask for products with it.
const char* const kCoupled = R"(
problem Coupled {
  param u: [2, 2] = [[1, -2], [0.5, 3]]
  param v: [3] = [2, 0, -1]
  minimize sum(u^4)/4 + sumsq(v) + sum(u)*sum(v)/2
}
optimizer Whole() on vector x {
  let g = ∇f(x)
  x' = x - sumsq(g)/(1 + abs(dot(g, hvp(f, x, g))))*g
}
optimizer Each() on tensor x {
  let g = ∇f(x)
  x' = x - sum(all g^2)/(1 + abs(dot(all g, all hvp(f, x, g))))*g
}
optimizer Seldom(k = 3) on tensor x {
  state h = 1
  h' = if (t - 1) mod k == 0 then abs(hvp(f, x, ones(like x))) + 1 else h
  x' = x - ∇f(x)/h'
}
optimizer Stale(k = 5) on vector x {
  state h = 1
  function renewed(f, x, h) {
    if (t - 1) mod k == 0 { return diag(∇²f(x)) + 1 }
    return h
  }
  h' = renewed(f, x, h)
  x' = x - ∇f(x)/h'
}
optimizer Apart(lr = 0.01) {
  matrices: Seldom()
  otherwise: GD(lr = lr)
}
)";

std::string coupled(const std::string& use, int steps) {
  return fmt::format("{}experiment e {{\n  minimize Coupled()\n  {}\n  steps {}\n}}\n", kCoupled,
                     use, steps);
}

} // namespace

TEST_CASE("products in a rule for single tensors are those with the Hessian over all of them") {
  Folder folder;
  folder.file("run.tw", coupled("using Whole() using Each() using accumulate(1) |> Each()", 15));
  Ran run = folder.thalweg("run " + folder.path("run.tw") + " --json --quiet");
  INFO(run.err);
  REQUIRE(run.code == 0);
  auto runs = run.json()["runs"];
  for (size_t racer : {1, 2})
    for (size_t k = 0; k < 3; ++k)
      CHECK(runs[racer]["params"]["v"][k].get<double>() ==
            Approx(runs[0]["params"]["v"][k].get<double>()).epsilon(1e-12));
  for (size_t racer : {0, 1, 2})
    CHECK(runs[racer]["evaluations"]["hvp"] == 15);
}

TEST_CASE("the Hessian and its products are asked for only where the rule says") {
  Folder folder;
  folder.file("run.tw", coupled("using Seldom() using Stale() using Apart()", 11));
  Ran run = folder.thalweg("run " + folder.path("run.tw") + " --json --quiet");
  INFO(run.err);
  REQUIRE(run.code == 0);
  auto runs = run.json()["runs"];
  CHECK(runs[0]["evaluations"]["hvp"] == 4);
  CHECK(runs[1]["evaluations"]["hess"] == 3);
  CHECK(runs[2]["evaluations"]["hvp"] == 4);
  // What a trace says is what a run does, in the steps without a question too.
  folder.file("trace.tw", coupled("using Seldom()", 5));
  Ran traced = folder.thalweg(fmt::format("trace {} --steps 5", folder.path("trace.tw")));
  Ran short_run = folder.thalweg("run " + folder.path("trace.tw") + " --json --quiet");
  REQUIRE(traced.code == 0);
  std::vector<double> last = numbers(traced.out, 5, "x'");
  REQUIRE(last.size() >= 4);
  CHECK(short_run.json()["runs"][0]["params"]["u"][0][0].get<double>() == last[0]);
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
