// Update rules in memory and in cache, beside a kernel of the same traffic and no arithmetic.
#include "stdlib/rule_runner.h"

#include <benchmark/benchmark.h>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// Reads four arrays and writes three, as a rule with two states does.
void same_traffic(benchmark::State& state) {
  size_t n = static_cast<size_t>(state.range(0));
  std::vector<float> x(n, 1), g(n, 1), m(n, 1), v(n, 1);
  for (auto _ : state) {
    float *px = x.data(), *pg = g.data(), *pm = m.data(), *pv = v.data();
#pragma GCC ivdep
    for (size_t i = 0; i < n; ++i) {
      float a = px[i], b = pm[i], c = pv[i];
      px[i] = b;
      pm[i] = c;
      pv[i] = a + pg[i];
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * n * 28));
}

void rule(benchmark::State& state, const std::string& text, int64_t bytes) {
  int64_t n = state.range(0);
  RuleProgram program(text, DType::f32);
  driver::Pipeline pipeline = program.pipeline();
  RuleRunner runner(program, pipeline);
  std::vector<double> start(static_cast<size_t>(n), 0.5);
  runner.start({start}, {{n}});
  for (auto _ : state)
    benchmark::DoNotOptimize(runner.step_in_place());
  state.SetBytesProcessed(state.iterations() * n * bytes);
}

constexpr int64_t kInCache = 16 << 10, kInMemory = 16 << 20;

} // namespace

int main(int argc, char** argv) {
  for (int64_t n : {kInCache, kInMemory}) {
    benchmark::RegisterBenchmark("same traffic, no arithmetic", same_traffic)->Arg(n);
    for (auto [text, bytes] : {std::pair<const char*, int64_t>{"AdamW()", 28},
                               {"SGD(momentum = 0.9)", 20},
                               {"clip_by_global_norm(1) |> AdamW()", 32}})
      benchmark::RegisterBenchmark(text, [=](benchmark::State& state) {
        rule(state, text, bytes);
      })->Arg(n);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
