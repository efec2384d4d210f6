// Evaluation of bodies: order, frames, lambdas, failures (see interp.h).
#include "ir/interp.h"

#include "ir/interp_call.h"

#include <cmath>

namespace thalweg {
namespace interp {

void Call::fail(int status, std::string text) {
  if (!failure)
    failure = Failure{status, fmt::format("{}: {}", op_info(node.op).name, text), id,
                      graph.origin(id), machine.place().row};
}

std::optional<int64_t> Call::size(const Dim& dim) {
  std::optional<int64_t> value = evaluate_dim(dim, bindings);
  if (!value) fail(run_status::kShapeMismatch, "the size " + dim.str() + " is not known");
  return value;
}

std::optional<std::vector<int64_t>> Call::sizes(std::span<const Dim> dims) {
  std::vector<int64_t> values;
  for (const Dim& dim : dims) {
    std::optional<int64_t> value = size(dim);
    if (!value) return std::nullopt;
    if (*value < 0) {
      fail(run_status::kShapeMismatch, fmt::format("the size {} is {}", dim.str(), *value));
      return std::nullopt;
    }
    values.push_back(*value);
  }
  return values;
}

std::optional<Tensor> Call::zeros() {
  std::optional<std::vector<int64_t>> shape = sizes(node.type.shape);
  if (!shape) return std::nullopt;
  int64_t count = count_elements(*shape);
  if (count < 0 || count > options.max_elements) {
    fail(run_status::kOutOfMemory, node.type.str() + " has too many elements");
    return std::nullopt;
  }
  return Tensor(node.type.dtype, *shape);
}

Parts Machine::evaluate(ValueId id, std::span<const Parts> arguments, const Bindings& bindings,
                        std::span<const Frame* const> frames) {
  const Node& node = graph_.node(id);
  Call call{graph_, node, id, bindings, options_, *this, arguments, {}, {}, {}};
  for (ValueId operand : node.operands) {
    Parts parts;
    for (const Frame* frame : frames)
      if (auto it = frame->find(operand.value); it != frame->end()) parts = it->second;
    TW_CHECK(parts != nullptr, "an operand was not evaluated");
    call.operands.push_back(std::move(parts));
  }
  switch (node.op) {
#define TW_OP(name, arity, shape_rule, evaluation, ...)                                            \
  case Op::name: eval_##evaluation(call); break;
#include "ir/ops.def"
  }
  if (call.failure) {
    fail(*call.failure);
    return nullptr;
  }
  Parts parts = std::make_shared<const std::vector<Tensor>>(std::move(call.results));
  if (options_.trace) options_.trace({id, *parts, place_, depth_ > 0});
  return parts;
}

bool Machine::evaluate_all(std::span<const ValueId> roots, std::span<const Parts> arguments,
                           const Bindings& bindings, Frame& frame) {
  const Frame* frames[] = {&frame};
  for (ValueId id : reachable(graph_, roots)) {
    if (frame.count(id.value)) continue;
    Parts parts = evaluate(id, arguments, bindings, frames);
    if (!parts) return false;
    frame.emplace(id.value, std::move(parts));
  }
  return true;
}

bool Machine::run(LambdaId id, std::span<const Parts> arguments, const Bindings& bindings,
                  std::vector<Parts>& results) {
  const Lambda& lambda = graph_.lambda(id);
  auto [order, fresh] = lambda_orders_.try_emplace(id.value);
  if (fresh) order->second = reachable(graph_, lambda.results);
  const std::vector<ValueId> values = order->second; // a copy: nested lambdas add to the map
  Frame frame;
  const Frame* frames[] = {&frame};
  ++depth_;
  bool ok = true;
  for (ValueId value : values) {
    Parts parts = evaluate(value, arguments, bindings, frames);
    ok = parts != nullptr;
    if (!ok) break;
    frame.emplace(value.value, std::move(parts));
  }
  --depth_;
  if (!ok) return false;
  results.clear();
  for (ValueId value : lambda.results)
    results.push_back(frame.at(value.value));
  return true;
}

Parts share(const Tensor& tensor) {
  return std::make_shared<const std::vector<Tensor>>(std::vector<Tensor>{tensor});
}

std::optional<Failure> input_problem(const Parameter& parameter, const Tensor& tensor,
                                     const Bindings& bindings) {
  std::optional<std::vector<int64_t>> shape = evaluate_shape(parameter.type.shape, bindings);
  if (shape && *shape == tensor.shape() && parameter.type.dtype == tensor.dtype())
    return std::nullopt;
  return Failure{run_status::kBadArgument,
                 fmt::format("parameter {} is {}, given {}", parameter.name, parameter.type.str(),
                             tensor.str(0)),
                 {},
                 {},
                 -1};
}

Failure check_failure(const Check& check, int64_t row) {
  return {check.status, check.message, check.condition, check.span, row};
}

} // namespace interp

using namespace interp;

Evaluated Interpreter::evaluate(const Function& function, std::span<const Tensor> inputs) const {
  TW_CHECK(!function.over_table, "{} is a function over a table", function.name);
  TW_CHECK(inputs.size() == function.parameters.size(), "{} takes {} inputs, given {}",
           function.name, function.parameters.size(), inputs.size());
  std::vector<Parts> arguments;
  for (size_t k = 0; k < inputs.size(); ++k) {
    std::optional<Failure> problem =
        input_problem(function.parameters[k], inputs[k], options_.bindings);
    if (problem) return {{}, std::move(problem)};
    arguments.push_back(share(inputs[k]));
  }
  Machine machine(graph_, options_);
  Machine::Frame frame;
  for (const Check& check : function.checks) {
    ValueId roots[] = {check.condition};
    if (!machine.evaluate_all(roots, arguments, options_.bindings, frame))
      return {{}, machine.failure()};
    if ((*frame.at(check.condition.value))[0].number(0) != 0) return {{}, check_failure(check, -1)};
  }
  std::vector<ValueId> roots = roots_of(function);
  if (!machine.evaluate_all(roots, arguments, options_.bindings, frame))
    return {{}, machine.failure()};
  Evaluated evaluated;
  for (const Result& result : function.results)
    evaluated.results.push_back((*frame.at(result.value.value))[0]);
  return evaluated;
}

std::optional<NonFinite> first_non_finite(const Graph& graph, const Function& function,
                                          std::span<const Tensor> inputs,
                                          InterpreterOptions options, bool infinities) {
  std::optional<NonFinite> found;
  std::vector<bool> tainted(graph.size(), false);
  options.trace = [&](const TraceEvent& event) {
    const Node& node = graph.node(event.value);
    bool inherits = node.op == Op::constant || node.op == Op::table;
    for (ValueId operand : node.operands)
      inherits = inherits || tainted[operand.value];
    bool bad = false;
    for (const Tensor& part : event.parts) {
      if (!is_real(part.dtype())) continue;
      for (int64_t i = 0; i < part.size() && !bad; ++i) {
        double number = part.number(i);
        if (std::isnan(number) ? false : !(infinities && std::isinf(number))) continue;
        bad = true;
        if (!found && !inherits)
          found = {event.value, graph.origin(event.value), i, number, event.place};
      }
    }
    tainted[event.value.value] = bad;
  };
  Interpreter(graph, std::move(options)).evaluate(function, inputs);
  return found;
}

} // namespace thalweg
