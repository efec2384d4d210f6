// What the run loop drives: one optimizer on one problem, behind compiled functions. The driver
// implements it; the loop knows nothing else about methods.
#pragma once

#include "data/batches.h"
#include "record/recorder.h"
#include "thalweg/abi.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::runtime {

// A tw_status and, where there is one, the sentence of the statement or function that gave it.
struct StepStatus {
  int32_t code = TW_OK;
  std::string text;
  bool ok() const { return code == TW_OK; }
  std::string message() const { return text.empty() ? tw_status_text(code) : text; }
};

// The first thing found that is NaN or infinite.
struct Fault {
  std::string what;      // "the loss", "the gradient", "the parameter", "a term"
  std::string term;      // the sub-expression of the objective, as written; may be empty
  std::string parameter; // may be empty
  double value = 0;      // the number itself
};

struct StepRequest {
  int64_t taken = 0;         // steps taken so far; a step taken now is number t = taken + 1
  double epoch = 0;          // passes over the data so far
  double seconds = 0;        // since the run began
  bool row = false;          // fill StepResult::values
  bool until = false;        // evaluate the stop predicate at the start of the step
  bool measure_only = false; // take no step whatever else holds (the first and the last row)
};

// Everything here belongs to the start of the step, on the batch that is bound.
struct StepResult {
  StepStatus status;
  std::optional<double> loss; // of every step, at no extra cost where the step computes it anyway
  std::vector<RecordValue> values; // one per recorded column, when asked for
  bool until_met = false;          // then no step was taken
  bool finite = true;              // false: something other than the loss was seen not to be finite
  bool taken = false; // false also where the rule says so (`step when`): more batches are needed
};

class Stepper {
public:
  virtual ~Stepper() = default;

  // The buffers of the data names, in the order of the BatchSource's tensors. Called before the
  // first step and whenever the batch changes; the pointers hold until the next call.
  virtual StepStatus bind(const Batch& batch) = 0;

  // Evaluates at the current point and takes a step, unless `measure_only`, a met stop predicate or
  // a loss that is not finite forbids it: then parameters and state stay as they are.
  virtual StepResult step(const StepRequest& request) = 0;

  // Looks through terms, gradient and parameters for what is not finite, in this order. Called when
  // a step reported something, at every recorded row and at the end: it may be slow.
  virtual std::optional<Fault> find_fault() = 0;
};

} // namespace thalweg::runtime
