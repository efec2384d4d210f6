// Affine index expressions (see lower_index.h).
#include "codegen/lower_index.h"

#include <algorithm>

namespace thalweg::loops {
namespace {

template <typename Key>
std::vector<std::pair<Key, Dim>> merge(const std::vector<std::pair<Key, Dim>>& a,
                                       const std::vector<std::pair<Key, Dim>>& b) {
  std::vector<std::pair<Key, Dim>> out;
  auto i = a.begin(), j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->first < j->first)) {
      out.push_back(*i++);
    } else if (i == a.end() || j->first < i->first) {
      out.push_back(*j++);
    } else {
      out.push_back({i->first, i->second + j->second});
      ++i, ++j;
    }
  }
  std::erase_if(out, [](const auto& term) { return term.second.is_constant(0); });
  return out;
}

} // namespace

Affine operator+(const Affine& a, const Affine& b) {
  return {a.offset + b.offset, merge(a.vars, b.vars), merge(a.vals, b.vals)};
}

Affine operator*(const Affine& a, const Dim& factor) {
  if (factor.is_constant(0)) return {};
  if (factor.is_constant(1)) return a;
  Affine out{a.offset * factor, a.vars, a.vals};
  for (auto& term : out.vars)
    term.second = term.second * factor;
  for (auto& term : out.vals)
    term.second = term.second * factor;
  return out;
}

IndexId IndexTable::intern(Index index) {
  auto [it, fresh] = ids_.emplace(std::move(index), static_cast<uint32_t>(by_id_.size()));
  if (fresh) by_id_.push_back(&it->first); // keys of a map don't move
  return IndexId{it->second};
}

std::vector<Dim> strides_of(const Shape& shape) {
  std::vector<Dim> strides(shape.size());
  Dim stride = 1;
  for (size_t k = shape.size(); k-- > 0;) {
    strides[k] = stride;
    if (k > 0) stride = stride * shape[k];
  }
  return strides;
}

Affine flat_of(const Index& index, const Shape& shape) {
  if (index.axes.empty()) return index.flat;
  std::vector<Dim> strides = strides_of(shape);
  Affine flat;
  for (size_t k = 0; k < shape.size(); ++k)
    flat = flat + index.axes[k] * strides[k];
  return flat;
}

Index index_of_axes(std::vector<Affine> axes) {
  if (axes.empty()) return {};
  if (axes.size() == 1) return {{}, std::move(axes[0])};
  return {std::move(axes), {}};
}

std::vector<AxisGroup> reshape_groups(const Shape& from, const Shape& to) {
  std::vector<AxisGroup> groups;
  size_t i = 0, j = 0;
  auto skip = [](const Shape& shape, size_t& k) {
    while (k < shape.size() && shape[k].is_constant(1))
      ++k;
  };
  while (skip(from, i), skip(to, j), i < from.size() || j < to.size()) {
    AxisGroup group;
    Dim a = 1, b = 1;
    // Grow whichever side can still make the products meet; without symbols to compare, both.
    while (true) {
      bool met = !group.from.empty() && !group.to.empty() && a == b;
      if (met) break;
      skip(from, i), skip(to, j);
      if (i >= from.size() && j >= to.size()) break;
      bool smaller_a = a.is_constant() && b.is_constant() && b.constant() != 0
                           ? a.constant() < b.constant()
                           : group.from.size() <= group.to.size();
      if ((group.from.empty() || smaller_a || j >= to.size()) && i < from.size()) {
        a = a * from[i];
        group.from.push_back(i++);
      } else if (j < to.size()) {
        b = b * to[j];
        group.to.push_back(j++);
      } else {
        break;
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

} // namespace thalweg::loops
