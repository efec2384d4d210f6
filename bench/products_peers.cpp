// Matrix products of Eigen and OpenBLAS (see products_peers.h); compiled for this machine.
#include "products_peers.h"

#include <Eigen/Dense>

#ifdef THALWEG_BENCH_OPENBLAS
#include <cblas.h>
extern "C" void openblas_set_num_threads(int);
#endif

namespace thalweg::bench::peers {
namespace {

template <typename T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <typename T> void multiply(const Product<T>& p) {
  const Eigen::Map<const Matrix<T>> a(p.a, p.a_transposed ? p.k : p.m, p.a_transposed ? p.m : p.k);
  const Eigen::Map<const Matrix<T>> b(p.b, p.b_transposed ? p.n : p.k, p.b_transposed ? p.k : p.n);
  Eigen::Map<Matrix<T>> c(p.c, p.m, p.n);
  if (p.n == 1) { // the matrix-vector product is another one in Eigen
    const Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>> x(p.b, p.k);
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>> y(p.c, p.m);
    if (p.a_transposed)
      y.noalias() = a.transpose() * x;
    else
      y.noalias() = a * x;
  } else if (p.a_transposed) {
    c.noalias() = a.transpose() * b;
  } else if (p.b_transposed) {
    c.noalias() = a * b.transpose();
  } else {
    c.noalias() = a * b;
  }
}

} // namespace

void eigen(const Product<float>& product) { multiply(product); }
void eigen(const Product<double>& product) { multiply(product); }

#ifdef THALWEG_BENCH_OPENBLAS
namespace {
CBLAS_TRANSPOSE turned(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }
int number(int64_t size) { return static_cast<int>(size); }
} // namespace

bool has_openblas() {
  openblas_set_num_threads(1);
  return true;
}
void openblas(const Product<float>& p) {
  if (p.n == 1)
    cblas_sgemv(CblasRowMajor, turned(p.a_transposed), number(p.a_transposed ? p.k : p.m),
                number(p.a_transposed ? p.m : p.k), 1, p.a, number(p.a_transposed ? p.m : p.k), p.b,
                1, 0, p.c, 1);
  else
    cblas_sgemm(CblasRowMajor, turned(p.a_transposed), turned(p.b_transposed), number(p.m),
                number(p.n), number(p.k), 1, p.a, number(p.a_transposed ? p.m : p.k), p.b,
                number(p.b_transposed ? p.k : p.n), 0, p.c, number(p.n));
}
void openblas(const Product<double>& p) {
  if (p.n == 1)
    cblas_dgemv(CblasRowMajor, turned(p.a_transposed), number(p.a_transposed ? p.k : p.m),
                number(p.a_transposed ? p.m : p.k), 1, p.a, number(p.a_transposed ? p.m : p.k), p.b,
                1, 0, p.c, 1);
  else
    cblas_dgemm(CblasRowMajor, turned(p.a_transposed), turned(p.b_transposed), number(p.m),
                number(p.n), number(p.k), 1, p.a, number(p.a_transposed ? p.m : p.k), p.b,
                number(p.b_transposed ? p.k : p.n), 0, p.c, number(p.n));
}
#else
bool has_openblas() { return false; }
void openblas(const Product<float>&) {}
void openblas(const Product<double>&) {}
#endif

} // namespace thalweg::bench::peers
