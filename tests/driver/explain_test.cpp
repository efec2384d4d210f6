// `thalweg check --explain`: verdicts with the data of the file's experiment, or without.
#include "program.h"

#include <catch2/catch.hpp>

using namespace thalweg::test;

TEST_CASE("check --explain uses the data of the experiment, and does without") {
  Folder folder;
  const std::string problem = R"(
problem Ridge(lambda = 0.25) {
  data  A: [n, d]
  data  b: [n]
  param x: [d] = 0
  minimize sumsq(A @ x - b) + lambda*sumsq(x)
}
)";
  folder.file("alone.tw", problem);
  Ran alone = folder.thalweg("check --explain --json alone.tw");
  REQUIRE(alone.code == 0);
  nlohmann::json json = alone.json()[0];
  CHECK(json["curvature"] == "convex");
  CHECK(json["terms"].size() == 2);
  CHECK(json["terms"][0]["lipschitz"] == "2·‖A‖²");
  CHECK_FALSE(json["terms"][0].contains("lipschitz_value"));
  CHECK(json["terms"][1]["lipschitz_value"] == 0.5);

  folder.file("d.csv", "p,q,b\n3,0,1\n0,1,2\n");
  folder.file("whole.tw", problem + R"(
experiment e {
  minimize Ridge(lambda = 1)
  given    A, b = csv("d.csv", target = "b")
  using    AdamW()
  steps    1
}
)");
  json = folder.thalweg("check --explain --json whole.tw").json()[0];
  CHECK(json["terms"][0]["lipschitz_value"].get<double>() == Approx(18));
  CHECK(json["lipschitz_value"].get<double>() == Approx(20));

  Ran text = folder.thalweg("check --explain whole.tw --set lambda=-1");
  CHECK(text.code == 0);
  CHECK(text.out.find("└─ lambda*sumsq(x)  concave") != std::string::npos);
  folder.file("none.tw", "schedule s(a = 1) = a\n");
  CHECK(folder.thalweg("check --explain none.tw").code == 1);
}
