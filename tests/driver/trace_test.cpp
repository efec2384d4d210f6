// `thalweg trace`: names, shapes and values, on the path that a run takes.
#include "trace_lines.h"

#include <cmath>

using namespace thalweg::test;

TEST_CASE("trace of a rule alone shows lets, states and primes on the quadratic") {
  Folder folder;
  Ran ran = folder.thalweg("trace " + kLibrary + "optimizers/AdamW.tw --steps 3");
  REQUIRE(ran.err == "");
  REQUIRE(ran.code == 0);
  // The formula once more, in plain doubles.
  double x[3] = {1, -2, 3}, m[3] = {}, v[3] = {};
  for (int t = 1; t <= 3; ++t) {
    INFO("step " << t);
    std::vector<double> shown_x = numbers(ran.out, t, "x"), g = numbers(ran.out, t, "g"),
                        m1 = numbers(ran.out, t, "m'"), v1 = numbers(ran.out, t, "v'");
    std::vector<double> mh = numbers(ran.out, t, "m̂"), vh = numbers(ran.out, t, "v̂"),
                        x1 = numbers(ran.out, t, "x'");
    std::vector<double> m0 = numbers(ran.out, t, "m"), v0 = numbers(ran.out, t, "v");
    for (size_t i = 0; i < 3; ++i) {
      auto near = [](double a) { return Approx(a).epsilon(1e-14).margin(1e-300); };
      CHECK(shown_x[i] == near(x[i]));
      CHECK(g[i] == near(x[i])); // of ½‖x‖²
      CHECK(m0[i] == near(m[i]));
      CHECK(v0[i] == near(v[i]));
      m[i] = 0.9 * m[i] + 0.1 * x[i];
      v[i] = 0.999 * v[i] + 0.001 * x[i] * x[i];
      double a = m[i] / (1 - std::pow(0.9, t)), b = v[i] / (1 - std::pow(0.999, t));
      CHECK(m1[i] == Approx(m[i]).epsilon(1e-13));
      CHECK(v1[i] == Approx(v[i]).epsilon(1e-13));
      CHECK(mh[i] == Approx(a).epsilon(1e-12));
      CHECK(vh[i] == Approx(b).epsilon(1e-12));
      x[i] -= 1e-3 * (a / (std::sqrt(b) + 1e-8) + 0.01 * x[i]);
      CHECK(x1[i] == Approx(x[i]).epsilon(1e-14));
    }
  }
  CHECK(ran.out.find("\nstep 4:") == std::string::npos);
  CHECK(ran.out.starts_with("AdamW on f(x) = ½‖x‖², f64\n"));
}

TEST_CASE("trace walks the path of the run, batches, transforms and schedules included") {
  Folder folder;
  std::string data = "a,b,y\n";
  for (int i = 0; i < 23; ++i)
    data += fmt::format("{},{},{}\n", 0.1 * i - 1, (i * 7) % 5 - 2, i % 3 == 0 ? 1 : -1);
  folder.file("data.csv", data);
  folder.file("fit.tw", R"(
problem Fit(lambda = 0.1) {
  data X: [n, d]
  data y: [n]
  param w: [d] = 0.3
  param b = 0
  minimize mean(log(1 + exp(-y*(X @ w + b)))) + lambda/2*sumsq(w)
}
optimizer LookAhead(lr = 0.01, momentum = 0.9) on tensor x {
  state v = 0
  let ahead = x - lr*momentum*v
  v' = momentum*v + ∇f(ahead)
  x' = x - lr*v'
}
experiment fit {
  minimize Fit()
  given X, y = csv("data.csv", target = "y")
  using clip_by_global_norm(0.25) |> AdamW(lr = warmup_cosine(peak = 0.05, warmup = 3, total = 10)) as chained
  using LookAhead(lr = 0.5) as ahead
  batch 5
  steps 7
  seed 3
}
)");
  Ran run = folder.thalweg("run fit.tw --json --quiet");
  REQUIRE(run.code == 0);
  Ran trace = folder.thalweg("trace fit.tw --steps 7");
  REQUIRE(trace.err == "");
  REQUIRE(trace.code == 0);
  size_t second = trace.out.find("experiment fit, ahead");
  REQUIRE(second != std::string::npos);
  std::vector<std::string> parts{trace.out.substr(0, second), trace.out.substr(second)};
  for (size_t k = 0; k < 2; ++k) {
    auto params = run.json()["runs"][k]["params"];
    std::vector<double> w = numbers(parts[k], 7, "x'");
    REQUIRE(w.size() == 2);
    // Shortest texts of the same bits.
    CHECK(w[0] == params["w"][0].get<double>());
    CHECK(w[1] == params["w"][1].get<double>());
  }
  CHECK(numbers(parts[0], 2, "lr") == std::vector<double>{0.05 * 2 / 3});
  CHECK(parts[0].find("clip_by_global_norm.total") != std::string::npos);
  CHECK(parts[0].find("clip_by_global_norm.g'") != std::string::npos);
  CHECK(parts[0].find(", 5 of 23 rows") != std::string::npos);
  CHECK(numbers(parts[1], 3, "ahead").size() == 2);

  Ran one = folder.thalweg("trace fit.tw --steps 1 --racer ahead");
  CHECK(one.out.starts_with("experiment fit, ahead, f64\n"));
  CHECK(one.out.find("chained") == std::string::npos);
  Ran none = folder.thalweg("trace fit.tw --racer ahad");
  CHECK(none.code == 1);
  CHECK(none.says("did you mean 'ahead'?"));
}

TEST_CASE("trace of larger tensors, of f32, of --set, of a failing rule") {
  Folder folder;
  folder.file("wide.tw", R"(
problem Wide { param x: [d] = 1
  data A: [n, d]
  minimize sum(A @ x) + sumsq(x)/2 }
optimizer Plain(lr = 0.1) on tensor x { require lr > 0
  x' = x - lr*∇f(x) }
experiment e { minimize Wide() given A = csv("a.csv", header = false) using Plain() steps 2 }
)");
  folder.file("a.csv", "1,2,3,4,5,6,7,8,9,10\n");
  Ran ran = folder.thalweg("trace wide.tw --steps 1 --set plain.lr=0.5");
  REQUIRE(ran.err == "");
  CHECK(ran.out.find("∇f(x) [10] = 2, 3, 4, …, 11  (norm 22.4722)") != std::string::npos);
  CHECK(ran.out.find("x'    [10] = 0, -0.5, -1, …, -4.5  (norm ") != std::string::npos);
  Ran narrow = folder.thalweg("trace wide.tw --steps 1 --precision f32");
  CHECK(narrow.out.find("x'    [10] = 0.8, 0.7, 0.6, …, -0.1") != std::string::npos);
  Ran bad = folder.thalweg("trace wide.tw --set plain.lr=-1");
  CHECK(bad.code == 1);
  CHECK(bad.says("'lr > 0' does not hold"));
  CHECK(bad.says("wide.tw:5:"));
  CHECK(folder.thalweg("trace wide.tw --steps -1").code == 2);
}

TEST_CASE("reports are shown, and are one number for the whole rule") {
  Folder folder;
  folder.file("rule.tw", R"(
optimizer Whole(lr = 0.5) on vector x { report size = norm(2*x)
  x' = x - lr*∇f(x) }
optimizer Each(lr = 0.5) on tensor x { report size = norm(2*x)
  x' = x - lr*∇f(x) }
)");
  Ran whole = folder.thalweg("trace rule.tw --racer Whole --steps 2");
  REQUIRE(whole.code == 0);
  CHECK(numbers(whole.out, 1, "size")[0] == Approx(2 * std::sqrt(14)).epsilon(1e-15));
  CHECK(numbers(whole.out, 2, "size")[0] == Approx(std::sqrt(14)).epsilon(1e-15));
  Ran each = folder.thalweg("trace rule.tw --racer Each");
  CHECK(each.code == 1);
  CHECK(each.says("'size' differs from parameter to parameter"));
}
