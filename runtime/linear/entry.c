/* The entry: matrices come in as float or double, are worked on as double, and go out. */
#include "parts.h"

#include "thalweg/abi.h"

static void load(double* to, const void* from, bool single, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    to[i] = single ? (double)((const float*)from)[i] : ((const double*)from)[i];
}

static void set(void* to, bool single, int64_t at, double value) {
  if (single)
    ((float*)to)[at] = (float)value;
  else
    ((double*)to)[at] = value;
}

static void store(void* to, const double* from, bool single, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    set(to, single, i, from[i]);
}

static bool all_finite(const double* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (!isfinite(x[i])) return false;
  return true;
}

static void transpose(double* to, const double* from, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      to[j * rows + i] = from[i * cols + j];
}

static double scale(double* a, int64_t n) {
  double factor = tw_linear_scale(a, n);
  for (int64_t i = 0; i < n; ++i)
    a[i] *= factor;
  return factor;
}

/* Eigenvalues of the lower triangle, ascending by `order`, and vectors in rows, signs as they come.
 */
static int32_t spectrum(double* a, double* vt, double* values, double* work, int64_t* order,
                        int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j)
      a[i * n + j] = a[j * n + i];
  double factor = scale(a, n * n);
  int32_t fault = tw_linear_eigh(a, values, vt, work, n);
  for (int64_t j = 0; j < n; ++j) {
    values[j] /= factor;
    int64_t at = j;
    for (; at > 0 && values[order[at - 1]] > values[j]; --at)
      order[at] = order[at - 1];
    order[at] = j;
  }
  return fault;
}

/* Columns in order, from vectors that lie in rows. */
static void store_columns(void* to, const double* from, const int64_t* order, bool single,
                          int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j)
      set(to, single, i * cols + j, from[(order ? order[j] : j) * rows + i]);
}

int32_t tw_linear(int32_t op, bool single, int64_t root, int64_t m, int64_t n, int64_t k,
                  const void* a, const void* b, void* out0, void* out1, void* out2, double* work,
                  tw_linear_product product) {
  const double eps = single ? FLT_EPSILON : DBL_EPSILON;
  const int64_t size = m * n;
  if (m < n) return TW_LINEAR_WIDE;
  if (n == 0) return TW_LINEAR_OK; /* no element to make, and maybe no memory */
  /* Transposed factorizations take the second part of the work first. */
  const bool tall = op == TW_LINEAR_QR || op == TW_LINEAR_SVD;
  double* x = work;
  double* rest = work + size;
  load(tall ? rest : x, a, single, size);
  if (!all_finite(tall ? rest : x, size)) return TW_LINEAR_NOT_FINITE;
  switch (op) {
  case TW_LINEAR_SOLVE: {
    double* right = rest;
    load(right, b, single, n * k);
    int32_t fault = tw_linear_solve(x, right, n, k, right + n * k, product);
    store(out0, right, single, n * k);
    return fault;
  }
  case TW_LINEAR_CHOLESKY: {
    int32_t fault = tw_linear_cholesky(x, n, rest, product);
    store(out0, x, single, size);
    return fault;
  }
  case TW_LINEAR_MODIFIED_CHOLESKY:
    tw_linear_modified_cholesky(x, n, eps, rest, product);
    store(out0, x, single, size);
    return TW_LINEAR_OK;
  case TW_LINEAR_QR: {
    double factor = scale(rest, size);
    transpose(x, rest, m, n);
    tw_linear_qr(x, rest, rest + size, m, n);
    store_columns(out0, rest, NULL, single, m, n);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        set(out1, single, i * n + j, j < i ? 0 : x[j * m + i] / factor);
    return TW_LINEAR_OK;
  }
  case TW_LINEAR_EIGH:
  case TW_LINEAR_INVERSE_ROOT: {
    double* values = rest + size;
    double* spare = values + n; /* 2 n, then the order */
    int64_t* order = (int64_t*)(spare + 2 * n);
    int32_t fault = spectrum(x, rest, values, spare, order, n);
    if (fault) return fault;
    if (op == TW_LINEAR_EIGH) {
      for (int64_t j = 0; j < n; ++j) {
        double sign = tw_linear_sign(rest + j * n, n);
        for (int64_t i = 0; i < n; ++i)
          rest[j * n + i] *= sign;
        set(out0, single, j, values[order[j]]);
      }
      store_columns(out1, rest, order, single, n, n);
      return TW_LINEAR_OK;
    }
    double largest = values[order[n - 1]];
    if (!(largest > 0)) return TW_LINEAR_NOT_POSITIVE;
    /* Σ (s v)(s v)ᵀ with s² = λ^(-1/p): symmetric to the bit. */
    for (int64_t j = 0; j < n; ++j) {
      double half = tw_linear_half_root(fmax(values[j], eps * largest), root);
      for (int64_t i = 0; i < n; ++i)
        rest[j * n + i] *= half;
    }
    double* sum = (double*)(order + n);
    for (int64_t i = 0; i < size; ++i)
      sum[i] = 0;
    product(rest, 1, n, rest, n, 1, sum, n, n, n, n, true);
    store(out0, sum, single, size);
    return TW_LINEAR_OK;
  }
  case TW_LINEAR_SVD: {
    /* work: Aᵀ [n, m], then A [m, n] where V goes as soon as A has been read, which needs n² ≤ mn.
     */
    double factor = scale(rest, size);
    transpose(x, rest, m, n);
    double* lengths = rest + size;
    int64_t* order = (int64_t*)(lengths + n);
    int32_t fault = tw_linear_svd(x, rest, lengths, order, m, n);
    store_columns(out0, x, order, single, m, n);
    for (int64_t j = 0; j < n; ++j)
      set(out1, single, j, lengths[order[j]] / factor);
    store_columns(out2, rest, order, single, n, n);
    return fault;
  }
  default: return TW_LINEAR_NO_CONVERGENCE;
  }
}

/* Row by row, k outside: an element's chain is the same as with k inside. */
void tw_linear_plain_product(const double* a, int64_t a_i, int64_t a_k, const double* b,
                             int64_t b_k, int64_t b_j, double* c, int64_t c_i, int64_t m, int64_t n,
                             int64_t k, bool accumulate) {
  (void)accumulate;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t l = 0; l < k; ++l)
      for (int64_t j = 0; j < n; ++j)
        c[i * c_i + j] = fma(a[i * a_i + l * a_k], b[l * b_k + j * b_j], c[i * c_i + j]);
}

int32_t tw_linear_status(int32_t fault) {
  switch (fault) {
  case TW_LINEAR_OK: return TW_OK;
  case TW_LINEAR_WIDE: return TW_SHAPE_MISMATCH;
  case TW_LINEAR_NO_CONVERGENCE: return TW_NO_CONVERGENCE;
  default: return TW_SINGULAR;
  }
}

const char* tw_linear_text(int32_t fault) {
  switch (fault) {
  case TW_LINEAR_OK: return "ok";
  case TW_LINEAR_NOT_FINITE: return "the matrix holds a number that is not finite";
  case TW_LINEAR_SINGULAR_MATRIX: return "the matrix is singular";
  case TW_LINEAR_NOT_DEFINITE: return "the matrix is not positive definite";
  case TW_LINEAR_NOT_POSITIVE: return "the largest eigenvalue is not positive";
  case TW_LINEAR_WIDE: return "the matrix has more columns than rows";
  case TW_LINEAR_NO_CONVERGENCE: return "the iteration for the eigenvalues does not converge";
  default: return "unknown";
  }
}
