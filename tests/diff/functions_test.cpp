// Whole functions: thousands of random graphs, folds with zeros and ties, control flow, errors.
#include "diff/numeric.h"
#include "passes/diff/diff.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::testing;

namespace {

const Type kReal = Type::scalar(DType::f64);

std::vector<size_t> real_parameters(const Function& f) {
  std::vector<size_t> out;
  for (size_t k = 0; k < f.parameters.size(); ++k)
    if (f.parameters[k].type.dtype == DType::f64) out.push_back(k);
  return out;
}
double largest(const Tensor& t) {
  double m = 0;
  for (int64_t k = 0; k < t.size(); ++k)
    m = std::max(m, std::abs(t.number(k)));
  return m;
}
bool all_finite(const std::vector<Tensor>& values) {
  for (const Tensor& t : values)
    for (int64_t k = 0; k < t.size(); ++k)
      if (!std::isfinite(t.number(k))) return false;
  return true;
}

} // namespace

TEST_CASE("random graphs: reverse = forward = finite differences") {
  RandomOptions options;
  options.smooth = options.scalar_result = true;
  options.f32 = options.loops = false;
  options.operations = 12;
  options.max_elements = 64;
  int compared = 0;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<size_t> wrt = real_parameters(c.function);
    diff::Outcome reverse = diff::gradient(graph, c.function, 0, wrt);
    diff::Outcome forward = diff::jacobian(graph, c.function, 0, wrt);
    INFO("seed " << seed);
    REQUIRE(reverse);
    REQUIRE(forward);
    for (size_t which = 0; which < c.bindings.size(); ++which) {
      const Bindings& bindings = c.bindings[which];
      std::vector<Tensor> inputs = random_inputs(c.function, bindings, seed, {1.0, false});
      std::vector<Tensor> g = evaluate(graph, *reverse, inputs, bindings);
      std::vector<Tensor> t = evaluate(graph, *forward, inputs, bindings);
      if (!all_finite(g) || largest(g[0]) > 1e8) continue;
      for (size_t j = 0; j < wrt.size(); ++j) {
        REQUIRE(g[j + 1].shape() == t[j + 1].shape());
        double size = largest(g[j + 1]);
        for (int64_t k = 0; k < g[j + 1].size(); ++k) {
          INFO("parameter " << wrt[j] << " element " << k << " binding " << which);
          REQUIRE(close(g[j + 1].number(k), t[j + 1].number(k), 1e-9 * (size + 1e-3)));
          if (k > 2 || which > 0) continue;
          Slope slope = finite_difference(graph, c.function, inputs, bindings, 0, wrt[j], k, 1e-4);
          if (slope.error[0] > 1e-3 * (1 + std::abs(slope.value[0]))) continue;
          ++compared;
          INFO("derivative " << g[j + 1].number(k) << " difference " << slope.value[0] << " +- "
                             << slope.error[0]);
          REQUIRE(
              close(g[j + 1].number(k), slope.value[0], 4 * slope.error[0] + 1e-6 * (1 + size)));
        }
      }
    }
  }
  CHECK(compared > 3000);
}

TEST_CASE("random graphs: hessians are symmetric and the differences of gradients") {
  RandomOptions options;
  options.smooth = options.scalar_result = true;
  options.f32 = options.loops = false;
  options.operations = 8;
  options.max_elements = 16;
  int compared = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<size_t> wrt = real_parameters(c.function);
    diff::Outcome h = diff::hessian(graph, c.function, 0, wrt);
    diff::Outcome g = diff::gradient(graph, c.function, 0, wrt);
    INFO("seed " << seed);
    REQUIRE(h);
    const Bindings& bindings = c.bindings[0];
    std::vector<Tensor> inputs = random_inputs(c.function, bindings, seed, {1.0, false});
    std::vector<Tensor> values = evaluate(graph, *h, inputs, bindings);
    if (!all_finite(values)) continue;
    auto block = [&](size_t i, size_t j) -> const Tensor& {
      return values[1 + wrt.size() + i * wrt.size() + j];
    };
    for (size_t i = 0; i < wrt.size(); ++i)
      for (size_t j = 0; j < wrt.size(); ++j) {
        int64_t rows = inputs[wrt[i]].size(), columns = inputs[wrt[j]].size();
        REQUIRE(block(i, j).size() == rows * columns);
        double size = std::max(largest(block(i, j)), 1e-3);
        for (int64_t a = 0; a < rows; ++a)
          for (int64_t b = 0; b < columns; ++b) {
            INFO("block " << i << " " << j << " at " << a << " " << b);
            REQUIRE(close(block(i, j).number(a * columns + b), block(j, i).number(b * rows + a),
                          1e-8 * size));
          }
        if (columns == 0) continue;
        Slope slope = finite_difference(graph, *g, inputs, bindings, i + 1, wrt[j], 0, 1e-4);
        for (int64_t a = 0; a < rows; ++a) {
          if (slope.error[a] > 1e-3 * (1 + std::abs(slope.value[a]))) continue;
          ++compared;
          INFO("block " << i << " " << j << " row " << a);
          REQUIRE(close(block(i, j).number(a * columns), slope.value[a],
                        4 * slope.error[a] + 1e-6 * (1 + size)));
        }
      }
  }
  CHECK(compared > 500);
}

TEST_CASE("a batch of tangents is that many single tangents, through loops and branches too") {
  RandomOptions options;
  options.smooth = options.scalar_result = true;
  options.f32 = false;
  options.operations = 14;
  options.max_elements = 32;
  int loops = 0;
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<size_t> wrt = real_parameters(c.function);
    diff::Outcome one = diff::forward(graph, c.function, wrt);
    diff::Outcome many = diff::forward(graph, c.function, wrt, {Dim(3)});
    INFO("seed " << seed);
    REQUIRE(one);
    REQUIRE(many);
    for (ValueId id : reachable(graph, roots_of(c.function)))
      loops += graph.node(id).op == Op::while_loop;
    const Bindings& bindings = c.bindings[0];
    std::vector<Tensor> inputs = random_inputs(c.function, bindings, seed, {1.0, false});
    std::vector<Tensor> given = inputs;
    Rng rng(seed);
    std::vector<std::vector<Tensor>> single(3, inputs);
    for (size_t index : wrt) {
      std::vector<int64_t> shape = inputs[index].shape();
      shape.insert(shape.begin(), 3);
      Tensor batch(DType::f64, shape);
      for (int64_t k = 0; k < batch.size(); ++k)
        batch.set_number(k, rng.unit());
      int64_t count = inputs[index].size();
      for (int64_t row = 0; row < 3; ++row) {
        Tensor t(DType::f64, inputs[index].shape());
        for (int64_t k = 0; k < count; ++k)
          t.set_number(k, batch.number(row * count + k));
        single[row].push_back(t);
      }
      given.push_back(batch);
    }
    std::vector<Tensor> together = evaluate(graph, *many, given, bindings);
    for (int64_t row = 0; row < 3; ++row) {
      std::vector<Tensor> alone = evaluate(graph, *one, single[row], bindings);
      REQUIRE(alone[0].same_bits(together[0]));
      double a = alone[1].number(0), b = together[1].number(row);
      REQUIRE(close(a, b, 1e-9 * (1e-3 + std::abs(a))));
    }
  }
  CHECK(loops > 20);
}

TEST_CASE("hvp is the Hessian times the direction") {
  RandomOptions options;
  options.smooth = options.scalar_result = true;
  options.f32 = options.loops = false;
  options.operations = 10;
  options.max_elements = 16;
  int compared = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<size_t> wrt = real_parameters(c.function);
    diff::Outcome h = diff::hessian(graph, c.function, 0, wrt);
    diff::Outcome p = diff::hvp(graph, c.function, 0, wrt);
    INFO("seed " << seed);
    REQUIRE(h);
    REQUIRE(p);
    std::vector<Tensor> inputs = random_inputs(c.function, c.bindings[0], seed, {1.0, false});
    std::vector<Tensor> blocks = evaluate(graph, *h, inputs, c.bindings[0]);
    if (!all_finite(blocks)) continue;
    std::vector<Tensor> given = inputs;
    Rng rng(seed);
    for (size_t index : wrt) {
      given.push_back(inputs[index]);
      for (int64_t k = 0; k < given.back().size(); ++k)
        given.back().set_number(k, rng.unit() - 0.5);
    }
    std::vector<Tensor> products = evaluate(graph, *p, given, c.bindings[0]);
    for (size_t i = 0; i < wrt.size(); ++i)
      for (int64_t a = 0; a < inputs[wrt[i]].size(); ++a) {
        double sum = 0, size = 0;
        for (size_t j = 0; j < wrt.size(); ++j) {
          const Tensor& block = blocks[1 + wrt.size() + i * wrt.size() + j];
          const Tensor& direction = given[inputs.size() + j];
          for (int64_t k = 0; k < direction.size(); ++k) {
            double term = block.number(a * direction.size() + k) * direction.number(k);
            sum += term;
            size += std::abs(term);
          }
        }
        ++compared;
        REQUIRE(close(products[i].number(a), sum, 1e-9 * (size + 1e-3)));
      }
  }
  CHECK(compared > 200);
}
