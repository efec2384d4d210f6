// The values of schedules step by step, for plots and for the warnings of `check`.
#pragma once

#include "driver/front.h"
#include "irgen/experiment.h"

namespace thalweg::driver {

struct RateCurve {
  std::string name;           // "lr", "a_transform.its_hyper"
  std::vector<double> values; // at t = 1, 2, …
};

// Of every schedule in a chain, by the interpreter. A schedule that looks at the loss sees 1, and
// infinity at step 1. Nothing after messages; ends early where a `require` line breaks, with a
// message if that is at the first step.
std::optional<std::vector<RateCurve>> rate_curves(Front& front, const irgen::Unit& unit,
                                                  const irgen::Chain& chain, int64_t steps);

// Warns of rates that fall below 0, that never leave 0, and that jump where one schedule follows
// another.
void warn_of_rates(Front& front, const irgen::Unit& unit, const irgen::Racer& racer, int64_t steps);

} // namespace thalweg::driver
