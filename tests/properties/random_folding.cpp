// Random reductions and contractions (see random_generator.h).
#include "properties/random_generator.h"

#include <algorithm>
#include <cmath>

namespace thalweg::testing {

void Generator::reduce() {
  static const std::vector<Op> kOps = {Op::reduce_sum, Op::reduce_sum, Op::reduce_prod,
                                       Op::reduce_min, Op::reduce_max};
  ValueId a = pick_real();
  if (options_.integers && !options_.smooth && rng_.chance(0.15)) {
    std::vector<ValueId> integers =
        of_kind([](const Type& type) { return type.dtype == DType::i64; });
    if (!integers.empty()) a = rng_.pick(integers);
  }
  Op op = options_.smooth ? (rng_.chance(0.8) ? Op::reduce_sum : Op::reduce_prod) : rng_.pick(kOps);
  std::vector<int64_t> axes;
  Dim count(1);
  bool trailing = rng_.chance(0.4); // the last axes: lanes
  size_t rank = builder_.type(a).rank();
  for (size_t k = 0; k < rank; ++k)
    if (rng_.chance(0.6) || (trailing && !axes.empty())) {
      axes.push_back(static_cast<int64_t>(k));
      count = count * builder_.shape(a)[k];
    }
  double n = static_cast<double>(largest(count)), limit = bound(a) * n;
  if (op == Op::reduce_prod && options_.smooth) {
    a = tame(a, 1.1);
    limit = std::pow(1.1, n);
    if (limit > 1e6) return;
  }
  if (rng_.chance(0.2)) // any axes may be folded serially, or in lanes
    return put(builder_.make(op, {a},
                             [&] {
                               Attr attr;
                               attr.ints = axes;
                               attr.ints.insert(attr.ints.begin(), rng_.below(2));
                               return attr;
                             }()),
               limit);
  put(builder_.reduce(op, a, axes), limit);
}

void Generator::arg_reduce() {
  ValueId a = pick_real();
  if (options_.smooth || builder_.type(a).rank() == 0) return;
  Attr attr;
  attr.ints = {rng_.below(static_cast<int64_t>(builder_.type(a).rank()))};
  put(builder_.make(rng_.chance(0.5) ? Op::argmin : Op::argmax, {a}, attr));
}

void Generator::contract() {
  ValueId a = pick_real();
  DType dtype = builder_.type(a).dtype;
  std::vector<ValueId> candidates;
  for (ValueId id : scope_.pool)
    if (builder_.type(id).dtype == dtype) candidates.push_back(id);
  ValueId b = candidates.empty() ? a : rng_.pick(candidates);
  const Shape sa = builder_.shape(a), sb = builder_.shape(b);
  std::vector<int64_t> labels_a, labels_b;
  std::vector<Dim> sizes;
  for (const Dim& dim : sa) {
    labels_a.push_back(static_cast<int64_t>(sizes.size()));
    sizes.push_back(dim);
  }
  for (const Dim& dim : sb) {
    int64_t label = -1;
    for (size_t k = 0; k < sa.size(); ++k) {
      bool used = std::find(labels_b.begin(), labels_b.end(), labels_a[k]) != labels_b.end();
      if (!used && sa[k] == dim && rng_.chance(0.8)) {
        label = labels_a[k];
        break;
      }
    }
    if (label < 0) {
      label = static_cast<int64_t>(sizes.size());
      sizes.push_back(dim);
    }
    labels_b.push_back(label);
  }
  std::vector<int64_t> out;
  Shape shape;
  Dim summed(1);
  for (size_t k = 0; k < sizes.size(); ++k) {
    int64_t label = static_cast<int64_t>(k);
    bool shared = std::find(labels_a.begin(), labels_a.end(), label) != labels_a.end() &&
                  std::find(labels_b.begin(), labels_b.end(), label) != labels_b.end();
    if (rng_.chance(shared ? 0.2 : 0.85))
      out.insert(out.begin() + rng_.below(static_cast<int64_t>(out.size()) + 1), label);
    else
      summed = summed * sizes[k];
  }
  for (int64_t label : out)
    shape.push_back(sizes[static_cast<size_t>(label)]);
  if (!fits(shape) || largest(summed) > 10 * options_.max_elements) return;
  double limit = bound(a) * bound(b) * static_cast<double>(largest(summed));
  put(builder_.contract(a, labels_a, b, labels_b, out), limit);
}

void Generator::across() {
  std::vector<ValueId> scalars =
      of_kind([](const Type& type) { return is_real(type.dtype) && type.shape.empty(); });
  ValueId a = scalars.empty() ? pick_real() : rng_.pick(scalars);
  double limit = bound(a);
  if (scalars.empty()) {
    limit *= static_cast<double>(largest(element_count(builder_.shape(a))));
    a = builder_.reduce_all(Op::reduce_sum, a);
  }
  static const std::vector<Op> kOps = {Op::across_sum, Op::across_min, Op::across_max};
  if (scope_.depth > 0) return;
  Op op = options_.smooth ? Op::across_sum : rng_.pick(kOps);
  put(builder_.make(op, {a}), 4 * limit); // random_rows makes at most 4
}

} // namespace thalweg::testing
