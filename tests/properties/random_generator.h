// The generator behind random_case: a pool of values per scope, one random operator at a time.
#pragma once

#include "properties/random_graph.h"

#include <unordered_map>

namespace thalweg::testing {

class Generator {
public:
  Generator(Graph& graph, uint64_t seed, const RandomOptions& options)
      : builder_(graph), rng_(seed), options_(options) {}
  RandomCase run();

private:
  struct Scope {
    std::vector<ValueId> pool;
    int depth = 0;
  };

  // choosing (random_graph.cpp)
  void choose_bindings();
  Function make_parameters();
  bool fits(const Shape& shape) const;
  int64_t largest(const Dim& dim) const; // under any of the bindings
  Dim random_dim();
  Shape random_shape();
  DType real_dtype();
  std::vector<ValueId> of_kind(bool (*accept)(const Type&)) const;
  ValueId pick_real();            // any real value of the pool
  ValueId pick(const Type& type); // of exactly this type, made if need be
  ValueId constant_of(const Type& type);
  std::vector<Result> choose_results(const Function& function);

  // smooth functions stay of moderate size: a bound on |value| is kept for each
  double bound(ValueId id) const;
  ValueId tame(ValueId id, double limit); // scaled down if its bound is above the limit
  void put(ValueId id, double bound = 1e9);

  // one random operator into the pool
  void step();
  void unary(); // random_elementwise.cpp
  void smooth_unary();
  void binary();
  void smooth_binary();
  void compare();
  void ternary();
  void integer();
  void widen(); // random_moving.cpp: broadcast
  void reshape();
  void transpose();
  void slice();
  void pad();
  void concat();
  void gather();
  void draw(); // random
  void scatter();
  std::vector<ValueId> indices_into(const Shape& data, const Shape& shape);
  void reduce(); // random_folding.cpp
  void arg_reduce();
  void contract();
  void across();
  void linear(); // random_linear.cpp
  void loop();   // random_control.cpp
  void branch();
  LambdaId body(const std::vector<Type>& parameters, const std::vector<Type>& results,
                int operations, bool counts);
  std::vector<ValueId> some_values(int count);

  Builder builder_;
  Rng rng_;
  RandomOptions options_;
  std::vector<Bindings> bindings_;
  Bindings row_limits_; // of the tensor symbols
  std::vector<std::string> symbols_;
  Scope scope_;
  std::unordered_map<uint32_t, double> bounds_;
};

} // namespace thalweg::testing
