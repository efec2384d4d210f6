// The operator `derivative` replaced by what it stands for, in functions and all their lambdas.
#pragma once

#include "ir/rewrite.h"
#include "passes/diff/error.h"

#include <optional>

namespace thalweg::diff {

class Expander {
public:
  explicit Expander(Graph& graph);
  // Where a derivative is not known, zeros stand in its place and error() says why.
  Function function(const Function& function) { return rewriter_.function(function); }
  ValueId value(ValueId value) { return rewriter_.value(value); }
  const std::optional<DiffError>& error() const { return error_; }

private:
  ValueId expand(Builder& builder, const Node& node);

  Graph& graph_;
  Rewriter rewriter_;
  std::optional<DiffError> error_;
};

// True if the function, or a lambda in it, holds such an operator.
bool has_derivatives(const Graph& graph, const Function& function);

} // namespace thalweg::diff
