// `--set NAME=VALUE` on the command line.
#pragma once

#include "driver/front.h"
#include "irgen/experiment.h"

namespace thalweg::driver {

struct Setting {
  std::string name;
  double value = 0;
  bool boolean = false;
  std::optional<std::string> text;
};
// Values are constant expressions of the language. Nothing after a message.
std::optional<std::vector<Setting>> read_settings(Front& front, const irgen::Unit& unit,
                                                  const std::vector<std::string>& texts);
// steps, batch, epochs, seed, holdout; a hyperparameter of the problem; RACER.HYPER. False after
// messages.
bool apply_settings(Front& front, const std::vector<Setting>& settings,
                    irgen::ExperimentUnit& experiment);
// The hyperparameters of a problem alone.
bool apply_settings(Front& front, const std::vector<Setting>& settings,
                    std::vector<std::pair<std::string, double>>& values);

} // namespace thalweg::driver
