// An experiment made ready: elaborated, data loaded, everything compiled; for `run` and `trace`.
#pragma once

#include "driver/commands.h"
#include "driver/racer.h"
#include "driver/settings.h"

#include "data/batches.h"

#include <functional>
#include <memory>

namespace thalweg::driver {

struct ExperimentRun {
  irgen::ExperimentUnit experiment;
  irgen::ProblemUnit problem;
  ProblemData data;
  DType precision = DType::f64;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Objective> objective;
  std::vector<std::unique_ptr<RacerRun>> racers;
  Buffer initial_point;
  Graph graph;
};

// Changes an experiment before it is made ready; false after messages.
using Adjust = std::function<bool(irgen::ExperimentUnit&)>;
// Nothing after messages, or when --stop-after ended it; what --dump asked for goes to `dumps`.
std::unique_ptr<ExperimentRun> prepare_experiment(Front& front, const ast::Decl& decl,
                                                  const CommonOptions& options,
                                                  std::string* dumps = nullptr,
                                                  const Adjust& adjust = {});
// The batches of a run from its beginning; null inside where the problem has no data to draw from.
runtime::Result<std::optional<runtime::BatchSource>> batches_of(const ExperimentRun& run);
// The same checks without data and machine code, for `check`; true if all is well.
bool check_experiment(Front& front, const ast::Decl& decl, const CommonOptions& options);

} // namespace thalweg::driver
