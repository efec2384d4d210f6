// `thalweg build`.
#include "driver/commands.h"

namespace thalweg::driver {

int build_command(const BuildOptions& options) {
  Front front(options.common.library);
  if (!front.load(options.common.file)) return front.report();
  front.diags.report(DiagKind::not_lowered, {}, "'thalweg build' does not exist yet");
  return front.report();
}

} // namespace thalweg::driver
