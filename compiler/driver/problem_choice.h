// The problem that a command line asks for, with what the command line and the file give for it.
#pragma once

#include "driver/commands.h"
#include "driver/evaluation.h"

#include <memory>

namespace thalweg::driver {

struct ChosenProblem {
  irgen::ProblemUnit problem;
  Given given;
  std::unique_ptr<ProblemData> data; // what given.data points to
};

// The problem of that name, or the only one. Hyperparameters have their defaults or what --set
// says. Data that `at` lacks come from the experiment of the file that minimizes the problem; then
// its hyperparameters are taken too. Nothing after messages.
std::optional<ChosenProblem> choose_problem(Front& front, Graph& graph,
                                            const CommonOptions& options, const std::string& name,
                                            const std::vector<std::string>& at);

// f32 or f64 as `option` says, else as `written`. Nothing after a message.
std::optional<DType> chosen_precision(Front& front, const std::string& option,
                                      const std::string& written);

} // namespace thalweg::driver
