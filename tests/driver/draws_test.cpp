// Draws in rules and transforms: the run, the interpreter and a library draw the same numbers.
#include "trace_lines.h"

#include <set>

using namespace thalweg::test;

namespace {

const std::string kProgram = R"(
problem Q {
  param a: [7] = normal(0, 1)
  param b: [3, 5] = uniform(-1, 1)
  param c = 2
  minimize sumsq(a) + sumsq(b) + c^2
}
transform jitter(scale = 0.1) on g { g' = g + scale*normal() }
optimizer Noisy(lr = 0.1) on tensor x {
  state u = rademacher()
  u' = 0.5*u + uniform(0, 0.1)
  x' = x - lr*(∇f(x) + normal(0, 0.1) + rademacher()*0.01 + u)
}
optimizer Around(inner: optimizer = Noisy()) on tensor x { x' = inner.step(x) }
optimizer Whole(lr = 0.1) on vector x {
  x' = x - lr*(∇f(x) + normal()*norm(x)) + 0.01*sum(uniform(like x[0..2]))
}
experiment e {
  minimize Q()
  using    Noisy() as plain
  using    jitter() |> Noisy() as chained
  using    Around() as around
  using    Whole() as whole
  steps    4
  seed     PRECISION_SEED
}
)";

std::string program(int seed) {
  std::string text = kProgram;
  text.replace(text.find("PRECISION_SEED"), 14, std::to_string(seed));
  return text;
}

} // namespace

TEST_CASE("a run draws what the interpreter draws, in both precisions") {
  Folder folder;
  folder.file("noisy.tw", program(11));
  for (const std::string precision : {"f64", "f32"}) {
    Ran run = folder.thalweg("run noisy.tw --json --quiet --precision " + precision);
    REQUIRE(run.code == 0);
    for (size_t k = 0; k < 4; ++k) {
      std::string name = run.json()["runs"][k]["name"];
      INFO(name << " " << precision);
      Ran trace =
          folder.thalweg("trace noisy.tw --steps 4 --precision " + precision + " --racer " + name);
      REQUIRE(trace.code == 0);
      std::vector<double> shown = numbers(trace.out, 4, "x'");
      auto a = run.json()["runs"][k]["params"]["a"].get<std::vector<double>>();
      if (name == "whole") { // shortened: the first three of all
        shown.resize(3);
        a.resize(3);
      }
      if (shown.size() == 7) CHECK(shown == a);
      for (size_t i = 0; i < 3; ++i)
        CHECK(shown[i] == a[i]);
    }
    Ran again = folder.thalweg("run noisy.tw --json --quiet --precision " + precision);
    for (size_t k = 0; k < 4; ++k)
      CHECK(again.json()["runs"][k]["params"] == run.json()["runs"][k]["params"]);
  }
}

TEST_CASE("seed, step, param and place in the text tell draws apart") {
  Folder folder;
  folder.file("one.tw", program(1));
  folder.file("two.tw", program(2));
  auto params = [&](const std::string& file, int steps) {
    return folder.thalweg(fmt::format("run {} --json --quiet --set steps={}", file, steps))
        .json()["runs"][0]["params"];
  };
  CHECK(params("one.tw", 0) != params("two.tw", 0));
  folder.file("still.tw", R"(
problem Q { param a: [4] = 0; param b: [4] = 0; minimize sumsq(a) + sumsq(b) }
optimizer Draw(lr = 1) on tensor x { x' = normal() + 0*lr*∇f(x); report n = t }
optimizer Two(lr = 1) on tensor x { x' = normal() - normal() + 0*lr*∇f(x) }
experiment e { minimize Q(); using Draw(); using Two(); steps 3 }
)");
  std::set<double> seen;
  size_t drawn = 0;
  for (int steps : {1, 2, 3})
    for (int seed : {0, 1})
      for (const char* name : {"a", "b"}) {
        auto run = folder
                       .thalweg(fmt::format(
                           "run still.tw --json --quiet --set steps={} --set seed={}", steps, seed))
                       .json()["runs"];
        for (double x : run[0]["params"][name])
          seen.insert(x), ++drawn;
        for (double x : run[1]["params"][name])
          CHECK(x != 0);
      }
  CHECK(seen.size() == drawn);
}

TEST_CASE("a library draws what a run draws, with the seed and the name's hash handed in") {
  Folder folder;
  folder.file("noisy.tw", R"(
problem Q { param w: [5] = 1; minimize sumsq(w)/2 }
optimizer Noisy(lr = 0.1) on tensor x {
  state u = normal()
  u' = 0.5*u + uniform(0, 0.1)
  x' = x - lr*(∇f(x) + normal(0, 0.1) + u)
}
experiment e { minimize Q(); using Noisy(); steps 3; seed 5 }
)");
  Ran run = folder.thalweg("run noisy.tw --json --quiet");
  REQUIRE(run.code == 0);
  REQUIRE(folder.thalweg("build noisy.tw --optimizer Noisy --out .").code == 0);
  folder.file("use.c", R"(
#include "noisy.h"
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  double x[5] = {1, 1, 1, 1, 1}, g[5];
  noisy_hyper hyper = noisy_defaults();
  hyper.seed = 5;
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  hyper.stream = (int64_t)((hash ^ 'w') * UINT64_C(0x100000001b3));
  void* state = malloc(noisy_state_size(5));
  if (noisy_init(state, x, 5, &hyper)) return 1;
  for (int t = 0; t < 3; ++t) {
    for (int i = 0; i < 5; ++i) g[i] = x[i];
    if (noisy_step(state, x, g, 5, &hyper)) return 1;
  }
  for (int i = 0; i < 5; ++i) printf("%.17g ", x[i]);
  free(state);
  return 0;
}
)");
  Ran library =
      folder.shell(std::string("'") + THALWEG_CC + "' use.c -L. -lnoisy -lm -o use && ./use");
  INFO(library.err);
  REQUIRE(library.code == 0);
  std::istringstream text(library.out);
  const nlohmann::json summary = run.json();
  for (double x : summary["runs"][0]["params"]["w"]) {
    double got = 0;
    REQUIRE(text >> got);
    CHECK(got == x);
  }
}
