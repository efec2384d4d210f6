// Simplification on random graphs: the same values, a decreasing measure, a fixed point.
#include "diff/numeric.h"
#include "passes/diff/diff.h"
#include "passes/simplify/measure.h"
#include "passes/simplify/simplify.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::testing;
using simplify::Applied;
using simplify::Exactness;

namespace {

std::vector<ValueId> values_of(const Function& f) { return roots_of(f); }

bool decreases(simplify::Measurer& measurer, const Applied& applied) {
  if (applied.rule.starts_with("log(sum(exp")) return true; // once per logarithm: measure.h
  const auto &before = measurer.of(applied.before), &after = measurer.of(applied.after);
  return before.saturated() || after < before;
}

// The largest absolute value that occurs while f runs.
double largest_inside(const Graph& graph, const Function& f, const std::vector<Tensor>& inputs,
                      const Bindings& bindings) {
  double largest = 0;
  InterpreterOptions options;
  options.bindings = bindings;
  options.trace = [&](const TraceEvent& event) {
    for (const Tensor& part : event.parts)
      for (int64_t k = 0; k < part.size(); ++k)
        if (std::isfinite(part.number(k))) largest = std::max(largest, std::abs(part.number(k)));
  };
  Interpreter(graph, options).evaluate(f, inputs);
  return largest;
}

} // namespace

TEST_CASE("exact rules keep every bit on random graphs, specials included") {
  size_t applied = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed);
    std::vector<Applied> log;
    Function g = simplify::simplify(graph, c.function, {false, &log});
    applied += log.size();
    for (size_t k = 0; k < c.bindings.size(); ++k) {
      std::vector<Tensor> inputs =
          random_inputs(c.function, c.bindings[k], seed, {2.0, seed % 2 == 0});
      std::vector<Tensor> before, after;
      try {
        before = evaluate(graph, c.function, inputs, c.bindings[k]);
      } catch (const InternalError&) {
        continue; // a run that fails (an index out of range) has no value to keep
      }
      after = evaluate(graph, g, inputs, c.bindings[k]);
      for (size_t r = 0; r < before.size(); ++r) {
        INFO("seed " << seed << " binding " << k << " result " << r << "\n"
                     << before[r].str() << "\n"
                     << after[r].str() << "\n"
                     << simplify::log_text(graph, log));
        REQUIRE(before[r].same_bits(after[r]));
      }
    }
  }
  CHECK(applied > 3000);
}

TEST_CASE("all rules keep values to rounding on random smooth graphs") {
  RandomOptions options;
  options.smooth = true;
  options.f32 = false;
  size_t applied = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<Applied> log;
    Function g = simplify::simplify(graph, c.function, {true, &log});
    for (const Applied& a : log)
      applied += a.exactness == Exactness::rounding;
    for (const Bindings& bindings : c.bindings) {
      std::vector<Tensor> inputs = random_inputs(c.function, bindings, seed, {1.0, false});
      std::vector<Tensor> before = evaluate(graph, c.function, inputs, bindings);
      std::vector<Tensor> after = evaluate(graph, g, inputs, bindings);
      double scale = largest_inside(graph, c.function, inputs, bindings);
      for (size_t r = 0; r < before.size(); ++r)
        for (int64_t k = 0; k < before[r].size(); ++k) {
          INFO("seed " << seed << " result " << r << " element " << k << ": " << before[r].number(k)
                       << " against " << after[r].number(k) << "\n"
                       << simplify::log_text(graph, log));
          REQUIRE(close(before[r].number(k), after[r].number(k), 1e-10 * (1 + scale)));
        }
    }
  }
  CHECK(applied > 2000);
}

TEST_CASE("simplified gradients are the gradients") {
  RandomOptions options;
  options.smooth = options.scalar_result = true;
  options.f32 = options.loops = false;
  options.operations = 10;
  options.max_elements = 64;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Graph graph;
    RandomCase c = random_case(graph, seed, options);
    std::vector<size_t> wrt;
    for (size_t k = 0; k < c.function.parameters.size(); ++k)
      if (c.function.parameters[k].type.dtype == DType::f64) wrt.push_back(k);
    diff::Outcome d = diff::hessian(graph, c.function, 0, wrt);
    INFO("seed " << seed);
    REQUIRE(d);
    std::vector<Applied> log;
    Function g = simplify::simplify(graph, *d, {true, &log});
    simplify::Measurer measurer(graph);
    for (const Applied& a : log) {
      INFO(a.rule);
      REQUIRE(decreases(measurer, a));
    }
    REQUIRE(values_of(simplify::simplify(graph, g)) == values_of(g));
    std::vector<Tensor> inputs = random_inputs(c.function, c.bindings[0], seed, {1.0, false});
    std::vector<Tensor> before = evaluate(graph, *d, inputs, c.bindings[0]);
    std::vector<Tensor> after = evaluate(graph, g, inputs, c.bindings[0]);
    double scale = largest_inside(graph, *d, inputs, c.bindings[0]);
    for (size_t r = 0; r < before.size(); ++r)
      for (int64_t k = 0; k < before[r].size(); ++k) {
        INFO("result " << r << " element " << k);
        REQUIRE(close(before[r].number(k), after[r].number(k), 1e-10 * (1 + scale)));
      }
  }
}

TEST_CASE("each step decreases the measure, and a second run finds nothing to do") {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Graph graph;
    RandomOptions options;
    options.smooth = seed % 2 == 0;
    if (options.smooth) options.f32 = false;
    options.operations = seed % 7 == 0 ? 60 : 20;
    RandomCase c = random_case(graph, seed, options);
    std::vector<Applied> log;
    Function once = simplify::simplify(graph, c.function, {true, &log});
    simplify::Measurer measurer(graph);
    for (const Applied& a : log) {
      INFO("seed " << seed << " " << a.rule);
      REQUIRE(decreases(measurer, a));
    }
    std::vector<Applied> again;
    Function twice = simplify::simplify(graph, once, {true, &again});
    INFO("seed " << seed << "\n" << simplify::log_text(graph, again));
    REQUIRE(values_of(twice) == values_of(once));
  }
}
