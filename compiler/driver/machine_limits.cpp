// Measured limits (see machine_limits.h).
#include "driver/machine_limits.h"

#include "driver/bound_call.h"
#include "ir/builder.h"
#include "support/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace thalweg::driver {

// The C library's own count is wrong on some virtual machines.
double cache_bytes() {
  double bytes = 0;
  for (int index = 0; index < 5; ++index) {
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/size", index));
    double kibibytes = 0; // "32768K"
    if (file >> kibibytes) bytes = std::max(bytes, kibibytes * 1024);
  }
  return bytes;
}

namespace {

constexpr int kRounds = 4;

// The shortest time of a call of the function at size n; 0 if memory can't be had.
double shortest(const PipelineOptions& like, Graph& graph, const Function& f, int64_t n,
                int calls) {
  Diagnostics diags;
  PipelineOptions options;
  options.target = like.target;
  options.threads = like.threads;
  Pipeline pipeline(graph, diags, options);
  auto code = pipeline.compile({f});
  TW_CHECK(code, "the loop that the machine is measured by");
  BoundCall call((*code)[0]);
  call.size("n", n);
  if (!call.prepare()) return 0;
  double best = 0;
  for (int round = 0; round <= kRounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int k = 0; k < calls; ++k)
      call.call();
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
    if (round > 0 && (best == 0 || seconds < best)) best = seconds;
  }
  return best;
}

} // namespace

double memory_limit(const PipelineOptions& like) {
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
  const double each = std::clamp(cache_bytes(), 32e6, 256e6); // so all are four times the cache
  double seconds = shortest(like, graph, f, static_cast<int64_t>(each) / dtype_size(type.dtype), 1);
  return seconds > 0 ? each * kMoved / seconds : 0;
}

double flop_limit(const PipelineOptions& like, DType precision) {
  constexpr int kChains = 8, kLength = 64;       // as many fused multiply-adds in flight
  constexpr int64_t kNumbers = int64_t{1} << 18; // enough for all threads
  const Type type{precision, {Dim::symbol("n")}};
  Graph graph;
  Builder build(graph);
  Function f;
  f.name = "limit";
  ValueId x = build.arg(0, type);
  f.parameters.push_back({"x", type});
  std::vector<ValueId> chains;
  for (int chain = 0; chain < kChains; ++chain)
    chains.push_back(build.broadcast_scalar(build.constant(chain + 0.5, precision), type.shape));
  for (int k = 0; k < kLength; ++k)
    for (ValueId& chain : chains)
      chain = build.make(Op::fma, {chain, x, x});
  ValueId total = chains[0];
  for (int chain = 1; chain < kChains; ++chain)
    total = build.add(total, chains[static_cast<size_t>(chain)]);
  f.results = {{"x", total, false, 0}};
  double seconds = shortest(like, graph, f, kNumbers, 1);
  const double done = static_cast<double>(kNumbers) * (2 * kChains * kLength + kChains - 1);
  return seconds > 0 ? done / seconds : 0;
}

} // namespace thalweg::driver
