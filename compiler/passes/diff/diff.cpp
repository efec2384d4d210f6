// Functions over functions: what forward and reverse are used for (see diff.h).
#include "passes/diff/diff.h"

#include "ir/varying.h"
#include "passes/diff/forward.h"
#include "passes/diff/reverse.h"
#include "passes/diff/unroll.h"
#include "support/check.h"

#include <algorithm>

namespace thalweg::diff {
namespace {

ValueId argument(Graph& graph, const Function& f, size_t index) {
  return Builder(graph).arg(static_cast<int64_t>(index), f.parameters[index].type);
}

std::vector<ValueId> arguments(Graph& graph, const Function& f, Wrt wrt) {
  std::vector<ValueId> out;
  for (size_t index : wrt) {
    TW_CHECK(index < f.parameters.size() && is_real(f.parameters[index].type.dtype));
    out.push_back(argument(graph, f, index));
  }
  return out;
}

std::vector<ValueId> values(const Function& f) {
  std::vector<ValueId> out;
  for (const Result& result : f.results)
    out.push_back(result.value);
  return out;
}

Function shell(const Function& f, std::string suffix) {
  Function out = f;
  out.name += suffix;
  out.results.clear();
  return out;
}

Result named(const Function& f, std::string prefix, size_t parameter, ValueId value) {
  return {prefix + f.parameters[parameter].name, value, f.parameters[parameter].per_tensor, -1};
}

// The tangents of `roots` along the identity of one parameter, batch axes moved to the end.
struct Columns {
  std::vector<ValueId> values;
  std::optional<DiffError> error;
};
Columns columns(Graph& graph, const Function& f, size_t parameter, std::span<const ValueId> roots) {
  Builder b(graph);
  const Type type = f.parameters[parameter].type;
  Forward pass(graph, type.shape);
  pass.set_tangent(argument(graph, f, parameter), identity(graph, type.shape, type.dtype));
  Columns out;
  out.error = pass.run(roots);
  if (out.error) return out;
  int64_t lead = static_cast<int64_t>(type.rank());
  for (ValueId root : roots) {
    ValueId t = pass.tangent(root).value_or(zero_tangent(b, root, type.shape));
    std::vector<int64_t> order;
    int64_t rank = static_cast<int64_t>(b.type(t).rank());
    for (int64_t axis = lead; axis < rank; ++axis)
      order.push_back(axis);
    for (int64_t axis = 0; axis < lead; ++axis)
      order.push_back(axis);
    out.values.push_back(b.transpose(t, std::move(order)));
  }
  return out;
}

} // namespace

ValueId identity(Graph& graph, const Shape& shape, DType dtype) {
  Builder b(graph);
  if (shape.empty()) return b.constant(1, dtype);
  Shape twice = shape;
  twice.insert(twice.end(), shape.begin(), shape.end());
  std::optional<ValueId> on;
  int64_t rank = static_cast<int64_t>(shape.size());
  for (int64_t axis = 0; axis < rank; ++axis) {
    ValueId same = b.make(Op::eq, {b.iota(twice, axis), b.iota(twice, axis + rank)});
    on = on ? b.make(Op::logical_and, {*on, same}) : same;
  }
  Type type = Type::tensor(dtype, twice);
  return b.select(*on, b.full(1, type), b.full(0, type));
}

Outcome forward(Graph& graph, const Function& f, Wrt wrt, const Shape& batch) {
  Builder b(graph);
  Function out = f;
  out.name += ".forward";
  Forward pass(graph, batch);
  std::vector<ValueId> from = arguments(graph, f, wrt);
  for (size_t k = 0; k < wrt.size(); ++k) {
    const Parameter& p = f.parameters[wrt[k]];
    Type type = pass.tangent_type(p.type);
    pass.set_tangent(from[k], b.arg(static_cast<int64_t>(out.parameters.size()), type));
    out.parameters.push_back({"tangent." + p.name, type, p.per_tensor});
  }
  if (auto error = pass.run(roots_of(f))) return *error;
  for (Result& result : out.results)
    result.value = pass.primal(result.value);
  for (Check& check : out.checks)
    check.condition = pass.primal(check.condition);
  for (const Result& result : f.results) {
    if (!is_real(graph.type(result.value).dtype)) continue;
    ValueId t = pass.tangent(result.value).value_or(zero_tangent(b, result.value, batch));
    out.results.push_back({"tangent." + result.name, t, result.per_tensor, -1});
  }
  return out;
}

Outcome gradient(Graph& graph, const Function& f, size_t result, Wrt wrt) {
  Builder b(graph);
  ValueId value = unroll(graph, std::vector{f.results[result].value})[0];
  const Type type = graph.type(value);
  if (!type.is_scalar() || !is_real(type.dtype))
    return DiffError{value,
                     "the gradient of '" + f.results[result].name + "', which is no real scalar",
                     graph.origin(value)};
  std::vector<ValueId> from = arguments(graph, f, wrt);
  Reverse pass(graph, from);
  if (f.over_table) pass.set_per_tensor(varies_by_tensor(graph, f));
  pass.seed(value, b.constant(1, type.dtype));
  if (auto error = pass.run(std::vector{value})) return *error;
  Function out = shell(f, ".gradient");
  out.results.push_back({f.results[result].name, value, f.results[result].per_tensor, -1});
  for (size_t k = 0; k < wrt.size(); ++k)
    out.results.push_back(named(f, "gradient.", wrt[k],
                                pass.cotangent(from[k]).value_or(zero_tangent(b, from[k], {}))));
  return out;
}

Outcome hvp(Graph& graph, const Function& f, size_t result, Wrt wrt) {
  Outcome first = gradient(graph, f, result, wrt);
  if (!first) return first;
  Builder b(graph);
  Function out = shell(f, ".hvp");
  Forward pass(graph, {});
  for (size_t index : wrt) {
    const Parameter& p = f.parameters[index];
    pass.set_tangent(argument(graph, f, index),
                     b.arg(static_cast<int64_t>(out.parameters.size()), p.type));
    out.parameters.push_back({"direction." + p.name, p.type, p.per_tensor});
  }
  if (auto error = pass.run(values(*first))) return *error;
  for (size_t k = 0; k < wrt.size(); ++k) {
    ValueId g = first->results[k + 1].value;
    out.results.push_back(
        named(f, "hvp.", wrt[k], pass.tangent(g).value_or(zero_tangent(b, g, {}))));
  }
  return out;
}

Outcome jacobian(Graph& graph, const Function& f, size_t result, Wrt wrt) {
  ValueId value = f.results[result].value;
  Function out = shell(f, ".jacobian");
  out.results.push_back(f.results[result]);
  out.results.back().updates = -1;
  for (size_t index : wrt) {
    arguments(graph, f, std::vector{index});
    Columns block = columns(graph, f, index, std::vector{value});
    if (block.error) return *block.error;
    out.results.push_back(named(f, "jacobian.", index, block.values[0]));
  }
  return out;
}

Outcome hessian(Graph& graph, const Function& f, size_t result, Wrt wrt) {
  Outcome first = gradient(graph, f, result, wrt);
  if (!first) return first;
  Function out = *first;
  out.name = f.name + ".hessian";
  std::vector<ValueId> gradients = values(*first);
  gradients.erase(gradients.begin());
  std::vector<std::vector<ValueId>> blocks; // by column
  for (size_t index : wrt) {
    Columns block = columns(graph, f, index, gradients);
    if (block.error) return *block.error;
    blocks.push_back(std::move(block.values));
  }
  for (size_t row = 0; row < wrt.size(); ++row)
    for (size_t column = 0; column < wrt.size(); ++column) {
      std::string prefix = "hessian." + f.parameters[wrt[row]].name + ".";
      out.results.push_back(named(f, prefix, wrt[column], blocks[column][row]));
    }
  return out;
}

} // namespace thalweg::diff
