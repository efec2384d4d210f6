// Memory of arrays, and how much there is (see memory.h).
#include "base/memory.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

// The number after `key` in a file of lines such as "MemAvailable:  123 kB" or "inactive_file 7".
std::optional<uint64_t> number_in(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t at = line.find_first_not_of(" \t:", key.size());
    if (at == line.npos) return std::nullopt;
    uint64_t value = 0;
    const auto [stop, error] = std::from_chars(line.data() + at, line.data() + line.size(), value);
    if (error != std::errc{}) return std::nullopt; // "max"
    return value;
  }
  return std::nullopt;
}

uint64_t left(uint64_t limit, uint64_t used) { return limit > used ? limit - used : 0; }

// Under a control group of the second version; pages of files that can be dropped are not used up.
uint64_t left_in_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 3, "0::") != 0) continue;
    const std::string folder = "/sys/fs/cgroup" + line.substr(3);
    const auto limit = number_in(folder + "/memory.max", "");
    const auto used = number_in(folder + "/memory.current", "");
    if (!limit || !used) return kUnknown;
    return left(*limit,
                left(*used, number_in(folder + "/memory.stat", "inactive_file ").value_or(0)));
  }
  return kUnknown;
}

uint64_t left_of_addresses() {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnknown;
  const auto pages = number_in("/proc/self/statm", "");
  const long page = ::sysconf(_SC_PAGESIZE);
  if (!pages || page <= 0) return kUnknown;
  return left(limit.rlim_cur, *pages * static_cast<uint64_t>(page));
}

} // namespace

uint64_t available_memory() {
  uint64_t least = std::min(left_in_group(), left_of_addresses());
  if (const auto kib = number_in("/proc/meminfo", "MemAvailable:"))
    least = std::min(least, *kib * 1024);
  return least;
}

void* array_memory(size_t bytes) {
  constexpr size_t kLine = 64, kLargePage = size_t{1} << 21, kLarge = 2 * kLargePage;
  if (bytes > std::numeric_limits<size_t>::max() - 2 * kLargePage) return nullptr;
  const size_t room = (bytes + kLine - 1) / kLine * kLine + kLine;
  if (room < kLarge) {
    void* memory = std::aligned_alloc(kLine, room);
    if (memory) std::memset(memory, 0, room);
    return memory;
  }
  const size_t pages = (room + kLargePage - 1) / kLargePage * kLargePage;
  void* memory = std::aligned_alloc(kLargePage, pages);
  if (!memory) return nullptr;
#ifdef MADV_HUGEPAGE
  ::madvise(memory, pages, MADV_HUGEPAGE); // a wish: where it is not heard, pages are small
#endif
  std::memset(memory, 0, room);
  return memory;
}

std::string byte_text(double bytes) {
  constexpr std::array<const char*, 6> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  while (bytes >= 1023.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 99.5 ? 0 : 1, kUnits[unit]);
}

} // namespace thalweg::runtime
