// dump_expr: the pieces of dump that expressions and statements share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ast/expr.h"

namespace thalweg::ast {

std::string dump_list(const std::vector<const Expr*>& list);
std::string dump_index(const std::vector<IndexItem>& items);
std::string dump_string(std::string_view text);

} // namespace thalweg::ast
