// Tables with aligned columns, as text.
#pragma once

#include "record/summary.h"
#include "terminal/terminal.h"

#include <string>
#include <vector>

namespace thalweg::runtime {

struct Table {
  std::vector<std::string> header;
  std::vector<bool> left;                     // per column: words left, numbers right
  std::vector<std::vector<std::string>> rows; // short rows are filled up with blanks
};

// Two blanks between columns, a rule under the header. Where the whole is wider than the terminal
// the words of the widest left-aligned column are cut.
std::string format_table(const Table& table, const Terminal& terminal);

// name, loss, each metric and report of any run, steps, time, stopped by.
Table summary_table(const ExperimentSummary& summary);

} // namespace thalweg::runtime
