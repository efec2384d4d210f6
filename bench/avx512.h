// Hand-written peers of compiled rules: what an expert writes with AVX-512 intrinsics, and loops
// that move the same bytes and compute nothing.
#pragma once

#include <cstddef>

namespace thalweg::bench {

bool has_avx512();

struct AdamW {
  float lr, beta1, beta2, eps, weight_decay;
  float correction1, correction2; // 1/(1 - beta^t)
};
void adamw_avx512(const AdamW& rule, float* x, const float* g, float* m, float* v, size_t n);

// Four arrays read, three written.
void move_rule(float* x, const float* g, float* m, float* v, size_t n);
// Three arrays read, one written.
void move_second_pass(float* x, const float* m, const float* v, size_t n);
// Arrays read, none written.
float read_all(const float* a, size_t n);
float read_all(const float* a, const float* b, const float* c, const float* d, size_t n);
// Four arrays read, two written.
void move_first_pass(const float* x, const float* g, float* m, float* v, size_t n);

} // namespace thalweg::bench
