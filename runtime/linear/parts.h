/* What the files of this folder share: vectors of doubles, and one function for each operator.
 *
 * Sums run in eight accumulators, whatever the processor, so that a compiler may use vectors
 * without changing a bit. */
#ifndef THALWEG_LINEAR_PARTS_H
#define THALWEG_LINEAR_PARTS_H

#include "thalweg/linear.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

enum { TW_BLOCK = 32 }; /* columns factored together before the rest of the matrix hears of them */

static inline double tw_dot(const double* x, const double* y, int64_t n) {
  double sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int l = 0; l < 8; ++l)
      sum[l] += x[i + l] * y[i + l];
  for (int l = 0; i < n; ++i, ++l)
    sum[l] += x[i] * y[i];
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* y += factor·x */
static inline void tw_axpy(double factor, const double* restrict x, double* restrict y, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    y[i] += factor * x[i];
}

/* (x, y) = (c·x - s·y, s·x + c·y) */
static inline void tw_rotate(double* restrict x, double* restrict y, int64_t n, double c,
                             double s) {
  for (int64_t i = 0; i < n; ++i) {
    double u = x[i], v = y[i];
    x[i] = c * u - s * v;
    y[i] = s * u + c * v;
  }
}

static inline double tw_largest(const double* x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; ++i)
    if (fabs(x[i]) > largest) largest = fabs(x[i]);
  return largest;
}

static inline int64_t tw_least(int64_t a, int64_t b) { return a < b ? a : b; }

/* A power of two that brings the largest entry near 1, so that squares stay in range; scaling by it
   is exact. */
double tw_linear_scale(const double* x, int64_t n);

/* The operators. Matrices are row by row, in place where `a` is not const. `q`, `u`, `v` with a T
   in their name hold what their name says transposed: a column is contiguous. */
int32_t tw_linear_solve(double* a, double* b, int64_t n, int64_t k, double* work,
                        tw_linear_product product);
int32_t tw_linear_cholesky(double* a, int64_t n, double* work, tw_linear_product product);
void tw_linear_modified_cholesky(double* a, int64_t n, double eps, double* work,
                                 tw_linear_product product);
/* at [n, m] becomes R in its first n columns, transposed; qt [n, m]. */
void tw_linear_qr(double* at, double* qt, double* work, int64_t m, int64_t n);
/* a [n, n] is used up; values ascending, vt [n, n] the vectors in rows; work: 3 n. */
int32_t tw_linear_eigh(double* a, double* values, double* vt, double* work, int64_t n);
/* ut [n, m] holds Aᵀ and becomes Uᵀ, its rows in the order `order`, as those of vt [n, n]; lengths
   by row. */
int32_t tw_linear_svd(double* ut, double* vt, double* lengths, int64_t* order, int64_t m,
                      int64_t n);
/* The first entry of largest size positive, by graph.h: -1 where x has to be turned. */
double tw_linear_sign(const double* x, int64_t n);
/* λ^(-1/(2 p)), by arithmetic alone: the same bits everywhere. */
double tw_linear_half_root(double value, int64_t p);

#endif
