// Random operators that move elements (see random_generator.h).
#include "properties/random_generator.h"

#include <algorithm>

namespace thalweg::testing {

void Generator::draw() {
  Shape shape = random_shape();
  if (!fits(shape)) return;
  auto part = [&] {
    return rng_.chance(0.5) ? builder_.integer(static_cast<int64_t>(rng_.next()))
                            : pick(Type::scalar(DType::i64));
  };
  ValueId seed = part(), name = part(), step = part();
  put(builder_.random(static_cast<Distribution>(rng_.below(3)), rng_.below(9),
                      Type::tensor(real_dtype(), shape), {seed, name, step}),
      9);
}

void Generator::widen() {
  ValueId a = pick_real();
  Shape shape = builder_.shape(a);
  std::vector<int64_t> axes;
  for (size_t k = 0; k < shape.size(); ++k)
    axes.push_back(static_cast<int64_t>(k));
  for (Dim& dim : shape)
    if (dim.is_constant(1) && rng_.chance(0.7)) dim = random_dim();
  if (rng_.chance(0.7)) {
    size_t at = static_cast<size_t>(rng_.below(static_cast<int64_t>(shape.size()) + 1));
    shape.insert(shape.begin() + static_cast<ptrdiff_t>(at), random_dim());
    for (size_t k = at; k < axes.size(); ++k)
      ++axes[k];
  }
  if (fits(shape)) put(builder_.broadcast(a, shape, axes), bound(a));
}

void Generator::reshape() {
  ValueId a = pick_real();
  Shape shape = builder_.shape(a);
  switch (rng_.below(3)) {
  case 0: shape = {element_count(shape)}; break;
  case 1:
    shape.insert(shape.begin() + rng_.below(static_cast<int64_t>(shape.size()) + 1), Dim(1));
    break;
  default: std::erase_if(shape, [](const Dim& dim) { return dim.is_constant(1); }); break;
  }
  if (fits(shape)) put(builder_.reshape(a, shape), bound(a));
}

void Generator::transpose() {
  ValueId a = pick_real();
  std::vector<int64_t> order;
  for (size_t k = 0; k < builder_.type(a).rank(); ++k)
    order.insert(order.begin() + rng_.below(static_cast<int64_t>(k) + 1), static_cast<int64_t>(k));
  put(builder_.transpose(a, order), bound(a));
}

// Starts and sizes that hold for every binding: at least the constant term of the size, or a
// whole term of a sum, can be cut off.
void Generator::slice() {
  ValueId a = pick_real();
  Shape shape = builder_.shape(a);
  std::vector<Dim> start(shape.size(), Dim(0)), size = shape;
  for (size_t k = 0; k < shape.size(); ++k) {
    const Dim& dim = shape[k];
    if (dim.terms().size() > 1 && rng_.chance(0.5)) {
      const Dim::Term& term = rng_.pick(dim.terms());
      Dim first(term.coefficient);
      for (const std::string& name : term.factors)
        first = first * Dim::symbol(name);
      bool front = rng_.chance(0.5);
      start[k] = front ? Dim(0) : first;
      size[k] = front ? first : dim - first;
    } else if (dim.constant() > 0) {
      int64_t keep = options_.smooth && dim.is_constant() ? 1 : 0;
      int64_t cut = rng_.range(0, dim.constant() - keep), before = rng_.range(0, cut);
      start[k] = Dim(before);
      size[k] = dim - Dim(cut);
    }
  }
  put(builder_.slice(a, start, size), bound(a));
}

void Generator::pad() {
  ValueId a = pick_real();
  std::vector<Dim> before, after;
  Shape shape = builder_.shape(a);
  for (Dim& dim : shape) {
    before.push_back(rng_.chance(0.1) ? random_dim() : Dim(rng_.range(0, 2)));
    after.push_back(Dim(rng_.range(0, 2)));
    dim = dim + before.back() + after.back();
  }
  if (fits(shape)) put(builder_.pad(a, before, after), bound(a));
}

void Generator::concat() {
  ValueId a = pick_real();
  const Type type = builder_.type(a);
  if (type.rank() == 0) return;
  size_t axis = static_cast<size_t>(rng_.below(static_cast<int64_t>(type.rank())));
  std::vector<ValueId> candidates;
  for (ValueId id : scope_.pool) {
    Type other = builder_.type(id);
    if (other.rank() != type.rank()) continue;
    other.shape[axis] = type.shape[axis];
    if (other == type) candidates.push_back(id);
  }
  std::vector<ValueId> parts = {a};
  double largest_bound = bound(a);
  for (int64_t count = rng_.range(1, 2); count > 0; --count) {
    parts.push_back(rng_.pick(candidates));
    largest_bound = std::max(largest_bound, bound(parts.back()));
  }
  Shape shape = type.shape;
  shape[axis] = Dim(0);
  for (ValueId part : parts)
    shape[axis] = shape[axis] + builder_.shape(part)[axis];
  if (fits(shape)) put(builder_.concat(parts, static_cast<int64_t>(axis)), largest_bound);
}

// One index tensor of the given shape per axis, in range for every binding: an axis that may be
// empty has its size among the index space's, which then is empty too.
std::vector<ValueId> Generator::indices_into(const Shape& data, const Shape& shape) {
  std::vector<ValueId> indices;
  Type type = Type::tensor(DType::i64, shape);
  for (const Dim& dim : data) {
    ValueId size = builder_.dim(dim);
    size = builder_.make(Op::max, {size, builder_.constant(1, DType::i64)});
    ValueId index = pick(type);
    indices.push_back(builder_.make(Op::mod, {index, builder_.broadcast_scalar(size, shape)}));
  }
  return indices;
}

static Shape index_space(Rng& rng, const Shape& data, const Dim& extra) {
  Shape shape;
  for (const Dim& dim : data)
    if (dim.constant() < 1 && std::find(shape.begin(), shape.end(), dim) == shape.end())
      shape.insert(shape.begin() + rng.below(static_cast<int64_t>(shape.size()) + 1), dim);
  if (rng.chance(0.5)) shape.push_back(extra);
  return shape;
}

void Generator::gather() {
  if (!options_.integers) return;
  ValueId data = pick_real();
  Shape shape = index_space(rng_, builder_.shape(data), random_dim());
  if (!fits(shape)) return;
  put(builder_.gather(data, indices_into(builder_.shape(data), shape)), bound(data));
}

void Generator::scatter() {
  if (!options_.integers) return;
  ValueId values = pick_real();
  const Shape shape = builder_.shape(values);
  Shape target;
  for (int64_t rank = rng_.range(0, 2); rank > 0; --rank) {
    if (!shape.empty() && rng_.chance(0.7))
      target.push_back(rng_.pick(shape));
    else
      target.push_back(Dim(rng_.range(1, 3)));
  }
  if (!fits(target)) return;
  double total = bound(values) * static_cast<double>(largest(element_count(shape)));
  put(builder_.scatter_add(indices_into(target, shape), values, target), total);
}

} // namespace thalweg::testing
