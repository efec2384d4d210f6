// `thalweg diff`.
#include "driver/commands.h"

namespace thalweg::driver {

int diff_command(const DiffOptions& options) {
  Front front(options.common.library);
  if (!front.load(options.common.file)) return front.report();
  front.diags.report(DiagKind::not_lowered, {}, "'thalweg diff' does not exist yet");
  return front.report();
}

} // namespace thalweg::driver
