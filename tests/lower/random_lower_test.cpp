// Property: lowered loops give the bits of the graph interpreter, on random functions.
#include "ir/print.h"
#include "lower/compare.h"

#include "properties/random_graph.h"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace thalweg;
using namespace thalweg::test;

namespace {

int64_t first_seed() {
  const char* text = std::getenv("THALWEG_SEED");
  return text ? std::atoll(text) : 1;
}
int64_t cases(int64_t usual) {
  const char* text = std::getenv("THALWEG_CASES");
  return text ? std::atoll(text) : usual;
}

// Makes results update parameters of their type, so that reads of old values and stores meet.
void update_in_place(const Graph& graph, Function& function, testing::Rng& rng) {
  std::vector<bool> taken(function.parameters.size(), false);
  for (Result& result : function.results) {
    std::vector<int> fitting;
    for (size_t k = 0; k < function.parameters.size(); ++k)
      if (!taken[k] && function.parameters[k].type == graph.type(result.value) &&
          function.parameters[k].per_tensor == result.per_tensor)
        fitting.push_back(static_cast<int>(k));
    if (result.updates >= 0 || fitting.empty()) continue;
    result.updates = rng.pick(fitting);
    taken[static_cast<size_t>(result.updates)] = true;
  }
}

// Ordered effects on scalars that the function computes anyway; most of them don't fire.
void add_checks(Graph& graph, Function& function, testing::Rng& rng) {
  Builder b(graph);
  std::vector<ValueId> roots = roots_of(function);
  for (ValueId id : reachable(graph, roots)) {
    const Type& type = graph.type(id);
    if (!type.is_scalar() || type.dtype != DType::f64 || !rng.chance(0.3)) continue;
    ValueId limit = b.constant(rng.unit() * 20, DType::f64);
    function.checks.push_back(
        {b.make(Op::lt, {limit, id}), static_cast<int>(rng.range(21, 60)), "", {}});
  }
}

void check_cases(testing::RandomOptions options, int64_t count, const char* kind) {
  for (int64_t seed = first_seed(); seed < first_seed() + cases(count); ++seed) {
    Graph graph;
    options.operations = 5 + static_cast<int>(seed % 30);
    testing::RandomCase random = testing::random_case(graph, static_cast<uint64_t>(seed), options);
    testing::Rng rng(static_cast<uint64_t>(seed));
    if (seed % 2 == 0) update_in_place(graph, random.function, rng);
    if (seed % 5 == 0) add_checks(graph, random.function, rng);
    for (const Bindings& bindings : random.bindings) {
      testing::InputOptions input_options;
      input_options.specials = seed % 3 == 0;
      std::vector<Tensor> inputs = testing::random_inputs(
          random.function, bindings, static_cast<uint64_t>(seed), input_options);
      std::vector<TableRow> rows;
      if (options.table)
        rows = testing::random_rows(random.function, bindings, static_cast<uint64_t>(seed),
                                    input_options);
      std::string text;
      try {
        text = compare_table(graph, random.function, bindings, inputs, rows);
      } catch (const InternalError& error) {
        text = error.what();
        text += "\n" + print(graph, random.function);
        auto plan = fuse::plan(graph, random.function);
        if (auto* good = std::get_if<fuse::Plan>(&plan))
          text += "\n" + fuse::print(graph, random.function, *good);
      }
      INFO(kind << ": rerun with THALWEG_SEED=" << seed << " THALWEG_CASES=1");
      INFO(text);
      REQUIRE(text.empty());
    }
  }
}

} // namespace

TEST_CASE("lowered plain functions give the interpreter's bits") {
  testing::RandomOptions options;
  check_cases(options, 1500, "plain");
}

TEST_CASE("lowered table functions give the interpreter's bits") {
  testing::RandomOptions options;
  options.table = true;
  check_cases(options, 700, "table");
}
