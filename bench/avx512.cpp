// Intrinsics of the peers; this file alone is compiled for AVX-512 (see avx512.h).
#include "avx512.h"

#include <immintrin.h>

namespace thalweg::bench {

namespace {

constexpr size_t kLanes = 16;

__mmask16 active(size_t left) {
  return left >= kLanes ? __mmask16(0xffff) : __mmask16((1u << left) - 1);
}

float sum(__m512 a) { return _mm512_reduce_add_ps(a); }

} // namespace

bool has_avx512() { return __builtin_cpu_supports("avx512f"); }

void adamw_avx512(const AdamW& rule, float* x, const float* g, float* m, float* v, size_t n) {
  const __m512 beta1 = _mm512_set1_ps(rule.beta1), rest1 = _mm512_set1_ps(1 - rule.beta1),
               beta2 = _mm512_set1_ps(rule.beta2), rest2 = _mm512_set1_ps(1 - rule.beta2),
               eps = _mm512_set1_ps(rule.eps), decay = _mm512_set1_ps(rule.weight_decay),
               step = _mm512_set1_ps(rule.lr), up1 = _mm512_set1_ps(rule.correction1),
               up2 = _mm512_set1_ps(rule.correction2);
  const auto update = [&](__m512 gi, __m512& xi, __m512& mi, __m512& vi) {
    mi = _mm512_fmadd_ps(beta1, mi, _mm512_mul_ps(rest1, gi));
    vi = _mm512_fmadd_ps(beta2, vi, _mm512_mul_ps(rest2, _mm512_mul_ps(gi, gi)));
    const __m512 root = _mm512_add_ps(_mm512_sqrt_ps(_mm512_mul_ps(vi, up2)), eps);
    const __m512 ratio = _mm512_div_ps(_mm512_mul_ps(mi, up1), root);
    xi = _mm512_fnmadd_ps(step, _mm512_fmadd_ps(decay, xi, ratio), xi);
  };
  size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes)
    for (size_t k = i; k < i + 2 * kLanes; k += kLanes) {
      __m512 xi = _mm512_loadu_ps(x + k), mi = _mm512_loadu_ps(m + k), vi = _mm512_loadu_ps(v + k);
      update(_mm512_loadu_ps(g + k), xi, mi, vi);
      _mm512_storeu_ps(x + k, xi);
      _mm512_storeu_ps(m + k, mi);
      _mm512_storeu_ps(v + k, vi);
    }
  for (; i < n; i += kLanes) {
    const __mmask16 on = active(n - i);
    __m512 xi = _mm512_maskz_loadu_ps(on, x + i), mi = _mm512_maskz_loadu_ps(on, m + i),
           vi = _mm512_maskz_loadu_ps(on, v + i);
    update(_mm512_maskz_loadu_ps(on, g + i), xi, mi, vi);
    _mm512_mask_storeu_ps(x + i, on, xi);
    _mm512_mask_storeu_ps(m + i, on, mi);
    _mm512_mask_storeu_ps(v + i, on, vi);
  }
}

void move_rule(float* x, const float* g, float* m, float* v, size_t n) {
  for (size_t i = 0; i + kLanes <= n; i += kLanes) {
    const __m512 xi = _mm512_loadu_ps(x + i), gi = _mm512_loadu_ps(g + i),
                 mi = _mm512_loadu_ps(m + i), vi = _mm512_loadu_ps(v + i);
    _mm512_storeu_ps(x + i, mi);
    _mm512_storeu_ps(m + i, vi);
    _mm512_storeu_ps(v + i, _mm512_max_ps(xi, gi));
  }
}

void move_first_pass(const float* x, const float* g, float* m, float* v, size_t n) {
  for (size_t i = 0; i + kLanes <= n; i += kLanes) {
    const __m512 xi = _mm512_loadu_ps(x + i), gi = _mm512_loadu_ps(g + i),
                 mi = _mm512_loadu_ps(m + i), vi = _mm512_loadu_ps(v + i);
    _mm512_storeu_ps(m + i, _mm512_max_ps(vi, xi));
    _mm512_storeu_ps(v + i, _mm512_max_ps(mi, gi));
  }
}

void move_second_pass(float* x, const float* m, const float* v, size_t n) {
  for (size_t i = 0; i + kLanes <= n; i += kLanes) {
    const __m512 xi = _mm512_loadu_ps(x + i), mi = _mm512_loadu_ps(m + i),
                 vi = _mm512_loadu_ps(v + i);
    _mm512_storeu_ps(x + i, _mm512_max_ps(xi, _mm512_max_ps(mi, vi)));
  }
}

float read_all(const float* a, size_t n) {
  __m512 s[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                 _mm512_setzero_ps()};
  for (size_t i = 0; i + 4 * kLanes <= n; i += 4 * kLanes)
    for (size_t k = 0; k < 4; ++k)
      s[k] = _mm512_add_ps(s[k], _mm512_loadu_ps(a + i + k * kLanes));
  return sum(s[0]) + sum(s[1]) + sum(s[2]) + sum(s[3]);
}

float read_all(const float* a, const float* b, const float* c, const float* d, size_t n) {
  __m512 s[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                 _mm512_setzero_ps()};
  for (size_t i = 0; i + kLanes <= n; i += kLanes) {
    s[0] = _mm512_add_ps(s[0], _mm512_loadu_ps(a + i));
    s[1] = _mm512_add_ps(s[1], _mm512_loadu_ps(b + i));
    s[2] = _mm512_add_ps(s[2], _mm512_loadu_ps(c + i));
    s[3] = _mm512_add_ps(s[3], _mm512_loadu_ps(d + i));
  }
  return sum(s[0]) + sum(s[1]) + sum(s[2]) + sum(s[3]);
}

} // namespace thalweg::bench
