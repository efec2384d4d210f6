// Which fields of the attribute each operator reads (see shape_rules.h, graph.h).
#include "ir/shape_rules.h"

namespace thalweg {

bool attr_fits(const Node& node) {
  constexpr unsigned kInts = 1, kDims = 2, kName = 4, kLambdas = 8;
  unsigned allowed = 0;
  switch (node.op) {
  case Op::arg:
  case Op::constant:
  case Op::transpose:
  case Op::concat:
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max:
  case Op::argmin:
  case Op::argmax:
  case Op::contract:
  case Op::inverse_root:
  case Op::get: allowed = kInts; break;
  case Op::dim:
  case Op::reshape:
  case Op::slice:
  case Op::pad:
  case Op::scatter_add: allowed = kDims; break;
  case Op::table:
  case Op::iota:
  case Op::random:
  case Op::broadcast: allowed = kInts | kDims; break;
  case Op::while_loop:
  case Op::derivative: allowed = kInts | kLambdas; break;
  case Op::if_else: allowed = kLambdas; break;
  case Op::oracle: allowed = kInts | kName; break;
  default: break;
  }
  const Attr& attr = node.attr;
  unsigned used = (attr.ints.empty() ? 0u : kInts) | (attr.dims.empty() ? 0u : kDims) |
                  (attr.name.empty() ? 0u : kName) | (attr.lambdas.empty() ? 0u : kLambdas);
  return (used & ~allowed) == 0;
}

} // namespace thalweg
