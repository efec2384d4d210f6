// Rules elaborated from a line of text and stepped over tables (see rule_runner.h).
#include "stdlib/rule_runner.h"

#include "diag/render.h"
#include "irgen/experiment.h"
#include "support/check.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thalweg::test {

namespace {

std::string source(const std::string& folder) {
  return std::string(THALWEG_SOURCE_DIR) + "/" + folder;
}

} // namespace

RuleProgram::RuleProgram(const std::string& rule, DType precision, const std::string& declarations,
                         size_t rank, const std::string& folder)
    : front(source("stdlib")) {
  std::string text = declarations + "\nproblem P { param x: [3] = 0  minimize sumsq(x) }\n" +
                     "experiment e { minimize P()  using " + rule + "  steps 1 }\n";
  front.path = source(folder) + "/rule.tw";
  FileId file = front.sources.add(front.path, text);
  sema::Compilation compilation{front.sources, front.context, front.library, front.diags};
  front.program = sema::analyze(compilation, file);
  irgen::Unit unit_of_program = front.unit(graph, precision);
  const ast::Decl* experiment = front.program.find("e");
  TW_CHECK(experiment && !front.diags.has_errors(), "{}", render_all(front.diags, front.sources));
  auto elaborated = irgen::elaborate_experiment(unit_of_program, *experiment);
  TW_CHECK(elaborated, "{}", render_all(front.diags, front.sources));
  auto rule_unit = irgen::elaborate_rule(unit_of_program, elaborated->racers.at(0).chain, rank);
  TW_CHECK(rule_unit, "{}", render_all(front.diags, front.sources));
  unit = std::move(*rule_unit);
}

driver::Pipeline RuleProgram::pipeline(const std::string& target) {
  driver::PipelineOptions options;
  options.target = target;
  return driver::Pipeline(graph, front.diags, options);
}

loops::Lowered RuleProgram::lowered_step() {
  driver::Pipeline passes = pipeline();
  auto lowered = passes.lower(passes.finish(unit.step));
  TW_CHECK(lowered, "{}", render_all(front.diags, front.sources));
  return std::move(*lowered);
}

RuleRunner::RuleRunner(RuleProgram& program, driver::Pipeline& pipeline, Way way)
    : program_(program), way_(way) {
  std::vector<Function> functions{program.unit.initial, program.unit.step};
  for (const irgen::RuleUnit::Query& query : program.unit.queries)
    functions.push_back(query.point);
  if (program.unit.answer) functions.push_back(*program.unit.answer);
  auto compiled = pipeline.compile(functions);
  TW_CHECK(compiled, "{}", render_all(program.front.diags, program.front.sources));
  code_ = std::move(*compiled);
  size_t hyper = 0, next_row = 0;
  for (const Parameter& parameter : program.unit.step.parameters) {
    place_.push_back(parameter.per_tensor ? next_row++ : shared_.size());
    if (parameter.per_tensor) continue;
    TW_CHECK(parameter.type.is_scalar(), "a shared parameter of a rule is a number");
    double value = parameter.name.starts_with("hyper ") ? program.unit.hypers[hyper++].value : 0;
    shared_.push_back(Tensor::scalar(value, parameter.type.dtype));
  }
}

Tensor& RuleRunner::shared(const std::string& parameter) {
  size_t k = program_.unit.index_of(parameter);
  TW_CHECK(k < place_.size(), "no parameter {}", parameter);
  return shared_[place_[k]];
}
Tensor& RuleRunner::row(size_t row, const std::string& parameter) {
  size_t k = program_.unit.index_of(parameter);
  TW_CHECK(k < place_.size(), "no parameter {}", parameter);
  return rows_.at(row).inputs[place_[k]];
}
const Tensor& RuleRunner::row(size_t row, const std::string& parameter) const {
  return const_cast<RuleRunner*>(this)->row(row, parameter);
}
void RuleRunner::hyper(const std::string& name, double value) {
  shared("hyper " + name).set_number(0, value);
}

void RuleRunner::loss(double value) { shared("loss").set_number(0, value); }

void RuleRunner::start(const std::vector<std::vector<double>>& x, const Shapes& shapes) {
  const irgen::RuleUnit& unit = program_.unit;
  rows_.clear();
  for (size_t r = 0; r < x.size(); ++r) {
    TableRow row;
    if (unit.rank == 1)
      row.bindings["size"] = static_cast<int64_t>(x[r].size());
    else
      for (size_t k = 0; k < unit.rank; ++k)
        row.bindings["size" + std::to_string(k)] = shapes[r].at(k);
    for (const Parameter& parameter : unit.step.parameters) {
      if (!parameter.per_tensor) continue;
      std::vector<int64_t> shape = *evaluate_shape(parameter.type.shape, row.bindings);
      row.inputs.push_back(parameter.name == "x" ? Tensor::of(x[r], shape, parameter.type.dtype)
                                                 : Tensor(parameter.type.dtype, shape));
    }
    rows_.push_back(std::move(row));
  }
  t_ = 1;
  shared("t").set_number(0, 1);
  shared("loss").set_number(0, std::numeric_limits<double>::infinity());
  points_.clear();
  for (size_t r = 0; r < rows_.size(); ++r)
    points_.push_back(row(r, "x"));
  directions_ = points_;
  if (way_ == Way::interpreted) {
    TW_CHECK(interpret(code_[0].function, true) == 0, "initial states");
    return;
  }
  calls_.clear();
  for (const driver::CompiledFunction& code : code_) {
    calls_.emplace_back(code);
    bind(calls_.back());
  }
  for (size_t k = 0; k < unit.states.size(); ++k) {
    size_t at = place_[unit.index_of("state " + unit.states[k].name)];
    if (!unit.states[k].per_tensor) calls_[0].result(k, shared_[at].raw());
    for (size_t r = 0; unit.states[k].per_tensor && r < rows_.size(); ++r)
      calls_[0].row_result(r, k, rows_[r].inputs[at].raw());
  }
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t k = 2; k < calls_.size(); ++k) {
      calls_[k].row_result(r, 0, points_[r].raw());
      if (k - 2 < unit.queries.size() && unit.queries[k - 2].order == 2)
        calls_[k].row_result(r, 1, directions_[r].raw());
    }
  for (driver::BoundCall& call : calls_)
    TW_CHECK(call.prepare(), "memory of the rule");
  TW_CHECK(calls_[0].call() == 0, "initial states");
}

// Element by element: compiled code is bound to the memory that is there.
void RuleRunner::resume(const RuleRunner& other) {
  auto copy = [](const Tensor& from, Tensor& to) {
    for (int64_t i = 0; i < from.size(); ++i)
      to.set_number(i, from.number(i));
  };
  for (size_t k = 0; k < shared_.size(); ++k)
    copy(other.shared_[k], shared_[k]);
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t k = 0; k < rows_[r].inputs.size(); ++k)
      copy(other.rows_.at(r).inputs[k], rows_[r].inputs[k]);
  t_ = other.t_;
}

void RuleRunner::bind(driver::BoundCall& call) {
  std::vector<Bindings> sizes;
  for (const TableRow& row : rows_)
    sizes.push_back(row.bindings);
  call.rows(sizes);
  const std::vector<Parameter>& parameters = program_.unit.step.parameters;
  for (size_t k = 0; k < parameters.size(); ++k) {
    if (!parameters[k].per_tensor) call.parameter(k, shared_[place_[k]].raw());
    for (size_t r = 0; parameters[k].per_tensor && r < rows_.size(); ++r)
      call.row_parameter(r, k, rows_[r].inputs[place_[k]].raw());
  }
}

int32_t RuleRunner::step(const std::vector<std::vector<double>>& gradients) {
  TW_CHECK(gradients.size() == rows_.size(), "one gradient a tensor");
  return step([&](size_t row, const std::vector<double>&) { return gradients[row]; });
}

static std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.size()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = tensor.number(static_cast<int64_t>(i));
  return values;
}
static void assign(Tensor& tensor, const std::vector<double>& values) {
  TW_CHECK(static_cast<size_t>(tensor.size()) == values.size(), "a gradient of another size");
  for (size_t i = 0; i < values.size(); ++i)
    tensor.set_number(static_cast<int64_t>(i), values[i]);
}

std::vector<Tensor> RuleRunner::answer() {
  shared("t").set_number(0, static_cast<double>(t_ - 1));
  if (!program_.unit.answer || t_ == 1) {
    std::vector<Tensor> points;
    for (size_t r = 0; r < rows_.size(); ++r)
      points.push_back(row(r, "x"));
    return points;
  }
  if (way_ == Way::interpreted) {
    TableEvaluated out =
        Interpreter(program_.graph).evaluate_table(code_.back().function, shared_, rows_);
    TW_CHECK(out.ok(), "the answer");
    for (size_t r = 0; r < rows_.size(); ++r)
      points_[r] = out.rows[r][0];
  } else {
    TW_CHECK(calls_.back().call(0, t_) == 0, "the answer");
  }
  return points_;
}

// The points of a query, then the gradients there, or the products.
int32_t RuleRunner::ask(size_t query, const Oracle& gradient) {
  const irgen::RuleUnit::Query& asked = program_.unit.queries[query];
  TW_CHECK(asked.order > 0, "values at other points are not fed");
  const std::string name = "query" + std::to_string(query);
  if (asked.asked) {
    TableEvaluated out = Interpreter(program_.graph).evaluate_table(*asked.asked, shared_, rows_);
    if (out.ok() && out.shared[0].number(0) == 0) {
      for (size_t r = 0; r < rows_.size(); ++r)
        assign(row(r, name), std::vector<double>(numbers(row(r, name)).size(), std::nan("")));
      return 0;
    }
  }
  if (way_ == Way::interpreted) {
    TableEvaluated out =
        Interpreter(program_.graph).evaluate_table(code_[2 + query].function, shared_, rows_);
    if (!out.ok()) return out.failure->status;
    for (size_t r = 0; r < rows_.size(); ++r) {
      points_[r] = out.rows[r][0];
      if (asked.order == 2) directions_[r] = out.rows[r][1];
    }
  } else if (int32_t status = calls_[2 + query].call(0, t_)) {
    return status;
  }
  for (size_t r = 0; r < rows_.size(); ++r)
    assign(row(r, name), asked.order == 1 ? gradient(r, numbers(points_[r]))
                         : product_ ? product_(r, numbers(points_[r]), numbers(directions_[r]))
                                    : numbers(directions_[r]));
  return 0;
}

int32_t RuleRunner::step(const Oracle& gradient) {
  for (size_t r = 0; r < rows_.size(); ++r)
    assign(row(r, "gradient"), gradient(r, numbers(row(r, "x"))));
  shared("t").set_number(0, static_cast<double>(t_));
  for (size_t k = 0; k < program_.unit.queries.size(); ++k)
    if (int32_t status = ask(k, gradient)) return status;
  int32_t status = 0;
  if (way_ == Way::interpreted) {
    status = interpret(code_[1].function, false);
  } else {
    status = calls_[1].call(0, t_);
    const std::vector<Result>& results = code_[1].function.results;
    for (size_t k = 0; k < results.size(); ++k)
      if (results[k].updates < 0) recorded_[results[k].name] = calls_[1].scalar_result(k);
  }
  // Behind a `step when` the rule counts the steps that it takes.
  t_ += status == 0 && (!program_.unit.gated || recorded_.at("taken") != 0);
  return status;
}

int32_t RuleRunner::interpret(const Function& function, bool initial) {
  TableEvaluated out = Interpreter(program_.graph).evaluate_table(function, shared_, rows_);
  if (!out.ok()) return out.failure->status;
  size_t next_shared = 0, next_row = 0;
  for (size_t k = 0; k < function.results.size(); ++k) {
    const Result& result = function.results[k];
    size_t to = initial ? program_.unit.index_of("state " + result.name)
                        : static_cast<size_t>(std::max(result.updates, 0));
    bool updates = initial || result.updates >= 0;
    if (result.per_tensor) {
      TW_CHECK(updates, "a result of a tensor that nothing keeps");
      for (size_t r = 0; r < rows_.size(); ++r)
        rows_[r].inputs[place_[to]] = out.rows[r][next_row];
      ++next_row;
    } else {
      const Tensor& value = out.shared[next_shared++];
      if (updates)
        shared_[place_[to]] = value;
      else
        recorded_[result.name] = value.number(0);
    }
  }
  return 0;
}

double RuleRunner::recorded(const std::string& name) const { return recorded_.at(name); }

std::vector<Tensor> RuleRunner::everything() const {
  std::vector<Tensor> all;
  for (const TableRow& row : rows_)
    all.insert(all.end(), row.inputs.begin(), row.inputs.end());
  all.insert(all.end(), shared_.begin(), shared_.end());
  for (const auto& [name, value] : recorded_)
    all.push_back(Tensor::scalar(value));
  return all;
}

std::string arguments_text(const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [name, value] : values)
    text += (text.empty() ? "" : ", ") + name + " = " + value;
  return text;
}

} // namespace thalweg::test
