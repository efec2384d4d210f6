// Formulas: values of the graph written as a person would, in the language's syntax or in LaTeX.
//
// Broadcasts and casts are invisible where the language inserts them itself; contracts read as
// `X @ w`, `X.T @ r`, `dot(a, b)` or an index sum; a sum over a size is a mean. What is used more
// than once and is not small gets a name and a line of its own. In the text styles the result is an
// expression of the language, but for operators that it has no word for: those print as a call of
// the operator's own name (reshape, pad, scatter_add, while_loop, …).
#pragma once

#include "ir/graph.h"

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::formula {

enum class Style : uint8_t { ascii, unicode, latex };

struct Options {
  Style style = Style::ascii;
  // Names of values (the `let`s of a program), in terms of the graph printed: after simplification
  // map them through Simplifier::value. A named value becomes a where-line, however small.
  std::map<ValueId, std::string> names;
  size_t share_above = 5; // an unnamed value used twice is named if it has more parts than this
};

struct Formulas {
  std::vector<std::string> expressions;                   // one per value asked for
  std::vector<std::pair<std::string, std::string>> where; // name, expression; users first
};

Formulas formulas(const Graph& graph, const Function& function, std::span<const ValueId> values,
                  const Options& options = {});

// One value: its expression, then a line "where name = …" for each definition.
std::string formula_text(const Graph& graph, const Function& function, ValueId value,
                         const Options& options = {});

} // namespace thalweg::formula
