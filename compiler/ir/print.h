// The text form of functions: complete, canonical, read back by read.h. `--dump=ir` shows it.
//
//   lambda @0(f64, i64) {
//     %0 = arg 0 : f64
//     …
//     return %3, %4
//   }
//   func objective(w: f64[d], X: f64[n, d]) {
//     %0 = arg 0 : f64[d]
//     %1 = arg 1 : f64[n, d]
//     %2 = contract %1 %0 lanes [0 1] [1] -> [0] : f64[n]
//     check %7 status 1 "text" at [1 20 30]
//     return value = %9, w' = %5 per_tensor updates 0
//   }
//
// Values are numbered by body in the order of a walk from its results, so the text depends on the
// structure alone, not on ids or on what else the graph holds.
#pragma once

#include "ir/graph.h"

#include <string>

namespace thalweg {

std::string print(const Graph& graph, const Function& function);

// One value with the graph's own ids: "%12 = mul %3 %4 : f64[n]"; for messages and traces. Does not
// look at the operands, so it may be asked of a broken graph.
std::string print_value(const Graph& graph, ValueId id);

// Names of enumerators, as in the text form.
const char* distribution_name(Distribution distribution);
const char* oracle_name(OracleKind kind);
const char* derivative_name(DerivativeKind kind);
const char* scheme_name(Scheme scheme);
// A real or an integer of a constant so that reading it gives the same bits.
std::string number_text(int64_t bits, DType dtype);

} // namespace thalweg
