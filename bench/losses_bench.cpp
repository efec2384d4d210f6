// A loss over a table of data: value and gradient beside reading the data once.
#include "avx512.h"
#include "driver/bound_call.h"
#include "driver/front.h"
#include "irgen/problem.h"
#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"

#include "diag/render.h"
#include "support/check.h"

#include <benchmark/benchmark.h>

#include <memory>

using namespace thalweg;

namespace {

constexpr int64_t kRows = 1'000'000, kColumns = 112;

// Uniform numbers and labels that follow the first column; the Python peers make data of the same
// kind.
struct Data {
  std::vector<float> X, y, w;
  Data() : X(kRows * kColumns), y(kRows), w(kColumns) {
    uint32_t state = 1;
    for (float& x : X) {
      state = state * 1664525u + 1013904223u;
      x = static_cast<float>(state >> 8) / (1 << 23) - 1;
    }
    for (int64_t i = 0; i < kRows; ++i)
      y[static_cast<size_t>(i)] = X[static_cast<size_t>(i * kColumns)] > 0 ? 1 : -1;
    for (size_t j = 0; j < w.size(); ++j)
      w[j] = 0.01f * static_cast<float>(j % 7);
  }
  static const Data& get() {
    static const Data data;
    return data;
  }
};

class Logistic {
public:
  Logistic() : front_(std::string(THALWEG_SOURCE_DIR) + "/stdlib") {
    front_.path = std::string(THALWEG_SOURCE_DIR) + "/examples/bench.tw";
    FileId file = front_.sources.add(front_.path, R"(
problem Logistic {
  data  X: [n, d]
  data  y: [n]
  param w: [d] = 0
  minimize mean(log(1 + exp(-y*(X @ w))))
})");
    sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
    front_.program = sema::analyze(compilation, file);
    irgen::Unit unit = front_.unit(graph_, DType::f32);
    auto problem = irgen::elaborate_problem(unit, *front_.program.find("Logistic"));
    TW_CHECK(problem, "{}", render_all(front_.diags, front_.sources));
    Function loss = simplify::simplify(graph_, problem->objective);
    auto derived = diff::gradient(graph_, loss, 0, std::vector<size_t>{problem->first_parameter()});
    TW_CHECK(derived, "no gradient");
    driver::PipelineOptions options;
    options.threads = 1;
    pipeline_ = std::make_unique<driver::Pipeline>(graph_, front_.diags, options);
    code_ = pipeline_->compile({*derived});
    TW_CHECK(code_, "{}", render_all(front_.diags, front_.sources));
    call_ = std::make_unique<driver::BoundCall>((*code_)[0]);
    call_->size("n", kRows);
    call_->size("d", kColumns);
    const Data& data = Data::get();
    const std::vector<Parameter>& parameters = (*code_)[0].function.parameters;
    for (size_t k = 0; k < parameters.size(); ++k) {
      const std::string& name = parameters[k].name;
      call_->parameter(k, name == "X"   ? data.X.data()
                          : name == "y" ? data.y.data()
                                        : data.w.data());
    }
    TW_CHECK(call_->prepare(), "memory");
  }
  void operator()(benchmark::State& state) {
    for (auto _ : state)
      benchmark::DoNotOptimize(call_->call());
  }

private:
  driver::Front front_;
  Graph graph_;
  std::unique_ptr<driver::Pipeline> pipeline_;
  std::optional<std::vector<driver::CompiledFunction>> code_;
  std::unique_ptr<driver::BoundCall> call_;
};

void thalweg_logistic(benchmark::State& state) {
  static Logistic logistic;
  logistic(state);
}
void read_data(benchmark::State& state) {
  const Data& data = Data::get();
  for (auto _ : state)
    benchmark::DoNotOptimize(bench::read_all(data.X.data(), data.X.size()));
}

} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (!bench::has_avx512()) {
    std::fputs("the hand-written peers need a processor with AVX-512\n", stderr);
    return 1;
  }
  benchmark::RegisterBenchmark("logistic/thalweg", thalweg_logistic)->UseRealTime();
  benchmark::RegisterBenchmark("logistic/read", read_data)->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
}
