// Library optimizers around others in a run: masks by texts, accumulation over uneven batches,
// averages as answers.
#include "program.h"

#include <cmath>

using namespace thalweg::test;

namespace {

nlohmann::json runs(const Folder& folder, const std::string& file) {
  Ran ran = folder.thalweg("run " + file + " --json --quiet");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  return ran.json()["runs"];
}

const std::string kNet = R"(
problem Net {
  param W: [2, 2] = [[1, 2], [3, 4]]
  param V: [2, 2] role head = [[2, 1], [1, 2]]
  param W_scale: [2] = [5, 6]
  param b = 2
  minimize sumsq(W)/2 + sumsq(V) + sumsq(W_scale)/4 + b^2
}
)";

} // namespace

TEST_CASE("a mask by texts is the routing written out") {
  Folder folder;
  folder.file("mask.tw", kNet + R"(
optimizer Routed(lr = 0.1) {
  head: Adam(lr = lr)
  matrices: AdamW(lr = lr, weight_decay = 0.3)
  otherwise: Adam(lr = lr)
}
experiment e {
  minimize Net()
  using Routed()
  using decoupled_decay(0.3, spare_vectors = true, except_role = "head") |> Adam(lr = 0.1)
  using decoupled_decay(0.3, except_name = "[VWb]*") |> Adam(lr = 0.1) as other
  using decoupled_decay(0.3, except_name = "*_scale") |> Adam(lr = 0.1) as named
  using AdamW(lr = 0.1, weight_decay = 0.3) as whole
  steps 20
}
)");
  nlohmann::json all = runs(folder, "mask.tw");
  auto near = [](const nlohmann::json& a, const nlohmann::json& b) {
    for (size_t k = 0; k < a.size(); ++k)
      for (size_t i = 0; i < a[k].size(); ++i)
        if (std::abs(a[k][i].get<double>() - b[k][i].get<double>()) > 1e-13) return false;
    return true;
  };
  for (const char* param : {"W", "V"}) {
    INFO(param);
    CHECK(near(all[0]["params"][param], all[1]["params"][param]));
  }
  CHECK(all[0]["params"]["W_scale"] == all[1]["params"]["W_scale"]);
  CHECK(all[0]["params"]["b"].get<double>() ==
        Approx(all[1]["params"]["b"].get<double>()).epsilon(1e-14));
  CHECK(near(all[2]["params"]["W"], all[4]["params"]["W"])); // brackets are letters
  CHECK(all[3]["params"]["W_scale"] == all[0]["params"]["W_scale"]);
  CHECK(near(all[3]["params"]["V"], all[4]["params"]["V"]));
  // The same from the command line.
  Ran set =
      folder.thalweg("run mask.tw --json --quiet --set 'named.decoupled_decay.except_name=\"W*\"' "
                     "--set 'named.decoupled_decay.weight_decay=0.2'");
  REQUIRE(set.code == 0);
  nlohmann::json named = set.json()["runs"][3]["params"];
  CHECK(named["W_scale"] == all[0]["params"]["W_scale"]);
  CHECK_FALSE(near(named["W"], all[4]["params"]["W"]));
  CHECK(folder.thalweg("run mask.tw --set named.decoupled_decay.except_name=1")
            .says("a text, in quotes"));
  CHECK(folder.thalweg("run mask.tw --set 'named.decoupled_decay.weight_decay=\"x\"'")
            .says("a number"));
  CHECK(folder.thalweg("run mask.tw --set 'steps=\"x\"'").says("a number"));
}

TEST_CASE("accumulation over an epoch of uneven batches is one step on all rows") {
  Folder folder;
  folder.file("rows.csv", "a,b,y\n1,2,3\n2,1,0\n0,3,1\n1,1,2\n4,0,1\n2,2,2\n3,1,5\n");
  folder.file("rows.tw", R"(
problem Fit {
  data  X: [n, d]
  data  y: [n]
  param w: [d] = 0
  minimize mean((X @ w - y)^2)
}
experiment parts {
  minimize Fit()
  given X, y = csv("rows.csv", target = "y")
  using accumulate(k = 3, by_rows = true) |> clip_by_global_norm(2) |> AdamW(lr = cosine_decay(0.1, total = 20))
  using accumulate(k = 3) |> clip_by_global_norm(2) |> AdamW(lr = cosine_decay(0.1, total = 20))
  batch 3  order sequential  steps 12
}
experiment whole {
  minimize Fit()
  given X, y = csv("rows.csv", target = "y")
  using clip_by_global_norm(2) |> AdamW(lr = cosine_decay(0.1, total = 20))
  steps 12
}
)");
  Ran parts = folder.thalweg("run rows.tw --experiment parts --json --quiet"),
      whole = folder.thalweg("run rows.tw --experiment whole --json --quiet");
  REQUIRE(parts.code == 0);
  REQUIRE(whole.code == 0);
  nlohmann::json a = parts.json()["runs"], b = whole.json()["runs"][0];
  CHECK(a[0]["steps"] == 12);
  CHECK(a[0]["epochs"] == 12);
  for (size_t k = 0; k < 2; ++k) {
    double exact = b["params"]["w"][k], by_rows = a[0]["params"]["w"][k],
           by_batch = a[1]["params"]["w"][k];
    CHECK(std::abs(by_rows - exact) <= 1e-12);
    CHECK(std::abs(by_batch - exact) > 1e-6); // the short batch counts too much
  }
}

TEST_CASE("metrics, final params and train.loss are those of an average") {
  Folder folder;
  folder.file("average.tw", R"(
problem Line {
  param x = 4
  minimize x^2/2
  metric place = x
}
experiment e {
  minimize Line()
  using SWA(inner = SGD(lr = 0.5), start = 1, every = 2)
  using EMA(inner = SGD(lr = 0.5), decay = 0.5)
  using Lookahead(inner = SGD(lr = 0.5), k = 3)
  steps 5
  record loss, train.loss every 1
}
)");
  // The points are 2, 1, 0.5, 0.25, 0.125.
  nlohmann::json all = runs(folder, "average.tw");
  CHECK(all[0]["params"]["x"] == (0.5 + 0.125) / 2);
  double mean = 2;
  for (double x : {1.0, 0.5, 0.25, 0.125})
    mean += 0.5 * (x - mean);
  CHECK(all[1]["params"]["x"] == mean);
  CHECK(all[1]["metrics"]["place"] == mean);
  CHECK(all[1]["loss"] == mean * mean / 2);
  CHECK(all[2]["params"]["x"] == 4 + 0.5 * (0.5 - 4)); // of step 3
}

TEST_CASE("what an inner optimizer can't be is told") {
  Folder folder;
  auto says = [&](const std::string& rule, const std::string& text) {
    folder.file("e.tw", kNet + "optimizer Rateless(h = 1) on tensor x { x' = x - h*∇f(x) }\n" +
                            "transform stepping() on g of x { g' = rule.step(x) }\n" +
                            "experiment e { minimize Net()  using " + rule + "  steps 5 }\n");
    Ran ran = folder.thalweg("check e.tw");
    INFO(rule << "\n" << ran.err);
    CHECK(ran.code == 1);
    CHECK(ran.says(text));
  };
  says("SAM(inner = Nesterov())", "asks for more than the gradient that it is handed here");
  says("SAM(inner = SAM())", "asks for more than the gradient that it is handed here");
  says("decoupled_decay() |> Rateless()", "has no hyperparameter or state 'lr'");
  says("decoupled_decay(except_name = 3) |> GD()", "'except_name' takes a text");
  says("decoupled_decay(weight_decay = \"much\") |> GD()", "'weight_decay' takes no text");
  says("Lookahead(k = 2.5)", "'k mod 1 == 0' does not hold");
  says("EMA(warmup = true, debias = true)", "does not hold");
  says("clip_by_global_norm(1) |> SAM()", "it is not clear what '|>' transforms");
  says("stepping() |> GD()", "the rule behind a transform steps by itself");
}

TEST_CASE("transforms over all params stand before and behind those that look at shapes") {
  Folder folder;
  folder.file("stages.tw", R"(
problem Q {
  param x: [3] = [3, 4, -1]
  param M: [2, 2] = [[1, 2], [3, 4]]
  param y = 2
  minimize sumsq(x)/2 + y^2 + sumsq(M)
}
experiment e {
  minimize Q()
  using clip_by_global_norm(1) |> centralize() |> SGD(lr = 0.1) as behind
  using centralize() |> clip_by_global_norm(1) |> SGD(lr = 0.1) as before
  using accumulate(2) |> clip_by_global_norm(1) |> centralize() |> SGD(lr = 0.1) as gathered
  using centralize() |> Prodigy() as free
  using clip_by_global_norm(1) |> decoupled_decay(fixed = true, spare_vectors = true) |> Cautious(inner = SGD(lr = 0.1)) as masked
  steps 1
}
)");
  nlohmann::json all = runs(folder, "stages.tw");
  // Gradients: x, 2M, 2y. Their norm over all, and M's with its rows centred.
  const double norm = std::sqrt(26 + 120 + 16), after = std::sqrt(26 + 4 + 16);
  auto x = [&](size_t racer) { return all[racer]["params"]["x"][0].get<double>(); };
  auto M = [&](size_t racer) { return all[racer]["params"]["M"][1][0].get<double>(); };
  CHECK(x(0) == Approx(3 - 0.3 / norm).epsilon(1e-6));
  CHECK(M(0) == Approx(3 + 0.1 / norm).epsilon(1e-6));
  CHECK(x(1) == Approx(3 - 0.3 / after).epsilon(1e-6));
  CHECK(M(1) == Approx(3 + 0.1 / after).epsilon(1e-6));
  CHECK(x(2) == x(0)); // two batches with the same gradient
  CHECK(M(2) == M(0));
  CHECK(M(3) > 3);
  CHECK(M(4) == Approx(3 - 0.6 / norm - 0.03).epsilon(1e-6));
  CHECK(x(4) == Approx(3 - 0.3 / norm).epsilon(1e-6));
  Ran traced = folder.thalweg("trace stages.tw --racer behind --steps 1");
  CHECK(traced.code == 0);
  CHECK(traced.out.find("clip_by_global_norm.total = 12.72") != std::string::npos);
  CHECK(traced.out.find("centralize.g'          [2, 2] = ") != std::string::npos);
}
