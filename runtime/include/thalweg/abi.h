/* The calling convention of compiled functions: what codegen emits, the run loop calls and a static
 * library exports. */
#ifndef THALWEG_ABI_H
#define THALWEG_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a compiled function, an oracle or an entry of a library returns. 0 is success; every other
   value means that outputs and workspace hold nothing that may be used. The numbers are part of
   the ABI: append, never renumber. */
typedef enum tw_status {
  TW_OK = 0,
  TW_FAIL_STATEMENT = 1, /* a `fail "…" if c` statement fired: the run ends as failed */
  TW_DONE_STATEMENT = 2, /* a `done "…" if c` statement fired: the run ends as converged */
  TW_SINGULAR = 3,       /* a solve or a factorization met a singular (or not definite) matrix */
  TW_INDEX_OUT_OF_RANGE = 4, /* an index that is known only at run time left its dimension */
  TW_REQUIRE_VIOLATED = 5,   /* a `require` range was left by a schedule or an argument */
  TW_SHAPE_MISMATCH = 6,     /* dimensions handed in by the caller contradict each other */
  TW_BAD_ARGUMENT = 7,   /* a null pointer, a negative size or an unknown name from the caller */
  TW_OUT_OF_MEMORY = 8,  /* a workspace could not be had */
  TW_NO_CONVERGENCE = 9, /* an iteration inside (an eigenvalue solver, …) ran out of rounds */
  TW_INTERRUPTED = 10,   /* an oracle or a callback asked to stop */
  TW_UNSUPPORTED = 11    /* the entry needs something this library was built without */
} tw_status;

/* One tensor of the table that a per-tensor rule is launched over: its buffers and its own
   dimensions, in the order that the function's signature gives for rows. */
typedef struct tw_row {
  void* const* buffers;
  const int64_t* dims;
} tw_row;

/* A part of a call that threads may share: runs rounds first … last-1 of `frame`. */
typedef int32_t (*tw_rounds)(void* frame, int64_t first, int64_t last);

/* One call. Nothing here is kept after the function returns. Buffers don't overlap unless the
   signature says that an output is updated in place (then both entries hold the same pointer). */
typedef struct tw_call {
  void* const*
      buffers;         /* inputs, then outputs, then workspace slots of the function; a scalar is a
                          pointer to 8 bytes that hold a double, an int64_t or a float at its own size */
  const int64_t* dims; /* one value per dimension symbol of the function, each >= 0 */
  const tw_row* rows;  /* the table of tensors; row_count is 0 for plain functions */
  int64_t row_count;
  /* Evaluates the oracle of call site `site` for compiled code; `call` is the caller's own call.
     Null where the function has no oracle sites. A result other than 0 is returned unchanged. */
  int32_t (*oracle)(void* context, int32_t site, const struct tw_call* call);
  void* oracle_context;
  uint64_t seed; /* of the run; draws are keyed by parameters of the function, not by these two */
  int64_t step;
  /* Runs rounds 0 … count-1, cut into ranges in any way, on any threads, also from inside a range;
     returns when all have run, with the first status that is not 0, by round. Null: one thread. The
     results don't depend on it. */
  int32_t (*parallel)(void* context, int64_t count, tw_rounds rounds, void* frame);
  void* parallel_context;
  int64_t row_elements; /* of all rows together, a hint: whether sharing them out is worth it */
  /* Told after each part of the function's body, by its number, where the function was compiled to
     say so (--profile); others don't look at it. */
  void (*mark)(void* context, int32_t kernel);
  void* mark_context;
} tw_call;

typedef int32_t (*tw_function)(const tw_call* call); /* 0 = ok, else a tw_status */

/* The status as a short English phrase ("singular matrix"); never null, also for unknown numbers.
 */
const char* tw_status_text(int32_t status);

#ifdef __cplusplus
}
#endif
#endif
