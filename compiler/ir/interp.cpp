// Evaluation of bodies: order, frames, lambdas, failures, tables of tensors (see interp.h).
#include "ir/interp.h"

#include "ir/interp_call.h"
#include "ir/varying.h"

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
    if (!(ok = parts != nullptr)) break;
    frame.emplace(value.value, std::move(parts));
  }
  --depth_;
  if (!ok) return false;
  results.clear();
  for (ValueId value : lambda.results)
    results.push_back(frame.at(value.value));
  return true;
}

static Parts share(const Tensor& tensor) {
  return std::make_shared<const std::vector<Tensor>>(std::vector<Tensor>{tensor});
}

static std::optional<Failure> input_problem(const Parameter& parameter, const Tensor& tensor,
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

static Failure check_failure(const Check& check, int64_t row) {
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

namespace interp {

// A table evaluation: values that vary are kept per row, the others once.
class TableRun {
public:
  TableRun(const Graph& graph, const Function& function, const InterpreterOptions& options,
           std::span<const TableRow> rows)
      : graph_(graph), function_(function), options_(options),
        varies_(varies_by_tensor(graph, function)), machine_(graph, options), frames_(rows.size()),
        arguments_(rows.size()), bindings_(rows.size(), options.bindings) {
    for (size_t r = 0; r < rows.size(); ++r)
      for (const auto& [name, size] : rows[r].bindings)
        bindings_[r][name] = size;
  }

  std::optional<Failure> take_inputs(std::span<const Tensor> shared,
                                     std::span<const TableRow> rows) {
    std::vector<size_t> next(rows.size(), 0);
    size_t next_shared = 0;
    for (const Parameter& parameter : function_.parameters) {
      shared_arguments_.push_back(nullptr);
      if (!parameter.per_tensor) {
        TW_CHECK(next_shared < shared.size(), "too few shared inputs");
        const Tensor& tensor = shared[next_shared++];
        if (auto problem = input_problem(parameter, tensor, options_.bindings)) return problem;
        shared_arguments_.back() = share(tensor);
      }
      for (size_t r = 0; r < rows.size(); ++r) {
        arguments_[r].push_back(shared_arguments_.back());
        if (!parameter.per_tensor) continue;
        TW_CHECK(next[r] < rows[r].inputs.size(), "too few inputs in row {}", r);
        const Tensor& tensor = rows[r].inputs[next[r]++];
        if (auto problem = input_problem(parameter, tensor, bindings_[r])) {
          problem->row = static_cast<int64_t>(r);
          return problem;
        }
        arguments_[r].back() = share(tensor);
      }
    }
    return std::nullopt;
  }

  bool evaluate(std::span<const ValueId> roots) {
    for (ValueId id : reachable(graph_, roots))
      if (!evaluate_value(id)) return false;
    return true;
  }

  // The value as row r sees it.
  const Tensor& at(ValueId id, size_t r) const {
    return (*(varies_[id.value] ? frames_[r] : shared_frame_).at(id.value))[0];
  }
  const Tensor& at(ValueId id) const { return (*shared_frame_.at(id.value))[0]; }
  bool varies(ValueId id) const { return varies_[id.value]; }
  const std::optional<Failure>& failure() const { return machine_.failure(); }

private:
  bool evaluate_value(ValueId id) {
    const Node& node = graph_.node(id);
    const Machine::Frame* only_shared[] = {&shared_frame_};
    machine_.place().row = -1;
    if (varies_[id.value]) {
      for (size_t r = 0; r < frames_.size(); ++r) {
        if (frames_[r].count(id.value)) continue;
        machine_.place().row = static_cast<int64_t>(r);
        const Machine::Frame* both[] = {&shared_frame_, &frames_[r]};
        Parts parts = machine_.evaluate(id, arguments_[r], bindings_[r], both);
        if (!parts) return false;
        frames_[r].emplace(id.value, std::move(parts));
      }
      return true;
    }
    if (shared_frame_.count(id.value)) return true;
    Parts parts;
    if (node.op == Op::across_sum || node.op == Op::across_min || node.op == Op::across_max) {
      std::vector<Tensor> scalars;
      for (size_t r = 0; r < frames_.size(); ++r)
        scalars.push_back(at(node.operands[0], r));
      parts = share(fold_rows(node.op, node.type.dtype, scalars));
      if (options_.trace) options_.trace({id, *parts, machine_.place(), false});
    } else {
      parts = machine_.evaluate(id, shared_arguments_, options_.bindings, only_shared);
      if (!parts) return false;
    }
    shared_frame_.emplace(id.value, std::move(parts));
    return true;
  }

  const Graph& graph_;
  const Function& function_;
  const InterpreterOptions& options_;
  std::vector<bool> varies_;
  Machine machine_;
  Machine::Frame shared_frame_;
  std::vector<Machine::Frame> frames_;
  std::vector<Parts> shared_arguments_;
  std::vector<std::vector<Parts>> arguments_;
  std::vector<Bindings> bindings_;
};

} // namespace interp

TableEvaluated Interpreter::evaluate_table(const Function& function, std::span<const Tensor> shared,
                                           std::span<const TableRow> rows) const {
  TW_CHECK(function.over_table, "{} is no function over a table", function.name);
  TableRun run(graph_, function, options_, rows);
  TableEvaluated evaluated;
  if ((evaluated.failure = run.take_inputs(shared, rows))) return evaluated;
  for (const Check& check : function.checks) {
    ValueId roots[] = {check.condition};
    if (!run.evaluate(roots)) return {{}, {}, run.failure()};
    if (!run.varies(check.condition)) {
      if (run.at(check.condition).number(0) != 0) return {{}, {}, check_failure(check, -1)};
      continue;
    }
    for (size_t r = 0; r < rows.size(); ++r)
      if (run.at(check.condition, r).number(0) != 0)
        return {{}, {}, check_failure(check, static_cast<int64_t>(r))};
  }
  if (!run.evaluate(roots_of(function))) return {{}, {}, run.failure()};
  evaluated.rows.resize(rows.size());
  for (const Result& result : function.results) {
    if (!result.per_tensor) {
      TW_CHECK(!run.varies(result.value), "a shared result varies");
      evaluated.shared.push_back(run.at(result.value));
    }
    for (size_t r = 0; result.per_tensor && r < rows.size(); ++r)
      evaluated.rows[r].push_back(run.at(result.value, r));
  }
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
