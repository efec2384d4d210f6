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

// Each rule beside the same text without the question, which makes one variant of all params.
TEST_CASE("what all params say together has the same bits in however many variants") {
  const std::string body = R"( on tensor x {
  state start = norm(all ∇f(x))
  start' = start
  let g = ∇f(x)
  let h = g/norm(all g)
  let among = sum(all h*x)/mean(all x^2) + max(all abs(h)) + count(all x > 0)/size(all x)
  let there = ∇f(x - 0.01*among*h)
  let turned = dot(all there, all h)
  fail "a turn of {turned}" if turned > 1e6
  report angle = turned
  let k = ASKED
  x' = x - lr*k*(turned*h + there/norm(all there) + g/start)
}
)";
  auto rule = [&](const std::string& name, const std::string& asked) {
    std::string text = "optimizer " + name + "(lr = 0.01)" + body;
    return text.replace(text.find("ASKED"), 5, asked);
  };
  const std::string rules =
      rule("One", "1") + rule("Role", "if role(x) == \"head\" then 1 else 1") +
      rule("Rank", "if rank(x) > 1 then 1 else 1") +
      rule("Name", "if matches(name(x), \"[sW]\") or name(x) == \"b\" then 1 else 1") + R"(
optimizer Ranked(lr = 0.1) on tensor x {
  let n = norm(all ∇f(x))
  let k = if rank(x) > 1 then 1 else 1
  x' = x - lr*k*∇f(x)/n
}
)";
  Folder folder;
  for (const char* precision : {"f64", "f32"}) {
    auto all =
        runs(folder,
             fmt::format("  precision {}\n  using One()\n  using Role()\n  using Rank()\n"
                         "  using Name()\n  using clip_by_global_norm(2) |> Normed() as clipped\n"
                         "  using clip_by_global_norm(2) |> Ranked() as parted\n",
                         precision),
             7, rules);
    for (size_t k = 1; k < 4; ++k) {
      INFO(all[k]["name"]);
      CHECK(all[k]["params"] == all[0]["params"]);
      CHECK(all[k]["reports"] == all[0]["reports"]);
    }
    CHECK(all[5]["params"] == all[4]["params"]);
    CHECK(all[4]["params"] != all[0]["params"]);
    Ran one = folder.thalweg("trace net.tw --steps 7 --racer one");
    Ran parted = folder.thalweg("trace net.tw --steps 7 --racer rank");
    CHECK(parted.err == "");
    // Names are told as written, what is folded as compiled.
    CHECK(numbers(parted.out, 7, "turned")[0] ==
          Approx(numbers(one.out, 7, "turned")[0]).epsilon(1e-6));
    CHECK(numbers(parted.out, 7, "turned")[0] ==
          Approx(all[0]["reports"]["angle"].get<double>()).epsilon(1e-6));
  }
  folder.file("net.tw", kProgram + rule("Far", "if rank(x) > 1 then 1e9 else 1e9") +
                            "experiment e {\n  minimize Net()\n  using Far()\n  steps 9\n}\n");
  Ran failed = folder.thalweg("run net.tw --quiet");
  CHECK(failed.code == 1);
  CHECK(failed.says("a turn of "));
}

TEST_CASE("under a line of routing 'all' ranges over what it takes, in all of its variants") {
  Folder folder;
  auto all = runs(folder,
                  "  using Lines(asks = true) as parted\n  using Lines(asks = false) as whole\n", 3,
                  R"(
optimizer Asking(lr = 0.1, asks = true) on tensor x {
  let n = norm(all ∇f(x))
  let k = if asks then (if rank(x) > 0 then 1 else 1) else 1
  x' = x - lr*k*∇f(x)/n
}
optimizer Lines(asks = true) {
  matrices: Asking(lr = 0.1, asks = asks)
  otherwise: Asking(lr = 0.2, asks = asks)
}
)");
  CHECK(all[0]["params"] == all[1]["params"]);
  auto first = runs(folder, "  using Lines(asks = true) as parted\n", 1, R"(
optimizer Lines(asks = true) { matrices: Normed(lr = 1); otherwise: Asking(lr = 1, asks = asks) }
optimizer Asking(lr = 0.1, asks = true) on tensor x {
  x' = x - lr*(if asks then (if rank(x) > 0 then 1 else 1) else 1)*∇f(x)/norm(all ∇f(x))
}
)")[0];
  const double norm = std::sqrt(49 + 64 + 9); // of b and s alone
  CHECK(first["params"]["b"][0].get<double>() == Approx(7 - 7 / norm));
  CHECK(first["params"]["s"].get<double>() == Approx(3 - 3 / norm));
}

TEST_CASE("a wrapper that measures all params steps an inner rule that looks at shapes") {
  Folder folder;
  auto all = runs(folder,
                  "  using SAM(rho = 0.1, inner = centralize() |> GD(lr = 0.01)) as wrapped\n"
                  "  using ByHand(lr = 0.01, rho = 0.1) as by_hand\n",
                  5, R"(
optimizer ByHand(lr = 0.01, rho = 0.1) on tensor x {
  let g = ∇f(x)
  let there = ∇f(x + rho*g/(norm(all g) + 1e-12))
  x' = if rank(x) == 2 then x - lr*(there - mean(there, axis = 1, keep = true)) else x - lr*there
}
)");
  for (const char* param : {"W", "b", "H"})
    for (size_t i = 0; i < 2; ++i) {
      auto of = [&](size_t racer) {
        auto value = all[racer]["params"][param][i];
        return (value.is_array() ? value[0] : value).get<double>();
      };
      CHECK(of(0) == Approx(of(1)).epsilon(1e-14));
    }
}
