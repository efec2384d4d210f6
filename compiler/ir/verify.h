// The verifier: what must hold of every function between any two passes. Always on.
#pragma once

#include "ir/graph.h"

#include <string>
#include <vector>

namespace thalweg {

// Lambdas inside of lambdas: no deeper than this, since evaluation recurses there.
constexpr int kMaxLambdaDepth = 100;

// Sentences about what is wrong, none if nothing is. Safe on any graph, however broken.
//   - values: operands exist and stand before their users; types follow the shape rules
//   - bodies: arguments are parameters of the body, with their types; lambdas are closed and
//     nested within bounds; folds across a table stand only in the body of a table function
//   - results and checks: tensors, conditions boolean scalars; `updates` names a parameter of the
//     same type and kind, once; what is shared by all tensors does not depend on one of them
std::vector<std::string> verify(const Graph& graph, const Function& function);

// An internal error that names the pass, the problems and the function's text, if any hold.
void verify_or_die(const Graph& graph, const Function& function, const char* pass_name);

} // namespace thalweg
