// Property: a random function lowered and compiled gives the bits of the graph interpreter, on
// every target with fma; on the others the programs compile and give the statuses.
#include "codegen/lower.h"
#include "codegen/program_builder.h"
#include "ir/interp.h"
#include "properties/random_graph.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cstdlib>

using namespace thalweg;

namespace {

int64_t from_environment(const char* name, int64_t usual) {
  const char* text = std::getenv(name);
  return text ? std::atoll(text) : usual;
}

// The caller's side of a call: a tensor for every slot, sizes, rows.
struct Memory {
  std::vector<Tensor> call;
  std::vector<std::vector<Tensor>> rows;
};

void place(std::vector<Tensor>& slots, const loops::Slot& slot, const Tensor& tensor) {
  slots.at(static_cast<size_t>(slot.slot)) = tensor;
}

// Results and temporaries start as 77 everywhere: what is not written shows.
void place_fresh(std::vector<Tensor>& slots, const loops::Slot& slot, const Bindings& sizes) {
  Tensor tensor(slot.dtype, *evaluate_shape(slot.shape, sizes));
  for (int64_t i = 0; i < tensor.size(); ++i)
    tensor.set_number(i, 77);
  place(slots, slot, tensor);
}

Bindings merged(Bindings all, const Bindings& own) {
  for (const auto& [name, size] : own)
    all[name] = size;
  return all;
}

Memory memory_for(const Function& function, const loops::Layout& layout, const Bindings& bindings,
                  const std::vector<Tensor>& shared, const std::vector<TableRow>& rows) {
  Memory memory;
  const auto fill = [&](std::vector<Tensor>& slots, bool per_tensor,
                        const std::vector<Tensor>& inputs, const Bindings& sizes) {
    size_t next = 0;
    for (size_t k = 0; k < function.parameters.size(); ++k)
      if (function.parameters[k].per_tensor == per_tensor)
        place(slots, layout.parameters[k], inputs.at(next++));
    for (size_t k = 0; k < function.results.size(); ++k)
      if (function.results[k].updates < 0 && layout.results[k].per_tensor == per_tensor)
        place_fresh(slots, layout.results[k], sizes);
    for (const loops::Slot& slot : layout.temporaries)
      if (slot.per_tensor == per_tensor) place_fresh(slots, slot, sizes);
  };
  memory.call.resize(static_cast<size_t>(layout.call_slots));
  fill(memory.call, false, shared, bindings);
  for (const TableRow& row : rows) {
    memory.rows.emplace_back(static_cast<size_t>(layout.row_slots));
    fill(memory.rows.back(), true, row.inputs, merged(bindings, row.bindings));
  }
  return memory;
}

int32_t run(tw_function function, const loops::Program& program, const Bindings& bindings,
            const std::vector<TableRow>& rows, Memory& memory) {
  const auto pointers = [](std::vector<Tensor>& slots) {
    std::vector<void*> list;
    for (Tensor& tensor : slots)
      list.push_back(tensor.raw());
    return list;
  };
  const auto sizes = [](const std::vector<std::string>& names, const Bindings& values) {
    std::vector<int64_t> list;
    for (const std::string& name : names)
      list.push_back(values.at(name));
    return list;
  };
  test::Arguments arguments{pointers(memory.call), sizes(program.symbols, bindings), {}};
  std::vector<std::vector<void*>> row_pointers;
  std::vector<std::vector<int64_t>> row_sizes;
  for (size_t r = 0; r < memory.rows.size(); ++r) {
    row_pointers.push_back(pointers(memory.rows[r]));
    row_sizes.push_back(sizes(program.tensor_symbols, rows[r].bindings));
  }
  for (size_t r = 0; r < memory.rows.size(); ++r)
    arguments.rows.push_back({row_pointers[r].data(), row_sizes[r].data()});
  const tw_call call = arguments.call();
  return function(&call);
}

// What differs between memory and the interpreter's results, or nothing.
std::string difference(const Function& function, const loops::Layout& layout, const Memory& memory,
                       const std::vector<Tensor>& shared,
                       const std::vector<std::vector<Tensor>>& rows) {
  size_t next_shared = 0, next_row = 0;
  const auto compare = [](const std::string& name, const Tensor& got, const Tensor& wanted) {
    if (got.same_bits(wanted)) return std::string();
    return fmt::format("'{}' is {}\n  wanted {}\n", name, got.str(), wanted.str());
  };
  for (size_t k = 0; k < function.results.size(); ++k) {
    const auto slot = static_cast<size_t>(layout.results[k].slot);
    const std::string& name = function.results[k].name;
    std::string text;
    if (!function.results[k].per_tensor) {
      text = compare(name, memory.call[slot], shared.at(next_shared++));
    } else {
      for (size_t r = 0; r < rows.size() && text.empty(); ++r)
        text = compare(fmt::format("{} of row {}", name, r), memory.rows[r][slot],
                       rows[r].at(next_row));
      ++next_row;
    }
    if (!text.empty()) return text;
  }
  return "";
}

struct Expected {
  std::optional<Failure> failure;
  std::vector<Tensor> shared;
  std::vector<std::vector<Tensor>> rows;
};

Expected interpret(const Graph& graph, const Function& function, const Bindings& bindings,
                   const std::vector<Tensor>& inputs, const std::vector<TableRow>& rows) {
  InterpreterOptions options;
  options.bindings = bindings;
  const Interpreter interpreter(graph, options);
  if (function.over_table) {
    TableEvaluated result = interpreter.evaluate_table(function, inputs, rows);
    return {result.failure, result.shared, result.rows};
  }
  Evaluated result = interpreter.evaluate(function, inputs);
  return {result.failure, result.results, {}};
}

struct Tally {
  int64_t compiled = 0, not_lowered = 0, runs = 0;
};

void check_case(uint64_t seed, testing::RandomOptions options,
                const std::vector<codegen::TargetSpec>& targets, Tally& tally) {
  Graph graph;
  options.operations = 5 + static_cast<int>(seed % 30);
  const testing::RandomCase random = testing::random_case(graph, seed, options);
  const Function& function = random.function;
  auto outcome = loops::lower(graph, function);
  if (std::holds_alternative<loops::NotLowered>(outcome)) {
    ++tally.not_lowered;
    return;
  }
  const loops::Lowered& lowered = std::get<loops::Lowered>(outcome);
  const codegen::TargetSpec& target = targets[seed % targets.size()];
  INFO("on " << target.name << "\n" << print(lowered.program));
  jit::Jit jit(target);
  const tw_function compiled = jit.compile({&lowered.program, 1}).function(lowered.program.name);
  ++tally.compiled;
  for (const Bindings& bindings : random.bindings) {
    testing::InputOptions inputs;
    inputs.specials = seed % 3 == 0;
    const std::vector<Tensor> shared = testing::random_inputs(function, bindings, seed, inputs);
    std::vector<TableRow> rows;
    if (options.table) rows = testing::random_rows(function, bindings, seed, inputs);
    const Expected expected = interpret(graph, function, bindings, shared, rows);
    if (expected.failure && expected.failure->status == run_status::kShapeMismatch)
      continue; // the caller's sizes do not fit: nothing a kernel checks
    Memory memory = memory_for(function, lowered.layout, bindings, shared, rows);
    const int32_t status = run(compiled, lowered.program, bindings, rows, memory);
    ++tally.runs;
    // A check may hang on rounding, so without fma nothing is compared.
    if (!target.has_fma) continue;
    REQUIRE(status == (expected.failure ? expected.failure->status : 0));
    if (expected.failure) continue;
    const std::string text =
        difference(function, lowered.layout, memory, expected.shared, expected.rows);
    INFO(text);
    REQUIRE(text.empty());
  }
}

void check_cases(testing::RandomOptions options, int64_t count, const char* kind) {
  const int64_t first = from_environment("THALWEG_SEED", 1);
  const int64_t cases = from_environment("THALWEG_CASES", count);
  const std::vector<codegen::TargetSpec> targets = test::targets();
  Tally tally;
  for (int64_t seed = first; seed < first + cases; ++seed) {
    INFO(kind << ": rerun with THALWEG_SEED=" << seed << " THALWEG_CASES=1");
    check_case(static_cast<uint64_t>(seed), options, targets, tally);
  }
  INFO(kind << ": " << tally.compiled << " compiled, " << tally.not_lowered << " not lowered");
  if (cases >= 20) CHECK(tally.compiled * 2 > cases); // the property must not pass by refusing
}

} // namespace

TEST_CASE("compiled plain functions give the interpreter's bits") {
  testing::RandomOptions options;
  check_cases(options, 600, "plain");
}

TEST_CASE("compiled table functions give the interpreter's bits") {
  testing::RandomOptions options;
  options.table = true;
  check_cases(options, 300, "table");
}
