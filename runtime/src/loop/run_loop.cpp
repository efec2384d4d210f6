// The training loop, see run_loop.h.
#include "loop/run_loop.h"

#include "base/text.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thalweg::runtime {

const char* stopped_by_name(StoppedBy reason) {
  switch (reason) {
  case StoppedBy::steps: return "steps";
  case StoppedBy::epochs: return "epochs";
  case StoppedBy::until: return "until";
  case StoppedBy::not_finite: return "not_finite";
  case StoppedBy::interrupted: return "interrupted";
  case StoppedBy::failed: return "failed";
  case StoppedBy::done: return "done";
  }
  return "unknown";
}

std::string fault_message(const Fault& fault, int64_t taken) {
  std::string text = fmt::format("{} is {}", fault.what, number_text(fault.value));
  if (!fault.term.empty()) text += fmt::format(" in '{}'", fault.term);
  if (!fault.parameter.empty()) text += fmt::format(" (parameter '{}')", fault.parameter);
  return taken == 0 ? "the objective is not finite at the start: " + text
                    : fmt::format("after step {}: {}", taken, text);
}

namespace {

double monotonic_seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// One run. Each member that returns bool says whether the run goes on.
class Run {
public:
  Run(Stepper& stepper, BatchSource* batches, const LoopOptions& options, Recorder& recorder,
      const LoopHooks& hooks)
      : stepper_(stepper), batches_(batches), options_(options), recorder_(recorder), hooks_(hooks),
        per_epoch_(batches == nullptr ? 1 : batches->plan().batches_per_epoch()) {
    if (options.epochs) {
      constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
      max_batches_ = *options.epochs > kMost / per_epoch_ ? kMost : *options.epochs * per_epoch_;
    }
  }

  LoopOutcome go() {
    started_ = now();
    if (bind() && first_row()) {
      while (take_step()) {
      }
    }
    finish();
    return std::move(outcome_);
  }

private:
  double now() const { return hooks_.clock ? hooks_.clock() : monotonic_seconds(); }
  double epoch() const {
    return static_cast<double>(outcome_.batches) / static_cast<double>(per_epoch_);
  }

  bool stop(StoppedBy reason, std::string message = "") {
    outcome_.stopped_by = reason;
    outcome_.message = std::move(message);
    return false;
  }

  bool stop_with(const StepStatus& status) {
    if (status.code == TW_INTERRUPTED) return stop(StoppedBy::interrupted);
    const bool done = status.code == TW_DONE_STATEMENT;
    return stop(done ? StoppedBy::done : StoppedBy::failed,
                fmt::format("step {}: {}", outcome_.steps + 1, status.message()));
  }

  bool stop_at(Fault fault) {
    std::string message = fault_message(fault, outcome_.steps);
    outcome_.fault = std::move(fault);
    return stop(StoppedBy::not_finite, std::move(message));
  }

  bool bind() {
    const Batch none;
    const Batch& batch = batches_ == nullptr ? none : batches_->bind(outcome_.batches);
    const bool fixed = batches_ == nullptr || batches_->plan().full();
    if (bound_ && (fixed || bound_number_ == outcome_.batches)) return true;
    bound_ = true;
    bound_number_ = outcome_.batches;
    const StepStatus status = stepper_.bind(batch);
    return status.ok() || stop_with(status);
  }

  StepResult ask(bool row, bool measure_only) {
    StepRequest request;
    request.taken = outcome_.steps;
    request.epoch = epoch();
    request.seconds = now() - started_;
    request.row = row;
    request.until = options_.until;
    request.measure_only = measure_only;
    return stepper_.step(request);
  }

  // Keeps a row; the values belong to the point after outcome_.steps steps.
  bool keep_row(const StepResult& result) {
    outcome_.loss = result.loss;
    outcome_.last_values = result.values;
    last_row_ = outcome_.steps;
    Outcome added = recorder_.add({outcome_.steps, result.values});
    if (added) return true;
    outcome_.record_error = added.error();
    return stop(StoppedBy::failed, added.error().message());
  }

  // Whether what the step saw is finite; `thorough` also looks through all parameters.
  bool check_finite(const StepResult& result, bool thorough) {
    const bool loss_fine = !result.loss || std::isfinite(*result.loss);
    if (loss_fine && result.finite && !thorough) return true;
    std::optional<Fault> fault = stepper_.find_fault();
    if (!fault && !loss_fine) fault = Fault{"the loss", "", "", *result.loss};
    if (!fault && !result.finite)
      fault = Fault{"the gradient", "", "", std::numeric_limits<double>::quiet_NaN()};
    if (!fault) return true;
    outcome_.loss = result.loss;
    return stop_at(std::move(*fault));
  }

  bool first_row() {
    const StepResult result = ask(true, true);
    if (!result.status.ok()) return stop_with(result.status);
    if (!keep_row(result)) return false;
    if (!check_finite(result, true)) return false;
    report(result.loss);
    return !result.until_met || stop(StoppedBy::until);
  }

  bool limit_reached() {
    if (options_.steps && outcome_.steps >= *options_.steps) return !stop(StoppedBy::steps);
    if (max_batches_ && outcome_.batches >= *max_batches_) return !stop(StoppedBy::epochs);
    if (hooks_.interrupted && hooks_.interrupted()) return !stop(StoppedBy::interrupted);
    return false;
  }

  bool take_step() {
    if (limit_reached() || !bind()) return false;
    const bool row = options_.record_every > 0 && outcome_.steps > 0 &&
                     outcome_.steps % options_.record_every == 0 && last_row_ != outcome_.steps;
    const StepResult result = ask(row, false);
    // A fail or done statement may fire after the values of the start were read: they count.
    if (!result.status.ok()) {
      if (row && result.values.size() == recorder_.columns().size() && !keep_row(result))
        return false;
      return stop_with(result.status);
    }
    if (row && !keep_row(result)) return false;
    if (!check_finite(result, row)) return false;
    if (result.until_met) return stop(StoppedBy::until);
    ++outcome_.batches;
    idle_ = result.taken ? 0 : idle_ + 1;
    if (result.taken) ++outcome_.steps;
    if (idle_ > options_.patience)
      return stop(StoppedBy::failed, fmt::format("no step was taken in {} batches", idle_));
    report(result.loss);
    return true;
  }

  // The last row, where the run ended between two rows and its point can still be measured.
  void finish() {
    const bool measurable = bound_ && !outcome_.record_error && last_row_ >= 0;
    if (measurable && last_row_ != outcome_.steps) measure_end();
    outcome_.epochs = epoch();
    outcome_.seconds = now() - started_;
    report(outcome_.loss);
  }

  void measure_end() {
    // A run that already went wrong keeps its first reason, whatever the measurement meets.
    const StoppedBy reason = outcome_.stopped_by;
    const bool settled = reason == StoppedBy::failed || reason == StoppedBy::not_finite;
    const std::string message = outcome_.message;
    bool fine = bind();
    if (fine) {
      const StepResult result = ask(true, true);
      fine = result.status.ok() ? keep_row(result) : stop_with(result.status);
      fine = fine && (settled || check_finite(result, true));
      // The predicate may hold at the very last point: that is why it ended well.
      const bool limit = reason == StoppedBy::steps || reason == StoppedBy::epochs;
      if (fine && result.until_met && limit) stop(StoppedBy::until);
    }
    if (!fine && settled && !outcome_.record_error) stop(reason, message);
  }

  void report(std::optional<double> loss) {
    if (!hooks_.progress) return;
    ProgressState progress;
    const bool by_batches = max_batches_ && !options_.steps;
    progress.done = by_batches ? outcome_.batches : outcome_.steps;
    if (options_.steps) progress.total = options_.steps;
    if (by_batches) progress.total = max_batches_;
    if (options_.steps && max_batches_ && *max_batches_ < *options_.steps)
      progress.total = max_batches_;
    progress.loss = loss;
    progress.seconds = now() - started_;
    hooks_.progress(progress);
  }

  Stepper& stepper_;
  BatchSource* batches_;
  const LoopOptions& options_;
  Recorder& recorder_;
  const LoopHooks& hooks_;
  int64_t per_epoch_;
  std::optional<int64_t> max_batches_;
  double started_ = 0;
  bool bound_ = false;
  int64_t bound_number_ = -1;
  int64_t last_row_ = -1; // the step count of the last kept row
  int64_t idle_ = 0;      // batches since a step was taken
  LoopOutcome outcome_;
};

} // namespace

LoopOutcome run_loop(Stepper& stepper, BatchSource* batches, const LoopOptions& options,
                     Recorder& recorder, const LoopHooks& hooks) {
  return Run(stepper, batches, options, recorder, hooks).go();
}

} // namespace thalweg::runtime
