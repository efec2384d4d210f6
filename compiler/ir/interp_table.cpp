// Evaluation of rules over a table of tensors (see interp.h).
#include "ir/interp_call.h"
#include "ir/varying.h"

namespace thalweg {
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
    if (is_across(node.op)) {
      double total = across_identity(node.op);
      for (size_t r = 0; r < frames_.size(); ++r)
        total = join_across(node.op, total, at(node.operands[0], r).number(0));
      parts = share(Tensor::scalar(total, node.type.dtype));
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

using namespace interp;

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

} // namespace thalweg
