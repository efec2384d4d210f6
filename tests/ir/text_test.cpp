// The text form: what it looks like, and what the reader says about wrong text.
#include "ir/evaluate.h"

#include "ir/print.h"
#include "ir/read.h"

using namespace thalweg;
using namespace thalweg::testing;

namespace {

std::string error_of(const std::string& text) {
  Graph graph;
  ReadResult result = read_functions(graph, text);
  return result.error ? result.error->str() : "";
}

} // namespace

TEST_CASE("text: a function reads as it stands in the header of print.h") {
  Graph graph;
  Builder b(graph);
  Dim n = Dim::symbol("n"), d = Dim::symbol("d");
  ValueId w = b.arg(0, Type::tensor(DType::f64, {d})),
          X = b.arg(1, Type::tensor(DType::f64, {n, d}));
  ValueId margin = b.contract(X, {0, 1}, w, {1}, {0});
  ValueId mean = b.div(b.reduce_all(Op::reduce_sum, margin), b.cast(b.dim(n), DType::f64));
  Function f{"objective",
             {{"w", b.type(w)}, {"X", b.type(X)}},
             {{"value", mean}, {"w'", b.neg(w), false, 0}},
             {{b.make(Op::lt, {mean, b.constant(-0.0)}), 1, "below \"zero\"\n", {1, 20, 30}}}};
  REQUIRE(print(graph, f) == R"(func objective(w: f64[d], X: f64[n, d]) {
  %0 = arg 1 : f64[n, d]
  %1 = arg 0 : f64[d]
  %2 = contract %0 %1 lanes [0 1] [1] -> [0] : f64[n]
  %3 = reduce_sum %2 lanes axes [0] : f64
  %4 = dim [n] : i64
  %5 = cast %4 : f64
  %6 = div %3 %5 : f64
  %7 = neg %1 : f64[d]
  %8 = constant -0 : f64
  %9 = lt %6 %8 : bool
  check %9 status 1 "below \"zero\"\x0a" at [1 20 30]
  return value = %6, w' = %7 updates 0
}
)");
  ReadResult back = read_functions(graph, print(graph, f));
  REQUIRE(back.ok());
  REQUIRE(back.functions[0].checks[0].message == "below \"zero\"\n");
  REQUIRE(back.functions[0].checks[0].span == Span{1, 20, 30});
  REQUIRE(back.functions[0].results[1].updates == 0);
  REQUIRE(back.functions[0].results[1].name == "w'");
}

TEST_CASE("text: every operator comes back, constants to the bit") {
  const char* text = R"(lambda @0(f64, i64) {
  %0 = arg 0 : f64
  %1 = constant 0x : f64
  return %0
}
)";
  REQUIRE(error_of(text) == "3:3: 0x is no f64");
  Graph graph;
  Builder b(graph);
  ValueId m = b.arg(0, Type::tensor(DType::f32, {Dim(3), Dim(3)})),
          v = b.arg(1, Type::tensor(DType::f32, {Dim(3)}));
  ValueId i = b.arg(2, Type::tensor(DType::i64, {Dim(4)}));
  Function f{"all parts", {{"m", b.type(m)}, {"a b", b.type(v)}, {"i", b.type(i)}}, {}, {}};
  auto give = [&](ValueId value) {
    f.results.push_back({fmt::format("r{}", f.results.size()), value});
  };
  for (double value : {0.1, -0.0, kInf, -kInf, kNan, 0x1p-1074, 1e308, 3.0}) {
    give(b.constant(value));
    give(b.constant(value, DType::f32));
  }
  give(graph.add(Op::constant, Type::scalar(DType::f64), {}, {{0x7ff8000000000123}, {}, {}, {}}));
  give(graph.add(Op::constant, Type::scalar(DType::i64), {}, {{INT64_MIN}, {}, {}, {}}));
  give(b.constant(1, DType::boolean));
  give(b.table({1.5, kNan, -2}, {Dim(3)}, DType::f32));
  give(b.table({}, {Dim(0)}, DType::i64));
  give(b.random(Distribution::rademacher, -7, b.type(v),
                {b.constant(1, DType::i64), b.constant(2, DType::i64), b.constant(3, DType::i64)}));
  give(b.slice(m, {Dim(1), Dim(0)}, {Dim(2), Dim(3)}));
  give(b.pad(v, {Dim::symbol("n")}, {Dim(2)}));
  give(b.gather(v, {i}));
  give(b.scatter_add({b.slice(i, {Dim(0)}, {Dim(3)})}, v, {Dim::symbol("größe")}));
  give(b.make(Op::argmin, {m}, {{1}, {}, {}, {}}));
  give(b.make(Op::solve, {m, v}));
  for (Op op : {Op::qr, Op::eigh, Op::svd})
    give(b.get(b.make(op, {m}), 1));
  give(b.make(Op::inverse_root, {m}, {{4}, {}, {}, {}}));
  give(graph.add(Op::oracle, Type::tuple({b.type(v), b.type(m)}), {v, m},
                 {{2}, {}, "the \"f\"", {}}));
  f.results.back().value = b.get(f.results.back().value, 1);
  uint32_t size = graph.size();
  std::string printed = print(graph, f);
  ReadResult back = read_functions(graph, printed);
  INFO(printed);
  INFO((back.error ? back.error->str() : ""));
  REQUIRE(back.ok());
  REQUIRE(graph.size() == size);
  for (size_t k = 0; k < f.results.size(); ++k)
    REQUIRE(back.functions[0].results[k].value == f.results[k].value);
  REQUIRE(back.functions[0].parameters[1].name == "a b");
}

TEST_CASE("text: errors say what is wrong and where") {
  REQUIRE(error_of("func f() {\n  %0 = add %1 %1 : f64\n  return\n}") ==
          "2:14: no value %1 stands before");
  REQUIRE(error_of("func f() {\n  %0 = frob : f64\n  return\n}") == "2:3: no operator frob");
  REQUIRE(error_of("func f(x: f64[n]) {\n  %0 = arg 0 : f64[n]\n  %1 = exp %0 : f64[m]\n  return y "
                   "= %1\n}") == "3:3: exp: the type must be f64[n], not f64[m]");
  REQUIRE(error_of("func f(x: f64) {\n  %0 = arg 1 : f64\n  return\n}") ==
          "2:3: the body has no such parameter");
  REQUIRE(error_of("func f(x: f64) {\n  %0 = arg 0 : f64\n  %1 = while_loop %0 states 1 condition "
                   "@0 body @0 : f64\n")
              .find("no lambda @0") != std::string::npos);
  REQUIRE(error_of("func f(x: f64) {\n  %0 = arg 0 : f64\n  check %0 status 1 \"\"\n  return\n}")
              .find("boolean scalar") != std::string::npos);
  REQUIRE(error_of("func f(x: f65) {") == "1:11: expected f64 or the like");
  REQUIRE(error_of("nonsense") == "1:1: expected func or lambda");
  REQUIRE(error_of("func f(x: f64) {\n  %0 = arg 0 : f64\n").find("expected") != std::string::npos);
  REQUIRE(error_of("") == "");
}

TEST_CASE("text: nesting of lambdas is bounded") {
  std::string text = "lambda @0(f64) {\n %0 = arg 0 : f64\n return %0\n}\n";
  for (int k = 1; k < 150; ++k)
    text += fmt::format(
        "lambda @{}(f64) {{\n %0 = arg 0 : f64\n %1 = constant true : bool\n"
        " %2 = if_else %1 %0 then @{} else @{} : (f64)\n %3 = get %2 0 : f64\n return %3\n}}\n",
        k, k - 1, k - 1);
  REQUIRE(error_of(text).find("nested too deep") != std::string::npos);
}
