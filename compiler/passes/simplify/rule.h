// A rewrite rule and the small vocabulary that rules are written in.
#pragma once

#include "ir/builder.h"
#include "passes/simplify/simplify.h"

#include <optional>
#include <span>

namespace thalweg::simplify {

using Maybe = std::optional<ValueId>;

// What a rule sees: the graph, a builder, and readers that make patterns short. Readers give
// nothing where the pattern does not fit.
class Context {
public:
  explicit Context(Graph& graph) : b(graph), graph_(graph) {}
  Builder b;

  const Node& node(ValueId id) const { return graph_.node(id); }
  const Type& type(ValueId id) const { return graph_.type(id); }
  Op op(ValueId id) const { return graph_.node(id).op; }
  ValueId operand(ValueId id, size_t k) const { return graph_.node(id).operands[k]; }

  // The operand of a unary `op`.
  Maybe under(ValueId id, Op op) const;
  // A number that the value is everywhere: a constant, also spread by broadcast.
  std::optional<double> number(ValueId id) const { return scalar_constant(graph_, id); }
  bool is(ValueId id, double value) const { return number(id) == value; }
  // A scalar spread over a tensor of at least one axis longer than 1: the scalar.
  Maybe uniform(ValueId id) const;
  // For mul(uniform, x) in either order: the scalar and x (x itself not uniform).
  struct Scaled {
    ValueId scalar, rest;
  };
  std::optional<Scaled> scaled(ValueId id) const;
  ValueId full(double value, ValueId like) { return b.full(value, b.type(like)); }
  // The scalar spread over the shape of `like`, times x.
  ValueId scale(ValueId scalar, ValueId x);
  bool is_real(ValueId id) const { return thalweg::is_real(type(id).dtype); }
  // Rounding class of a shape: grows with every axis, less by literal 1 (see measure.h).
  static int64_t extent(const Type& type);

private:
  Graph& graph_;
};

struct Rule {
  std::string_view name; // the rewrite itself, read as "left = right"
  std::vector<Op> roots; // operators it may fire at
  Exactness exactness;
  Maybe (*apply)(Context& c, ValueId id);
};

// The families, in the order they are tried at a value.
std::span<const Rule> constant_rules();
std::span<const Rule> arithmetic_rules();
std::span<const Rule> elementary_rules();
std::span<const Rule> select_rules();
std::span<const Rule> moving_rules();
std::span<const Rule> folding_rules();
std::span<const Rule> contract_rules();
std::span<const Rule> transposing_rules();

std::span<const std::span<const Rule>> all_rules();

} // namespace thalweg::simplify
