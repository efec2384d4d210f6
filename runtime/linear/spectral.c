/* Singular values by one-sided Jacobi rotations, and what eigenvalues and singular values share:
 * scale, order, signs, roots. */
#include "parts.h"

double tw_linear_scale(const double* x, int64_t n) {
  double largest = tw_largest(x, n);
  if (largest == 0) return 1;
  int exponent;
  frexp(largest, &exponent);
  /* Of the smallest numbers the reciprocal is no number. */
  if (exponent < -1000) exponent = -1000;
  return ldexp(1.0, -exponent);
}

double tw_linear_sign(const double* x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; ++i)
    if (fabs(x[i]) > fabs(largest)) largest = x[i];
  return largest < 0 ? -1 : 1;
}

enum { TW_MOST_SWEEPS = 100 };

/* A row of ut that is orthogonal to those before it in `order`, where the singular value is zero.
 */
static void complete(double* ut, const int64_t* order, int64_t place, int64_t m) {
  double* x = ut + order[place] * m;
  for (int64_t unit = 0; unit < m; ++unit) {
    for (int64_t i = 0; i < m; ++i)
      x[i] = i == unit ? 1 : 0;
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < place; ++j) {
        const double* other = ut + order[j] * m;
        tw_axpy(-tw_dot(other, x, m), other, x, m);
      }
    double norm = sqrt(tw_dot(x, x, m));
    if (norm < 0.1 / (double)m) continue;
    for (int64_t i = 0; i < m; ++i)
      x[i] /= norm;
    return;
  }
}

int32_t tw_linear_svd(double* ut, double* vt, double* lengths, int64_t* order, int64_t m,
                      int64_t n) {
  for (int64_t i = 0; i < n * n; ++i)
    vt[i] = i % (n + 1) == 0 ? 1 : 0;
  /* A column that is no longer than rounding of the whole has no direction: it is left alone, or
     the noise in it would be turned for ever. */
  const double noise = DBL_EPSILON * (double)m * sqrt(tw_dot(ut, ut, m * n));
  bool done = false;
  for (int sweep = 0; sweep < TW_MOST_SWEEPS && !done; ++sweep) {
    done = true;
    for (int64_t p = 0; p < n; ++p)
      for (int64_t q = p + 1; q < n; ++q) {
        double *x = ut + p * m, *y = ut + q * m;
        double pp = tw_dot(x, x, m), qq = tw_dot(y, y, m), pq = tw_dot(x, y, m);
        if (sqrt(pp) <= noise || sqrt(qq) <= noise) continue;
        if (fabs(pq) <= 4 * DBL_EPSILON * sqrt(pp) * sqrt(qq)) continue;
        done = false;
        double theta = (qq - pp) / (2 * pq);
        double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
        double c = 1 / sqrt(t * t + 1);
        tw_rotate(x, y, m, c, t * c);
        tw_rotate(vt + p * n, vt + q * n, n, c, t * c);
      }
  }
  for (int64_t j = 0; j < n; ++j) {
    lengths[j] = sqrt(tw_dot(ut + j * m, ut + j * m, m));
    int64_t at = j; /* descending, equal ones as they come */
    for (; at > 0 && lengths[order[at - 1]] < lengths[j]; --at)
      order[at] = order[at - 1];
    order[at] = j;
  }
  for (int64_t place = 0; place < n; ++place) {
    double *u = ut + order[place] * m, *v = vt + order[place] * n;
    double sign = tw_linear_sign(v, n), length = lengths[order[place]];
    for (int64_t i = 0; i < n; ++i)
      v[i] *= sign;
    if (length <= noise) {
      complete(ut, order, place, m);
      continue;
    }
    for (int64_t i = 0; i < m; ++i)
      u[i] = sign * u[i] / length;
  }
  return done ? TW_LINEAR_OK : TW_LINEAR_NO_CONVERGENCE;
}

/* log of a positive number: 2 artanh((f - 1)/(f + 1)) for the fraction f in [√½, √2). */
static double logarithm(double x) {
  int exponent;
  double f = frexp(x, &exponent);
  if (f < 0.70710678118654752) {
    f *= 2;
    --exponent;
  }
  double s = (f - 1) / (f + 1), square = s * s, sum = 0;
  for (int k = 31; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return 2 * s * sum + exponent * 0.69314718055994531;
}

static double exponential(double x) {
  double whole = floor(x / 0.69314718055994531 + 0.5);
  double rest = x - whole * 0.69314718055994531, sum = 1;
  for (int k = 20; k >= 1; --k)
    sum = 1 + sum * rest / k;
  return ldexp(sum, (int)whole);
}

double tw_linear_half_root(double value, int64_t p) {
  if (p == 1) return 1 / sqrt(value);
  if (p % 2 == 0) return tw_linear_half_root(sqrt(value), p / 2);
  return exponential(-logarithm(value) / (2 * (double)p));
}
