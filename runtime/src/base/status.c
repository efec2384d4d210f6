/* The words for a tw_status. */
#include "thalweg/abi.h"

const char* tw_status_text(int32_t status) {
  switch (status) {
  case TW_OK: return "ok";
  case TW_FAIL_STATEMENT: return "a fail statement ended the run";
  case TW_DONE_STATEMENT: return "a done statement ended the run";
  case TW_SINGULAR: return "singular matrix";
  case TW_INDEX_OUT_OF_RANGE: return "index out of range";
  case TW_REQUIRE_VIOLATED: return "a required range was left";
  case TW_SHAPE_MISMATCH: return "shapes do not agree";
  case TW_BAD_ARGUMENT: return "bad argument";
  case TW_OUT_OF_MEMORY: return "out of memory";
  case TW_NO_CONVERGENCE: return "an inner iteration did not converge";
  case TW_INTERRUPTED: return "interrupted";
  case TW_UNSUPPORTED: return "not supported by this build";
  default: return "unknown status";
  }
}
