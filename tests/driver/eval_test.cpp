// `thalweg eval`: values, sizes, data, precision, refusals.
#include "program.h"

using namespace thalweg::test;
using nlohmann::json;

namespace {

const char* const kBowl = R"(
problem Bowl(n = 2, a = 3) {
  param x: [n] = 1
  param b = 0
  minimize a*sum(x^2) + b*x[0]
  metric largest = max(x)
}
)";

const char* const kLabels = R"(
problem Labels(k = 3) {
  data X: [n, d]
  data y: class(k)[n]
  param W: [d, k] = 0
  minimize mean(tensor[i] (X @ W)[i, y[i]])
}
problem Picks(d = 2) {
  data y: int[m]
  param x: [d] = 0
  minimize sum[i in 0..3] x[y[i]]
}
)";

const char* const kLogistic = R"(
problem Fit(lambda = 0.1) {
  data X: [n, d]
  data y: [n]
  param w: [d] = 0
  param b = 0
  minimize mean(log(1 + exp(-y*(X @ w + b)))) + lambda/2*sum(w^2)
}
experiment fit {
  minimize Fit(lambda = 0.5)
  given X, y = csv("data.csv", target = "y")
  using Plain()
  steps 1
}
optimizer Plain(lr = 0.1) on tensor x { x' = x - lr*∇f(x) }
)";

} // namespace

TEST_CASE("eval prints value, gradient and Hessian as JSON") {
  Folder folder;
  Ran ran = folder.thalweg("eval " + kLibrary +
                           "problems/Rosenbrock.tw --problem Rosenbrock --at 'x=[-1.2, 1]' "
                           "--what value,gradient,hessian --json");
  REQUIRE(ran.err == "");
  REQUIRE(ran.code == 0);
  json out = ran.json();
  CHECK(out["value"].get<double>() == Approx(24.2).epsilon(1e-14));
  CHECK(out["gradient"]["x"][0].get<double>() == Approx(-215.6).epsilon(1e-14));
  CHECK(out["gradient"]["x"][1].get<double>() == Approx(-88).epsilon(1e-14));
  const double hessian[2][2] = {{1330, 480}, {480, 200}};
  for (size_t i = 0; i < 2; ++i)
    for (size_t j = 0; j < 2; ++j)
      CHECK(out["hessian"]["x"]["x"][i][j].get<double>() == Approx(hessian[i][j]).epsilon(1e-14));
  CHECK(out.size() == 3);
}

TEST_CASE("a metric may be called loss, and stand before the objective") {
  Folder folder;
  folder.file("p.tw",
              "problem P {\n  param u: [3] = 1\n  metric loss = 5\n  minimize sum(u*u)\n}\n");
  json out = folder.thalweg("eval p.tw --what value,metrics --json").json();
  CHECK(out["value"] == 3.0);
  CHECK(out["metrics"]["loss"] == 5.0);
}

TEST_CASE("a problem that calls a broken function is not evaluated") {
  Folder folder;
  const std::string broken = "function half(x) = x/halv\n";
  for (const char* problem :
       {"problem P {\n  param u = half(1)\n  minimize u^2\n}\n",
        "problem P {\n  param u = 1\n  minimize half(u)\n  metric m = u\n}\n",
        "problem P {\n  param u = 1\n  minimize u^2\n  metric m = half(u)\n}\n"}) {
    INFO(problem);
    folder.file("p.tw", broken + problem);
    Ran ran = folder.thalweg("eval p.tw");
    CHECK(ran.code == 1);
    CHECK(ran.says("error[unknown-name]: unknown name 'halv'"));
  }
}

TEST_CASE("sizes come from the values given, from --set, from defaults") {
  Folder folder;
  folder.file("bowl.tw", kBowl);
  SECTION("values") {
    json out = folder
                   .thalweg("eval bowl.tw --at x=[1,2,3e0] --at b=-1 --what "
                            "value,gradient,hessian,metrics --json")
                   .json();
    CHECK(out["value"] == 41.0);
    CHECK(out["gradient"]["x"] == json({5, 12, 18}));
    CHECK(out["gradient"]["b"] == 1.0);
    CHECK(out["hessian"]["x"]["x"] == json({{6, 0, 0}, {0, 6, 0}, {0, 0, 6}}));
    CHECK(out["hessian"]["x"]["b"] == json({1, 0, 0}));
    CHECK(out["hessian"]["b"]["x"] == json({1, 0, 0}));
    CHECK(out["hessian"]["b"]["b"] == 0.0);
    CHECK(out["metrics"]["largest"] == 3.0);
  }
  SECTION("--set, initial values") {
    json out =
        folder.thalweg("eval bowl.tw --set n=5 --set a=1/2 --what value,gradient --json").json();
    CHECK(out["value"] == 2.5);
    CHECK(out["gradient"]["x"].size() == 5);
  }
  SECTION("contradictions") {
    Ran ran = folder.thalweg("eval bowl.tw --at x=[1,2,3] --set n=4");
    CHECK(ran.code == 1);
    CHECK(ran.out == "");
    CHECK(ran.says("error[shape-mismatch]: param 'x' is [n] with n = 4; the value given is [3]"));
    CHECK(ran.says("bowl.tw:3:9"));
    CHECK(folder.thalweg("eval bowl.tw --at x=3").says("the value given is a number"));
    CHECK(folder.thalweg("eval bowl.tw --at 'x=[[1,2],[3]]'")
              .says("this list has 1 elements, the first one 2"));
    CHECK(folder.thalweg("eval bowl.tw --at 'x=[1,[2]]'").says("where a number is needed"));
  }
  SECTION("text for people") {
    Ran ran = folder.thalweg("eval bowl.tw --at x=[1,2] --what value,gradient");
    CHECK(ran.code == 0);
    CHECK(ran.out == "Bowl at\n  a = 3\n  x[2] = [1, 2]\n  b = 0\nvalue\n  f = 15\ngradient\n  "
                     "x[2] = [6, 12]\n  b = 1\n");
  }
}

TEST_CASE("what is not finite is printed, what fails is an error") {
  Folder folder;
  folder.file("bowl.tw", kBowl);
  folder.file("labels.tw", kLabels);
  Ran ran = folder.thalweg("eval bowl.tw --at 'x=[-inf, 2*pi]' --what value,gradient --json");
  CHECK(ran.code == 0);
  CHECK(ran.json()["value"] == "nan"); // 0 * -inf
  CHECK(ran.json()["gradient"]["x"][0] == "-inf");
  CHECK(folder.thalweg("eval bowl.tw --at 'x=[inf, 2]' --at b=1 --json").json()["value"] == "inf");

  ran = folder.thalweg("eval labels.tw --problem Picks --at x=[1,2] --at y=[0,1,2]");
  CHECK(ran.code == 1);
  CHECK(ran.says("error[run-failed]: Picks"));
  CHECK(ran.says("labels.tw:11:")); // the place of the index
  CHECK(folder.thalweg("eval labels.tw --problem Picks --at x=[1,2] --at y=[0,1,1] --json")
            .json()["value"] == 5.0);
  CHECK(folder.thalweg("eval bowl.tw --set n=0").says("error[run-failed]"));

  ran = folder.thalweg("eval " + kLibrary + "problems/Rosenbrock.tw --set n=1");
  CHECK(ran.code == 1);
  CHECK(ran.says("'n >= 2' does not hold"));

  ran = folder.thalweg("eval bowl.tw --set n=20000 --what hessian");
  CHECK(ran.code == 1);
  CHECK(ran.says("error[bad-size]: the Hessian of 20001 parameters"));
  CHECK(folder.thalweg("eval bowl.tw --set n=20000 --what gradient").code == 0);
}

TEST_CASE("labels are classes") {
  Folder folder;
  folder.file("labels.tw", kLabels);
  std::string at =
      "eval labels.tw --problem Labels --at 'X=[[1,2],[3,4]]' --at 'W=[[1,2,3],[4,5,6]]' ";
  json out = folder.thalweg(at + "--at y=[0,2] --what value,gradient --json").json();
  CHECK(out["value"] == (9.0 + 33.0) / 2);
  CHECK(out["gradient"]["W"] == json({{0.5, 0, 1.5}, {1, 0, 2}}));
  CHECK(folder.thalweg(at + "--at y=[0,3]").says("'y' holds class 3; there are 3"));
  CHECK(folder.thalweg(at + "--at y=[0,0.5]").says("not a class"));
}

TEST_CASE("data come from the experiment that minimizes the problem") {
  Folder folder;
  folder.file("fit.tw", kLogistic);
  folder.file("data.csv", "a,b,y\n1,2,1\n-1,0.5,-1\n3,-1,1\n");
  std::string point = "--at w=[0.25,-0.5] --at b=0.125 --what value,gradient,hessian --json";
  Ran file = folder.thalweg("eval fit.tw " + point);
  REQUIRE(file.err == "");
  Ran given = folder.thalweg(
      "eval fit.tw --set lambda=0.5 --at 'X=[[1,2],[-1,0.5],[3,-1]]' --at y=[1,-1,1] " + point);
  REQUIRE(given.code == 0);
  CHECK(file.out == given.out);

  SECTION("the derivatives are those of the value") {
    json here = file.json();
    auto shifted = [&](const std::string& what) {
      return folder.thalweg("eval fit.tw " + what + " --what value,gradient --json").json();
    };
    const double h = 1e-5;
    json up = shifted(fmt::format("--at w=[{},-0.5] --at b=0.125", 0.25 + h));
    json down = shifted(fmt::format("--at w=[{},-0.5] --at b=0.125", 0.25 - h));
    auto slope = [&](const json& a, const json& b) {
      return (a.get<double>() - b.get<double>()) / (2 * h);
    };
    CHECK(slope(up["value"], down["value"]) ==
          Approx(here["gradient"]["w"][0].get<double>()).epsilon(1e-8));
    CHECK(slope(up["gradient"]["w"][1], down["gradient"]["w"][1]) ==
          Approx(here["hessian"]["w"]["w"][0][1].get<double>()).epsilon(1e-8));
    CHECK(slope(up["gradient"]["b"], down["gradient"]["b"]) ==
          Approx(here["hessian"]["b"]["w"][0].get<double>()).epsilon(1e-8));
  }
  SECTION("a file that is not there") {
    std::filesystem::remove(folder.path("data.csv"));
    Ran ran = folder.thalweg("eval fit.tw");
    CHECK(ran.code == 1);
    CHECK(ran.says("error[data-file]"));
  }
  SECTION("f32 computes and prints in f32") {
    json out = folder.thalweg("eval fit.tw --precision f32 " + point).json();
    double wide = file.json()["value"].get<double>(), narrow = out["value"].get<double>();
    CHECK(narrow == Approx(wide).epsilon(1e-6));
    CHECK(narrow != wide);
  }
}

TEST_CASE("a problem that maximizes has its own sign") {
  Folder folder;
  folder.file("up.tw", "problem Up { param x = 2\n maximize -(x - 1)^2 }\n");
  json out = folder.thalweg("eval up.tw --what value,gradient,hessian --json").json();
  CHECK(out["value"] == -1.0);
  CHECK(out["gradient"]["x"] == -2.0);
  CHECK(out["hessian"]["x"]["x"] == -2.0);
}

TEST_CASE("what eval is asked wrongly") {
  Folder folder;
  folder.file("bowl.tw", kBowl);
  folder.file("labels.tw", kLabels);
  CHECK(folder.thalweg("eval bowl.tw --what valu").code == 2);
  CHECK(folder.thalweg("eval").code == 2);
  CHECK(folder.thalweg("eval bowl.tw --wat").code == 2);
  CHECK(folder.thalweg("eval none.tw").says("error[file-not-found]"));
  CHECK(folder.thalweg("eval labels.tw").says("declares 2 problems; say which"));
  CHECK(folder.thalweg("eval bowl.tw --problem Bow").says("declares no problem 'Bow'"));
  CHECK(folder.thalweg("eval bowl.tw --at xx=3").says("has no param or data 'xx'"));
  CHECK(folder.thalweg("eval bowl.tw --at x").says("is not NAME=VALUE"));
  CHECK(folder.thalweg("eval bowl.tw --at b=1 --at b=2").says("'b' is given twice"));
  CHECK(folder.thalweg("eval bowl.tw --at 'x=[1+, 2]'").says("error[missing-operand]"));
  CHECK(folder.thalweg("eval bowl.tw --at 'x=[foo, 2]'").says("'foo' is no number"));
  CHECK(folder.thalweg("eval bowl.tw --set c=1").says("there is no 'c' to set"));
  CHECK(folder.thalweg("eval labels.tw --problem Labels")
            .says("the data 'X', 'y' of problem 'Labels' is not given"));
  for (const char* text : {"none.tw", "labels.tw", "bowl.tw --at xx=3", "bowl.tw --at x"})
    CHECK(folder.thalweg(fmt::format("eval {}", text)).code == 1);
}

TEST_CASE("the example of docs/cli.md is what eval prints") {
  Folder folder;
  std::ifstream in(std::string(THALWEG_SOURCE_DIR) + "/docs/cli.md");
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str(), start = "$ thalweg eval ";
  size_t at = text.find(start), line = text.find('\n', at), end = text.find("```", line);
  REQUIRE(at != text.npos);
  std::string arguments = text.substr(at + start.size(), line - at - start.size());
  Ran ran = folder.shell(
      fmt::format("cd {} && '{}' eval {}", THALWEG_SOURCE_DIR, THALWEG_PROGRAM, arguments));
  CHECK(ran.out == text.substr(line + 1, end - line - 1));
}

// Two products of one kernel, of which the second is stored after a formula alone.
TEST_CASE("the blocks of a Hessian mirror each other where matrices are square") {
  Folder folder;
  folder.file("square.tw", R"(
problem Square(n = 3) {
  param x: [n]
  param W: [n, n]
  minimize sum(cos(W.T @ (W @ x))) + sumsq(W @ x) + sum(W[0, :]*x)
}
)");
  Ran ran = folder.thalweg("eval square.tw --what hessian --json "
                           "--at 'x=[0.3, -0.7, 0.5]' "
                           "--at 'W=[[1, 2, -1], [3, 4, 0.5], [0.25, -2, 1.5]]'");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  const json blocks = ran.json()["hessian"];
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k)
        CHECK(blocks["W"]["x"][i][j][k].get<double>() ==
              Approx(blocks["x"]["W"][k][i][j].get<double>()).epsilon(1e-12).margin(1e-12));
}

// What both sides of a branch mention is made where each is taken, not before the choice.
TEST_CASE("an index that one side of a branch guards is not read on the other") {
  Folder folder;
  folder.file("walk.tw", R"(
function last_below(y, bound) {
  let n = size(y)
  var k = 0
  var found = 0.0
  while k < n max 100 {
    if y[k] > bound {
      k = k + 1
      if k < n { found = y[k] } else { found = -1 }
    } else {
      k = k + 1
      if k < n { found = y[k] } else { found = -2 }
    }
  }
  return found
}
problem P { param x: [3] = 1; minimize last_below(x, 2)*sum(x) }
)");
  for (auto [at, value] : {std::pair{"[1, 3, 2]", -2.0 * 6}, {"[1, 2, 3]", -1.0 * 6}}) {
    Ran ran = folder.thalweg(fmt::format("eval walk.tw --json --at \"x={}\"", at));
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    CHECK(ran.json()["value"] == value);
  }
}
