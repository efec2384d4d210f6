// Loops, branches, oracles, checks, tables, traces.
#include "ir/draw.h"
#include "ir/evaluate.h"

#include "ir/print.h"
#include "thalweg/abi.h"

using namespace thalweg;
using namespace thalweg::testing;
using Args = const std::vector<ValueId>&;

namespace {

const Type kReal = Type::scalar(DType::f64), kInteger = Type::scalar(DType::i64);

// while (x < capture) x = 2 x, at most `limit` times.
std::vector<ValueId> doubling(Builder& b, ValueId limit, ValueId x, ValueId bound) {
  ValueId state = b.arg(0, kReal), capture = b.arg(1, kReal);
  Attr attr;
  attr.ints = {1};
  attr.lambdas = {b.graph().add_lambda({{kReal, kReal}, {b.make(Op::lt, {state, capture})}}),
                  b.graph().add_lambda({{kReal, kReal}, {b.add(state, state)}})};
  return {b.get(b.make(Op::while_loop, {limit, x, bound}, attr), 0)};
}

Evaluated double_up(double limit, double x, double bound) {
  return evaluate_all({Tensor::scalar(limit, DType::i64), Tensor::scalar(x), Tensor::scalar(bound)},
                      [](Builder& b, Args v) { return doubling(b, v[0], v[1], v[2]); });
}

} // namespace

TEST_CASE("control: the statuses are those of the calling convention") {
  REQUIRE(run_status::kSingular == TW_SINGULAR);
  REQUIRE(run_status::kIndexOutOfRange == TW_INDEX_OUT_OF_RANGE);
  REQUIRE(run_status::kShapeMismatch == TW_SHAPE_MISMATCH);
  REQUIRE(run_status::kBadArgument == TW_BAD_ARGUMENT);
  REQUIRE(run_status::kOutOfMemory == TW_OUT_OF_MEMORY);
  REQUIRE(run_status::kNoConvergence == TW_NO_CONVERGENCE);
  REQUIRE(run_status::kUnsupported == TW_UNSUPPORTED);
}

TEST_CASE("control: a loop runs while its condition holds, at most so often, and ends quietly") {
  REQUIRE(double_up(100, 1, 10).results[0].number(0) == 16);
  REQUIRE(double_up(2, 1, 10).results[0].number(0) == 4);
  REQUIRE(double_up(0, 1, 10).results[0].number(0) == 1);
  REQUIRE(double_up(-5, 1, 10).results[0].number(0) == 1);
  REQUIRE(double_up(100, 20, 10).results[0].number(0) == 20);
  REQUIRE(double_up(100, 1, kNan).results[0].number(0) == 1);
}

TEST_CASE("control: a branch evaluates one side alone") {
  auto run = [](bool condition) {
    return evaluate_all(
        {Tensor::scalar(condition, DType::boolean), vec({1, 2}), Tensor::scalar(9, DType::i64)},
        [](Builder& b, Args v) {
          std::vector<Type> types = {b.type(v[1]), kInteger};
          ValueId x = b.arg(0, types[0]), i = b.arg(1, kInteger);
          Attr attr;
          attr.lambdas = {b.graph().add_lambda({types, {b.gather(x, {i})}}), // out of range
                          b.graph().add_lambda({types, {b.constant(7)}})};
          return std::vector{b.get(b.make(Op::if_else, v, attr), 0)};
        });
  };
  REQUIRE(run(false).results[0].number(0) == 7);
  REQUIRE(run(true).failure->status == run_status::kIndexOutOfRange);
}

TEST_CASE("control: checks are decided in order, before the results") {
  Graph graph;
  Builder b(graph);
  ValueId x = b.arg(0, Type::tensor(DType::f64, {Dim(2)})), i = b.arg(1, kInteger);
  ValueId outside = b.make(Op::le, {b.constant(2, DType::i64), i});
  Function f{"f",
             {{"x", b.type(x)}, {"i", kInteger}},
             {{"value", b.gather(x, {i})}},
             {{outside, 1, "index too large", {1, 2, 3}},
              {b.make(Op::eq, {i, b.constant(1, DType::i64)}), 2, "one", {}}}};
  verify_or_die(graph, f, "test");
  Interpreter interpreter(graph);
  auto at = [&](double index) {
    return interpreter.evaluate(f, std::vector{vec({5, 6}), Tensor::scalar(index, DType::i64)});
  };
  REQUIRE(at(0).results[0].number(0) == 5);
  Evaluated too_large = at(2), one = at(1);
  REQUIRE(too_large.failure->status == 1);
  REQUIRE(too_large.failure->text == "index too large");
  REQUIRE(too_large.failure->span == Span{1, 2, 3});
  REQUIRE(one.failure->status == 2);
  REQUIRE(at(-1).failure->status == run_status::kIndexOutOfRange);
  // Inputs that do not fit are refused.
  REQUIRE(interpreter.evaluate(f, std::vector{vec({5}), Tensor::scalar(0, DType::i64)})
              .failure->status == run_status::kBadArgument);
}

TEST_CASE("control: oracles and draws go through the hooks") {
  InterpreterOptions options;
  Expression ask = [](Builder& b, Args x) {
    Attr attr{{static_cast<int64_t>(OracleKind::gradient)}, {}, "f", {}};
    ValueId g = b.graph().add(Op::oracle, b.type(x[0]), {x[0]}, attr);
    return std::vector{g, b.random(Distribution::normal, 42, b.type(x[0]),
                                   {b.constant(1, DType::i64), b.constant(-5, DType::i64),
                                    b.constant(3, DType::i64)})};
  };
  REQUIRE(evaluate_all({vec({1, 2})}, ask, options).failure->status == run_status::kUnsupported);
  options.oracle = [](const Node& node, std::span<const Tensor* const> x,
                      std::vector<Tensor>& out) {
    REQUIRE(node.attr.name == "f");
    out = {vec({2 * x[0]->number(0), 2 * x[0]->number(1)})};
    return std::optional<Failure>();
  };
  Evaluated evaluated = evaluate_all({vec({1, 2})}, ask, options);
  require_bits(evaluated.results[0], vec({2, 4}));
  const tw_key key{1, static_cast<uint64_t>(-5), 42, 0, 3};
  const auto drawn = [&](int64_t element) {
    return draw_element(Distribution::normal, tw_stream(&key), key.step, element, DType::f64);
  };
  require_bits(evaluated.results[1], vec({drawn(0), drawn(1)}));
  options.oracle = [](const Node&, std::span<const Tensor* const>, std::vector<Tensor>& out) {
    out = {vec({1, 2, 3})};
    return std::optional<Failure>();
  };
  REQUIRE(evaluate_all({vec({1, 2})}, ask, options).failure->status == run_status::kShapeMismatch);
  options.max_elements = 10;
  REQUIRE(evaluate_all(
              {}, [](Builder& b, Args) { return std::vector{b.iota({Dim(11)}, 0)}; }, options)
              .failure->status == run_status::kOutOfMemory);
}

TEST_CASE("control: a rule over a table folds across its rows in order") {
  Graph graph;
  Builder b(graph);
  Type tensor = Type::tensor(DType::f32, {Dim::symbol("p")});
  ValueId x = b.arg(0, tensor), scale = b.arg(1, Type::scalar(DType::f32));
  ValueId sum = b.reduce_all(Op::reduce_sum, x);
  ValueId total = b.make(Op::across_sum, {sum}), largest = b.make(Op::across_max, {sum});
  Function f;
  f.name = "rule";
  f.over_table = true;
  f.tensor_symbols = {"p"};
  f.parameters = {{"x", tensor, true}, {"scale", Type::scalar(DType::f32), false}};
  ValueId factor = b.mul(scale, total);
  f.results = {{"x'", b.mul(x, b.broadcast_scalar(factor, tensor.shape)), true, 0},
               {"total", total, false},
               {"largest", largest, false}};
  f.checks = {{b.make(Op::eq, {sum, b.constant(99, DType::f32)}), 1, "99", {}}};
  verify_or_die(graph, f, "test");
  auto f32 = [](std::vector<double> v) { return vec(std::move(v), DType::f32); };
  std::vector<TableRow> rows = {{{{"p", 2}}, {f32({1, 2})}},
                                {{{"p", 0}}, {f32({})}},
                                {{{"p", 1}}, {f32({0x1p25})}},
                                {{{"p", 1}}, {f32({-0x1p25})}}};
  std::vector<Tensor> shared = {Tensor::scalar(2, DType::f32)};
  Interpreter interpreter(graph);
  TableEvaluated out = interpreter.evaluate_table(f, shared, rows);
  REQUIRE(out.ok());
  require_bits(out.shared[0], Tensor::scalar(3, DType::f32)); // f32 would lose the 3 beside 2^25
  require_bits(out.shared[1], Tensor::scalar(0x1p25, DType::f32));
  require_bits(out.rows[0][0], f32({6, 12}));
  require_bits(out.rows[1][0], f32({}));
  TableEvaluated none = interpreter.evaluate_table(f, shared, {});
  require_bits(none.shared[0], Tensor::scalar(0, DType::f32));
  require_bits(none.shared[1], Tensor::scalar(-kInf, DType::f32));
  rows[3].inputs[0] = f32({99});
  REQUIRE(interpreter.evaluate_table(f, shared, rows).failure->row == 3);
}

TEST_CASE("control: the trace shows every value, loops by their rounds") {
  std::vector<std::vector<int64_t>> rounds;
  int values = 0;
  InterpreterOptions options;
  options.trace = [&](const TraceEvent& event) {
    ++values;
    if (event.in_lambda && event.parts.size() == 1) rounds.push_back(event.place.rounds);
  };
  Evaluated evaluated = evaluate_all(
      {Tensor::scalar(3, DType::i64), Tensor::scalar(1), Tensor::scalar(10)},
      [](Builder& b, Args v) { return doubling(b, v[0], v[1], v[2]); }, options);
  REQUIRE(evaluated.results[0].number(0) == 8);
  REQUIRE(rounds.front() == std::vector<int64_t>{0});
  REQUIRE(rounds.back() == std::vector<int64_t>{2});
  REQUIRE(values == static_cast<int>(rounds.size()) + 5); // three inputs, the loop, get
}

TEST_CASE("control: the first value that is not finite is found, with its place") {
  Graph graph;
  Builder b(graph);
  Type type = Type::tensor(DType::f64, {Dim(3)});
  ValueId x = b.arg(0, type);
  b.set_origin({1, 5, 9});
  ValueId log = b.make(Op::log, {x});
  b.set_origin({1, 20, 30});
  ValueId after = b.mul(log, x);
  Function f{"f", {{"x", type}}, {{"value", after}}, {}};
  auto found = first_non_finite(graph, f, std::vector{vec({1, -1, 0})}, {});
  REQUIRE(found);
  REQUIRE(found->value == log);
  REQUIRE(found->span == Span{1, 5, 9});
  REQUIRE(found->element == 1);
  REQUIRE_FALSE(first_non_finite(graph, f, std::vector{vec({1, 2, 3})}, {}));
  REQUIRE(first_non_finite(graph, f, std::vector{vec({1, 0, 1})}, {})->value == log);
  auto nan_only = first_non_finite(graph, f, std::vector{vec({1, 0, 1})}, {}, false); // 0·-inf
  REQUIRE(nan_only->value == after);
}
