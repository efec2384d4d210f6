// `thalweg check --cost` and `thalweg doc`: what rules cost, what the library says of them.
#include "program.h"

using namespace thalweg::test;

TEST_CASE("check --cost counts rules of a file and of experiments") {
  Folder folder;
  folder.file("c.tw", R"(
problem Q { param x: [2] = [3, 4]  param y = 2  minimize sumsq(x)/2 + y^2 }
optimizer Mine(lr = 0.1) on tensor x {
  state v = 0
  v' = v + ∇f(x)
  x' = x - lr*v'
}
optimizer Sent() { vectors: Mine()  otherwise: Mine(lr = 0.2) }
experiment e { minimize Q()  using Sent() as sent  steps 3 }
)");
  Ran ran = folder.thalweg("check --cost --json c.tw");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  nlohmann::json costs = ran.json();
  CHECK(costs["Mine"]["passes"] == 1);
  CHECK(costs["Mine"]["read"] == 12);
  CHECK(costs["Mine"]["written"] == 8);
  CHECK(costs["Mine"]["state"] == 4);
  CHECK(costs["Mine"]["flops"] == 3);
  CHECK(costs.contains("sent, Mine: x"));
  CHECK(costs.contains("sent, Mine: y"));
  CHECK(folder.thalweg("check --cost --json --precision f64 c.tw").json()["Mine"]["read"] == 24);
  folder.file("wrong.tw", "optimizer Wrong(lr = 0.1) on tensor x { x' = x - lr*nothing }\n");
  CHECK(folder.thalweg("check --cost wrong.tw").code == 1);
}

TEST_CASE("doc shows an item, the list, and a page") {
  Folder folder;
  Ran one = folder.thalweg("doc AdamW sumsq");
  CHECK(one.code == 0);
  CHECK(one.out.starts_with("optimizer AdamW("));
  CHECK(one.out.find("\n  m' = ") != std::string::npos);
  CHECK(one.out.find("A step costs 1 pass, 16 bytes read and 12 written") != std::string::npos);
  CHECK(one.out.find("\nfunction sumsq(") != std::string::npos);
  CHECK(folder.thalweg("doc Adan2").says("did you mean 'Adan'?"));
  CHECK(folder.thalweg("doc --markdown --stdlib nowhere").says("no library at 'nowhere'"));
  CHECK(folder.thalweg("doc").out.find("\nTransforms\n") != std::string::npos);
}

TEST_CASE("the library is written as fmt prints it") {
  Folder folder;
  Ran ran = folder.thalweg("fmt --check " + kLibrary + "*/*.tw");
  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
}
