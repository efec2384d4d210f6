// Routing, and rules that ask for the rank, role and name of their parameter: against the same
// rules on each parameter alone.
#include "trace_lines.h"

using namespace thalweg::test;

namespace {

const std::string kProgram = R"(
problem Net {
  param W: [3, 2] = [[1, 2], [3, 4], [5, 6]]
  param b: [2] = [7, 8]
  param H: [2, 2] role head = [[1, -1], [2, -2]]
  param s = 3
  minimize sumsq(W)/2 + sumsq(b)/2 + sumsq(H)/2 + s^2/2
}
optimizer Plain(lr = 0.1) on tensor x { x' = x - lr*∇f(x) }
optimizer Normed(lr = 0.1) on tensor x {
  let n = norm(all ∇f(x))
  x' = x - lr*∇f(x)/n
  report length = n
}
optimizer Rowwise(lr = 0.1) on matrix W {
  state seen = zeros(rows(W))
  seen' = seen + sum(∇f(W), axis = 1)
  W' = W - lr*∇f(W)*rows(W) + 0*seen[:, new]
}
optimizer Mixed(lr = 0.1, other = 0.5) {
  head, embedding: Plain(lr = other)
  matrices:  Rowwise(lr = lr)
  otherwise: Normed(lr = lr)
}
transform halved(by = 0.5) on g { g' = by*g }
transform every(k = 2) on g {
  state total = 0
  total' = if t mod k == 1 then g else total + g
  g' = total'/k
  step when t mod k == 0
}
)";

nlohmann::json runs(const Folder& folder, const std::string& lines, int steps,
                    const std::string& rules = "") {
  folder.file("net.tw", kProgram + rules +
                            fmt::format("experiment e {{\n  minimize Net()\n{}\n  steps {}\n}}\n",
                                        lines, steps));
  Ran run = folder.thalweg("run net.tw --json --quiet");
  INFO(run.err);
  REQUIRE(run.code == 0);
  return run.json()["runs"];
}

} // namespace

TEST_CASE("each parameter goes to the first line that takes it") {
  Folder folder;
  auto run = runs(folder,
                  "  using Mixed()\n  record loss, mixed.lr, mixed.matrices.lr, mixed.head.lr, "
                  "mixed.otherwise.length every 1",
                  1)[0];
  CHECK(run["params"]["H"][0][0].get<double>() == Approx(0.5));     // 1 - 0.5
  CHECK(run["params"]["W"][0][0].get<double>() == Approx(1 - 0.3)); // three rows
  double norm = std::sqrt(49 + 64 + 9);                             // of b and s alone
  CHECK(run["params"]["b"][0].get<double>() == Approx(7 - 0.7 / norm));
  CHECK(run["params"]["s"].get<double>() == Approx(3 - 0.3 / norm));
  CHECK(run["reports"]["otherwise.length"].get<double>() == Approx(norm));
  Ran trace = folder.thalweg("trace net.tw --steps 1");
  CHECK(trace.code == 0);
  CHECK(trace.out.find("x' [2] = [6.9") != std::string::npos);
  Ran set = folder.thalweg("run net.tw --json --quiet --set Mixed.other=1");
  CHECK(set.json()["runs"][0]["params"]["H"][0][0] == 0.0);
}

TEST_CASE("transforms before routing see the gradients of all") {
  Folder folder;
  auto together = runs(folder,
                       "  using clip_by_global_norm(1) |> Mixed() as routed\n"
                       "  using clip_by_global_norm(1) |> Plain(lr = 0.5) as plain\n"
                       "  using halved() |> Mixed() as inlined\n  using Mixed() as raw\n"
                       "  using every(2) |> Mixed() as held\n"
                       "  record loss, clip_by_global_norm.max_norm every 1\n",
                       3);
  // The head's rule is the plain one's.
  Folder one;
  auto first = runs(one,
                    "  using clip_by_global_norm(1) |> Mixed() as routed\n"
                    "  using clip_by_global_norm(1) |> Plain(lr = 0.5) as plain\n",
                    1);
  CHECK(first[0]["params"]["H"] == first[1]["params"]["H"]);
  CHECK(together[4]["params"] == together[3]["params"]);
  CHECK(together[4]["epochs"] == 6.0);
  auto half = runs(one, "  using halved() |> Mixed() as inlined\n", 1);
  CHECK(half[0]["params"]["H"][0][0].get<double>() == Approx(0.75));
  folder.thalweg("run net.tw --quiet");
  for (const std::string racer : {"routed", "held", "inlined"}) {
    Ran trace = folder.thalweg("trace net.tw --steps 3 --racer " + racer);
    INFO(trace.err);
    REQUIRE(trace.code == 0);
  }
}

TEST_CASE("a rule asks for rank, role and name of its parameter") {
  Folder folder;
  const std::string rules = R"(
optimizer Decayed(lr = 0.1, weight_decay = 0.5) on tensor x {
  let decay = if rank(x) == 2 and role(x) != "head" then weight_decay
              else if matches(name(x), "b*") then 10
              else 0
  let shape = if rank(x) == 2 then cols(x) else 0
  x' = x - lr*(∇f(x) + decay*x) + 0*shape
}
transform masked(by = 2) on g { g' = if name(g) == "s" then by*g else g }
)";
  auto run = runs(folder, "  using Decayed()\n  using masked() |> Decayed() as m\n", 1, rules);
  CHECK(run[0]["params"]["W"][0][0].get<double>() == Approx(1 - 0.15));
  CHECK(run[0]["params"]["H"][0][0].get<double>() == Approx(1 - 0.1));
  CHECK(run[0]["params"]["b"][0].get<double>() == Approx(7 - 7.7));
  CHECK(run[0]["params"]["s"].get<double>() == Approx(3 - 0.3));
  CHECK(run[1]["params"]["s"].get<double>() == Approx(3 - 0.6));
  CHECK(run[1]["params"]["W"] == run[0]["params"]["W"]);
  Ran library = folder.thalweg("build net.tw --optimizer Decayed --out .");
  CHECK(library.code == 1);
  CHECK(library.says("it asks for the name or the role of its parameter"));
  CHECK(folder.thalweg("build net.tw --optimizer Mixed --out .").says("it has no rule of its own"));
  CHECK(folder.thalweg("check net.tw")
            .out.find(
                "optimizer Mixed routes head to Plain, matrices to Rowwise, otherwise to Normed") !=
        std::string::npos);
}

TEST_CASE("many parameters need as many variants as there are answers") {
  Folder folder;
  std::string text = "problem Many {\n";
  std::string sum;
  for (int k = 0; k < 300; ++k) {
    text += fmt::format("  param p{}: [2] = 1\n", k);
    if (k % 10 == 0) sum += fmt::format("{}sumsq(p{})", k == 0 ? "" : " + ", k);
  }
  text += "  minimize " + sum + "\n}\n" + R"(
optimizer Odd(lr = 0.1) on tensor x {
  x' = if matches(name(x), "*7") then x else x - lr*∇f(x) - 0.001
}
optimizer Routed(lr = 0.1) { head: Odd(lr = lr); otherwise: Odd(lr = lr) }
experiment e { minimize Many(); using Routed(); steps 2 }
)";
  folder.file("many.tw", text);
  Ran run = folder.thalweg("run many.tw --json --quiet --time-passes");
  INFO(run.err);
  REQUIRE(run.code == 0);
  CHECK(run.json()["runs"][0]["params"]["p17"][0] == 1.0);
  CHECK(run.json()["runs"][0]["params"]["p18"][0].get<double>() == Approx(0.998));
}
