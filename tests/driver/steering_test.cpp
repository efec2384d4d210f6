// What steers a run: `fail`, `done`, `answer`, `step when`, and optimizers inside optimizers; the
// compiled run against the interpreter and against rules written out.
#include "trace_lines.h"

using namespace thalweg::test;

namespace {

const std::string kProblem = R"(
problem Q {
  param x: [2] = [3, 4]
  param y = 2
  minimize sumsq(x)/2 + y^2
}
)";

// The runs of an experiment with these lines, by racer.
struct Race {
  Race(const std::string& rules, const std::string& lines, int steps = 10) {
    file = folder.file("race.tw", kProblem + rules +
                                      fmt::format("experiment race {{\n  minimize Q()\n{}\n  "
                                                  "steps {}\n}}\n",
                                                  lines, steps));
    run = folder.thalweg("run race.tw --json --quiet");
    INFO(run.err);
    REQUIRE(!run.out.empty());
    runs = run.json()["runs"];
  }
  std::vector<double> x(size_t racer) const {
    return runs[racer]["params"]["x"].get<std::vector<double>>();
  }
  double y(size_t racer) const { return runs[racer]["params"]["y"].get<double>(); }
  std::string trace(const std::string& racer, int steps) const {
    Ran ran = folder.thalweg(fmt::format("trace race.tw --racer {} --steps {}", racer, steps));
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    return ran.out;
  }
  Folder folder;
  std::string file;
  Ran run;
  nlohmann::json runs;
};

const std::string kMomentum = R"(
optimizer Momentum(lr = 0.1, beta = 0.9) on tensor x {
  state v = 0
  v' = beta*v + ∇f(x)
  x' = x - lr*v'
}
)";

} // namespace

TEST_CASE("a fail ends the run with its values; nothing of its step is kept") {
  Race race(kMomentum + R"(
optimizer Careful(lr = 0.1, beta = 0.9, limit = 1) on tensor x {
  state v = 0
  let g = ∇f(x)
  v' = beta*v + g
  x' = x - lr*v'
  fail "the norm {norm(g)} of step {t} is over {limit}" if norm(g) > limit and t > 3
}
optimizer Joint(lr = 0.1, beta = 0.9) on tensor x {
  state v = 0
  v' = beta*v + ∇f(x)
  x' = x - lr*v'
  fail "all of {size(all v)}: {max(all abs(x'))}" if t == 4
}
)",
            "  using Careful()\n  using Joint()\n");
  CHECK(race.run.code == 1);
  CHECK(race.runs[0]["stopped_by"] == "failed");
  CHECK(race.runs[0]["steps"] == 3);
  CHECK(race.runs[0]["message"] ==
        "step 4: the norm 2.4299999999999997 of step 4 is over 1 (param 'x')");
  CHECK(race.run.says("error[run-failed]: careful: step 4: the norm"));
  CHECK(race.runs[1]["steps"] == 3);
  Race three(kMomentum, "  using Momentum()\n", 3);
  for (size_t k = 0; k < 2; ++k) {
    CHECK(race.x(k) == three.x(0));
    CHECK(race.y(k) == three.y(0));
  }
  Race four(kMomentum, "  using Momentum()\n", 4);
  CHECK(race.runs[1]["message"] == fmt::format("step 4: all of 3: {}", four.x(0)[1]));
  Ran trace = race.folder.thalweg("trace race.tw --racer careful --steps 9");
  CHECK(trace.code == 1);
  CHECK(trace.says("the norm 2.4299999999999997 of step 4 is over 1 (param 'x')"));
}

TEST_CASE("a done ends the run well") {
  Race race(R"(
optimizer Quick(lr = 0.5, tol = 1) on tensor x {
  let g = ∇f(x)
  x' = x - lr*g
  done "gradient {norm(all g)}" if norm(all g) < tol
}
)",
            "  using Quick()\n", 50);
  CHECK(race.run.code == 0);
  CHECK(race.runs[0]["stopped_by"] == "done");
  CHECK(race.runs[0]["steps"] == 3);
  CHECK(race.runs[0]["message"] == "step 4: gradient 0.625");
  CHECK(race.x(0) == std::vector<double>{0.375, 0.5});
  CHECK(race.trace("quick", 9).find("done: gradient 0.625\n") != std::string::npos);
  Ran table = race.folder.thalweg("run race.tw --quiet");
  CHECK(table.code == 0);
  CHECK(table.out.find("quick: step 4: gradient 0.625") != std::string::npos);
}

TEST_CASE("the answer of a rule is what validation, metrics and results see") {
  Race race(R"(
optimizer Averaged(lr = 0.1) on tensor x {
  state average = x
  average' = average + (x - average)/t
  x' = x - lr*∇f(x)
  answer average'
}
optimizer Plain(lr = 0.1) on tensor x { x' = x - lr*∇f(x) }
)",
            "  using Averaged()\n  using Plain()\n  record loss, train.loss every 1\n", 3);
  // Steps of x by 0.9: the mean of the first three points.
  CHECK(race.x(0)[0] == Approx(3 * (1 + 0.9 + 0.81) / 3));
  CHECK(race.x(0)[1] == Approx(4 * (1 + 0.9 + 0.81) / 3));
  CHECK(race.x(1)[0] == Approx(3 * 0.729));
  double y = 2 * (1 + 0.8 + 0.64) / 3, s = (1 + 0.9 + 0.81) / 3;
  CHECK(race.runs[0]["loss"].get<double>() == Approx(12.5 * s * s + y * y));
  std::string trace = race.trace("averaged", 3);
  CHECK(numbers(trace, 3, "answer") == race.x(0));
  Ran log = race.folder.thalweg("run race.tw --quiet --out out && cat out/log.jsonl");
  REQUIRE(log.code == 0);
  std::vector<double> x_loss, answer_loss;
  std::istringstream lines(log.out.substr(log.out.find("{\"")));
  for (std::string line; std::getline(lines, line);)
    if (auto row = nlohmann::json::parse(line); row["run"] == "averaged") {
      x_loss.push_back(row["loss"]);
      answer_loss.push_back(row["train.loss"]);
    }
  REQUIRE(x_loss.size() == 4);
  CHECK(answer_loss[0] == Approx(16.5));
  CHECK(answer_loss[1] == Approx(16.5)); // the average of the first point alone
  CHECK(x_loss[3] == Approx(12.5 * 0.729 * 0.729 + 4 * 0.512 * 0.512));
  CHECK(answer_loss[3] == Approx(12.5 * s * s + y * y));
}

TEST_CASE("behind 'step when' the rule counts the steps it takes, its schedules with it") {
  const std::string rules = kMomentum + R"(
schedule halves(start) = start/2^(t - 1)
schedule counted(start) {
  state k = 0
  k' = k + 1
  return start/2^k
}
transform every(k = 4) on g {
  state sum_g = 0
  sum_g' = if t mod k == 1 then g else sum_g + g
  g' = sum_g'/k
  step when t mod k == 0
}
optimizer Corrected(lr = 0.1, beta = 0.9) on tensor x {
  state m = 0
  m' = beta*m + (1 - beta)*∇f(x)
  x' = x - lr*m'/(1 - beta^t)
  report steps_seen = t
}
)";
  // Four equal gradients have themselves as their mean, exactly.
  Race race(rules,
            "  using every(4) |> Corrected(lr = halves(0.1)) as held\n"
            "  using Corrected(lr = halves(0.1)) as plain\n"
            "  using every(2) |> every(2) |> Corrected(lr = counted(0.1)) as twice\n"
            "  using Corrected(lr = counted(0.1)) as counted_plain\n"
            "  record loss, lr, steps_seen every 1\n",
            7);
  for (size_t k = 0; k < 4; ++k)
    CHECK(race.runs[k]["steps"] == 7);
  CHECK(race.runs[0]["epochs"] == 28.0);
  CHECK(race.runs[2]["epochs"] == 28.0);
  CHECK(race.runs[0]["reports"]["steps_seen"] == 7.0);
  CHECK(race.x(0) == race.x(1));
  CHECK(race.y(0) == race.y(1));
  CHECK(race.x(2) == race.x(3));
  CHECK(race.y(2) == race.y(3));
  std::string trace = race.trace("held", 2);
  CHECK(numbers(trace, 2, "lr") == std::vector<double>{0.05});
  size_t idle = 0;
  for (size_t at = 0; (at = trace.find("  no step\n", at)) != trace.npos; ++at)
    ++idle;
  CHECK(idle == 6);
}

TEST_CASE("an inner optimizer does what it does alone, and is stepped where it is said") {
  const std::string rules = kMomentum + R"(
optimizer Around(inner: optimizer = Momentum()) on tensor x { x' = inner.step(x, ∇f(x)) }
optimizer Asked(inner: optimizer = Momentum()) on tensor x { x' = inner.step(x) }
optimizer Odd(inner: optimizer = Momentum()) on tensor x {
  x' = if t mod 2 == 1 then inner.step(x) else x
}
optimizer Twice(inner: optimizer = Momentum()) on tensor x {
  let y = inner.step(x, ∇f(x))
  x' = inner.step(y, ∇f(y))
}
optimizer Decayed(inner: optimizer = Momentum(), weight_decay = 0.1) on tensor x {
  x' = inner.step(x) - inner.lr*weight_decay*x
}
optimizer Written(lr = 0.1, beta = 0.9, weight_decay = 0.1) on tensor x {
  state v = 0
  v' = beta*v + ∇f(x)
  x' = x - lr*v' - lr*weight_decay*x
}
)";
  Race race(
      rules,
      "  using Momentum()\n  using Around()\n  using Asked()\n  using Around(inner = Around(inner "
      "= Asked(inner = Momentum())))\n  using Twice()\n  using Decayed()\n  using Written()\n",
      8);
  for (size_t k : {1, 2, 3}) {
    CHECK(race.x(k) == race.x(0));
    CHECK(race.y(k) == race.y(0));
  }
  CHECK(race.x(5) == race.x(6));
  Race half(rules, "  using Momentum()\n  using Momentum() as other\n", 8);
  Race odd(rules, "  using Odd()\n  using Odd(inner = Odd()) as quarter\n", 15);
  CHECK(odd.x(0) == half.x(0));
  Race sixteen(rules, "  using Momentum()\n", 16);
  CHECK(race.x(4) == sixteen.x(0));
  std::string trace = race.trace("twice", 8);
  CHECK(numbers(trace, 8, "x'") == race.x(4));
  CHECK(numbers(trace, 8, "inner.t") == std::vector<double>{14});
  CHECK(numbers(odd.trace("quarter", 15), 15, "x'") == odd.x(1));
}

TEST_CASE("chains, schedules and settings reach inner optimizers by their names") {
  const std::string rules = kMomentum + R"(
schedule halves(start) = start/2^(t - 1)
transform scaled(by = 1) on g { g' = by*g }
optimizer Around(inner: optimizer = Momentum()) on tensor x { x' = inner.step(x, ∇f(x)) }
)";
  Race race(rules,
            "  using Around(inner = scaled(by = 0.5) |> Momentum(lr = halves(0.2))) as around\n"
            "  using scaled(by = 0.5) |> Momentum(lr = halves(0.2)) as plain\n"
            "  record around.inner.lr, around.inner.lr.start, around.inner.scaled.by every 1\n",
            5);
  CHECK(race.x(0) == race.x(1));
  Ran other =
      race.folder.thalweg("run race.tw --json --quiet --set around.inner.scaled.by=1 --set "
                          "around.inner.lr.start=0.3 --set plain.lr.start=0.3 --set scaled.by=1");
  INFO(other.err);
  REQUIRE(other.code == 0);
  CHECK(other.json()["runs"][0]["params"] != race.runs[0]["params"]);
  CHECK(other.json()["runs"][0]["params"] == other.json()["runs"][1]["params"]);
  Ran wrong = race.folder.thalweg("run race.tw --set around.inner.lrr=1");
  CHECK(wrong.says("did you mean 'around.inner.lr'?"));
}

TEST_CASE("states start from the objective before step 1") {
  Race race(R"(
optimizer Warm(lr = 0.1) on tensor x {
  state v = ∇f(x), f0 = f(x)
  v' = 0.5*v + ∇f(x)
  f0' = f0
  x' = x - lr*v'/f0
}
)",
            "  using Warm()\n", 1);
  CHECK(race.x(0)[0] == Approx(3 - 0.1 * 4.5 / 16.5));
  CHECK(race.y(0) == Approx(2 - 0.1 * 6 / 16.5));
  CHECK(numbers(race.trace("warm", 1), 1, "x'") == race.x(0));
}

TEST_CASE("schedules know the epoch and the rows of the batch") {
  Folder folder;
  std::string data = "a\n";
  for (int i = 0; i < 10; ++i)
    data += fmt::format("{}\n", i);
  folder.file("data.csv", data);
  folder.file("mean.tw", R"(
problem Mean {
  data  y: [n]
  param m = 0
  minimize mean((y - m)^2)
}
schedule by_epoch(start) = start*0.5^floor(epoch)
schedule by_batch(start, reference = 4) = start*batch/reference
optimizer Plain(lr = 0.1, scale = 1) on tensor x { x' = x - lr*scale*∇f(x) }
experiment e {
  minimize Mean()
  given    y = csv("data.csv")
  using    Plain(lr = by_epoch(0.1), scale = by_batch(1)) as p
  batch    4
  steps    7
  record   epoch, p.lr, p.scale every 1
}
)");
  Ran run = folder.thalweg("run mean.tw --json --quiet --out out");
  INFO(run.err);
  REQUIRE(run.code == 0);
  std::vector<double> rates, scales;
  std::istringstream lines(folder.read("out/log.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    auto row = nlohmann::json::parse(line);
    rates.push_back(row["p.lr"]);
    scales.push_back(row["p.scale"]);
  }
  CHECK(rates == std::vector<double>{0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025});
  CHECK(scales == std::vector<double>{1, 1, 0.5, 1, 1, 0.5, 1, 1});
  Ran trace = folder.thalweg("trace mean.tw --steps 7");
  REQUIRE(trace.code == 0);
  CHECK(numbers(trace.out, 7, "x'")[0] == run.json()["runs"][0]["params"]["m"].get<double>());
  CHECK(numbers(trace.out, 6, "scale") == std::vector<double>{0.5});
  REQUIRE(folder.thalweg("build mean.tw --optimizer Plain --out .").code == 0);
}

TEST_CASE("a state that becomes a tensor may stand where only a tensor can") {
  Race race(R"(
optimizer Agreeing(lr = 0.1) on tensor x {
  state last = 0
  let g = ∇f(x)
  let same = dot(all g, all last)/(norm(all g)*norm(all last) + 1e-12)
  last' = g
  x' = x - lr*(1 + max(same, 0))*g
  report same = same
}
)",
            "  using Agreeing()\n", 3);
  CHECK(race.run.code == 0);
  CHECK(race.runs[0]["reports"]["same"].get<double>() > 0.9);
}
