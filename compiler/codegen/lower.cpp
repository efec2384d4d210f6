// Lowering of a whole function: slots, stages, rows, checks (kernels are in lower_kernels.cpp).
#include "codegen/lower.h"

#include "codegen/lower_kernels.h"
#include "codegen/lower_nested.h"
#include "ir/rewrite.h"
#include "support/check.h"

#include <algorithm>
#include <limits>

namespace thalweg::loops {
namespace {

class Lowerer {
public:
  // Lowers into `program`; `own` is the layout by the function's plan.
  Lowerer(const Graph& graph, const Function& function, const fuse::Plan& plan, Program& program,
          Layout& own, Memory& memory)
      : graph_(graph), function_(function), plan_(plan), program_(program), own_(own),
        memory_(memory), elements_(graph, function, plan, program, own, memory, indices_),
        kernels_(graph, plan, program, own, memory, indices_, elements_) {}

  void run() {
    program_.name = function_.name;
    collect_symbols();
    make_slots();
    make_temporaries([](const fuse::Temporary& temporary) { return temporary.row; });
    int stages = plan_.stages;
    for (const fuse::Kernel& kernel : plan_.kernels)
      stages = std::max(stages, kernel.at.stage + 1);
    last_stage_ = stages - 1;
    elements_.open();
    for (int stage = 0; stage < stages; ++stage) {
      region(stage, false);
      if (function_.over_table) rows(stage);
    }
    store_scalars([](const Result& result, const fuse::Info&) { return !result.per_tensor; });
    program_.body = elements_.close();
  }

  NestedBlock run_nested(const Place& place) {
    own_.results = place.results;
    elements_.open();
    if (place.round) elements_.enter_round(*place.round);
    if (place.row) elements_.enter_row();
    for (size_t k = 0; k < place.parameters.size(); ++k) {
      const Type& type = function_.parameters[k].type;
      if (const Slot* slot = std::get_if<Slot>(&place.parameters[k])) {
        own_.parameters.push_back(*slot);
        continue;
      }
      own_.parameters.push_back({{}, false, -1, type.dtype, type.shape});
      elements_.give(k, std::get<Val>(place.parameters[k]));
    }
    make_temporaries([&](const fuse::Temporary&) { return place.row; });
    int stages = plan_.stages;
    for (const fuse::Kernel& kernel : plan_.kernels)
      stages = std::max(stages, kernel.at.stage + 1);
    for (int stage = 0; stage < stages; ++stage)
      region(stage, false);
    NestedBlock nested;
    if (own_.results.empty() && !function_.results.empty())
      nested.result = elements_.scalar(function_.results[0].value);
    else
      store_scalars([](const Result&, const fuse::Info&) { return true; });
    nested.block = elements_.close();
    return nested;
  }

private:
  void collect_symbols() {
    program_.tensor_symbols = function_.tensor_symbols;
    std::vector<std::string> all;
    for (const Parameter& parameter : function_.parameters)
      for (const Dim& dim : parameter.type.shape)
        dim.collect_symbols(all);
    std::vector<ValueId> roots = roots_of(function_);
    for (const Result& result : function_.results)
      for (const Dim& dim : graph_.type(result.value).shape)
        dim.collect_symbols(all);
    for (ValueId id : reachable_deep(graph_, roots)) {
      const Node& node = graph_.node(id);
      for (const Dim& dim : node.type.shape)
        dim.collect_symbols(all);
      for (const Dim& dim : node.attr.dims)
        dim.collect_symbols(all);
    }
    for (std::string& symbol : all)
      if (std::find(program_.tensor_symbols.begin(), program_.tensor_symbols.end(), symbol) ==
          program_.tensor_symbols.end())
        program_.symbols.push_back(std::move(symbol));
  }

  void make_slots() {
    for (const Parameter& parameter : function_.parameters)
      own_.parameters.push_back(
          memory_.add(parameter.name, parameter.type, Buffer::Role::input, parameter.per_tensor));
    for (const Result& result : function_.results) {
      if (result.updates < 0) {
        own_.results.push_back(memory_.add(result.name, graph_.type(result.value),
                                           Buffer::Role::output, result.per_tensor));
        continue;
      }
      const Slot& slot = own_.parameters[result.updates];
      TW_CHECK(function_.parameters[result.updates].type == graph_.type(result.value),
               "result '{}' does not fit the parameter it updates", result.name);
      TW_CHECK(slot.per_tensor == result.per_tensor, "result '{}' updates across regions",
               result.name);
      program_.buffers[slot.buffer.value].role = Buffer::Role::in_out;
      own_.results.push_back(slot);
    }
  }

  template <typename PerTensor> void make_temporaries(PerTensor per_tensor) {
    std::vector<Slot> slots;
    for (const fuse::Temporary& temporary : plan_.temporaries)
      slots.push_back(memory_.temporary("t" + std::to_string(temporary.value.value),
                                        fuse::type_of(graph_, temporary), per_tensor(temporary),
                                        graph_.origin(temporary.value)));
    own_.temporaries = std::move(slots);
  }

  // A check stands before the kernels of its pass: all its condition needs has been computed then.
  void region(int stage, bool row) {
    for (size_t k = 0; k < plan_.kernels.size(); ++k) {
      const fuse::Position& at = plan_.kernels[k].at;
      if (at.stage != stage || at.row != row) continue;
      if (plan_.kernels[k].kind != fuse::Kernel::Kind::pick) checks_before(at, static_cast<int>(k));
      if (plan_.kernels[k].group < 0) {
        kernels_.lower(static_cast<int>(k));
        continue;
      }
      size_t end = k + 1;
      while (end < plan_.kernels.size() && plan_.kernels[end].group == plan_.kernels[k].group)
        ++end;
      kernels_.lower_group(static_cast<int>(k), static_cast<int>(end));
      k = end - 1;
    }
    checks_before({stage, row, std::numeric_limits<int>::max()},
                  static_cast<int>(plan_.kernels.size()));
  }

  void checks_before(const fuse::Position& at, int kernel) {
    elements_.set_kernel(kernel);
    while (next_check_ < function_.checks.size() && plan_.checks[next_check_] <= at &&
           plan_.checks[next_check_].row == at.row && plan_.checks[next_check_].stage == at.stage) {
      const Check& check = function_.checks[next_check_++];
      Val condition = elements_.scalar(check.condition);
      elements_.append({StatusCheck{condition, check.status}});
    }
  }

  void rows(int stage) {
    elements_.open();
    elements_.enter_rows(stage);
    region(stage, true);
    std::vector<std::pair<ValueId, Val>> folded;
    for (size_t id = 0; id < plan_.info.size(); ++id) {
      ValueId value{static_cast<uint32_t>(id)};
      if (plan_.info[id].kind == fuse::Kind::across && plan_.info[id].near.stage == stage + 1)
        folded.push_back({value, elements_.scalar(graph_.node(value).operands[0])});
    }
    // A scalar parameter keeps its old value until the last rows are done.
    store_scalars([&](const Result& result, const fuse::Info& info) {
      return result.per_tensor && (result.updates >= 0 ? last_stage_ : info.near.stage) == stage;
    });
    Rows statement;
    statement.body = elements_.close();
    if (statement.body.empty() && folded.empty()) return;
    for (auto [value, operand] : folded) {
      Op op = graph_.node(value).op;
      Fold::Op fold = op == Op::across_sum   ? Fold::Op::sum
                      : op == Op::across_min ? Fold::Op::min
                                             : Fold::Op::max;
      statement.folds.push_back({fold, operand, Val{}, elements_.fold_result(value, kScalarIndex)});
    }
    elements_.append({std::move(statement)});
    elements_.leave_rows(elements_.block(0).size() - 1);
  }

  // Stores results of rank 0: all values first, since one may need what another overwrites.
  template <typename Take> void store_scalars(Take take) {
    std::vector<std::pair<BufferId, Val>> stores;
    for (size_t r = 0; r < function_.results.size(); ++r) {
      const Result& result = function_.results[r];
      if (graph_.type(result.value).rank() > 0 || !take(result, plan_.of(result.value))) continue;
      stores.push_back({own_.results[r].buffer, elements_.scalar(result.value)});
    }
    for (auto [buffer, value] : stores)
      elements_.append({Store{address_of(buffer, {}), value}});
  }

  const Graph& graph_;
  const Function& function_;
  const fuse::Plan& plan_;
  Program& program_;
  Layout& own_;
  Memory& memory_;
  IndexTable indices_;
  Elements elements_;
  Kernels kernels_;
  int last_stage_ = 0;
  size_t next_check_ = 0;
};

std::variant<Lowered, NotLowered> lower_flat(const Graph& graph, const Function& function,
                                             const LowerOptions& options) {
  auto plan = fuse::plan(graph, function);
  if (auto* problem = std::get_if<NotLowered>(&plan)) return *problem;
  const fuse::Plan& good = std::get<fuse::Plan>(plan);
  Lowered lowered;
  Memory memory(lowered.program, lowered.layout);
  Lowerer(graph, function, good, lowered.program, lowered.layout, memory).run();
  if (options.keep_plan_text) lowered.plan_text = fuse::print(graph, function, good);
  return lowered;
}

} // namespace

NestedBlock lower_nested(const Graph& graph, const fuse::Nested& nested, Program& program,
                         Memory& memory, Place place) {
  Layout own;
  return Lowerer(graph, nested.function, nested.plan, program, own, memory).run_nested(place);
}

std::variant<Lowered, NotLowered> lower(const Graph& graph, const Function& function,
                                        const LowerOptions& options) {
  if (!fuse::has_conditionals(graph, function)) return lower_flat(graph, function, options);
  fuse::Flattened flat = fuse::flatten_conditionals(graph, function);
  return lower_flat(flat.graph, flat.function, options);
}

} // namespace thalweg::loops
