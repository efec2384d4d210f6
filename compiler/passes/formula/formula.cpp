// The entry points: trees for all values, then their text (see formula.h).
#include "passes/formula/formula.h"

#include "passes/formula/build.h"

namespace thalweg::formula {

Formulas formulas(const Graph& graph, const Function& function, std::span<const ValueId> values,
                  const Options& options) {
  Tree tree(graph, function, options);
  tree.run(values);
  auto spell = [&](const Expr& expr) {
    return options.style == Style::latex ? latex_of(expr)
                                         : text_of(expr, options.style == Style::unicode);
  };
  Formulas out;
  for (ValueId value : values)
    out.expressions.push_back(spell(*tree.root(value)));
  // Made in ascending order of values: reversed, each line uses only names of lines below it.
  for (auto it = tree.definitions().rbegin(); it != tree.definitions().rend(); ++it)
    out.where.emplace_back(options.style == Style::latex ? latex_name(it->name) : it->name,
                           spell(*it->value));
  return out;
}

std::string formula_text(const Graph& graph, const Function& function, ValueId value,
                         const Options& options) {
  std::vector<ValueId> values{value};
  Formulas all = formulas(graph, function, values, options);
  std::string text = all.expressions[0];
  for (const auto& [name, expression] : all.where) {
    if (options.style == Style::latex)
      text += " \\\\\n\\text{where } " + name + " = " + expression;
    else
      text += "\n  where " + name + " = " + expression;
  }
  return text;
}

} // namespace thalweg::formula
