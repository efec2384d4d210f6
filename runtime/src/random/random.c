/* Draws for initial values and samples: the normal quantile and the fill functions of random.h. */
#include "thalweg/random.h"

#include <math.h>

/* Natural logarithm of a normal number in (0, 1), from + - * / alone: the library's own log may
   differ between machines in the last bit. Below 2 ulp. */
static double log_of(double x) {
  union {
    double value;
    uint64_t bits;
  } parts = {x};
  /* x = m * 2^exponent with m in [sqrt(1/2), sqrt(2)). */
  int64_t exponent = (int64_t)(parts.bits >> 52) - 1023;
  parts.bits = (parts.bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
  if (parts.value > 1.4142135623730951) {
    parts.value *= 0.5;
    exponent += 1;
  }
  /* log m = 2 atanh(s), s = (m - 1)/(m + 1), |s| < 0.172. */
  const double s = (parts.value - 1.0) / (parts.value + 1.0), z = s * s;
  double tail = 0.0;
  for (int odd = 23; odd >= 3; odd -= 2)
    tail = (tail + 1.0 / odd) * z;
  const double log_m = 2.0 * s + 2.0 * s * tail;
  /* ln 2 in two parts; the first has trailing zeros, so its product with the exponent is exact. */
  const double high = 0x1.62e42fee00000p-1, low = 0x1.a39ef35793c76p-33;
  return (double)exponent * high + ((double)exponent * low + log_m);
}

static double polynomial(const double* coefficients, double x) {
  double sum = coefficients[7];
  for (int i = 6; i >= 0; --i)
    sum = sum * x + coefficients[i];
  return sum;
}

/* Rational approximations of the normal quantile (Wichura 1988, algorithm AS 241), relative error
   about 1e-16: the middle in q^2, the two tails in sqrt(-log p). */
static const double kMiddleTop[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                     1.9715909503065514427e3, 1.3731693765509461125e4,
                                     4.5921953931549871457e4, 6.7265770927008700853e4,
                                     3.3430575583588128105e4, 2.5090809287301226727e3};
static const double kMiddleBottom[8] = {1.0,
                                        4.2313330701600911252e1,
                                        6.8718700749205790830e2,
                                        5.3941960214247511077e3,
                                        2.1213794301586595867e4,
                                        3.9307895800092710610e4,
                                        2.8729085735721942674e4,
                                        5.2264952788528545610e3};
static const double kNearTop[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                   5.76949722146069140550e0,  3.64784832476320460504e0,
                                   1.27045825245236838258e0,  2.41780725177450611770e-1,
                                   2.27238449892691845833e-2, 7.74545014278341407640e-4};
static const double kNearBottom[8] = {1.0,
                                      2.05319162663775882187e0,
                                      1.67638483018380384940e0,
                                      6.89767334985100004550e-1,
                                      1.48103976427480074590e-1,
                                      1.51986665636164571966e-2,
                                      5.47593808499534494600e-4,
                                      1.05075007164441684324e-9};
static const double kFarTop[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
static const double kFarBottom[8] = {1.0,
                                     5.99832206555887937690e-1,
                                     1.36929880922735805310e-1,
                                     1.48753612908506148525e-2,
                                     7.86869131145613259100e-4,
                                     1.84631831751005468180e-5,
                                     1.42151175831644588870e-7,
                                     2.04426310338993978564e-15};

double tw_normal(uint64_t bits) {
  const double p = tw_unit(bits), q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kMiddleTop, r) / polynomial(kMiddleBottom, r);
  }
  const double root = sqrt(-log_of(q < 0 ? p : 1.0 - p)); /* 1 - p is exact: cells lie evenly */
  const double size = root <= 5.0
                          ? polynomial(kNearTop, root - 1.6) / polynomial(kNearBottom, root - 1.6)
                          : polynomial(kFarTop, root - 5.0) / polynomial(kFarBottom, root - 5.0);
  return q < 0 ? -size : size;
}

static double uniform_f64(uint64_t bits, double low, double high) {
  const double value = low + (high - low) * tw_unit(bits);
  return value < high || low == high ? value : nextafter(high, low);
}

static float uniform_f32(uint64_t bits, double low, double high) {
  const float value = (float)uniform_f64(bits, low, high), top = (float)high;
  return value < top || (float)low == top ? value : nextafterf(top, (float)low);
}

void tw_fill_normal_f64(const tw_key* key, uint64_t first, uint64_t count, double mean,
                        double deviation, double* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = mean + deviation * tw_normal(tw_bits(stream, key->step, first + i));
}

void tw_fill_normal_f32(const tw_key* key, uint64_t first, uint64_t count, double mean,
                        double deviation, float* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = (float)(mean + deviation * tw_normal(tw_bits(stream, key->step, first + i)));
}

void tw_fill_uniform_f64(const tw_key* key, uint64_t first, uint64_t count, double low, double high,
                         double* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = uniform_f64(tw_bits(stream, key->step, first + i), low, high);
}

void tw_fill_uniform_f32(const tw_key* key, uint64_t first, uint64_t count, double low, double high,
                         float* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = uniform_f32(tw_bits(stream, key->step, first + i), low, high);
}

void tw_fill_rademacher_f64(const tw_key* key, uint64_t first, uint64_t count, double* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = tw_sign(tw_bits(stream, key->step, first + i));
}

void tw_fill_rademacher_f32(const tw_key* key, uint64_t first, uint64_t count, float* out) {
  const uint64_t stream = tw_stream(key);
  for (uint64_t i = 0; i < count; ++i)
    out[i] = (float)tw_sign(tw_bits(stream, key->step, first + i));
}
