// Update rules in memory and in cache beside what an expert's code takes and what their bytes take.
#include "avx512.h"
#include "stdlib/rule_runner.h"
#include "support/check.h"

#include <benchmark/benchmark.h>

#include <memory>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// A rule over tensors of one size that lie end to end, as in a run; compiled and filled when first
// stepped, since the benchmark library calls a function several times.
class SteppedRule {
public:
  SteppedRule(std::string text, size_t tensors, size_t size, int threads)
      : text_(std::move(text)), tensors_(tensors), size_(size), threads_(threads) {}

  void operator()(benchmark::State& state) {
    if (!call_) start();
    for (auto _ : state)
      benchmark::DoNotOptimize(call_->call(0, 1));
    state.counters["compilations"] = pipeline_->compilations();
  }

private:
  void start() {
    program_ = std::make_unique<RuleProgram>(text_, DType::f32);
    driver::PipelineOptions options;
    options.threads = threads_;
    pipeline_ = std::make_unique<driver::Pipeline>(program_->graph, program_->front.diags, options);
    runner_ = std::make_unique<RuleRunner>(*program_, *pipeline_);
    call_ = std::make_unique<driver::BoundCall>(runner_->compiled_step());
    call_->rows(std::vector<Bindings>(tensors_, {{"size", static_cast<int64_t>(size_)}}));
    const std::vector<Parameter>& parameters = program_->unit.step.parameters;
    memory_ = std::vector<driver::Buffer>(parameters.size());
    size_t hyper = 0;
    for (size_t k = 0; k < parameters.size(); ++k) {
      const std::string& name = parameters[k].name;
      if (!parameters[k].per_tensor) {
        double* number = static_cast<double*>(memory_[k].get(sizeof(double)));
        if (name == "t") *number = 1;
        if (name.starts_with("hyper ")) *number = program_->unit.hypers[hyper++].value;
        call_->parameter(k, number);
        continue;
      }
      float* numbers = static_cast<float*>(memory_[k].get(tensors_ * size_ * sizeof(float)));
      std::fill(numbers, numbers + tensors_ * size_,
                name == "x"          ? 0.5f
                : name == "gradient" ? 0.01f
                                     : 0.0f);
      for (size_t r = 0; r < tensors_; ++r)
        call_->row_parameter(r, k, numbers + r * size_);
    }
    TW_CHECK(call_->prepare(), "memory");
  }

  std::string text_;
  size_t tensors_, size_;
  int threads_;
  std::unique_ptr<RuleProgram> program_;
  std::unique_ptr<driver::Pipeline> pipeline_;
  std::unique_ptr<RuleRunner> runner_;
  std::vector<driver::Buffer> memory_; // by parameter
  std::unique_ptr<driver::BoundCall> call_;
};

// Four arrays that hold no denormal numbers.
struct Arrays {
  driver::Buffer memory[4];
  float *x = nullptr, *g = nullptr, *m = nullptr, *v = nullptr;
  void fill(size_t n) {
    if (x) return;
    float** const arrays[] = {&x, &g, &m, &v};
    const float values[] = {0.5f, 0.01f, 0.1f, 0.1f};
    for (size_t k = 0; k < 4; ++k) {
      *arrays[k] = static_cast<float*>(memory[k].get(n * sizeof(float)));
      std::fill(*arrays[k], *arrays[k] + n, values[k]);
    }
  }
};

template <class F> auto on_arrays(size_t n, F body) {
  return [n, body, arrays = std::make_shared<Arrays>()](benchmark::State& state) {
    arrays->fill(n);
    for (auto _ : state) {
      body(*arrays, n);
      benchmark::ClobberMemory();
    }
  };
}

void add(const std::string& name, std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(name.c_str(), std::move(body))->UseRealTime();
}
void add_rule(const std::string& name, const std::string& text, size_t tensors, size_t size,
              int threads = 1) {
  auto rule = std::make_shared<SteppedRule>(text, tensors, size, threads);
  add(name, [rule](benchmark::State& state) { (*rule)(state); });
}

void intrinsics(Arrays& a, size_t n) {
  const bench::AdamW rule{1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 10, 1000};
  bench::adamw_avx512(rule, a.x, a.g, a.m, a.v, n);
}
void same_traffic(Arrays& a, size_t n) { bench::move_rule(a.x, a.g, a.m, a.v, n); }
void clipped_traffic(Arrays& a, size_t n) {
  benchmark::DoNotOptimize(bench::read_all(a.g, n));
  same_traffic(a, n);
}
void lamb_traffic(Arrays& a, size_t n) {
  bench::move_first_pass(a.x, a.g, a.m, a.v, n);
  bench::move_second_pass(a.x, a.m, a.v, n);
}

// Everything that may change without a compilation, counted.
void changes(benchmark::State& state) {
  RuleProgram program("clip_by_global_norm(1) |> AdamW()", DType::f32);
  driver::Pipeline pipeline(program.graph, program.front.diags, {});
  RuleRunner runner(program, pipeline);
  const int before = pipeline.compilations();
  for (auto _ : state)
    for (size_t tensors : {1, 3, 100})
      for (size_t size : {1, 1000})
        for (double lr : {1e-3, 0.1}) {
          runner.start(std::vector(tensors, std::vector<double>(size, 0.5)),
                       RuleRunner::Shapes(tensors, {static_cast<int64_t>(size)}));
          runner.hyper("lr", lr);
          benchmark::DoNotOptimize(runner.step_in_place());
        }
  state.counters["compilations"] = pipeline.compilations() - before;
}

constexpr size_t kInCache = 16 << 10, kShared = 1 << 20, kInMemory = 64 << 20;
constexpr size_t kTensors = 3000, kEach = 3500;

} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (!bench::has_avx512()) {
    std::fputs("the hand-written peers need a processor with AVX-512\n", stderr);
    return 1;
  }
  add_rule("memory/thalweg", "AdamW()", 1, kInMemory);
  add("memory/traffic", on_arrays(kInMemory, same_traffic));
  add("memory/intrinsics", on_arrays(kInMemory, intrinsics));
  add_rule("cache/thalweg", "AdamW()", 1, kInCache);
  add("cache/intrinsics", on_arrays(kInCache, intrinsics));
  add("cache/traffic", on_arrays(kInCache, same_traffic));
  add_rule("clip/thalweg", "clip_by_global_norm(1) |> AdamW()", 1, kInMemory);
  add("clip/traffic", on_arrays(kInMemory, clipped_traffic));
  add_rule("lamb/thalweg", "LAMB()", 1, kInMemory);
  add("lamb/traffic", on_arrays(kInMemory, lamb_traffic));
  add_rule("tensors/thalweg", "AdamW()", kTensors, kEach);
  add_rule("tensors/one", "AdamW()", 1, kTensors * kEach);
  add_rule("threads/thalweg 2", "AdamW()", 1, kShared, 2);
  add_rule("threads/thalweg 1", "AdamW()", 1, kShared, 1);
  add("changes/thalweg", changes);
  benchmark::RunSpecifiedBenchmarks();
}
