// Losses that run chunk by chunk over the rows: the interpreter's bits, whatever the number of rows
// and threads, and data that is read once.
#include "driver/bound_call.h"
#include "driver/pipeline.h"
#include "ir/interp.h"
#include "ir/read.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>

using namespace thalweg;
using namespace thalweg::driver;

namespace {

// Value and gradient of a regularized logistic regression, and of a network with one hidden layer
// and a softmax.
const char* const kLogistic = R"(
func logistic(w: T[d], b: T, X: T[n, d], y: T[n]) {
  %0 = arg 0 : T[d]
  %1 = arg 1 : T
  %2 = arg 2 : T[n, d]
  %3 = arg 3 : T[n]
  %4 = contract %2 %0 lanes [0 1] [1] -> [0] : T[n]
  %5 = broadcast %1 axes [] : T[n]
  %6 = add %4 %5 : T[n]
  %7 = mul %3 %6 : T[n]
  %8 = neg %7 : T[n]
  %9 = softplus %8 : T[n]
  %10 = reduce_sum %9 lanes axes [0] : T
  %11 = sigmoid %8 : T[n]
  %12 = mul %3 %11 : T[n]
  %13 = contract %2 %12 serial [0 1] [0] -> [1] : T[d]
  %14 = add %13 %0 : T[d]
  %15 = reduce_sum %12 lanes axes [0] : T
  %16 = reduce_max %9 lanes axes [0] : T
  %17 = mul %15 %16 : T
  %18 = contract %0 %0 lanes [0] [0] -> [] : T
  %19 = add %10 %18 : T
  return loss = %19, w = %14, b = %17
}
)";
const char* const kNetwork = R"(
func network(W1: T[d, h], b1: T[h], W2: T[h, k], X: T[n, d], y: i64[n]) {
  %0 = arg 3 : T[n, d]
  %1 = arg 0 : T[d, h]
  %2 = contract %0 %1 serial [0 1] [1 2] -> [0 2] : T[n, h]
  %3 = arg 1 : T[h]
  %4 = broadcast %3 axes [1] : T[n, h]
  %5 = add %2 %4 : T[n, h]
  %6 = tanh %5 : T[n, h]
  %7 = arg 2 : T[h, k]
  %8 = contract %6 %7 serial [0 1] [1 2] -> [0 2] : T[n, k]
  %9 = reduce_max %8 lanes axes [1] : T[n]
  %10 = broadcast %9 axes [0] : T[n, k]
  %11 = sub %8 %10 : T[n, k]
  %12 = exp %11 : T[n, k]
  %13 = reduce_sum %12 lanes axes [1] : T[n]
  %14 = log %13 : T[n]
  %15 = iota axis 0 : i64[n]
  %16 = arg 4 : i64[n]
  %17 = gather %11 %15 %16 : T[n]
  %18 = sub %14 %17 : T[n]
  %19 = reduce_sum %18 lanes axes [0] : T
  %20 = broadcast %13 axes [0] : T[n, k]
  %21 = div %12 %20 : T[n, k]
  %22 = contract %6 %21 serial [0 1] [0 2] -> [1 2] : T[h, k]
  %23 = contract %21 %7 serial [0 2] [1 2] -> [0 1] : T[n, h]
  %24 = mul %23 %6 : T[n, h]
  %25 = contract %0 %24 serial [0 1] [0 2] -> [1 2] : T[d, h]
  %26 = reduce_sum %24 serial axes [0] : T[h]
  return loss = %19, W1 = %25, b1 = %26, W2 = %22
}
)";

std::string with_type(std::string text, const std::string& type) {
  for (size_t at = text.find("T"); at != std::string::npos; at = text.find("T", at + 1))
    text.replace(at, 1, type);
  return text;
}

void check(const char* text, DType dtype, const std::vector<Bindings>& cases) {
  Graph graph;
  ReadResult read = read_functions(graph, with_type(text, std::string(dtype_name(dtype))));
  REQUIRE(read.ok());
  Diagnostics diags;
  for (int threads : {1, 3}) {
    PipelineOptions options;
    options.threads = threads;
    Pipeline pipeline(graph, diags, options);
    auto compiled = pipeline.compile({read.functions[0]});
    REQUIRE(compiled);
    const Function& function = (*compiled)[0].function;
    BoundCall call((*compiled)[0]);
    for (const Bindings& sizes : cases) {
      INFO(text << dtype_name(dtype) << ", " << threads << " threads, n = " << sizes.at("n"));
      std::vector<Tensor> inputs = testing::random_inputs(function, sizes, 7);
      for (Tensor& input : inputs)
        if (input.dtype() == DType::i64) // labels
          for (int64_t i = 0; i < input.size(); ++i)
            input.data<int64_t>()[static_cast<size_t>(i)] = i % sizes.at("k");
      std::vector<Tensor> outputs;
      for (const loops::Slot& slot : (*compiled)[0].layout.results)
        outputs.emplace_back(slot.dtype, *evaluate_shape(slot.shape, sizes));
      for (const auto& [name, size] : sizes)
        call.size(name, size);
      for (size_t k = 0; k < inputs.size(); ++k)
        call.parameter(k, inputs[k].raw());
      for (size_t k = 0; k < outputs.size(); ++k)
        call.result(k, outputs[k].raw());
      REQUIRE(call.prepare());
      REQUIRE(call.call() == TW_OK);
      InterpreterOptions interpreting;
      interpreting.bindings = sizes;
      Evaluated wanted = Interpreter(graph, interpreting).evaluate(function, inputs);
      REQUIRE(wanted.ok());
      for (size_t k = 0; k < outputs.size(); ++k) {
        INFO(function.results[k].name << " is " << outputs[k].str() << ", wanted "
                                      << wanted.results[k].str());
        CHECK(outputs[k].same_bits(wanted.results[k]));
      }
    }
  }
}

} // namespace

TEST_CASE("losses over rows run chunk by chunk with the interpreter's bits", "[driver]") {
  for (DType dtype : {DType::f64, DType::f32}) {
    std::vector<Bindings> logistic, network;
    for (int64_t n : {0, 1, 1000, 1024, 1025, 5000, 40000})
      logistic.push_back({{"n", n}, {"d", n == 1000 ? 0 : n % 37 + 1}});
    logistic.push_back({{"n", 2100}, {"d", 131}}); // rows longer than the lanes
    for (int64_t n : {0, 1, 64, 1024, 2049, 5000})
      network.push_back({{"n", n}, {"d", 5}, {"h", n % 20 + 1}, {"k", 3}});
    check(kLogistic, dtype, logistic);
    check(kNetwork, dtype, network);
  }
}

TEST_CASE("a loss over rows is one group: its data comes from memory once", "[driver]") {
  for (const char* text : {kLogistic, kNetwork}) {
    Graph graph;
    ReadResult read = read_functions(graph, with_type(text, "f32"));
    REQUIRE(read.ok());
    auto lowered = loops::lower(graph, read.functions[0]);
    REQUIRE(std::holds_alternative<loops::Lowered>(lowered));
    const loops::Program& program = std::get<loops::Lowered>(lowered).program;
    int groups = 0;
    for (const loops::Statement& statement : program.body)
      groups += std::holds_alternative<loops::Chunks>(statement.is);
    CHECK(groups == 1);
    // X, 4 bytes an element, counts once in what is read.
    Dim bytes = loops::traffic(program).bytes_read;
    const Dim n = Dim::symbol("n"), d = Dim::symbol("d");
    int64_t of_x = 0;
    for (const Dim::Term& term : bytes.terms())
      if (term.factors == (n * d).terms()[0].factors) of_x = term.coefficient;
    CHECK(of_x == 4);
  }
}
