// Properties of the text form, the verifier and the interpreter over random functions.
#include <catch2/catch.hpp>

#include "ir/interp.h"
#include "ir/print.h"
#include "ir/read.h"
#include "ir/rewrite.h"
#include "ir/verify.h"
#include "properties/random_graph.h"

#include <cmath>
#include <set>

namespace thalweg {

// Plants what Graph::add would refuse (a friend of Graph).
struct GraphTestAccess {
  static Node& node(Graph& graph, ValueId id) { return graph.nodes_[id.value]; }
  static Lambda& lambda(Graph& graph, LambdaId id) { return graph.lambdas_[id.value]; }
};

} // namespace thalweg

using namespace thalweg;
using namespace thalweg::testing;

namespace {

RandomOptions options_for(uint64_t seed) {
  RandomOptions options;
  options.smooth = seed % 3 == 0;
  options.exact = seed % 3 == 1;
  options.table = seed % 5 == 0;
  options.scalar_result = seed % 2 == 1;
  options.operations = 10 + static_cast<int>(seed % 30);
  return options;
}

} // namespace

TEST_CASE("text form: read gives back what was printed, into the same and into a fresh graph") {
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    Graph graph;
    RandomCase random = random_case(graph, seed, options_for(seed));
    std::string text = print(graph, random.function);
    uint32_t size = graph.size(), lambdas = graph.lambda_count();

    ReadResult same = read_functions(graph, text);
    INFO(text);
    REQUIRE(same.ok());
    REQUIRE(same.functions.size() == 1);
    // The same graph: nothing new was made, the same values come back.
    REQUIRE(graph.size() == size);
    REQUIRE(graph.lambda_count() == lambdas);
    for (size_t k = 0; k < random.function.results.size(); ++k)
      REQUIRE(same.functions[0].results[k].value == random.function.results[k].value);

    Graph fresh;
    ReadResult other = read_functions(fresh, text);
    REQUIRE(other.ok());
    REQUIRE(print(fresh, other.functions[0]) == text);
  }
}

TEST_CASE("verifier: accepts every random function") {
  for (uint64_t seed = 10000; seed < 14000; ++seed) {
    CAPTURE(seed);
    Graph graph;
    RandomCase random = random_case(graph, seed, options_for(seed));
    std::vector<std::string> problems = verify(graph, random.function);
    CAPTURE(problems);
    REQUIRE(problems.empty());
  }
}

TEST_CASE("verifier: refuses planted corruptions, and never crashes on them") {
  int planted = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Graph graph;
    RandomCase random = random_case(graph, seed, options_for(seed));
    Rng rng(seed);
    std::vector<ValueId> values = reachable_deep(graph, roots_of(random.function));
    ValueId victim = rng.pick(values);
    Node& node = GraphTestAccess::node(graph, victim);
    int kind = static_cast<int>(rng.below(7));
    switch (kind) {
    case 0: // an operand that stands behind
      if (node.operands.empty()) continue;
      node.operands[0] = ValueId(victim.value + static_cast<uint32_t>(rng.below(3)));
      break;
    case 1: // an operand from nowhere
      if (node.operands.empty()) continue;
      node.operands.back() = rng.chance(0.5) ? ValueId() : ValueId(graph.size() + 5);
      break;
    case 2: // an element type that the operator cannot have
      if (node.type.is_tuple || node.op == Op::arg) continue;
      if (node.op == Op::cast || node.op == Op::constant || node.op == Op::table) continue;
      node.type.dtype = node.type.dtype == DType::i64 ? DType::f32 : DType::i64;
      break;
    case 3: // an axis more
      if (node.type.is_tuple || node.op == Op::arg) continue;
      node.type.shape.push_back(Dim::symbol("other"));
      break;
    case 4: // one operand more
      node.operands.push_back(values[0]);
      if (values[0] == victim || op_info(node.op).arity == kVariadic) continue;
      break;
    case 5: // an attribute that nothing reads
      node.attr.name = "junk";
      if (node.op == Op::oracle) continue;
      break;
    case 6: // a lambda from nowhere
      if (node.attr.lambdas.empty()) continue;
      node.attr.lambdas[1] = LambdaId(graph.lambda_count() + 1);
      break;
    }
    ++planted;
    CAPTURE(seed, kind, print_value(graph, victim));
    REQUIRE_FALSE(verify(graph, random.function).empty());
    REQUIRE_THROWS_AS(verify_or_die(graph, random.function, "test"), InternalError);
  }
  REQUIRE(planted > 1500);
}

TEST_CASE("verifier: refuses corrupt interfaces") {
  Graph graph;
  Builder b(graph);
  Type vector = Type::tensor(DType::f64, {Dim::symbol("n")});
  ValueId x = b.arg(0, vector), sum = b.reduce_all(Op::reduce_sum, x);
  Function good;
  good.name = "f";
  good.parameters = {{"x", vector}, {"s", Type::scalar(DType::f64)}};
  good.results = {{"x'", b.neg(x), false, 0}, {"s'", sum, false, 1}};
  good.checks = {{b.make(Op::lt, {sum, b.constant(0)}), 1, "negative", {}}};
  REQUIRE(verify(graph, good).empty());

  auto refuses = [&](auto change) {
    Function bad = good;
    change(bad);
    return !verify(graph, bad).empty();
  };
  REQUIRE(refuses([](Function& f) { f.results[0].updates = 1; }));
  REQUIRE(refuses([](Function& f) { f.results[0].updates = 7; }));
  REQUIRE(refuses([](Function& f) { f.results.push_back(f.results[0]); }));
  REQUIRE(refuses([&](Function& f) { f.checks[0].condition = sum; }));
  REQUIRE(refuses([](Function& f) { f.parameters[0].type.dtype = DType::f32; }));
  REQUIRE(refuses([](Function& f) { f.parameters.erase(f.parameters.begin()); }));
  REQUIRE(refuses([](Function& f) { f.parameters[0].per_tensor = true; }));
  REQUIRE(refuses([](Function& f) { f.results[0].per_tensor = true; }));
  REQUIRE(refuses([](Function& f) { f.tensor_symbols = {"n"}; }));
  REQUIRE(refuses([](Function& f) { f.results[0].value = ValueId(); }));
  REQUIRE(refuses([&](Function& f) { // shared, but made of one tensor
    f.over_table = true;
    f.parameters[0].per_tensor = true;
  }));
  REQUIRE(refuses([&](Function& f) { f.results[1].value = b.make(Op::across_sum, {sum}); }));
}

TEST_CASE("interpreter: random functions evaluate at ordinary, odd and empty sizes") {
  int64_t values = 0;
  for (uint64_t seed = 20000; seed < 22000; ++seed) {
    CAPTURE(seed);
    Graph graph;
    RandomOptions options = options_for(seed);
    RandomCase random = random_case(graph, seed, options);
    Builder b(graph);
    for (const Bindings& bindings : random.bindings) {
      InputOptions kind;
      kind.specials = !options.smooth;
      std::vector<Tensor> inputs = random_inputs(random.function, bindings, seed, kind);
      InterpreterOptions evaluation;
      evaluation.bindings = bindings;
      bool shapes_hold = true, smooth_is_finite = true;
      evaluation.trace = [&](const TraceEvent& event) {
        const Type& type = graph.type(event.value);
        ++values;
        if (type.is_tuple) return;
        Bindings all = bindings;
        if (event.place.row < 0) {
          auto shape = evaluate_shape(type.shape, all);
          shapes_hold &= shape && *shape == event.parts[0].shape();
        }
        shapes_hold &= type.dtype == event.parts[0].dtype();
        for (int64_t i = 0; options.smooth && i < event.parts[0].size(); ++i)
          smooth_is_finite &= std::fabs(event.parts[0].number(i)) < 1e5;
      };
      Interpreter interpreter(graph, evaluation);
      if (options.table) {
        auto rows = random_rows(random.function, bindings, seed, kind);
        REQUIRE(interpreter.evaluate_table(random.function, inputs, rows).ok());
      } else {
        REQUIRE(interpreter.evaluate(random.function, inputs).ok());
      }
      REQUIRE(shapes_hold);
      REQUIRE(smooth_is_finite);
    }
  }
  REQUIRE(values > 100000);
}

TEST_CASE("rewriting: a step that changes nothing gives the same values; apply equals evaluation") {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    Graph graph;
    RandomOptions options = options_for(seed);
    options.table = false;
    RandomCase random = random_case(graph, seed, options);
    uint32_t size = graph.size();
    Rewriter keep(graph, [](Builder&, ValueId, ValueId rebuilt) { return rebuilt; });
    Function same = keep.function(random.function);
    REQUIRE(graph.size() == size);
    for (size_t k = 0; k < same.results.size(); ++k)
      REQUIRE(same.results[k].value == random.function.results[k].value);

    // -(-x) everywhere, also in lambdas: new values, the same bits.
    Rewriter twice(graph, [](Builder& b, ValueId, ValueId rebuilt) {
      const Type& type = b.type(rebuilt);
      bool real = !type.is_tuple && is_real(type.dtype);
      return real ? b.neg(b.neg(rebuilt)) : rebuilt;
    });
    Function negated = twice.function(random.function);
    REQUIRE(verify(graph, negated).empty());
    // Called on its own parameters in reversed places.
    Builder b(graph);
    Function called = random.function;
    std::reverse(called.parameters.begin(), called.parameters.end());
    std::vector<ValueId> arguments;
    for (size_t k = 0; k < called.parameters.size(); ++k)
      arguments.push_back(b.arg(static_cast<int64_t>(called.parameters.size() - 1 - k),
                                random.function.parameters[k].type));
    std::vector<ValueId> results = apply(b, random.function, arguments);
    for (size_t k = 0; k < results.size(); ++k)
      called.results[k].value = results[k];
    REQUIRE(verify(graph, called).empty());

    InterpreterOptions evaluation;
    evaluation.bindings = random.bindings[0];
    Interpreter interpreter(graph, evaluation);
    std::vector<Tensor> inputs = random_inputs(random.function, random.bindings[0], seed);
    Evaluated expected = interpreter.evaluate(random.function, inputs);
    Evaluated got = interpreter.evaluate(negated, inputs);
    std::reverse(inputs.begin(), inputs.end());
    Evaluated reversed = interpreter.evaluate(called, inputs);
    REQUIRE(expected.ok());
    for (size_t k = 0; k < expected.results.size(); ++k) {
      REQUIRE(got.results[k].same_bits(expected.results[k]));
      REQUIRE(reversed.results[k].same_bits(expected.results[k]));
    }
  }
}

TEST_CASE("reader: mutilated text never crashes, and what it accepts is sound") {
  int accepted = 0, refused = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Graph graph;
    RandomOptions options = options_for(seed);
    options.operations = 8;
    std::string text = print(graph, random_case(graph, seed, options).function);
    Rng rng(seed);
    for (int round = 0; round < 6; ++round) {
      std::string bad = text;
      for (int64_t change = rng.range(1, 3); change > 0; --change) {
        size_t at = static_cast<size_t>(rng.below(static_cast<int64_t>(bad.size())));
        static const std::string kBytes = "%@[](){}:,=->\"\\ 0123456789abnx-.\n\xff";
        switch (rng.below(4)) {
        case 0:
          bad[at] = kBytes[static_cast<size_t>(rng.below(static_cast<int64_t>(kBytes.size())))];
          break;
        case 1: bad.erase(at, static_cast<size_t>(rng.range(1, 10))); break;
        case 2:
          bad.insert(
              at, bad.substr(static_cast<size_t>(rng.below(static_cast<int64_t>(bad.size()))), 20));
          break;
        default: bad.resize(at); break;
        }
        if (bad.empty()) break;
      }
      CAPTURE(seed, round, bad);
      Graph other;
      ReadResult result = read_functions(other, bad);
      if (result.error) {
        ++refused;
        REQUIRE(result.error->line >= 1);
        REQUIRE_FALSE(result.error->text.empty());
      } else {
        ++accepted;
      }
      for (const Function& function : result.functions) {
        REQUIRE(verify(other, function).empty());
        print(other, function);
      }
    }
  }
  REQUIRE(refused > 4000);
  REQUIRE(accepted > 10);
}
