/* Elimination and Cholesky factors, in blocks of columns; what a block does to the rest is a
 * product. */
#include "parts.h"

/* Rows `from` … of b lose what the block of rows before them gives: b -= l·x. */
static void lower_rows(const double* l, int64_t stride, const double* x, double* b, int64_t rows,
                       int64_t block, int64_t k, double* work, tw_linear_product product) {
  if (rows <= 0 || k <= 0) return;
  for (int64_t i = 0; i < block * k; ++i)
    work[i] = -x[i];
  product(l, stride, 1, work, k, 1, b, k, rows, k, block, true);
}

/* Elimination with row exchanges of the columns first … end-1; the exchanges go through the whole
   rows and b. */
static int32_t eliminate(double* a, double* b, int64_t n, int64_t k, int64_t first, int64_t end) {
  for (int64_t j = first; j < end; ++j) {
    int64_t pivot = j;
    for (int64_t i = j + 1; i < n; ++i)
      if (fabs(a[i * n + j]) > fabs(a[pivot * n + j])) pivot = i;
    if (!(fabs(a[pivot * n + j]) > 0)) return TW_LINEAR_SINGULAR_MATRIX;
    if (pivot != j) {
      for (int64_t c = 0; c < n; ++c) {
        double other = a[j * n + c];
        a[j * n + c] = a[pivot * n + c];
        a[pivot * n + c] = other;
      }
      for (int64_t c = 0; c < k; ++c) {
        double other = b[j * k + c];
        b[j * k + c] = b[pivot * k + c];
        b[pivot * k + c] = other;
      }
    }
    for (int64_t i = j + 1; i < n; ++i) {
      double factor = a[i * n + j] / a[j * n + j];
      a[i * n + j] = factor;
      tw_axpy(-factor, a + j * n + j + 1, a + i * n + j + 1, end - j - 1);
    }
  }
  return TW_LINEAR_OK;
}

/* Row i of b loses what the rows first … end-1 give, and is divided by the diagonal. */
static void substitute(const double* a, double* b, int64_t n, int64_t k, int64_t i, int64_t first,
                       int64_t end) {
  if (k == 1) {
    b[i] = (b[i] - tw_dot(a + i * n + first, b + first, end - first)) / a[i * n + i];
    return;
  }
  for (int64_t j = first; j < end; ++j)
    tw_axpy(-a[i * n + j], b + j * k, b + i * k, k);
  for (int64_t c = 0; c < k; ++c)
    b[i * k + c] /= a[i * n + i];
}

static bool all_zero(const double* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (x[i] != 0) return false;
  return true;
}

/* A triangular matrix needs no elimination. False if it is none. */
static bool solve_triangular(const double* a, double* b, int64_t n, int64_t k, int32_t* fault) {
  bool lower = true, upper = true;
  for (int64_t i = 0; i < n && (lower || upper); ++i) {
    lower = lower && all_zero(a + i * n + i + 1, n - i - 1);
    upper = upper && all_zero(a + i * n, i);
  }
  if (!lower && !upper) return false;
  *fault = TW_LINEAR_OK;
  for (int64_t i = 0; i < n; ++i)
    if (a[i * n + i] == 0) *fault = TW_LINEAR_SINGULAR_MATRIX;
  for (int64_t i = 0; i < n && lower; ++i)
    substitute(a, b, n, k, i, 0, i);
  for (int64_t i = n; i-- > 0 && !lower;)
    substitute(a, b, n, k, i, i + 1, n);
  return true;
}

int32_t tw_linear_solve(double* a, double* b, int64_t n, int64_t k, double* work,
                        tw_linear_product product) {
  int32_t triangular;
  if (solve_triangular(a, b, n, k, &triangular)) return triangular;
  for (int64_t first = 0; first < n; first += TW_BLOCK) {
    int64_t end = tw_least(first + TW_BLOCK, n), rest = n - end;
    int32_t fault = eliminate(a, b, n, k, first, end);
    if (fault) return fault;
    for (int64_t j = first; j < end; ++j)
      for (int64_t i = j + 1; i < end; ++i) {
        tw_axpy(-a[i * n + j], a + j * n + end, a + i * n + end, rest);
        tw_axpy(-a[i * n + j], b + j * k, b + i * k, k);
      }
    if (rest == 0) break;
    for (int64_t j = first; j < end; ++j)
      for (int64_t c = 0; c < rest; ++c)
        work[(j - first) * rest + c] = -a[j * n + end + c];
    const double* below = a + end * n + first;
    product(below, n, 1, work, rest, 1, a + end * n + end, n, rest, rest, end - first, true);
    lower_rows(below, n, b + first * k, b + end * k, rest, end - first, k, work, product);
  }
  for (int64_t end = n; end > 0;) {
    int64_t first = (end - 1) / TW_BLOCK * TW_BLOCK;
    for (int64_t i = end; i-- > first;)
      substitute(a, b, n, k, i, i + 1, end);
    lower_rows(a + first, n, b + first * k, b, first, end - first, k, work, product);
    end = first;
  }
  return TW_LINEAR_OK;
}

/* Columns first … end-1 below their block's first row lose what the columns before give. */
static void columns_before(double* a, int64_t n, const double* rows, int64_t first, int64_t end,
                           double* work, tw_linear_product product) {
  if (first == 0) return;
  int64_t width = end - first;
  for (int64_t j = 0; j < width; ++j)
    for (int64_t c = 0; c < first; ++c)
      work[c * width + j] = -rows[j * n + c];
  product(a + first * n, n, 1, work, width, 1, a + first * n + first, n, n - first, width, first,
          true);
}

int32_t tw_linear_cholesky(double* a, int64_t n, double* work, tw_linear_product product) {
  double factor[TW_BLOCK][TW_BLOCK]; /* of the block on the diagonal, by columns */
  for (int64_t first = 0; first < n; first += TW_BLOCK) {
    int64_t end = tw_least(first + TW_BLOCK, n), width = end - first;
    columns_before(a, n, a + first * n, first, end, work, product);
    for (int64_t i = first; i < n; ++i) {
      double* row = a + i * n + first;
      int64_t known = tw_least(i - first, width); /* columns that have their diagonal */
      for (int64_t j = 0; j < known; ++j) {
        row[j] /= factor[j][j];
        for (int64_t c = j + 1; c < known; ++c)
          row[c] -= row[j] * factor[j][c];
        if (known < width) row[known] -= row[j] * row[j];
      }
      if (known == width) continue;
      if (!(row[known] > 0)) return TW_LINEAR_NOT_DEFINITE;
      row[known] = sqrt(row[known]);
      for (int64_t j = 0; j <= known; ++j)
        factor[j][known] = row[j];
    }
  }
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j)
      a[i * n + j] = 0;
  return TW_LINEAR_OK;
}

/* L D Lᵀ with d_j raised so that no entry of L √D exceeds β, then L √D. While it goes on the matrix
   holds C = L D. */
void tw_linear_modified_cholesky(double* a, int64_t n, double eps, double* work,
                                 tw_linear_product product) {
  double largest_diagonal = 0, largest_other = 0;
  for (int64_t i = 0; i < n; ++i) {
    largest_diagonal = fmax(largest_diagonal, fabs(a[i * n + i]));
    largest_other = fmax(largest_other, tw_largest(a + i * n, i));
  }
  double count = (double)n;
  double spread = sqrt(fmax(1.0, count * count - 1));
  double beta2 = fmax(fmax(largest_diagonal, largest_other / spread), eps);
  double delta = eps * fmax(largest_diagonal + largest_other, 1.0);
  double* d = work;
  double* rows = work + n; /* of L for the columns at hand, negated; TW_BLOCK · n */
  for (int64_t first = 0; first < n; first += TW_BLOCK) {
    int64_t end = tw_least(first + TW_BLOCK, n), width = end - first;
    for (int64_t c = 0; c < first; ++c)
      for (int64_t j = 0; j < width; ++j)
        rows[c * width + j] = -(a[(first + j) * n + c] / d[c]);
    if (first > 0)
      product(a + first * n, n, 1, rows, width, 1, a + first * n + first, n, n - first, width,
              first, true);
    for (int64_t j = first; j < end; ++j) {
      double theta = 0;
      for (int64_t i = j + 1; i < n; ++i)
        theta = fmax(theta, fabs(a[i * n + j]));
      d[j] = fmax(fmax(fabs(a[j * n + j]), theta * theta / beta2), delta);
      for (int64_t i = j + 1; i < n; ++i) {
        double factor = a[i * n + j] / d[j];
        for (int64_t c = j + 1; c < tw_least(i + 1, end); ++c)
          a[i * n + c] -= factor * a[c * n + j];
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j)
      a[i * n + j] /= sqrt(d[j]);
    a[i * n + i] = sqrt(d[i]);
    for (int64_t j = i + 1; j < n; ++j)
      a[i * n + j] = 0;
  }
}
