/* Householder reflections: the thin QR factorization, and a symmetric matrix made tridiagonal with
 * its eigenvalues by implicit QL steps. */
#include "parts.h"

/* The reflection I - β v vᵀ, v[0] = 1, that sends x to (±‖x‖, 0, …): x becomes v, `head` the first
   entry of the image. β, which is 0 where nothing is to be reflected. */
static double reflection(double* x, int64_t n, double* head) {
  double below = tw_dot(x + 1, x + 1, n - 1);
  *head = x[0];
  if (!(below > 0)) return 0;
  double norm = sqrt(x[0] * x[0] + below);
  double image = x[0] > 0 ? -norm : norm;
  double first = x[0] - image;
  for (int64_t i = 1; i < n; ++i)
    x[i] /= first;
  x[0] = 1;
  *head = image;
  return -first / image;
}

void tw_linear_qr(double* at, double* qt, double* work, int64_t m, int64_t n) {
  double* betas = work;
  for (int64_t k = 0; k < n; ++k) {
    double* v = at + k * m + k;
    double head;
    betas[k] = reflection(v, m - k, &head);
    for (int64_t j = k + 1; j < n && betas[k] != 0; ++j) {
      double* column = at + j * m + k;
      tw_axpy(-betas[k] * tw_dot(v, column, m - k), v, column, m - k);
    }
    /* The tail of v stays where it is; its first entry, a one, gives place to R's diagonal. */
    v[0] = head;
  }
  for (int64_t k = n; k-- > 0;) {
    double* q = qt + k * m;
    for (int64_t i = 0; i < m; ++i)
      q[i] = i == k ? 1 : 0;
    if (betas[k] == 0) continue;
    double* v = at + k * m + k;
    double diagonal = v[0];
    v[0] = 1;
    for (int64_t j = k; j < n; ++j) {
      double* column = qt + j * m + k;
      tw_axpy(-betas[k] * tw_dot(v, column, m - k), v, column, m - k);
    }
    v[0] = diagonal;
  }
  for (int64_t k = 0; k < n; ++k) { /* R's diagonal ≥ 0 */
    if (!(at[k * m + k] < 0)) continue;
    for (int64_t j = k; j < n; ++j)
      at[j * m + k] = -at[j * m + k];
    for (int64_t i = 0; i < m; ++i)
      qt[k * m + i] = -qt[k * m + i];
  }
}

/* One row of A - v wᵀ - w vᵀ. */
static void lose_both(double* restrict x, const double* restrict v, const double* restrict w,
                      double at_v, double at_w, int64_t n) {
  for (int64_t j = 0; j < n; ++j)
    x[j] -= at_v * w[j] + at_w * v[j];
}

/* A, all of it, becomes tridiagonal: `diagonal`, `beside` with the entry between k and k + 1 at k.
   Row k of A keeps, from k + 1 on, the vector of reflection k, and `betas` its factor. */
static void tridiagonal(double* a, double* diagonal, double* beside, double* betas, int64_t n) {
  for (int64_t k = 0; k + 2 < n; ++k) {
    double* v = a + k * n + k + 1; /* row k is column k */
    int64_t size = n - k - 1;
    double* rest = a + (k + 1) * n + k + 1;
    diagonal[k] = a[k * n + k];
    double beta = betas[k] = reflection(v, size, &beside[k]);
    if (beta == 0) continue;
    double* w = diagonal + k + 1; /* free until its turn comes */
    for (int64_t i = 0; i < size; ++i)
      w[i] = beta * tw_dot(rest + i * n, v, size);
    tw_axpy(-beta / 2 * tw_dot(w, v, size), v, w, size);
    for (int64_t i = 0; i < size; ++i)
      lose_both(rest + i * n, v, w, v[i], w[i], size);
  }
  if (n >= 2) {
    diagonal[n - 2] = a[(n - 2) * n + n - 2];
    beside[n - 2] = a[(n - 1) * n + n - 2];
  }
  if (n >= 1) diagonal[n - 1] = a[n * n - 1];
}

/* Row i of vt becomes column i of the product of all reflections. */
static void accumulate(const double* a, const double* betas, double* vt, int64_t n) {
  for (int64_t i = 0; i < n * n; ++i)
    vt[i] = 0;
  for (int64_t i = 0; i < n; ++i)
    vt[i * n + i] = 1;
  for (int64_t k = n - 2; k-- > 0;) {
    if (betas[k] == 0) continue;
    const double* v = a + k * n + k + 1;
    for (int64_t j = k + 1; j < n; ++j) {
      double* column = vt + j * n + k + 1;
      tw_axpy(-betas[k] * tw_dot(v, column, n - k - 1), v, column, n - k - 1);
    }
  }
}

/* One implicit QL step with Wilkinson's shift on first … last; the rotations go into vt's rows. */
static void ql_step(double* d, double* e, double* vt, int64_t n, int64_t first, int64_t last) {
  double half = (d[first + 1] - d[first]) / (2 * e[first]);
  double root = sqrt(half * half + 1);
  double shift = d[first] - e[first] / (half + (half < 0 ? -root : root));
  double x = d[last] - shift, s = 1, c = 1, carried = 0;
  for (int64_t i = last; i-- > first;) {
    double f = s * e[i], b = c * e[i];
    double r = sqrt(f * f + x * x);
    e[i + 1] = r;
    if (r == 0) { /* the matrix falls apart here */
      d[i + 1] -= carried;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = x / r;
    double y = d[i + 1] - carried;
    double z = (d[i] - y) * s + 2 * c * b;
    carried = s * z;
    d[i + 1] = y + carried;
    x = c * z - b;
    tw_rotate(vt + i * n, vt + (i + 1) * n, n, c, s);
  }
  d[first] -= carried;
  e[first] = x;
  e[last] = 0;
}

int32_t tw_linear_eigh(double* a, double* values, double* vt, double* work, int64_t n) {
  double *e = work, *betas = work + n;
  tridiagonal(a, values, e, betas, n);
  accumulate(a, betas, vt, n);
  for (int64_t first = 0; first < n; ++first)
    for (int round = 0;; ++round) {
      int64_t last = first;
      while (last + 1 < n &&
             fabs(e[last]) > DBL_EPSILON * (fabs(values[last]) + fabs(values[last + 1])))
        ++last;
      if (last == first) break;
      if (round == 60) return TW_LINEAR_NO_CONVERGENCE;
      ql_step(values, e, vt, n, first, last);
    }
  return TW_LINEAR_OK;
}
