// A step of every rule of the library beside loops that move the same bytes, in memory and in the
// cache; prints a JSON object. With names, of these items alone.
#include "driver/bound_call.h"
#include "ir/builder.h"
#include "stdlib/library_items.h"
#include "stdlib/rule_runner.h"
#include "support/check.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>

using namespace thalweg;
using namespace thalweg::test;

namespace {

// 64 MiB an array, more than any cache; and 8 KiB, so that all arrays of a rule lie in the inner
// ones and what a step takes is its arithmetic.
struct Length {
  int64_t elements;
  int rounds;
};
constexpr Length kInMemory{int64_t{1} << 24, 7}, kInCache{int64_t{1} << 11, 3000};

template <class Work> double seconds_of(const Work& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

driver::PipelineOptions one_thread() {
  driver::PipelineOptions options;
  options.threads = 1;
  return options;
}

// A loop that reads so many arrays, writes so many of them, `fresh` ones that it does not read, and
// adds up what it does not copy.
class Moving {
public:
  Moving(int reads, int writes, int fresh, int64_t elements) {
    const Type type{DType::f32, {Dim::symbol("n")}};
    Builder build(graph_);
    Function f;
    f.name = "moving";
    const int arrays = std::max(reads, 1);
    std::vector<ValueId> values;
    for (int k = 0; k < arrays; ++k) {
      values.push_back(build.arg(k, type));
      f.parameters.push_back({fmt::format("a{}", k), type});
    }
    ValueId sum = values[0];
    for (int k = 1; k < reads; ++k)
      sum = build.add(sum, values[static_cast<size_t>(k)]);
    const int in_place = std::min(writes - fresh, reads);
    for (int k = 0; k < writes; ++k)
      f.results.push_back({fmt::format("r{}", k),
                           k == 0 ? sum : values[static_cast<size_t>((k + 1) % std::max(reads, 1))],
                           false, k < in_place ? k : -1});
    if (writes == 0) f.results.push_back({"sum", build.reduce_all(Op::reduce_sum, sum), false, -1});
    pipeline_ = std::make_unique<driver::Pipeline>(graph_, diags_, one_thread());
    auto code = pipeline_->compile({f});
    TW_CHECK(code, "a loop that moves");
    code_ = std::move(*code);
    call_ = std::make_unique<driver::BoundCall>(code_[0]);
    call_->size("n", elements);
    TW_CHECK(call_->prepare(), "memory");
  }
  void run() { call_->call(); }

private:
  Graph graph_;
  Diagnostics diags_;
  std::unique_ptr<driver::Pipeline> pipeline_;
  std::vector<driver::CompiledFunction> code_;
  std::unique_ptr<driver::BoundCall> call_;
};

// The step and the points of a rule on one large tensor.
struct Stepped {
  double ours = 0, bound = 0;
  int passes = 0;
};
Stepped stepped(const std::string& rule, const Length& length) {
  const int64_t elements = length.elements;
  RuleProgram program(rule, DType::f32);
  driver::Pipeline pipeline(program.graph, program.front.diags, one_thread());
  std::vector<Function> functions{program.unit.step};
  for (const irgen::RuleUnit::Query& query : program.unit.queries)
    functions.push_back(query.point);
  std::vector<size_t> asks(functions.size(),
                           0); // what says whether a point is asked at, if anything
  for (size_t k = 0; k < program.unit.queries.size(); ++k)
    if (const auto& asked = program.unit.queries[k].asked) {
      asks[k + 1] = functions.size();
      functions.push_back(*asked);
    }
  auto code = pipeline.compile(functions);
  TW_CHECK(code, "a rule of the library");
  const std::vector<Parameter>& parameters = program.unit.step.parameters;
  std::vector<driver::Buffer> memory(parameters.size());
  std::vector<std::unique_ptr<driver::BoundCall>> calls;
  for (const driver::CompiledFunction& function : *code) {
    calls.push_back(std::make_unique<driver::BoundCall>(function));
    calls.back()->rows({{{"size", elements}}});
  }
  size_t hyper = 0;
  for (size_t k = 0; k < parameters.size(); ++k) {
    const Parameter& p = parameters[k];
    int64_t count = p.type.shape.empty() ? 1 : elements;
    void* at =
        memory[k].get(static_cast<size_t>(count * std::max<int64_t>(dtype_size(p.type.dtype), 4)));
    TW_CHECK(at, "memory");
    if (p.type.dtype == DType::f32)
      std::fill_n(static_cast<float*>(at), count, p.name == "x" ? 0.5f : 0.01f);
    else
      std::fill_n(static_cast<double*>(at), count,
                  p.name == "t"                  ? 2.0
                  : p.name.starts_with("hyper ") ? program.unit.hypers[hyper++].value
                                                 : 0.0);
    for (auto& call : calls)
      if (p.per_tensor)
        call->row_parameter(0, k, at);
      else
        call->parameter(k, at);
  }
  Stepped out;
  for (auto& call : calls)
    TW_CHECK(call->prepare(), "memory");
  std::vector<std::unique_ptr<Moving>> moving;
  std::vector<driver::BoundCall*> taken;
  for (size_t k = 0; k < asks.size(); ++k) {
    if (asks[k] > 0) {
      TW_CHECK(calls[asks[k]]->call(0, 1) == 0, "a rule says whether it asks");
      if (calls[asks[k]]->scalar_result(0) == 0) continue;
    }
    taken.push_back(calls[k].get());
    auto lowered = pipeline.lower(pipeline.finish(functions[k]));
    out.passes += loops::traffic(lowered->program).passes;
    for (const loops::Kernel& kernel : loops::kernels(lowered->program)) {
      auto arrays = [&](const Dim& bytes) {
        auto n = bytes.evaluate([&](std::string_view) { return elements; });
        return static_cast<int>(n.value_or(0) / (4 * elements));
      };
      int reads = arrays(kernel.bytes_read), writes = arrays(kernel.bytes_written), fresh = 0;
      for (loops::BufferId id : kernel.written) {
        const loops::Buffer& buffer = lowered->program.buffers[id.value];
        fresh += buffer.role == loops::Buffer::Role::output && !buffer.shape.empty();
      }
      if (reads + writes > 0)
        moving.push_back(
            std::make_unique<Moving>(reads, writes, std::min(fresh, writes), elements));
    }
  }
  // One right after the other, so that both see the same minute; the shortest of the rounds.
  for (int round = 0; round <= length.rounds; ++round) {
    double ours = seconds_of([&] {
      for (driver::BoundCall* call : taken)
        call->call(0, 1);
    });
    double bound = seconds_of([&] {
      for (auto& loop : moving)
        loop->run();
    });
    if (round == 1 || (round > 1 && ours < out.ours)) out.ours = ours;
    if (round == 1 || (round > 1 && bound < out.bound)) out.bound = bound;
  }
  return out;
}

} // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> names(arguments + 1, arguments + count);
  std::string text;
  for (const LibraryItem& item : library_items({"optimizers", "transforms"})) {
    if (!names.empty() && std::find(names.begin(), names.end(), item.name) == names.end()) continue;
    Stepped s = stepped(item.example, kInMemory), near = stepped(item.example, kInCache);
    const double ratio =
        static_cast<double>(kInMemory.elements) / static_cast<double>(kInCache.elements);
    text += fmt::format("{}  \"{}\": {{\"passes\": {}, \"ours\": {:.6g}, \"traffic\": {:.6g}, "
                        "\"computing\": {:.6g}}}",
                        text.empty() ? "" : ",\n", item.name, s.passes, s.ours, s.bound,
                        near.ours * ratio);
  }
  fmt::print("{{\n{}\n}}\n", text);
}
