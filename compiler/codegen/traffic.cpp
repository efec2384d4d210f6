// Passes over memory and bytes moved, as formulas of the sizes: what tests and --profile count.
#include "codegen/loops.h"

#include "support/overloaded.h"

#include <set>

namespace thalweg::loops {
namespace {

struct Touched {
  std::set<uint32_t> read, written;
};

// Collects the buffers that a statement and all inside it read and write, and whether it loops.
class Nest {
public:
  explicit Nest(const Program& program) : program_(program) {}
  Touched touched;

  void visit(const Block& block) {
    for (const Statement& statement : block)
      visit(statement);
  }
  void visit(const Statement& statement) {
    std::visit(overloaded{
                   [&](const Let& let) {
                     const Value& value = program_.values[let.value.value];
                     if (value.kind == Value::Kind::load)
                       touched.read.insert(value.address.buffer.value);
                   },
                   [&](const Store& store) { touched.written.insert(store.to.buffer.value); },
                   [&](const Loop& loop) { visit(loop.body); },
                   [&](const Product& product) {
                     touched.read.insert(product.a.buffer.value);
                     touched.read.insert(product.b.buffer.value);
                     touched.written.insert(product.c.buffer.value);
                     // c comes back from the cache, block by block.
                     bool reads_c =
                         product.accumulate || touched.read.count(product.c.buffer.value);
                     visit(product.row);
                     visit(product.columns.body);
                     if (!reads_c) touched.read.erase(product.c.buffer.value);
                   },
                   [&](const Rows& rows) { visit(rows.body); },
                   [&](const Chunks& chunks) {
                     visit(chunks.body);
                     for (const Chunks::Part& part : chunks.parts) {
                       touched.read.insert(part.waiting.value);
                       touched.written.insert(part.to.value);
                     }
                   },
                   [&](const Oracle&) {},
                   [&](const Linear& linear) {
                     for (BufferId id : linear.operands)
                       touched.read.insert(id.value);
                     for (BufferId id : linear.results)
                       touched.written.insert(id.value);
                   },
                   [&](const StatusCheck&) {},
                   [&](const IndexCheck&) {},
                   [&](const If& branch) {
                     visit(branch.yes);
                     visit(branch.no);
                   },
                   [&](const While& loop) {
                     visit(loop.test);
                     visit(loop.body);
                   },
               },
               statement.is);
  }

private:
  const Program& program_;
};

class Counter {
public:
  explicit Counter(const Program& program) : program_(program) {}
  Traffic traffic;

  void visit(const Block& block, bool in_rows) {
    for (const Statement& statement : block) {
      if (const Rows* rows = std::get_if<Rows>(&statement.is)) {
        visit(rows->body, true);
        continue;
      }
      Nest nest(program_);
      nest.visit(statement);
      bool over_tensor = false;
      for (uint32_t id : nest.touched.read)
        traffic.bytes_read = traffic.bytes_read + bytes(id, over_tensor);
      for (uint32_t id : nest.touched.written)
        traffic.bytes_written = traffic.bytes_written + bytes(id, over_tensor);
      bool loops = std::holds_alternative<Loop>(statement.is) ||
                   std::holds_alternative<Product>(statement.is);
      if (in_rows && over_tensor && loops) ++traffic.passes;
    }
  }

private:
  Dim bytes(uint32_t id, bool& over_tensor) {
    const Buffer& buffer = program_.buffers[id];
    if (buffer.per_tensor && !buffer.shape.empty()) over_tensor = true;
    if (buffer.shape.empty()) return Dim(0); // scalars are noise
    return element_count(buffer.shape) * Dim(dtype_size(buffer.dtype));
  }
  const Program& program_;
};

// The folds of a statement itself; those of loops inside are part of what it writes.
void folds_of(const Program& program, const Statement& statement, Kernel& kernel) {
  const auto add = [&](const std::vector<Fold>& folds, const std::optional<Dim>& over) {
    for (const Fold& fold : folds)
      kernel.folds.push_back({fold.op, over});
  };
  if (const auto* loop = std::get_if<Loop>(&statement.is))
    add(loop->folds, program.vars[loop->var.value].extent);
  if (const auto* chunks = std::get_if<Chunks>(&statement.is)) add(chunks->folds, chunks->extent);
  if (const auto* rows = std::get_if<Rows>(&statement.is)) add(rows->folds, std::nullopt);
}

} // namespace

bool is_kernel(const Statement& statement) {
  return std::visit(overloaded{
                        [](const Let&) { return false; },
                        [](const Store&) { return false; },
                        [](const Oracle&) { return false; },
                        [](const StatusCheck&) { return false; },
                        [](const IndexCheck&) { return false; },
                        [](const auto&) { return true; },
                    },
                    statement.is);
}

std::vector<Kernel> kernels(const Program& program) {
  std::vector<Kernel> all;
  for (const Statement& statement : program.body) {
    if (!is_kernel(statement)) continue;
    Kernel kernel;
    kernel.over_table = std::holds_alternative<Rows>(statement.is);
    Counter counter(program);
    counter.visit({statement}, false);
    kernel.bytes_read = counter.traffic.bytes_read;
    kernel.bytes_written = counter.traffic.bytes_written;
    Nest nest(program);
    nest.visit(statement);
    for (uint32_t id : nest.touched.written)
      if (!program.buffers[id].shape.empty() && !program.buffers[id].rows)
        kernel.written.push_back(BufferId{id});
    folds_of(program, statement, kernel);
    all.push_back(std::move(kernel));
  }
  return all;
}

Traffic traffic(const Program& program) {
  Counter counter(program);
  counter.visit(program.body, false);
  return counter.traffic;
}

} // namespace thalweg::loops
