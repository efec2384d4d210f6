// Random linear algebra of matrices that it can do (see random_generator.h).
#include "properties/random_generator.h"

namespace thalweg::testing {

void Generator::linear() {
  const Dim n = random_dim();
  if (!fits({n, n}) || largest(n) > 40) return;
  const DType dtype = builder_.type(pick_real()).dtype;
  const Type type = Type::tensor(dtype, {n, n});
  auto number = [&](double value, const Type& of) { return builder_.full(value, of); };
  // Entries in (-1, 1), whatever they were made from.
  ValueId entries = pick(type);
  if (options_.smooth) {
    entries = tame(entries, 1);
  } else {
    ValueId size = builder_.make(Op::abs, {entries});
    ValueId finite = builder_.make(Op::is_finite, {entries});
    entries = builder_.select(finite, builder_.div(entries, builder_.add(size, number(1, type))),
                              number(0, type));
  }
  // Its diagonal outweighs the rest.
  ValueId same =
      builder_.make(Op::eq, {builder_.iota(type.shape, 0), builder_.iota(type.shape, 1)});
  ValueId size = builder_.cast(builder_.dim(n), dtype);
  ValueId heavy = builder_.add(
      entries, builder_.select(same,
                               builder_.broadcast_scalar(
                                   builder_.add(size, number(1, Type::scalar(dtype))), type.shape),
                               number(0, type)));
  ValueId symmetric =
      builder_.mul(builder_.add(heavy, builder_.transpose(heavy, {1, 0})), number(0.5, type));
  const double scale = static_cast<double>(largest(n)) + 2;
  switch (rng_.below(options_.smooth ? 3 : 8)) {
  case 0: {
    ValueId right = tame(pick(Type::tensor(dtype, {n})), 3);
    return put(builder_.make(Op::solve, {heavy, right}), bound(right));
  }
  case 1: {
    ValueId right = tame(pick(Type::tensor(dtype, {n, random_dim()})), 3);
    return put(builder_.make(Op::solve, {heavy, right}), bound(right));
  }
  case 2: return put(builder_.make(Op::cholesky, {symmetric}), scale);
  case 3: return put(builder_.make(Op::modified_cholesky, {builder_.add(entries, symmetric)}));
  case 4: {
    ValueId q = builder_.make(Op::qr, {entries});
    put(builder_.get(q, rng_.below(2)));
    return;
  }
  case 5: {
    ValueId parts = builder_.make(Op::eigh, {rng_.chance(0.5) ? symmetric : entries});
    put(builder_.get(parts, 0));
    put(builder_.get(parts, 1));
    return;
  }
  case 6: return put(builder_.get(builder_.make(Op::svd, {entries}), rng_.below(3)));
  default: {
    Attr attr;
    attr.ints = {rng_.range(1, 5)};
    return put(builder_.make(Op::inverse_root, {symmetric}, attr));
  }
  }
}

} // namespace thalweg::testing
