// Index expressions of the lowering: affine in loop variables and in i64 values, with symbolic
// coefficients. Private to codegen/lower*.
#pragma once

#include "codegen/loops.h"

#include <compare>
#include <map>
#include <vector>

namespace thalweg::loops {

// offset + Σ variable·coefficient + Σ value·coefficient; terms sorted, no zero coefficient.
struct Affine {
  Dim offset;
  std::vector<std::pair<Var, Dim>> vars;
  std::vector<std::pair<Val, Dim>> vals;

  static Affine of(Var var) { return {Dim(), {{var, Dim(1)}}, {}}; }
  static Affine of(Val val) { return {Dim(), {}, {{val, Dim(1)}}}; }
  static Affine of(Dim dim) { return {std::move(dim), {}, {}}; }
  bool is_fixed() const { return vars.empty() && vals.empty(); }
  auto operator<=>(const Affine&) const = default;
};
Affine operator+(const Affine& a, const Affine& b);
Affine operator*(const Affine& a, const Dim& factor);

// The position of an element of a tensor: one expression per axis, or the flat row-major number.
struct Index {
  std::vector<Affine> axes; // empty: `flat` is given
  Affine flat;
  auto operator<=>(const Index&) const = default;
};

struct IndexTag {};
using IndexId = Id<IndexTag>;
constexpr IndexId kScalarIndex{0};

// Index expressions by content: equal expressions have equal ids.
class IndexTable {
public:
  IndexTable() { intern({}); } // kScalarIndex
  IndexId intern(Index index);
  const Index& at(IndexId id) const { return *by_id_[id.value]; }

private:
  std::map<Index, uint32_t> ids_;
  std::vector<const Index*> by_id_;
};

std::vector<Dim> strides_of(const Shape& shape);
// The flat number, whichever form the index has.
Affine flat_of(const Index& index, const Shape& shape);
// An index of `shape` with an expression per axis; a rank of 1 is kept flat, for equal ids.
Index index_of_axes(std::vector<Affine> axes);

// Groups of neighbouring axes with equal products: how a reshape maps axes of `from` to axes of
// `to`. Axes of literal size 1 belong to no group.
struct AxisGroup {
  std::vector<size_t> from, to;
};
std::vector<AxisGroup> reshape_groups(const Shape& from, const Shape& to);

} // namespace thalweg::loops
