// The slow loop interpreter (see loops_interp.h). Elementwise operators are the graph
// interpreter's.
#include "lower/loops_interp.h"

#include "ir/draw.h"

#include "ir/builder.h"
#include "ir/interp_call.h"
#include "support/overloaded.h"
#include "thalweg/linear.h"

#include <bit>
#include <cmath>
#include <limits>

namespace thalweg::test {
namespace {

using namespace loops;

struct Cell {
  double real = 0;     // f64, and f32 exactly
  int64_t integer = 0; // i64, boolean
};

struct Stop {
  int status;
};

class Machine {
public:
  Machine(const Program& program, const Bindings& bindings, LoopMemory& memory)
      : program_(program), bindings_(bindings), memory_(memory), cells_(program.values.size()),
        known_(program.values.size(), false), vars_(program.vars.size()),
        machine_(graph_, options_) {
    for (const Buffer& buffer : program.buffers) {
      constants_.emplace_back();
      if (buffer.role != Buffer::Role::constant) continue;
      Tensor data(buffer.dtype, *evaluate_shape(buffer.shape, bindings_));
      for (size_t i = 0; i < buffer.data.size(); ++i)
        write(data, static_cast<int64_t>(i), of_bits(buffer.data[i], buffer.dtype));
      constants_.back() = data;
    }
  }

  int run() {
    try {
      run(program_.body);
    } catch (const Stop& stop) {
      return stop.status;
    }
    return 0;
  }

private:
  static Cell of_bits(int64_t bits, DType dtype) {
    return is_real(dtype) ? Cell{std::bit_cast<double>(bits), 0} : Cell{0, bits};
  }
  static Cell read(const Tensor& tensor, int64_t at) {
    size_t i = static_cast<size_t>(at);
    switch (tensor.dtype()) {
    case DType::f64: return {tensor.data<double>()[i], 0};
    case DType::f32: return {tensor.data<float>()[i], 0};
    case DType::i64: return {0, tensor.data<int64_t>()[i]};
    case DType::boolean: return {0, tensor.data<uint8_t>()[i]};
    }
    return {};
  }
  static void write(Tensor& tensor, int64_t at, Cell cell) {
    size_t i = static_cast<size_t>(at);
    switch (tensor.dtype()) {
    case DType::f64: tensor.data<double>()[i] = cell.real; break;
    case DType::f32: tensor.data<float>()[i] = static_cast<float>(cell.real); break;
    case DType::i64: tensor.data<int64_t>()[i] = cell.integer; break;
    case DType::boolean: tensor.data<uint8_t>()[i] = cell.integer != 0; break;
    }
  }

  int64_t size(const Dim& dim) const {
    auto value = dim.evaluate([&](std::string_view name) -> std::optional<int64_t> {
      if (row_ >= 0) {
        auto own = memory_.row_bindings[static_cast<size_t>(row_)].find(name);
        if (own != memory_.row_bindings[static_cast<size_t>(row_)].end()) return own->second;
      }
      auto it = bindings_.find(name);
      return it == bindings_.end() ? std::nullopt : std::optional(it->second);
    });
    TW_CHECK(value.has_value(), "size {} is unknown", dim.str());
    return *value;
  }
  const Cell& cell(Val val) const {
    TW_CHECK(val.value < known_.size() && known_[val.value], "%{} is not visible here", val.value);
    return cells_[val.value];
  }
  DType dtype(Val val) const { return program_.values[val.value].dtype; }

  Tensor& buffer(BufferId id) {
    const Buffer& buffer = program_.buffers[id.value];
    if (buffer.role == Buffer::Role::constant) return constants_[id.value];
    size_t slot = static_cast<size_t>(buffer.slot);
    if (!buffer.per_tensor) return memory_.call.at(slot);
    TW_CHECK(row_ >= 0, "a row's buffer outside of Rows");
    return memory_.rows.at(static_cast<size_t>(row_)).at(slot);
  }
  int64_t position(const Address& address) {
    int64_t at = size(address.offset);
    for (const auto& [var, factor] : address.terms)
      at += vars_[var.value] * size(factor);
    for (const auto& [val, factor] : address.dynamic)
      at += cell(val).integer * size(factor);
    TW_CHECK(at >= 0 && at < buffer(address.buffer).size(), "element {} of buffer {} with {}", at,
             program_.buffers[address.buffer.value].name, buffer(address.buffer).size());
    return at;
  }

  Cell element(const Value& value) {
    Node node{value.op, Type::scalar(value.dtype), {}, {}};
    interp::Call call{graph_, node, ValueId{0}, bindings_, options_, machine_, {}, {}, {}, {}};
    for (Val operand : value.operands) {
      Tensor scalar(dtype(operand), {});
      write(scalar, 0, cell(operand));
      call.operands.push_back(
          std::make_shared<const std::vector<Tensor>>(std::vector<Tensor>{scalar}));
    }
    if (value.operands.size() == 1)
      interp::eval_unary(call);
    else if (value.operands.size() == 2)
      interp::eval_binary(call);
    else
      interp::eval_ternary(call);
    return read(call.results[0], 0);
  }
  Cell apply(Op op, DType type, std::initializer_list<Cell> operands) {
    Node node{op, Type::scalar(type), {}, {}};
    interp::Call call{graph_, node, ValueId{0}, bindings_, options_, machine_, {}, {}, {}, {}};
    for (const Cell& operand : operands) {
      Tensor scalar(type, {});
      write(scalar, 0, operand);
      call.operands.push_back(
          std::make_shared<const std::vector<Tensor>>(std::vector<Tensor>{scalar}));
    }
    if (operands.size() == 2)
      interp::eval_binary(call);
    else
      interp::eval_ternary(call);
    return read(call.results[0], 0);
  }

  void let(Val val) {
    const Value& value = program_.values[val.value];
    Cell& out = cells_[val.value];
    switch (value.kind) {
    case Value::Kind::constant: out = of_bits(value.bits, value.dtype); break;
    case Value::Kind::size: out = {0, size(value.dim)}; break;
    case Value::Kind::index: out = {0, vars_[value.var.value]}; break;
    case Value::Kind::load:
      out = read(buffer(value.address.buffer), position(value.address));
      break;
    case Value::Kind::element: out = element(value); break;
    case Value::Kind::fold: TW_CHECK(false, "a fold's result in a Let"); break;
    case Value::Kind::quotient: {
      int64_t a = cell(value.operands[0]).integer, b = size(value.dim);
      TW_CHECK(a >= 0 && b > 0, "quotient {} by {}", a, b);
      out = {0, a / b};
      break;
    }
    case Value::Kind::random: {
      auto part = [&](size_t k) { return cell(value.operands[k]).integer; };
      tw_key key{static_cast<uint64_t>(part(1)), static_cast<uint64_t>(part(2)),
                 static_cast<uint32_t>(value.site),
                 value.operands.size() > 4 ? static_cast<uint32_t>(part(4)) : 0, part(3)};
      out = {draw_element(static_cast<Distribution>(value.site >> 32), tw_stream(&key), key.step,
                          part(0), value.dtype),
             0};
      break;
    }
    }
    known_[val.value] = true;
  }

  static Cell identity(Fold::Op op) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    using Limits = std::numeric_limits<int64_t>;
    switch (op) {
    case Fold::Op::product: return {1, 1};
    case Fold::Op::min: return {kInf, Limits::max()};
    case Fold::Op::max: return {-kInf, Limits::min()};
    default: return {0, 0};
    }
  }
  Cell combine(Fold::Op op, DType type, Cell a, Cell b) {
    switch (op) {
    case Fold::Op::product: return apply(Op::mul, type, {a, b});
    case Fold::Op::min: return apply(Op::min, type, {a, b});
    case Fold::Op::max: return apply(Op::max, type, {a, b});
    default: return apply(Op::add, type, {a, b});
    }
  }

  struct Accumulator {
    Cell value, best;
    std::vector<Cell> lanes;
    double total = 0;
    bool started = false;
  };
  // Takes the element computed by the body into an accumulator or a lane.
  void take(const Fold& fold, Accumulator& accumulator, Cell& into, int64_t position) {
    DType type = dtype(fold.a);
    Cell a = cell(fold.a);
    switch (fold.op) {
    case Fold::Op::fma: into = apply(Op::fma, type, {a, cell(fold.b), into}); break;
    case Fold::Op::argmin:
    case Fold::Op::argmax: {
      auto number = [&](const Cell& c) {
        return is_real(type) ? c.real : static_cast<double>(c.integer);
      };
      auto less = [&](const Cell& p, const Cell& q) {
        return is_real(type) ? p.real < q.real : p.integer < q.integer;
      };
      bool better =
          fold.op == Fold::Op::argmin ? less(a, accumulator.best) : less(accumulator.best, a);
      bool nan = is_real(type) && std::isnan(number(a));
      bool best_nan = is_real(type) && std::isnan(number(accumulator.best));
      if (!accumulator.started || (!best_nan && (nan || better))) {
        accumulator.best = a;
        into.integer = position;
      }
      accumulator.started = true;
      break;
    }
    default: into = combine(fold.op, type, into, a);
    }
  }
  void define(Val val, Cell cell) {
    cells_[val.value] = cell;
    known_[val.value] = true;
  }

  void loop(const Loop& loop) {
    int64_t n = size(program_.vars[loop.var.value].extent);
    int64_t& var = vars_[loop.var.value];
    if (loop.kind == Loop::Kind::vector) {
      TW_CHECK(loop.folds.empty(), "a vector loop folds nothing");
      int64_t first = loop.range ? cell(loop.range->first).integer : 0;
      if (loop.range) n = cell(loop.range->second).integer;
      for (var = n; var-- > first;)
        run(loop.body);
      return;
    }
    std::vector<Accumulator> accumulators;
    for (const Fold& fold : loop.folds) {
      Accumulator accumulator;
      accumulator.value = identity(fold.op);
      accumulator.total = identity(fold.op).real;
      accumulator.lanes.assign(kLanes, identity(fold.op));
      accumulators.push_back(accumulator);
    }
    bool lanes = loop.kind == Loop::Kind::lanes;
    int64_t first = loop.range ? cell(loop.range->first).integer : 0;
    if (loop.range) n = cell(loop.range->second).integer;
    TW_CHECK(first % kChunk == 0 || loop.folds.empty(), "a folded range inside of a chunk");
    for (var = first; var < n; ++var) {
      run(loop.body);
      for (size_t k = 0; k < loop.folds.size(); ++k) {
        Accumulator& accumulator = accumulators[k];
        const Fold& fold = loop.folds[k];
        bool position = fold.op == Fold::Op::argmin || fold.op == Fold::Op::argmax;
        Cell& into =
            position ? accumulator.value
                     : accumulator.lanes[lanes ? static_cast<size_t>(var % kChunk % kLanes) : 0];
        take(fold, accumulator, into, var);
      }
      if ((var + 1) % kChunk != 0 && var + 1 != n) continue;
      for (size_t k = 0; k < loop.folds.size(); ++k)
        end_chunk(loop.folds[k], accumulators[k], lanes);
    }
    for (size_t k = 0; k < loop.folds.size(); ++k) {
      const Fold& fold = loop.folds[k];
      bool sum = fold.op == Fold::Op::sum || fold.op == Fold::Op::fma;
      if (lanes && sum && is_real(dtype(fold.a)) && !loop.range) {
        double total = accumulators[k].total;
        accumulators[k].value.real =
            dtype(fold.a) == DType::f32 ? static_cast<float>(total) : total;
      }
      define(fold.result, accumulators[k].value);
    }
  }
  void end_chunk(const Fold& fold, Accumulator& accumulator, bool lanes) {
    if (fold.op == Fold::Op::argmin || fold.op == Fold::Op::argmax) return;
    std::vector<Cell>& lane = accumulator.lanes;
    for (size_t h = lanes ? kLanes / 2 : 0; h >= 1; h /= 2)
      for (size_t j = 0; j < h; ++j)
        lane[j] = combine(fold.op, dtype(fold.a), lane[j], lane[j + h]);
    accumulator.total += lane[0].real;
    bool as_is = !lanes && !accumulator.started; // the first chunk of a serial fold
    accumulator.value =
        as_is ? lane[0] : combine(fold.op, dtype(fold.a), accumulator.value, lane[0]);
    accumulator.started = true;
    lane.assign(kLanes, identity(fold.op));
  }

  void chunks(const Chunks& chunks) {
    int64_t n = size(chunks.extent);
    std::vector<Cell> totals;
    for (const Fold& fold : chunks.folds)
      totals.push_back(identity(fold.op));
    for (int64_t first = 0; first == 0 || first < n; first += kChunk) {
      define(chunks.first, {0, first});
      define(chunks.last, {0, std::min(n, first + kChunk)});
      define(chunks.place, {0, 0}); // one part waits at a time
      run(chunks.body);
      for (size_t k = 0; k < chunks.folds.size(); ++k)
        totals[k] = combine(chunks.folds[k].op, total_type(chunks.folds[k]), totals[k],
                            cell(chunks.folds[k].a));
      for (const Chunks::Part& part : chunks.parts) {
        Tensor &to = buffer(part.to), &waiting = buffer(part.waiting);
        for (int64_t i = 0; i < to.size(); ++i) {
          Cell own = read(waiting, i);
          write(to, i, first == 0 ? own : combine(part.op, to.dtype(), read(to, i), own));
        }
      }
    }
    for (size_t k = 0; k < chunks.folds.size(); ++k) {
      const Fold& fold = chunks.folds[k];
      if (dtype(fold.a) == DType::f32) totals[k].real = static_cast<float>(totals[k].real);
      define(fold.result, totals[k]);
    }
  }
  DType total_type(const Fold& fold) const {
    return fold.op == Fold::Op::sum && is_real(dtype(fold.a)) ? DType::f64 : dtype(fold.a);
  }

  // Elements one by one, backwards, each with its epilogue.
  void product(const Product& product) {
    auto first = [&](const Product::Along& along) {
      return along.range ? cell(along.range->first).integer : 0;
    };
    auto end = [&](const Product::Along& along) {
      return along.range ? cell(along.range->second).integer
                         : size(program_.vars[along.var.value].extent);
    };
    DType type = program_.buffers[product.c.buffer.value].dtype;
    int64_t &i = vars_[product.i.var.value], &j = vars_[product.j.var.value],
            &k = vars_[product.k.var.value];
    for (i = end(product.i); i-- > first(product.i);) {
      run(product.row);
      for (j = end(product.j); j-- > first(product.j);) {
        k = 0;
        Cell total{}, part{};
        Tensor& c = buffer(product.c.buffer);
        if (product.accumulate) part = read(c, position(product.c));
        int64_t start = first(product.k);
        for (k = start; k < end(product.k); ++k) {
          Cell a = read(buffer(product.a.buffer), position(product.a));
          Cell b = read(buffer(product.b.buffer), position(product.b));
          part = apply(Op::fma, type, {a, b, part});
          if (product.accumulate || ((k - start + 1) % kChunk != 0 && k + 1 != end(product.k)))
            continue;
          total = k - start < kChunk ? part : apply(Op::add, type, {total, part});
          part = {};
        }
        write(c, position(product.c), product.accumulate ? part : total);
        run(product.columns.body);
      }
    }
  }

  void rows(const Rows& rows) {
    std::vector<Cell> totals;
    for (const Fold& fold : rows.folds)
      totals.push_back(identity(fold.op));
    for (row_ = 0; row_ < static_cast<int64_t>(memory_.rows.size()); ++row_) {
      run(rows.body);
      for (size_t k = 0; k < rows.folds.size(); ++k)
        totals[k] = combine(rows.folds[k].op, DType::f64, totals[k], cell(rows.folds[k].a));
    }
    row_ = -1;
    for (size_t k = 0; k < rows.folds.size(); ++k) {
      if (dtype(rows.folds[k].a) == DType::f32) totals[k].real = static_cast<float>(totals[k].real);
      define(rows.folds[k].result, totals[k]);
    }
  }

  void linear(const Linear& s) {
    const auto place = [&](const std::vector<BufferId>& buffers, size_t k) -> void* {
      if (k >= buffers.size()) return nullptr;
      return buffer(buffers[k]).raw();
    };
    const auto number = [](Op op) {
      switch (op) {
#define TW_LINEAR(constant, name, ...)                                                             \
  case Op::name: return constant;
        TW_LINEAR_OPERATORS(TW_LINEAR)
#undef TW_LINEAR
      default: TW_CHECK(false); return TW_LINEAR_SOLVE;
      }
    };
    int32_t fault =
        tw_linear(number(s.op), program_.buffers[s.operands[0].value].dtype == DType::f32, s.root,
                  size(s.m), size(s.n), size(s.k), place(s.operands, 0), place(s.operands, 1),
                  place(s.results, 0), place(s.results, 1), place(s.results, 2),
                  static_cast<double*>(buffer(s.work).raw()), tw_linear_plain_product);
    if (fault) throw Stop{tw_linear_status(fault)};
  }

  void run(const Block& block) {
    for (const Statement& statement : block)
      run(statement);
    // Values of a block are not visible after it; a fold's operands are read before the next round.
  }
  void run(const Statement& statement) {
    std::visit(overloaded{
                   [&](const Let& s) { let(s.value); },
                   [&](const Store& s) {
                     TW_CHECK(program_.buffers[s.to.buffer.value].role != Buffer::Role::input,
                              "a store into an input");
                     TW_CHECK(dtype(s.value) == program_.buffers[s.to.buffer.value].dtype,
                              "store of another type");
                     int64_t at = position(s.to);
                     write(buffer(s.to.buffer), at, cell(s.value));
                   },
                   [&](const Loop& s) { loop(s); },
                   [&](const Product& s) { product(s); },
                   [&](const Rows& s) { rows(s); },
                   [&](const Chunks& s) { chunks(s); },
                   [&](const Oracle&) { TW_CHECK(false, "no oracles here"); },
                   [&](const Linear& s) { linear(s); },
                   [&](const StatusCheck& s) {
                     if (cell(s.condition).integer) throw Stop{s.status};
                   },
                   [&](const IndexCheck& s) {
                     int64_t index = cell(s.value).integer;
                     if (index < 0 || index >= size(s.bound))
                       throw Stop{run_status::kIndexOutOfRange};
                   },
                   [&](const If& s) { run(cell(s.condition).integer ? s.yes : s.no); },
                   [&](const While& s) {
                     int64_t limit = cell(s.limit).integer;
                     for (int64_t round = 0; round < limit; ++round) {
                       define(s.round, {0, round});
                       run(s.test);
                       if (!cell(s.condition).integer) break;
                       run(s.body);
                     }
                   },
               },
               statement.is);
  }

  const Program& program_;
  const Bindings& bindings_;
  LoopMemory& memory_;
  std::vector<Cell> cells_;
  std::vector<bool> known_;
  std::vector<int64_t> vars_;
  std::vector<Tensor> constants_;
  Graph graph_;
  InterpreterOptions options_;
  interp::Machine machine_;
  int64_t row_ = -1;
};

} // namespace

int run_loops(const Program& program, const Bindings& bindings, LoopMemory& memory) {
  return Machine(program, bindings, memory).run();
}

} // namespace thalweg::test
