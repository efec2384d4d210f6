// What `check` looks for in a program that is loaded: everything that can be wrong before a run.
#pragma once

#include "driver/commands.h"

namespace thalweg::driver {

// Reports what is wrong; a line for each declaration on what rules ask and problems offer.
std::string check_program(Front& front, const CommonOptions& options);

} // namespace thalweg::driver
