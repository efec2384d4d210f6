/* The public C headers in a C99 program: a compiled function in the calling convention, and draws.
 */
#include "thalweg/abi.h"
#include "thalweg/random.h"

/* y[i] = 2*x[i] over n elements, the way codegen emits it; counts rows of the table beside. */
static int32_t twice(const tw_call* call) {
  const double* x = (const double*)call->buffers[0];
  double* y = (double*)call->buffers[1];
  if (call->dims[0] < 0) return TW_BAD_ARGUMENT;
  for (int64_t i = 0; i < call->dims[0]; ++i)
    y[i] = 2 * x[i];
  for (int64_t r = 0; r < call->row_count; ++r)
    y[0] += (double)call->rows[r].dims[0];
  return call->oracle ? call->oracle(call->oracle_context, 3, call) : TW_OK;
}

const tw_function abi_test_function = twice;

uint64_t abi_test_bits(uint64_t seed) {
  const tw_key key = {seed, tw_name_hash("w", 1), 0, 0, 0};
  return tw_bits(tw_stream(&key), key.step, 5);
}
