// The values of schedules step by step, for plots and for the warnings of `check`.
#pragma once

#include "driver/front.h"
#include "irgen/variants.h"

namespace thalweg::driver {

struct RateCurve {
  std::string name; // "lr", "a_transform.its_hyper", "matrices.lr"
  irgen::RuleUnit::Rate rate;
  bool of_epochs = false;     // it looks at `epoch`
  std::vector<double> values; // at t = 1, 2, …
};
struct RateCurves {
  std::vector<RateCurve> curves;
  // A `require` line that breaks after some steps; the curves of its rule end there.
  struct Broken {
    Check check;
    int64_t step;
    Span span; // of the schedule that it names; invalid if it names none
  };
  std::vector<Broken> broken;
};

// What a schedule sees beside the step.
struct RateView {
  int64_t steps = 100;
  double batch = 1;           // rows of a step
  double steps_per_epoch = 1; // `epoch` is t - 1 by these
};

// Of every schedule in the rules of a racer, by the interpreter. A schedule that looks at the loss
// sees 1, and infinity at step 1. Nothing after messages: where a `require` line breaks at once.
std::optional<RateCurves> rate_curves(Front& front, const Graph& graph, const irgen::RulePlan& plan,
                                      const RateView& view);

// Warns of rates that fall below 0 or leave a required range, that never leave 0, and that jump
// where one schedule follows another.
void warn_of_rates(Front& front, const Graph& graph, const std::string& racer,
                   const irgen::RulePlan& plan, RateView view);

} // namespace thalweg::driver
