// Matrix products beside Eigen and OpenBLAS, each on one thread: GFLOP/s in one run.
#include "codegen/lower.h"
#include "ir/builder.h"
#include "jit/jit.h"
#include "products_peers.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace thalweg;
using namespace thalweg::bench;

namespace {

// How the operands stand in memory: A B, Aᵀ B (A stored [k, m]) or A Bᵀ (B stored [n, k]).
struct Case {
  const char* kind;
  bool a_transposed, b_transposed;
  int64_t m, n, k;
};

template <typename T> struct Aligned {
  explicit Aligned(int64_t count)
      : data(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) + 127) & ~size_t{63}))) {
    std::mt19937 random(7);
    for (int64_t i = 0; i < count; ++i)
      data.get()[i] = static_cast<T>(random() % 1000) / 500 - 1;
  }
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data;
};

// The contraction as the compiler makes it, its sizes symbols.
class Compiled {
public:
  Compiled(const Case& shape, DType dtype) {
    Graph graph;
    Builder b(graph);
    const Dim m = Dim::symbol("m"), n = Dim::symbol("n"), k = Dim::symbol("k");
    enum : int64_t { i, j, p };
    const bool vector = shape.n == 0;
    const Type a_type = Type::tensor(dtype, shape.a_transposed ? Shape{k, m} : Shape{m, k});
    const Type b_type = Type::tensor(dtype, vector               ? Shape{k}
                                            : shape.b_transposed ? Shape{n, k}
                                                                 : Shape{k, n});
    const std::vector<int64_t> a_labels =
        shape.a_transposed ? std::vector<int64_t>{p, i} : std::vector<int64_t>{i, p};
    const std::vector<int64_t> b_labels = vector               ? std::vector<int64_t>{p}
                                          : shape.b_transposed ? std::vector<int64_t>{j, p}
                                                               : std::vector<int64_t>{p, j};
    const ValueId c = b.contract(b.arg(0, a_type), a_labels, b.arg(1, b_type), b_labels,
                                 vector ? std::vector<int64_t>{i} : std::vector<int64_t>{i, j});
    const Function function{
        "product", {{"A", a_type, false}, {"B", b_type, false}}, {{"C", c, false, -1}}, {}, {},
        false};
    auto lowered = std::get<loops::Lowered>(loops::lower(graph, function));
    function_ = jit_.compile({&lowered.program, 1}).function("product");
    for (const std::string& symbol : lowered.program.symbols)
      dims_.push_back(symbol == "m" ? shape.m : symbol == "n" ? shape.n : shape.k);
    slots_.resize(static_cast<size_t>(lowered.layout.call_slots));
    for (const loops::Slot& slot : lowered.layout.temporaries) {
      scratch_.emplace_back(slot.shape[0].constant());
      slots_[static_cast<size_t>(slot.slot)] = scratch_.back().data.get();
    }
  }
  void run(const void* a, const void* b, void* c) {
    slots_[0] = const_cast<void*>(a);
    slots_[1] = const_cast<void*>(b);
    slots_[2] = c;
    const tw_call call{slots_.data(), dims_.data(), nullptr, 0};
    function_(&call);
  }

private:
  jit::Jit jit_;
  tw_function function_;
  std::vector<int64_t> dims_;
  std::vector<void*> slots_;
  std::vector<Aligned<double>> scratch_;
};

template <typename T> void product(benchmark::State& state, const Case& shape, int who) {
  const int64_t n = std::max<int64_t>(shape.n, 1);
  Aligned<T> a(shape.m * shape.k), b(shape.k * n), c(shape.m * n);
  const peers::Product<T> peer{shape.a_transposed, shape.b_transposed, shape.m,     n, shape.k,
                               a.data.get(),       b.data.get(),       c.data.get()};
  if (who == 0) {
    Compiled compiled(shape, sizeof(T) == 4 ? DType::f32 : DType::f64);
    for (auto _ : state)
      compiled.run(peer.a, peer.b, peer.c);
  } else {
    for (auto _ : state)
      who == 1 ? peers::eigen(peer) : peers::openblas(peer);
  }
  const auto flops = static_cast<double>(2 * shape.m * n * shape.k);
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

constexpr Case kCases[] = {
    {"A*B", false, false, 64, 64, 64},
    {"A*B", false, false, 128, 128, 128},
    {"A*B", false, false, 256, 256, 256},
    {"A*B", false, false, 512, 512, 512},
    {"A*B", false, false, 1024, 1024, 1024},
    {"At*B", true, false, 512, 512, 512},
    {"A*Bt", false, true, 512, 512, 512},
    // A layer of the digits network, forward and backward.
    {"A*B", false, false, 64, 128, 64},
    {"A*B", false, false, 512, 128, 64},
    {"A*B", false, false, 64, 10, 128},
    {"A*Bt", false, true, 64, 128, 10},
    {"At*B", true, false, 64, 128, 64},
    {"At*B", true, false, 128, 10, 64},
    // A matrix and a vector, and the transpose.
    {"A*v", false, false, 455, 0, 30},
    {"At*v", true, false, 30, 0, 455},
    {"A*B", false, false, 1, 512, 512},
};

} // namespace

int main(int argc, char** argv) {
  constexpr const char* kNames[] = {"thalweg", "Eigen", "OpenBLAS"};
  for (const Case& shape : kCases)
    for (int precision : {32, 64})
      for (int who = 0; who < (peers::has_openblas() ? 3 : 2); ++who) {
        const std::string name = std::string(shape.kind) + " f" + std::to_string(precision) + " " +
                                 std::to_string(shape.m) + "x" + std::to_string(shape.k) + "x" +
                                 std::to_string(std::max<int64_t>(shape.n, 1)) + " " + kNames[who];
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
          precision == 32 ? product<float>(state, shape, who) : product<double>(state, shape, who);
        });
      }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
