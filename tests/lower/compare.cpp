// Bit comparison of lowered programs with the graph interpreter (see compare.h).
#include "lower/compare.h"

#include <fmt/format.h>

namespace thalweg::test {
namespace {

InterpreterOptions options_of(const Bindings& bindings) {
  InterpreterOptions options;
  options.bindings = bindings;
  return options;
}

Tensor fresh(const loops::Slot& slot, const Bindings& bindings) {
  Tensor tensor(slot.dtype, *evaluate_shape(slot.shape, bindings));
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.set_number(i, 77); // to be overwritten
  return tensor;
}

std::string difference(const std::string& name, const Tensor& got, const Tensor& wanted) {
  if (got.same_bits(wanted)) return "";
  return fmt::format("'{}' is {}\n  wanted {}", name, got.str(), wanted.str());
}

// Result by result as a caller reads them.
std::string compare(const Graph& graph, const Function& function, const loops::Lowered& lowered,
                    const LoopMemory& memory, const std::vector<Tensor>& shared,
                    const std::vector<std::vector<Tensor>>& rows) {
  (void)graph;
  size_t next_shared = 0, next_row = 0;
  for (size_t r = 0; r < function.results.size(); ++r) {
    const Result& result = function.results[r];
    const loops::Slot& slot = lowered.layout.results[r];
    size_t at = static_cast<size_t>(slot.slot);
    if (!result.per_tensor) {
      std::string text = difference(result.name, memory.call[at], shared[next_shared++]);
      if (!text.empty()) return text;
      continue;
    }
    for (size_t k = 0; k < rows.size(); ++k) {
      std::string text = difference(fmt::format("{} of row {}", result.name, k), memory.rows[k][at],
                                    rows[k][next_row]);
      if (!text.empty()) return text;
    }
    ++next_row;
  }
  return "";
}

void place(std::vector<Tensor>& slots, const loops::Slot& slot, const Tensor& tensor) {
  slots[static_cast<size_t>(slot.slot)] = tensor;
}

} // namespace

std::string compare_table(const Graph& graph, const Function& function, const Bindings& bindings,
                          const std::vector<Tensor>& shared, const std::vector<TableRow>& rows) {
  auto outcome = loops::lower(graph, function, {true});
  if (auto* problem = std::get_if<loops::NotLowered>(&outcome))
    return "not lowered: " + problem->reason;
  const loops::Lowered& lowered = std::get<loops::Lowered>(outcome);
  const loops::Layout& layout = lowered.layout;
  LoopMemory memory;
  memory.call.resize(static_cast<size_t>(layout.call_slots));
  size_t next = 0;
  for (size_t k = 0; k < function.parameters.size(); ++k)
    if (!function.parameters[k].per_tensor)
      place(memory.call, layout.parameters[k], shared[next++]);
  auto fill_others = [&](std::vector<Tensor>& slots, bool per_tensor, const Bindings& sizes) {
    for (size_t r = 0; r < function.results.size(); ++r)
      if (function.results[r].updates < 0 && layout.results[r].per_tensor == per_tensor)
        place(slots, layout.results[r], fresh(layout.results[r], sizes));
    for (const loops::Slot& slot : layout.temporaries)
      if (slot.per_tensor == per_tensor) place(slots, slot, fresh(slot, sizes));
  };
  fill_others(memory.call, false, bindings);
  for (const TableRow& row : rows) {
    std::vector<Tensor> slots(static_cast<size_t>(layout.row_slots));
    Bindings sizes = bindings;
    for (const auto& [name, size] : row.bindings)
      sizes[name] = size;
    size_t input = 0;
    for (size_t k = 0; k < function.parameters.size(); ++k)
      if (function.parameters[k].per_tensor)
        place(slots, layout.parameters[k], row.inputs[input++]);
    fill_others(slots, true, sizes);
    memory.rows.push_back(std::move(slots));
    memory.row_bindings.push_back(row.bindings);
  }
  auto explain = [&](const std::string& what) {
    return what + "\n" + lowered.plan_text + print(lowered.program);
  };
  int status = 0;
  try {
    status = run_loops(lowered.program, bindings, memory);
  } catch (const InternalError& error) {
    return explain(error.what());
  }
  Interpreter interpreter(graph, options_of(bindings));
  std::optional<Failure> failure;
  std::vector<Tensor> shared_results;
  std::vector<std::vector<Tensor>> row_results;
  if (function.over_table) {
    TableEvaluated wanted = interpreter.evaluate_table(function, shared, rows);
    failure = wanted.failure;
    shared_results = wanted.shared;
    row_results = wanted.rows;
  } else {
    Evaluated wanted = interpreter.evaluate(function, shared);
    failure = wanted.failure;
    shared_results = wanted.results;
  }
  if (failure) {
    if (failure->status == run_status::kShapeMismatch) return ""; // the caller's sizes do not fit
    return status == failure->status
               ? ""
               : explain(fmt::format("status {}, wanted {}", status, failure->status));
  }
  if (status != 0) return explain(fmt::format("status {}", status));
  std::string text = compare(graph, function, lowered, memory, shared_results, row_results);
  return text.empty() ? "" : explain(text);
}

std::string compare_plain(const Graph& graph, const Function& function, const Bindings& bindings,
                          const std::vector<Tensor>& inputs) {
  return compare_table(graph, function, bindings, inputs, {});
}

} // namespace thalweg::test
