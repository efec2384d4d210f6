// What --profile prints: kernels with their times, bytes and the share of the memory's bandwidth.
#include "driver/commands.h"
#include "driver/machine_limits.h"

#include "terminal/table.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <limits>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

// The source text of a value on one line.
std::string written_as(const loops::Buffer& buffer, const SourceManager& sources) {
  if (!buffer.origin.valid()) return "an intermediate value";
  std::string text;
  for (char c : sources.text(buffer.origin))
    if (c != ' ' && c != '\n' && c != '\t')
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  return text;
}

const char* word(loops::Fold::Op op) {
  switch (op) {
  case loops::Fold::Op::sum:
  case loops::Fold::Op::fma: return "sum";
  case loops::Fold::Op::product: return "product";
  case loops::Fold::Op::min: return "min";
  case loops::Fold::Op::max: return "max";
  case loops::Fold::Op::argmin: return "argmin";
  case loops::Fold::Op::argmax: return "argmax";
  }
  return "";
}

// By what it leaves: results, parameters and states by their names, other tensors by their text.
std::string name_of(const FunctionProfile& profile, const loops::Kernel& kernel,
                    const SourceManager& sources) {
  std::vector<std::string> parts;
  for (loops::BufferId id : kernel.written) {
    const loops::Buffer& buffer = profile.buffers[id.value];
    std::string name =
        buffer.role == loops::Buffer::Role::temporary ? written_as(buffer, sources) : buffer.name;
    if (name.starts_with("state ")) name = name.substr(6);
    parts.push_back(std::move(name));
  }
  for (const auto& [op, over] : kernel.folds)
    parts.push_back(over ? fmt::format("{} over {}", word(op), over->str())
                         : fmt::format("{} over all params", word(op)));
  constexpr size_t kWide = 60; // more names than this line holds are counted
  std::string text;
  size_t left_out = 0;
  for (size_t k = 0; k < parts.size(); ++k) {
    const auto here = parts.begin() + static_cast<ptrdiff_t>(k);
    if (std::find(parts.begin(), here, parts[k]) != here) continue;
    if (!text.empty() && text.size() + parts[k].size() > kWide)
      ++left_out;
    else
      text += (text.empty() ? "" : ", ") + parts[k];
  }
  if (left_out > 0) text += fmt::format(" and {} more", left_out);
  return text.empty() ? "numbers" : text;
}

std::string time_text(double seconds) {
  return seconds >= 1      ? fmt::format("{:.2f} s", seconds)
         : seconds >= 1e-3 ? fmt::format("{:.2f} ms", seconds * 1e3)
                           : fmt::format("{:.1f} µs", seconds * 1e6);
}

} // namespace

void print_profile(const Pipeline& pipeline, const SourceManager& sources, double seconds) {
  const double limit = memory_limit(pipeline.options()), cache = cache_bytes();
  double all = 0;
  for (const FunctionProfile& profile : pipeline.profiles())
    for (const KernelProfile& kernel : profile.kernels)
      all += kernel.seconds;
  const double whole = std::max(seconds, all);
  rt::Table table;
  table.header = {"kernel, by what it writes",
                  "calls",
                  "time",
                  "share",
                  "bytes a call",
                  "GB/s",
                  "of limit",
                  ""};
  table.left = {true, false, false, false, false, false, false, true};
  bool cached = false;
  for (const FunctionProfile& profile : pipeline.profiles()) {
    bool named = false;
    for (const KernelProfile& k : profile.kernels) {
      if (k.calls == 0) continue;
      if (!named) table.rows.push_back({profile.name});
      named = true;
      const double each = k.bytes / static_cast<double>(k.calls), rate = k.bytes / k.seconds;
      const bool fits = each <= cache;
      cached = cached || fits;
      table.rows.push_back({"  " + name_of(profile, k.kernel, sources), std::to_string(k.calls),
                            time_text(k.seconds), fmt::format("{:.1f} %", 100 * k.seconds / whole),
                            fmt::format("{:.0f}", each), fmt::format("{:.2f}", rate * 1e-9),
                            limit > 0 ? fmt::format("{:.0f} %", 100 * rate / limit) : "",
                            fits ? "*" : ""});
    }
  }
  if (seconds > all)
    table.rows.push_back({"outside of kernels", "", time_text(seconds - all),
                          fmt::format("{:.1f} %", 100 * (seconds - all) / whole)});
  rt::Terminal terminal = rt::detect_terminal(2);
  if (!terminal.is_terminal) terminal.width = std::numeric_limits<size_t>::max(); // nothing is cut
  std::string text = rt::format_table(table, terminal);
  text += fmt::format("limit: {:.1f} GB/s, a loop of this program that reads four arrays, writes "
                      "three and computes nothing, from memory\n",
                      limit * 1e-9);
  if (cached)
    text += fmt::format("* a call's data fits in the cache ({:.0f} MiB), which is faster than "
                        "memory: more than 100 % is no mistake\n",
                        cache / (1 << 20));
  std::fputs(text.c_str(), stderr);
}

} // namespace thalweg::driver
