// What --profile prints: kernels with their times, bytes and the share of the memory's bandwidth.
#include "driver/bound_call.h"
#include "driver/commands.h"

#include "ir/builder.h"
#include "support/check.h"
#include "terminal/table.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <limits>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

// Of the last level; 0 if the system does not tell. The C library's own count is wrong
// on some virtual machines.
double cache_bytes() {
  double bytes = 0;
  for (int index = 0; index < 5; ++index) {
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/size", index));
    double kibibytes = 0; // "32768K"
    if (file >> kibibytes) bytes = std::max(bytes, kibibytes * 1024);
  }
  return bytes;
}

// Bytes a second of a compiled loop that reads four arrays of numbers, writes three of them and
// computes next to nothing, on arrays that no cache holds. 0 if memory for them can't be had.
double memory_limit(const PipelineOptions& like) {
  constexpr int kRounds = 4;
  constexpr double kMoved = 7; // arrays read and written
  const Type type{DType::f32, {Dim::symbol("n")}};
  Graph graph;
  Builder build(graph);
  Function f;
  f.name = "limit";
  std::vector<ValueId> arrays;
  for (const char* name : {"a", "b", "c", "d"}) {
    arrays.push_back(build.arg(static_cast<int64_t>(f.parameters.size()), type));
    f.parameters.push_back({name, type});
  }
  f.results = {{"a", arrays[1], false, 0},
               {"b", arrays[2], false, 1},
               {"c", build.add(arrays[0], arrays[3]), false, 2}};
  Diagnostics diags;
  PipelineOptions options;
  options.target = like.target;
  options.threads = like.threads;
  Pipeline pipeline(graph, diags, options);
  auto code = pipeline.compile({f});
  TW_CHECK(code, "the loop that the memory is measured by");
  const double each = std::clamp(cache_bytes(), 32e6, 256e6); // so all are four times the cache
  const int64_t n = static_cast<int64_t>(each) / dtype_size(type.dtype);
  BoundCall call((*code)[0]);
  call.size("n", n);
  if (!call.prepare()) return 0;
  double best = 0;
  for (int round = 0; round <= kRounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    call.call();
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round > 0) best = std::max(best, each * kMoved / seconds);
  }
  return best;
}

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
