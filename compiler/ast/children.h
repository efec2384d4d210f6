// The expressions directly inside an expression, in the order of the text.
#pragma once

#include "ast/ast.h"

#include <vector>

namespace thalweg::ast {

/// Without those that are left out in the text (the open end of a range).
std::vector<const Expr*> children(const Expr& e);

/// `e` and all that stands inside it, in no particular order.
std::vector<const Expr*> within(const Expr& e);

} // namespace thalweg::ast
