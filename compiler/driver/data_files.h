// Opening the file of a `given` line, and the runtime's data errors as messages.
#pragma once

#include "data/data_file.h"
#include "driver/front.h"
#include "irgen/given.h"
#include "irgen/problem.h"

#include <memory>

namespace thalweg::driver {

// Reports what is wrong; nothing then. The blocks know how they are to be scaled and standardized.
std::unique_ptr<runtime::DataFile> open_data_file(Front& front, const irgen::DataSource& source,
                                                  const irgen::ProblemUnit& problem);

void report_data_error(Front& front, const runtime::DataError& error, Span span);

} // namespace thalweg::driver
