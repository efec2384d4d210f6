// The training loop: batches, rows, stop conditions, faults, progress and interruption around a
// Stepper. Every racer of an experiment goes through it one after another.
#pragma once

#include "loop/stepper.h"
#include "terminal/progress.h"

#include <functional>

namespace thalweg::runtime {

enum class StoppedBy { steps, epochs, until, not_finite, interrupted, failed, done };
// "steps", …, "not_finite", … as they stand in the summary.
const char* stopped_by_name(StoppedBy reason);

struct LoopOptions {
  std::optional<int64_t> steps;  // at most so many steps are taken
  std::optional<int64_t> epochs; // at most so many passes over the data
  bool until = false;            // the stepper has a stop predicate
  int64_t record_every = 0;      // rows at 0, every k taken steps, and the last; 0: first and last
  // Batches in a row without a step being taken before the run counts as failed.
  int64_t patience = 1'000'000;
};

// What the loop asks of its surroundings; each may be empty.
struct LoopHooks {
  // `done` and `total` count steps, or batches where the epochs end the run.
  std::function<void(const ProgressState&)> progress;
  std::function<bool()> interrupted; // asked before every step
  std::function<double()> clock;     // seconds from any origin; a monotonic clock when empty
};

struct LoopOutcome {
  StoppedBy stopped_by = StoppedBy::steps;
  int64_t steps = 0; // taken
  int64_t batches = 0;
  double epochs = 0;
  double seconds = 0;
  std::optional<double> loss; // of the last row, or the one that is not finite
  std::vector<RecordValue> last_values;
  std::optional<Fault> fault; // not_finite
  std::string message;        // a sentence for not_finite, failed and done; else empty
  std::optional<DataError>
      record_error; // the log could not be written; the run was stopped (failed)
};

// Runs until a stop condition holds. `batches` may be null (a problem without data); it is rewound
// by numbering: every run sees batch 0, 1, … The last row is measured at the final point, on the
// batch that the next step would have had.
LoopOutcome run_loop(Stepper& stepper, BatchSource* batches, const LoopOptions& options,
                     Recorder& recorder, const LoopHooks& hooks);

// "after step 36: the loss is nan in 'log(x)' (parameter 'w')"; with taken = 0 "the objective is
// not finite at the start: …".
std::string fault_message(const Fault& fault, int64_t taken);

} // namespace thalweg::runtime
