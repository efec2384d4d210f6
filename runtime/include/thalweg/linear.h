/* Linear algebra that compiled code, the interpreter and libraries call: one set of C functions, so
 * one set of bits. Meaning and conventions of the operators: top of compiler/ir/graph.h.
 *
 * Everything is computed in double and rounded once where it is stored as float. Large updates go
 * through a matrix product that the caller hands in. Nothing is allocated: the caller owns `work`.
 */
#ifndef THALWEG_LINEAR_H
#define THALWEG_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TW_LINEAR(constant, name, nn, mn, nk, n, k): doubles of work for a matrix [m, n] and right-hand
   sides [n, k] (k is 0 without): nn·n² + mn·m·n + nk·n·k + n·n + k·k. */
#define TW_LINEAR_OPERATORS(TW_LINEAR)                                                             \
  TW_LINEAR(TW_LINEAR_SOLVE, solve, 1, 0, 1, 32, 32)                                               \
  TW_LINEAR(TW_LINEAR_CHOLESKY, cholesky, 1, 0, 0, 32, 0)                                          \
  TW_LINEAR(TW_LINEAR_MODIFIED_CHOLESKY, modified_cholesky, 1, 0, 0, 33, 0)                        \
  TW_LINEAR(TW_LINEAR_QR, qr, 0, 2, 0, 1, 0)                                                       \
  TW_LINEAR(TW_LINEAR_EIGH, eigh, 2, 0, 0, 4, 0)                                                   \
  TW_LINEAR(TW_LINEAR_SVD, svd, 0, 2, 0, 2, 0)                                                     \
  TW_LINEAR(TW_LINEAR_INVERSE_ROOT, inverse_root, 3, 0, 0, 4, 0)

typedef enum tw_linear_operator {
#define TW_LINEAR(constant, ...) constant,
  TW_LINEAR_OPERATORS(TW_LINEAR)
#undef TW_LINEAR
} tw_linear_operator;

/* What is wrong with a matrix. */
typedef enum tw_linear_fault {
  TW_LINEAR_OK = 0,
  TW_LINEAR_NOT_FINITE = 1,
  TW_LINEAR_SINGULAR_MATRIX = 2,
  TW_LINEAR_NOT_DEFINITE = 3,
  TW_LINEAR_NOT_POSITIVE = 4, /* the largest eigenvalue */
  TW_LINEAR_WIDE = 5,         /* more columns than rows */
  TW_LINEAR_NO_CONVERGENCE = 6
} tw_linear_fault;

/* c [m, n] += a b: every element is one chain acc = fma(a, b, acc) in the order of k that starts
   from what c holds. Strides in elements; `accumulate` is always true here. */
typedef void (*tw_linear_product)(const double* a, int64_t a_i, int64_t a_k, const double* b,
                                  int64_t b_k, int64_t b_j, double* c, int64_t c_i, int64_t m,
                                  int64_t n, int64_t k, bool accumulate);

/* The same in plain C. */
void tw_linear_plain_product(const double* a, int64_t a_i, int64_t a_k, const double* b,
                             int64_t b_k, int64_t b_j, double* c, int64_t c_i, int64_t m, int64_t n,
                             int64_t k, bool accumulate);

/* A is [m, n] at `a`, row by row; solve's right-hand sides [n, k] at `b`. Results go, in the order
   of the operator's, to `out`. With `single` all of these are float. `root` is inverse_root's.
   Returns a tw_linear_fault; then the results hold nothing that may be used. */
int32_t tw_linear(int32_t op, bool single, int64_t root, int64_t m, int64_t n, int64_t k,
                  const void* a, const void* b, void* out0, void* out1, void* out2, double* work,
                  tw_linear_product product);

/* The tw_status of a fault, and its words, never null. */
int32_t tw_linear_status(int32_t fault);
const char* tw_linear_text(int32_t fault);

#ifdef __cplusplus
}
#endif
#endif
