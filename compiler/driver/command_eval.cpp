// `thalweg eval`.
#include "driver/commands.h"

namespace thalweg::driver {

int eval_command(const EvalOptions& options) {
  Front front(options.common.library);
  if (!front.load(options.common.file)) return front.report();
  front.diags.report(DiagKind::not_lowered, {}, "'thalweg eval' does not exist yet");
  return front.report();
}

} // namespace thalweg::driver
