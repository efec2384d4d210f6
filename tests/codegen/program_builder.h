// Builds loop programs by hand and runs them: for the tests of codegen, jit and aot.
#pragma once

#include "codegen/loops.h"
#include "jit/jit.h"
#include "support/check.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace thalweg::test {

using loops::Address;
using loops::Buffer;
using loops::BufferId;
using loops::Fold;
using loops::Loop;
using loops::Program;
using loops::Val;
using loops::Value;
using loops::Var;

// Statements go to the innermost open block, in the order of the calls.
class ProgramBuilder {
public:
  explicit ProgramBuilder(std::string name, std::vector<std::string> symbols = {"n"}) {
    program_.name = std::move(name);
    program_.symbols = std::move(symbols);
    blocks_.push_back(&program_.body);
  }
  Program done() { return std::move(program_); }
  Program& program() { return program_; }

  BufferId buffer(const std::string& name, DType dtype, Shape shape,
                  Buffer::Role role = Buffer::Role::input, bool per_tensor = false) {
    int slot = 0;
    for (const Buffer& other : program_.buffers)
      slot += other.per_tensor == per_tensor && other.slot >= 0;
    if (role == Buffer::Role::constant) slot = -1;
    program_.buffers.push_back({name, dtype, std::move(shape), role, per_tensor, slot, {}});
    return BufferId(static_cast<uint32_t>(program_.buffers.size() - 1));
  }

  Val constant(DType dtype, double value) {
    Value v{Value::Kind::constant, dtype};
    v.bits = is_real(dtype) ? std::bit_cast<int64_t>(value) : static_cast<int64_t>(value);
    return let(v);
  }
  Val size(Dim dim) {
    Value v{Value::Kind::size, DType::i64};
    v.dim = std::move(dim);
    return let(v);
  }
  Val index(Var var) {
    Value v{Value::Kind::index, DType::i64};
    v.var = var;
    return let(v);
  }
  Val quotient(Val a, Dim by) {
    Value v{Value::Kind::quotient, DType::i64};
    v.operands = {a};
    v.dim = std::move(by);
    return let(v);
  }
  Val load(BufferId buffer, std::vector<std::pair<Var, Dim>> terms = {},
           std::vector<std::pair<Val, Dim>> dynamic = {}, Dim offset = 0) {
    Value v{Value::Kind::load, program_.buffers[buffer.value].dtype};
    v.address = {buffer, std::move(offset), std::move(terms), std::move(dynamic)};
    return let(v);
  }
  Val op(Op op, std::vector<Val> operands) {
    DType dtype = dtype_of(operands.back());
    if (op == Op::eq || op == Op::ne || op == Op::lt || op == Op::le || op == Op::is_finite)
      dtype = DType::boolean;
    return op_to(op, dtype, std::move(operands));
  }
  Val op_to(Op op, DType dtype, std::vector<Val> operands) {
    Value v{Value::Kind::element, dtype, op};
    v.operands = std::move(operands);
    return let(v);
  }
  Val cast(DType to, Val x) { return op_to(Op::cast, to, {x}); }
  void store(BufferId buffer, Val value, std::vector<std::pair<Var, Dim>> terms = {},
             std::vector<std::pair<Val, Dim>> dynamic = {}, Dim offset = 0) {
    add({loops::Store{{buffer, std::move(offset), std::move(terms), std::move(dynamic)}, value}});
  }

  void loop(Loop::Kind kind, Dim extent, const std::function<void(Var)>& body) {
    const Var var = variable(std::move(extent));
    Loop loop{kind, var, {}, {}};
    std::vector<Fold> folds;
    std::swap(folds, folds_);
    blocks_.push_back(&loop.body);
    body(var);
    blocks_.pop_back();
    std::swap(folds, folds_);
    loop.folds = std::move(folds);
    add({std::move(loop)});
  }
  Var variable(Dim extent) {
    program_.vars.push_back({"i" + std::to_string(program_.vars.size()), std::move(extent)});
    return Var(static_cast<uint32_t>(program_.vars.size() - 1));
  }
  // `product` is complete but for what the two functions append to row and columns.
  void product(
      loops::Product product, const std::function<void()>& row = [] {},
      const std::function<void()>& columns = [] {}) {
    product.columns.kind = Loop::Kind::vector;
    product.columns.var = product.j.var;
    blocks_.push_back(&product.row);
    row();
    blocks_.back() = &product.columns.body;
    columns();
    blocks_.pop_back();
    add({std::move(product)});
  }
  void rows(const std::function<void()>& body) {
    loops::Rows rows;
    std::vector<Fold> folds;
    std::swap(folds, folds_);
    blocks_.push_back(&rows.body);
    body();
    blocks_.pop_back();
    std::swap(folds, folds_);
    rows.folds = std::move(folds);
    add({std::move(rows)});
  }
  // A fold of the innermost open loop; the result is for use after it.
  Val fold(Fold::Op op, Val a, Val b = Val{0}) {
    const bool position = op == Fold::Op::argmin || op == Fold::Op::argmax;
    Value v{Value::Kind::fold, position ? DType::i64 : dtype_of(a)};
    const Val result = value(v);
    folds_.push_back({op, a, b, result});
    return result;
  }
  void oracle(int site) { add({loops::Oracle{site}}); }
  void status_check(Val condition, int status) { add({loops::StatusCheck{condition, status}}); }
  void index_check(Val value, Dim bound) { add({loops::IndexCheck{value, std::move(bound)}}); }
  void branch(Val condition, const std::function<void()>& yes, const std::function<void()>& no) {
    loops::If branch{condition, {}, {}};
    blocks_.push_back(&branch.yes);
    yes();
    blocks_.back() = &branch.no;
    no();
    blocks_.pop_back();
    add({std::move(branch)});
  }
  Val let(Value v) {
    const Val id = value(std::move(v));
    add({loops::Let{id}});
    return id;
  }
  DType dtype_of(Val v) const { return program_.values[v.value].dtype; }

private:
  Val value(Value v) {
    program_.values.push_back(std::move(v));
    return Val(static_cast<uint32_t>(program_.values.size() - 1));
  }
  void add(loops::Statement statement) { blocks_.back()->push_back(std::move(statement)); }

  Program program_;
  std::vector<loops::Block*> blocks_;
  std::vector<Fold> folds_;
};

inline Dim n() { return Dim::symbol("n"); }

// The arguments of one call.
struct Arguments {
  std::vector<void*> buffers;
  std::vector<int64_t> dims;
  std::vector<tw_row> rows;
  tw_call call() {
    return {buffers.data(), dims.data(), rows.data(), static_cast<int64_t>(rows.size())};
  }
};

// The targets that run on this machine: the first has no fma, all others must agree in every bit.
inline std::vector<codegen::TargetSpec> targets() {
  using codegen::TargetSpec;
  std::vector<TargetSpec> result;
  for (TargetSpec spec :
       {TargetSpec::baseline(), TargetSpec::avx2(), TargetSpec::avx512(), TargetSpec::host()})
    if (spec.runs_here()) result.push_back(spec);
  return result;
}

inline const std::vector<int64_t>& sizes() {
  static const std::vector<int64_t> all{0,  1,  2,   3,    31,   32,   33,   63,
                                        64, 65, 127, 1000, 1023, 1024, 1025, 40000};
  return all;
}

template <typename T> bool same_bits(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(a) && std::isnan(b)) return true;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}
// Position of the first difference, or -1.
template <typename T> int64_t first_difference(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return 0;
  for (size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return static_cast<int64_t>(i);
  return -1;
}

// Numbers of many magnitudes; with `special` also zeros of both signs, infinities, NaN, subnormals.
template <typename T> std::vector<T> numbers(int64_t count, uint32_t seed, bool special = false) {
  std::mt19937 random(seed);
  std::vector<T> result(static_cast<size_t>(count));
  for (T& x : result) {
    const double unit = static_cast<double>(random()) / 4294967296.0 - 0.5;
    x = static_cast<T>(unit * std::exp2(static_cast<int>(random() % 9) - 4));
    if (special && random() % 8 == 0) {
      const T kinds[] = {T(0),
                         -T(0),
                         T(INFINITY),
                         -T(INFINITY),
                         T(NAN),
                         std::numeric_limits<T>::denorm_min(),
                         std::numeric_limits<T>::max(),
                         T(1)};
      x = kinds[random() % 8];
    }
  }
  return result;
}

template <typename T>
constexpr DType dtype_for = std::is_same_v<T, double>    ? DType::f64
                            : std::is_same_v<T, float>   ? DType::f32
                            : std::is_same_v<T, int64_t> ? DType::i64
                                                         : DType::boolean;

} // namespace thalweg::test
