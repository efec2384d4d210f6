// An experiment made ready: elaborated, data loaded, everything compiled; for `run` and `trace`.
#pragma once

#include "driver/commands.h"
#include "driver/racer.h"
#include "driver/settings.h"

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

// Nothing after messages, or when --stop-after ended it; what --dump asked for goes to `dumps`.
std::unique_ptr<ExperimentRun> prepare_experiment(Front& front, const ast::Decl& decl,
                                                  const CommonOptions& options,
                                                  std::string* dumps = nullptr);
// The same checks without data and machine code, for `check`; true if all is well.
bool check_experiment(Front& front, const ast::Decl& decl, const CommonOptions& options);

} // namespace thalweg::driver
