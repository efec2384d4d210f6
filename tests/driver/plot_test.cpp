// `thalweg plot`, `find-lr` and what `check` says of schedules.
#include "program.h"

#include <cmath>

using namespace thalweg::test;

namespace {

const std::string kProblem =
    "problem Q { param x: [2] = [3, 4]  param y = 2  minimize sumsq(x)/2 + y^2 }\n";

std::vector<double> curve(const Ran& ran, const std::string& name) {
  INFO(ran.err << ran.out);
  REQUIRE(ran.code == 0);
  return ran.json()["curves"][name].get<std::vector<double>>();
}

} // namespace

TEST_CASE("plot gives the values of a schedule at t = 1, 2, …") {
  Folder folder;
  folder.file("s.tw", "schedule falling(peak = 2, rate = 0.5) = peak*rate^t\n");
  CHECK(curve(folder.thalweg("plot s.tw --steps 3 --json"), "falling()") ==
        std::vector<double>{1, 0.5, 0.25});
  CHECK(curve(folder.thalweg("plot s.tw --steps 2 --json --schedule 'falling(8)'"), "falling(8)") ==
        std::vector<double>{4, 2});
  Ran drawn = folder.thalweg("plot s.tw --steps 3 --ascii");
  CHECK(drawn.code == 0);
  CHECK(drawn.out.starts_with("falling(): 1 at step 1, 0.25 at step 3; lowest 0.25 at step 3, "
                              "highest 1 at step 1\n\n"));
  CHECK(drawn.out.find("*") != std::string::npos);
}

TEST_CASE("plot draws every schedule of an experiment, through routing and inner rules") {
  Folder folder;
  folder.file("e.tw", kProblem + R"(
schedule of_epochs(a) = a + epoch
schedule of_loss(a) {
  state seen = 0
  seen' = seen + (if loss < inf then 1 else 0)
  return a + seen
}
transform scaled(by = 1) on g { g' = by*g }
optimizer Plain(lr = 0.1) on tensor x { x' = x - lr*∇f(x) }
optimizer Around(inner: optimizer = Plain()) on tensor x { x' = inner.step(x) }
optimizer Sorted(low = 0.5, high = 1) {
  vectors: Plain(lr = high)
  otherwise: Plain(lr = low)
}
experiment e {
  minimize Q()
  using scaled(by = of_loss(1)) |> Sorted(high = of_epochs(2)) as sorted
  using Around(inner = Plain(lr = of_epochs(3))) as around
  steps 4
}
)");
  Ran ran = folder.thalweg("plot e.tw --json --steps-per-epoch 2");
  CHECK(curve(ran, "sorted.scaled.by") == std::vector<double>{1, 1, 2, 3});
  CHECK(curve(ran, "sorted.vectors.lr") == std::vector<double>{2, 2.5, 3, 3.5});
  CHECK(curve(ran, "around.inner.lr") == std::vector<double>{3, 3.5, 4, 4.5});
  CHECK(curve(ran, "sorted.high") == std::vector<double>{2, 2.5, 3, 3.5});
  CHECK(ran.json()["curves"].size() == 4);
}

TEST_CASE("plot ends a curve where a required range ends, and says where there is none") {
  Folder folder;
  folder.file("s.tw", R"(
schedule falling(peak, until = 5) {
  require t < until
  return peak/t
}
)");
  CHECK(curve(folder.thalweg("plot s.tw --schedule 'falling(1)' --json"), "falling(1)").size() ==
        4);
  Ran none = folder.thalweg("plot s.tw --schedule 'falling(1, until = 1)'");
  CHECK(none.code == 1);
  CHECK(none.says("'t < until' does not hold at step 1"));
  CHECK(folder.thalweg("plot s.tw").says("needs a value for 'peak'"));
  CHECK(folder.thalweg("plot s.tw --schedule 'falling(1'").code == 1);
  CHECK(folder.thalweg("plot s.tw --schedule 0.5").says("is a number, not a schedule"));
}

TEST_CASE("find-lr grows the rate and names where the loss falls fastest") {
  Folder folder;
  folder.file("e.tw", kProblem + R"(
optimizer Plain(lr = 0.1) on tensor x { x' = x - lr*∇f(x) }
experiment e {
  minimize Q()
  using Plain() as plain
  steps 1000
}
)");
  Ran ran = folder.thalweg("find-lr e.tw --low 1e-4 --high 10 --steps 60 --smooth 0 --json");
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  auto found = ran.json();
  std::vector<double> rates = found["rates"], losses = found["losses"];
  REQUIRE(rates.size() == losses.size());
  CHECK(rates[0] == 1e-4);
  CHECK(rates[1] / rates[0] == Approx(std::pow(1e5, 1.0 / 59)));
  CHECK(losses[0] == 16.5);
  // A step of 1 - lr on x and 1 - 2 lr on y: it diverges beyond 1, so the test ends early.
  CHECK(rates.size() < 60);
  CHECK(rates.back() > 1);
  double lowest = found["lowest"], steepest = found["steepest"];
  CHECK(steepest < lowest);
  for (size_t k = 0; k + 1 < rates.size(); ++k)
    if (rates[k] == lowest)
      for (double loss : losses)
        CHECK(losses[k] <= loss);
}

TEST_CASE("find-lr says what it can't do") {
  Folder folder;
  folder.file("e.tw", kProblem + R"(
optimizer Plain(rate = 0.1) on tensor x { x' = x - rate*∇f(x) }
experiment e { minimize Q()  using Plain()  steps 10 }
)");
  Ran none = folder.thalweg("find-lr e.tw");
  CHECK(none.code == 1);
  CHECK(none.says("'plain' has no number 'lr'; say --hyper NAME"));
  CHECK(folder.thalweg("find-lr e.tw --hyper rate").code == 0);
  CHECK(folder.thalweg("find-lr e.tw --hyper rate --low 2 --high 1").says("0 < low < high"));
  CHECK(folder.thalweg("find-lr e.tw --hyper rate --racer other").says("named 'other'"));
}
