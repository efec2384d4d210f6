// `thalweg check`: what is wrong with a program, or what it offers.
#include "driver/check_program.h"
#include "driver/rule_cost.h"

#include <fmt/format.h>

namespace thalweg::driver {

int check_command(const CheckOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file)) {
    std::string lines = check_program(front, options.common);
    if (front.diags.has_errors()) return front.report();
    if (options.prox) {
      const std::string laws = prox_program(front, options.common);
      fmt::print("{}", laws);
    } else if (options.explain) {
      const std::string verdicts = explain_program(front, options.common);
      if (front.diags.has_errors()) return front.report();
      fmt::print("{}", verdicts);
    } else if (options.cost)
      print_costs(front, options.common);
    else
      fmt::print("{}{}: no errors\n", lines, front.path);
  }
  return front.report();
}

} // namespace thalweg::driver
