// check_fuzz: any text through `check` and the rendering of what it says; for libFuzzer and replay.
#include "driver/check_program.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace thalweg;
  driver::Front front(std::string(THALWEG_SOURCE_DIR) + "/stdlib");
  front.path = "fuzz.tw";
  const FileId id =
      front.sources.add(front.path, std::string(reinterpret_cast<const char*>(data), size));
  sema::Compilation compilation{front.sources, front.context, front.library, front.diags};
  front.program = sema::analyze(compilation, id);
  driver::check_program(front, {});
  render_all(front.diags, front.sources);
  return 0;
}
