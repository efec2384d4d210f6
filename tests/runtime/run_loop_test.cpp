// The loop: rows, stop conditions, faults, batches, interruption, for steppers written by hand.
#include "loop/run_loop.h"

#include "loop/interrupt.h"
#include "test_files.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

// Halves x each step; its loss is x.
class Halving : public Stepper {
public:
  StepStatus bind(const Batch& batch) override {
    bound.push_back(batch.number);
    if (!batch.buffers.empty()) seen.push_back(static_cast<const double*>(batch.buffers[0])[0]);
    return {};
  }
  StepResult step(const StepRequest& request) override {
    StepResult result;
    requests.push_back(request);
    if (request.taken == fail_at && !request.measure_only) {
      result.status = {fail_code, "text of the statement"};
      return result;
    }
    result.loss = request.taken >= nan_at ? std::nan("") : x;
    if (request.row) result.values = {result.loss, static_cast<double>(request.taken)};
    result.until_met = request.until && x < until_below;
    result.finite = request.taken != not_finite_at;
    if (request.measure_only || result.until_met || request.taken >= nan_at) return result;
    result.taken = ++calls % accumulate == 0;
    if (result.taken) x /= 2;
    return result;
  }
  std::optional<Fault> find_fault() override {
    ++searches;
    if (!std::isfinite(x)) return Fault{"the parameter", "", "w", x};
    if (!requests.empty() && requests.back().taken >= nan_at)
      return Fault{"a term", "log(x)", "", std::nan("")};
    return std::nullopt;
  }

  double x = 1;
  double until_below = 0;
  int64_t fail_at = -1, nan_at = INT64_MAX, not_finite_at = -1, accumulate = 1, calls = 0;
  int32_t fail_code = TW_FAIL_STATEMENT;
  int searches = 0;
  std::vector<int64_t> bound;
  std::vector<double> seen;
  std::vector<StepRequest> requests;
};

std::vector<int64_t> steps_of(const Recorder& recorder) {
  std::vector<int64_t> steps;
  for (const RecordRow& row : recorder.rows())
    steps.push_back(row.step);
  return steps;
}

struct Ran {
  LoopOutcome outcome;
  std::vector<int64_t> rows;
  std::vector<RecordRow> values;
};

Ran run(Halving& stepper, const LoopOptions& options, BatchSource* batches = nullptr,
        const LoopHooks& hooks = {}) {
  Recorder recorder("r", {"loss", "taken"});
  LoopOutcome outcome = run_loop(stepper, batches, options, recorder, hooks);
  return {std::move(outcome), steps_of(recorder), recorder.rows()};
}

LoopOptions steps(int64_t count, int64_t every = 0) {
  LoopOptions options;
  options.steps = count;
  options.record_every = every;
  return options;
}

BatchSource ten_rows(std::optional<int64_t> batch, Order order, uint64_t seed = 0) {
  std::vector<double> values;
  for (int i = 0; i < 10; ++i)
    values.push_back(i);
  auto tensor = std::make_shared<Tensor>(Tensor::from(Scalar::f64, {10}, values, "x").value());
  return BatchSource::make({tensor}, BatchPlan::make(10, batch, order, seed).value()).value();
}

} // namespace

TEST_CASE("rows stand at 0, every k and the last, with values of the start of the step") {
  Halving stepper;
  const Ran ran = run(stepper, steps(10, 4));
  CHECK(ran.rows == std::vector<int64_t>{0, 4, 8, 10});
  CHECK(*ran.values[0].values[0] == 1);
  CHECK(*ran.values[1].values[0] == std::ldexp(1, -4));
  CHECK(*ran.values[3].values[0] == std::ldexp(1, -10));
  CHECK(ran.outcome.steps == 10);
  CHECK(ran.outcome.stopped_by == StoppedBy::steps);
  CHECK(*ran.outcome.loss == std::ldexp(1, -10));
  Halving other;
  CHECK(run(other, steps(8, 4)).rows == std::vector<int64_t>{0, 4, 8});
  Halving third;
  CHECK(run(third, steps(3)).rows == std::vector<int64_t>{0, 3});
  Halving none;
  const Ran empty = run(none, steps(0, 1));
  CHECK(empty.rows == std::vector<int64_t>{0});
  CHECK(none.x == 1);
}

TEST_CASE("the run stops when the predicate holds, before taking the step") {
  Halving stepper;
  stepper.until_below = 0.1;
  LoopOptions options = steps(100, 3);
  options.until = true;
  Ran ran = run(stepper, options);
  CHECK(ran.outcome.stopped_by == StoppedBy::until);
  CHECK(ran.outcome.steps == 4);
  CHECK(stepper.x == 0.0625);
  CHECK(ran.rows == std::vector<int64_t>{0, 3, 4});
  Halving at_start;
  at_start.until_below = 2;
  ran = run(at_start, options);
  CHECK(ran.outcome.steps == 0);
  CHECK(ran.outcome.stopped_by == StoppedBy::until);
  // Met exactly when the steps are used up: converged, not cut off.
  Halving last;
  last.until_below = 0.1;
  options.steps = 4;
  CHECK(run(last, options).outcome.stopped_by == StoppedBy::until);
}

TEST_CASE("epochs count data") {
  Halving stepper;
  BatchSource batches = ten_rows(4, Order::shuffled);
  LoopOptions options;
  options.epochs = 2;
  const Ran ran = run(stepper, options, &batches);
  CHECK(ran.outcome.stopped_by == StoppedBy::epochs);
  CHECK(ran.outcome.steps == 6);
  CHECK(ran.outcome.epochs == 2);
  CHECK(stepper.bound == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6});
  Halving first_limit;
  options.steps = 5;
  CHECK(run(first_limit, options, &batches).outcome.stopped_by == StoppedBy::steps);
  Halving full;
  BatchSource whole = ten_rows(std::nullopt, Order::sequential);
  options.steps.reset();
  CHECK(run(full, options, &whole).outcome.steps == 2);
  CHECK(full.bound == std::vector<int64_t>{0}); // the same buffers: bound once
}

TEST_CASE("racers see the same batches") {
  BatchSource batches = ten_rows(3, Order::shuffled, 9);
  Halving first, second;
  run(first, steps(20, 7), &batches);
  run(second, steps(20, 7), &batches);
  CHECK(first.seen.size() == 21);
  CHECK(first.seen == second.seen);
}

TEST_CASE("steps count taken steps; batches without a step are bounded") {
  Halving stepper;
  stepper.accumulate = 4;
  BatchSource batches = ten_rows(5, Order::sequential);
  Ran ran = run(stepper, steps(3, 1), &batches);
  CHECK(ran.outcome.steps == 3);
  CHECK(ran.outcome.batches == 12);
  CHECK(ran.outcome.epochs == 6);
  CHECK(ran.rows == std::vector<int64_t>{0, 1, 2, 3});
  Halving never;
  never.accumulate = INT64_MAX;
  LoopOptions options = steps(3);
  options.patience = 50;
  ran = run(never, options, &batches);
  CHECK(ran.outcome.stopped_by == StoppedBy::failed);
  CHECK_THAT(ran.outcome.message, Contains("no step was taken in 51 batches"));
}

TEST_CASE("a loss that is not finite stops the run with its place") {
  Halving stepper;
  stepper.nan_at = 6;
  Ran ran = run(stepper, steps(100, 4));
  CHECK(ran.outcome.stopped_by == StoppedBy::not_finite);
  CHECK(ran.outcome.steps == 6);
  CHECK(ran.outcome.message == "after step 6: a term is nan in 'log(x)'");
  CHECK(std::isnan(*ran.outcome.loss));
  CHECK(ran.rows == std::vector<int64_t>{0, 4, 6});
  Halving at_start;
  at_start.nan_at = 0;
  ran = run(at_start, steps(100));
  CHECK(ran.outcome.steps == 0);
  CHECK_THAT(ran.outcome.message, Contains("the objective is not finite at the start: a term"));
  CHECK(at_start.calls == 0);
}

TEST_CASE("parameters and gradients that are not finite stop the run too") {
  Halving parameter;
  parameter.x = INFINITY;
  Ran ran = run(parameter, steps(100, 4));
  CHECK(ran.outcome.stopped_by == StoppedBy::not_finite);
  CHECK_THAT(ran.outcome.message, Contains("the parameter is inf (parameter 'w')"));
  Halving gradient; // seen by the step, though nothing is left to find
  gradient.not_finite_at = 5;
  ran = run(gradient, steps(100));
  CHECK(ran.outcome.stopped_by == StoppedBy::not_finite);
  CHECK_THAT(ran.outcome.message, Contains("after step 5: the gradient is nan"));
  Halving fine;
  run(fine, steps(10, 5));
  CHECK(fine.searches == 3); // at the rows only
}

TEST_CASE("fail and done statements end the run") {
  Halving failing;
  failing.fail_at = 3;
  Ran ran = run(failing, steps(10, 1));
  CHECK(ran.outcome.stopped_by == StoppedBy::failed);
  CHECK(ran.outcome.message == "step 4: text of the statement");
  CHECK(ran.outcome.steps == 3);
  CHECK(ran.rows.back() == 3);
  Halving done;
  done.fail_at = 3;
  done.fail_code = TW_DONE_STATEMENT;
  ran = run(done, steps(10));
  CHECK(ran.outcome.stopped_by == StoppedBy::done);
  CHECK(ran.outcome.message == "step 4: text of the statement");
}

TEST_CASE("an interrupt ends the run with its last row") {
  Halving stepper;
  int asked = 0;
  LoopHooks hooks;
  hooks.interrupted = [&] { return ++asked > 7; };
  const Ran ran = run(stepper, steps(100, 5), nullptr, hooks);
  CHECK(ran.outcome.stopped_by == StoppedBy::interrupted);
  CHECK(ran.outcome.steps == 7);
  CHECK(ran.rows == std::vector<int64_t>{0, 5, 7});
}

TEST_CASE("progress is told with totals, time by the given clock") {
  Halving stepper;
  std::vector<ProgressState> told;
  double time = 100;
  LoopHooks hooks;
  hooks.clock = [&] { return time += 1; };
  hooks.progress = [&](const ProgressState& state) { told.push_back(state); };
  const Ran ran = run(stepper, steps(3), nullptr, hooks);
  REQUIRE(told.size() == 5); // start, three steps, end
  CHECK(told.front().done == 0);
  CHECK(told.back().done == 3);
  CHECK(*told.back().total == 3);
  CHECK(*told.back().loss == 0.125);
  CHECK(ran.outcome.seconds > 3);
  BatchSource batches = ten_rows(5, Order::sequential);
  LoopOptions options;
  options.epochs = 4;
  told.clear();
  Halving other;
  run(other, options, &batches, hooks);
  CHECK(*told.back().total == 8);
  CHECK(told.back().done == 8);
}

TEST_CASE("a log that cannot be written stops the run") {
  if (::access("/dev/full", W_OK) != 0) return;
  LogFile log = std::move(*LogFile::create("/dev/full"));
  Halving stepper;
  Recorder recorder("r", {"loss", "taken"}, &log);
  const LoopOutcome outcome = run_loop(stepper, nullptr, steps(10, 1), recorder, {});
  CHECK(outcome.stopped_by == StoppedBy::failed);
  REQUIRE(outcome.record_error.has_value());
  CHECK_THAT(outcome.message, Contains("No space"));
  CHECK(outcome.steps == 0);
}

TEST_CASE("signals set the flag, the guard restores what was") {
  {
    const InterruptGuard guard;
    CHECK_FALSE(interrupted());
    ::raise(SIGTERM);
    CHECK(interrupted());
    CHECK(interrupt_signal() == SIGTERM);
    clear_interrupt();
    CHECK_FALSE(interrupted());
    ::raise(SIGPIPE); // ignored: the process lives
  }
  struct sigaction now{};
  ::sigaction(SIGPIPE, nullptr, &now);
  CHECK(now.sa_handler == SIG_DFL);
}

TEST_CASE("the second SIGINT ends the process at once") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const InterruptGuard guard;
    ::raise(SIGINT);
    ::raise(SIGINT);
    ::_exit(0); // not reached
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
}
