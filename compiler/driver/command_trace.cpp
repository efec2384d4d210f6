// `thalweg trace`.
#include "driver/commands.h"

namespace thalweg::driver {

int trace_command(const TraceOptions& options) {
  Front front(options.common.library);
  if (!front.load(options.common.file)) return front.report();
  front.diags.report(DiagKind::not_lowered, {}, "'thalweg trace' does not exist yet");
  return front.report();
}

} // namespace thalweg::driver
