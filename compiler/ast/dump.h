// dump: the syntax tree as text, for --dump=ast and for tests that compare trees; places are left
// out.
#pragma once

#include <string>

#include "ast/ast.h"

namespace thalweg::ast {

std::string dump(const File& file);
std::string dump(const Decl& decl);
std::string dump(const Expr& expr);

} // namespace thalweg::ast
