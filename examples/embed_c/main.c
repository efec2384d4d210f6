/* Minimizes a quadratic with the AdamW of the standard library, compiled by `thalweg build`. */
#include <stdio.h>
#include <stdlib.h>

#include "adamw.h"

enum { N = 4 };

int main(void) {
  const double target[N] = {1, -2, 3, 0.5}, scale[N] = {1, 10, 0.1, 4};
  double x[N] = {0}, gradient[N];
  adamw_hyper hyper = adamw_defaults();
  hyper.lr = 0.05;
  hyper.weight_decay = 0;

  void* state = malloc(adamw_state_size(N));
  if (state == NULL || adamw_init(state, x, N, &hyper) != 0) return 1;

  for (int step = 1; step <= 1000; ++step) {
    for (int i = 0; i < N; ++i)
      gradient[i] = scale[i] * (x[i] - target[i]);
    const int status = adamw_step(state, x, gradient, N, &hyper);
    if (status != 0) {
      fprintf(stderr, "step %d: status %d\n", step, status);
      return 1;
    }
  }
  for (int i = 0; i < N; ++i)
    printf("x[%d] = %.6f\n", i, x[i]);
  free(state);
  return 0;
}
