// Matrix products of other people's libraries, row-major, on one thread.
#pragma once

#include <cstdint>

namespace thalweg::bench::peers {

// c [m, n] = op(a) op(b); a is stored [m, k] or [k, m], b [k, n] or [n, k].
template <typename T> struct Product {
  bool a_transposed, b_transposed;
  int64_t m, n, k;
  const T *a, *b;
  T* c;
};

void eigen(const Product<float>& product);
void eigen(const Product<double>& product);
bool has_openblas(); // when this was built
void openblas(const Product<float>& product);
void openblas(const Product<double>& product);

} // namespace thalweg::bench::peers
