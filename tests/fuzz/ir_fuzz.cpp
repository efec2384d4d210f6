// ir_fuzz: any text through the reader of functions; what it takes prints, and reads the same
// again.
#include "ir/print.h"
#include "ir/read.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace thalweg;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Graph graph;
  const ReadResult read = read_functions(graph, text);
  if (!read.ok()) {
    if (read.error->text.empty()) std::abort();
    return 0;
  }
  std::string printed;
  for (const Function& function : read.functions)
    printed += print(graph, function);
  Graph other;
  const ReadResult again = read_functions(other, printed);
  if (!again.ok()) std::abort();
  std::string twice;
  for (const Function& function : again.functions)
    twice += print(other, function);
  if (twice != printed) std::abort();
  return 0;
}
