// --dump=ast and --dump=types: what the front end made of a program, as text.
#pragma once

#include "driver/commands.h"

#include <string>

namespace thalweg::driver {

std::string dump_ast(const Front& front);
// Kinds and shapes of everything in the problems and rules of the file; mistakes are reported.
std::string dump_types(Front& front, DType precision);

// Prints the dumps of the front end that were asked for; whether the command ends with them.
bool dump_front(Front& front, const CommonOptions& options);

} // namespace thalweg::driver
