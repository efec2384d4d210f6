// Value, gradient and Hessian of the example problems, and of every function and loss of the
// library, against torch.autograd: through differentiation, simplification and machine code, and
// through the interpreter.
#include "driver/evaluation.h"
#include "driver/pipeline.h"
#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace thalweg;
using namespace thalweg::driver;
using nlohmann::json;

namespace {

void flatten(const json& value, size_t axis, GivenValue& to) {
  if (!value.is_array()) {
    to.numbers.push_back(value.get<double>());
    return;
  }
  if (axis == to.shape.size()) to.shape.push_back(static_cast<int64_t>(value.size()));
  REQUIRE(to.shape[axis] == static_cast<int64_t>(value.size()));
  for (const json& element : value)
    flatten(element, axis + 1, to);
}
GivenValue given_value(const std::string& name, const json& value) {
  GivenValue given;
  given.name = name;
  flatten(value, 0, given);
  return given;
}

double largest(const json& value) {
  double top = 0;
  for (double v : given_value("", value).numbers)
    top = std::max(top, std::abs(v));
  return top;
}

// max |a - b| against `scale`, over a whole tensor.
void check_near(const Tensor& got, const json& value, double scale, const std::string& what) {
  GivenValue wanted = given_value(what, value);
  INFO(what << ": " << got.str(40));
  REQUIRE(got.shape() == wanted.shape);
  double apart = 0;
  for (size_t i = 0; i < wanted.numbers.size(); ++i) {
    double d = std::abs(got.number(static_cast<int64_t>(i)) - wanted.numbers[i]);
    apart = std::isfinite(d) ? std::max(apart, d) : std::numeric_limits<double>::infinity();
  }
  CHECK(apart <= 1e-10 * scale);
}

// Results of machine code; no other way is taken.
std::vector<Tensor> compiled(Front& front, Graph& graph, const Function& function,
                             const Evaluation& at, Function& finished) {
  const PipelineOptions options;
  Pipeline pipeline(graph, front.diags, options);
  auto code = pipeline.compile({function});
  INFO(render_all(front.diags, front.sources));
  REQUIRE(code);
  finished = (*code)[0].function;
  BoundCall call((*code)[0]);
  for (const auto& [name, size] : at.sizes)
    call.size(name, size);
  for (size_t k = 0; k < at.inputs.size(); ++k)
    call.parameter(k, at.inputs[k].raw());
  std::vector<Tensor> results;
  for (const Result& result : finished.results) {
    const Type& type = graph.type(result.value);
    results.emplace_back(type.dtype, *evaluate_shape(type.shape, at.sizes));
  }
  for (size_t k = 0; k < results.size(); ++k)
    call.result(k, results[k].raw());
  REQUIRE(call.prepare());
  REQUIRE(call.call() == 0);
  return results;
}

void check_function(Front& front, Graph& graph, const Function& function, const Evaluation& at,
                    const json& c, const irgen::ProblemUnit& problem) {
  struct Wanted {
    std::string name;
    json value;
    double scale;
  };
  auto wanted_at = [](std::string name, const json& value) {
    return Wanted{std::move(name), value, largest(value)};
  };
  std::vector<Wanted> wanted{wanted_at("value", c.at("value"))};
  for (const auto& p : problem.parameters)
    wanted.push_back(wanted_at("gradient of " + p.name, c.at("gradient").at(p.name)));
  const size_t first_block = wanted.size();
  if (function.results.size() > first_block)
    for (const auto& p : problem.parameters)
      for (const auto& q : problem.parameters)
        wanted.push_back(wanted_at("hessian of " + p.name + ", " + q.name,
                                   c.at("hessian").at(p.name).at(q.name)));
  // A block of the Hessian may be next to nothing where the rest is not (margins of hundreds).
  double whole = 0;
  for (size_t k = first_block; k < wanted.size(); ++k)
    whole = std::max(whole, wanted[k].scale);
  for (size_t k = first_block; k < wanted.size(); ++k)
    wanted[k].scale = whole;
  REQUIRE(function.results.size() == wanted.size());
  Function finished;
  std::vector<Tensor> fast = compiled(front, graph, function, at, finished);
  InterpreterOptions options;
  options.bindings = at.sizes;
  Evaluated slow = Interpreter(graph, options).evaluate(finished, at.inputs);
  REQUIRE(slow.ok());
  // Not simplified, not contracted: the derivative as it was derived.
  Evaluated raw = Interpreter(graph, options).evaluate(function, at.inputs);
  REQUIRE(raw.ok());
  for (size_t k = 0; k < wanted.size(); ++k) {
    check_near(fast[k], wanted[k].value, wanted[k].scale, "compiled " + wanted[k].name);
    check_near(raw.results[k], wanted[k].value, wanted[k].scale, "derived " + wanted[k].name);
    INFO(wanted[k].name << ": " << fast[k].str(40) << "\n" << slow.results[k].str(40));
    CHECK(fast[k].same_bits(slow.results[k]));
  }
}

void check_fixture(const std::string& name, size_t cases, size_t hessians) {
  const std::string root = std::string(THALWEG_SOURCE_DIR) + "/";
  std::ifstream in(root + "tests/reference/" + name + ".json");
  REQUIRE(in);
  const json file = json::parse(in);
  REQUIRE(file.at("cases").size() == cases);
  size_t with_hessian = 0;
  for (size_t number = 0; number < cases; ++number) {
    const json& c = file.at("cases").at(number);
    INFO(name << ", case " << number);
    Front front(root + "stdlib");
    auto of = [&](const char* key) { // of the case, or of all
      return (c.contains(key) ? c : file).at(key).get<std::string>();
    };
    INFO(of("problem"));
    REQUIRE(front.load(root + of("program")));
    Graph graph;
    irgen::Unit unit = front.unit(graph, DType::f64);
    const ast::Decl* decl = front.pick<ast::ProblemDecl>(of("problem"), "problem");
    REQUIRE(decl);
    auto problem = irgen::elaborate_problem(unit, *decl);
    INFO(render_all(front.diags, front.sources));
    REQUIRE(problem);
    Given given;
    for (const auto& hyper : problem->hypers) {
      given.hypers.emplace_back(hyper.name, c.at("hyper").at(hyper.name).get<double>());
      given.set.push_back(hyper.name);
    }
    for (const char* part : {"data", "at"})
      for (const auto& [key, value] : c.at(part).items())
        given.values.push_back(given_value(key, value));
    auto at = assemble(front, graph, *problem, given);
    REQUIRE(at);

    Function loss = problem->objective;
    loss.results.resize(1);
    loss = simplify::simplify(graph, loss);
    std::vector<size_t> wrt;
    for (size_t k = 0; k < problem->parameters.size(); ++k)
      wrt.push_back(problem->first_parameter() + k);
    diff::Outcome gradient = diff::gradient(graph, loss, 0, wrt);
    REQUIRE(gradient);
    check_function(front, graph, *gradient, *at, c, *problem);
    if (!c.contains("hessian")) continue;
    ++with_hessian;
    diff::Outcome hessian = diff::hessian(graph, loss, 0, wrt);
    REQUIRE(hessian);
    check_function(front, graph, *hessian, *at, c, *problem);
  }
  CHECK(with_hessian == hessians);
}

} // namespace

TEST_CASE("logistic regression has torch's gradient and Hessian", "[driver]") {
  check_fixture("gradients/LogisticRegression", 4, 4);
}
TEST_CASE("the two-layer network has torch's gradient", "[driver]") {
  check_fixture("gradients/DigitsMLP", 2, 0);
}
TEST_CASE("Rosenbrock's valley has torch's gradient and Hessian", "[driver]") {
  check_fixture("gradients/Rosenbrock", 4, 4);
}
TEST_CASE("every function and loss of the library has torch's gradient and Hessian", "[driver]") {
  size_t items = 0;
  for (const char* folder : {"functions", "losses"})
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(THALWEG_SOURCE_DIR) / "stdlib" / folder)) {
      check_fixture("functions/" + entry.path().stem().string(), 4, 4);
      ++items;
    }
  CHECK(items >= 12);
}
// Takes a while, so it is part of `make check`.
TEST_CASE("the problems of the library have JAX's gradients and Hessians", "[.evidence]") {
  check_fixture("hessians/library", 130, 130);
}
