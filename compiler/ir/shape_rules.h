// The type a node must have, by the shape rule of its operator (ops.def); used by Graph::add,
// the builder and the verifier: one table for all.
#pragma once

#include "ir/graph.h"

#include <string>

namespace thalweg {

struct Inferred {
  Type type;
  std::string problem; // empty if the operands fit
  bool ok() const { return problem.empty(); }
};

// `node.type` is read by the leaves, `cast` and `oracle` alone, whose type is given.
Inferred infer_type(const Graph& graph, const Node& node);

// Whether the fields of the attribute that the operator does not read are empty: in use they would
// make equal values differ. A part of infer_type.
bool attr_fits(const Node& node);

} // namespace thalweg
