// array_fuzz: any bytes as an .npy file and as an .npz archive, as numbers and as labels.
#include "data/array_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using namespace thalweg::runtime;

class Ignored : public ValueSink {
public:
  Outcome take(const Values&) override { return Unit{}; }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Ignored sink;
  for (int64_t rank = 0; rank < 3; ++rank) {
    auto file = open_npy(text_source(bytes), "t.npy", {"x", rank, rank == 1}, {rank == 2});
    if (file) (void)(*file)->visit(sink).ok();
  }
  const int memory = ::memfd_create("t.npz", MFD_CLOEXEC);
  if (memory < 0) return 0;
  if (::write(memory, data, size) == static_cast<ssize_t>(size)) {
    const std::string path = "/proc/self/fd/" + std::to_string(memory);
    auto file = open_npz(path, "t.npz", {{"x", 2, false}}, {"x"}, {});
    if (file) (void)(*file)->visit(sink).ok();
  }
  ::close(memory);
  return 0;
}
