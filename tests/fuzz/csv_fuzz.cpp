// csv_fuzz: options from the first byte, a table in the rest. It is read in one piece and byte by
// byte with the same result, and both passes over the values agree.
#include "data/csv.h"
#include "runtime/pieces.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace thalweg::runtime;

// Everything that is said of the values, as text.
class Digest : public ValueSink {
public:
  Outcome take(const Values& values) override {
    for (size_t k = 0; k < values.count; ++k) {
      text += std::to_string(values.block) + ":" + std::to_string(values.first) + " ";
      char bits[sizeof(double)];
      std::memcpy(bits, values.values + k, sizeof bits);
      text.append(bits, sizeof bits);
    }
    return Unit{};
  }
  std::string text;
};

std::string read(std::string_view text, const CsvOptions& options, size_t most) {
  std::vector<DataName> names = {{"X", 2, false}};
  if (options.target) names.push_back({"y", 1, options.class_target});
  auto file =
      open_csv(std::make_unique<thalweg::test::Pieces>(text, most), "t.csv", options, names);
  if (!file) return file.error().message();
  std::string all;
  for (int pass = 0; pass < 2; ++pass) {
    Digest digest;
    const Outcome visited = (*file)->visit(digest);
    const std::string now = visited ? digest.text : visited.error().message();
    if (pass == 1 && now != all) std::abort();
    all = now;
  }
  for (const Block& block : (*file)->blocks) {
    all += shape_text(block.shape);
    for (const std::string& name : block.class_names)
      all += name + ",";
  }
  return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  CsvOptions options;
  const unsigned choice = data[0];
  if (choice & 1) options.header = (choice & 2) != 0;
  if (choice & 4) options.target = int64_t{choice & 8 ? -1 : 0};
  options.class_target = (choice & 16) != 0;
  options.missing = choice & 32 ? Missing::drop : choice & 64 ? Missing::mean : Missing::error;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read(text, options, SIZE_MAX) != read(text, options, 1)) std::abort();
  return 0;
}
