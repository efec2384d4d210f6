// Random well-typed functions and inputs, the same for the same seed everywhere: what simplify,
// diff, fuse and codegen are tested with against the interpreter.
#pragma once

#include "ir/builder.h"
#include "ir/graph.h"
#include "ir/interp.h"
#include "ir/tensor.h"

#include <cstdint>
#include <vector>

namespace thalweg::testing {

// splitmix64; standard distributions differ between libraries.
class Rng {
public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(next() % static_cast<uint64_t>(bound));
  }
  int64_t range(int64_t low, int64_t high) { return low + below(high - low + 1); } // inclusive
  bool chance(double p) { return unit() < p; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  template <class T> const T& pick(const std::vector<T>& list) {
    return list[static_cast<size_t>(below(static_cast<int64_t>(list.size())))];
  }

private:
  uint64_t state_;
};

struct RandomOptions {
  int operations = 20; // about this many applied operators in the body
  // Everything a smooth function of the real parameters, of moderate size and slope, in f64: for
  // derivatives. Kinks (abs, min, max, sign, floor, branches on reals) do not occur.
  bool smooth = false;
  // Only operators whose bits are fixed by IEEE 754 and the folding schemes: no exp, log, …
  bool exact = false;
  bool f64 = true, f32 = true; // element types of the real values; smooth needs f64
  bool integers = true;        // i64 and boolean values
  bool moving = true;          // broadcast reshape transpose slice pad concat gather scatter_add
  bool folding = true;         // reduce_* argmin argmax contract
  bool loops = true, branches = true;
  bool linear = true;          // solve cholesky qr …
  bool table = false;          // a function over a table of tensors
  bool scalar_result = false;  // one result `value`, a real scalar
  int64_t max_elements = 4096; // of any value, under any of the bindings
};

struct RandomCase {
  Function function;
  std::vector<Bindings> bindings; // three of them, from ordinary sizes to 0 and 1
};

RandomCase random_case(Graph& graph, uint64_t seed, const RandomOptions& options = {});

struct InputOptions {
  double scale = 2;      // reals lie in [-scale, scale] …
  bool specials = false; // … some are NaN, infinities, zeros of both signs, subnormal, huge
};
// One tensor per parameter, in order; in a table function per shared parameter.
std::vector<Tensor> random_inputs(const Function& function, const Bindings& bindings, uint64_t seed,
                                  const InputOptions& options = {});

// For table functions: up to four rows.
std::vector<TableRow> random_rows(const Function& function, const Bindings& bindings, uint64_t seed,
                                  const InputOptions& options = {});

} // namespace thalweg::testing
