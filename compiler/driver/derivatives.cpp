// Derivatives of a problem's objective (see derivatives.h).
#include "driver/derivatives.h"

#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"

namespace thalweg::driver {

Loss loss_of(Graph& graph, const irgen::ProblemUnit& problem) {
  Loss loss{problem.objective, {}};
  loss.function.results.resize(1);
  loss.function = simplify::simplify(graph, loss.function);
  for (size_t k = 0; k < problem.parameters.size(); ++k)
    loss.parameters.push_back(problem.first_parameter() + k);
  return loss;
}

std::optional<Function> derive(Front& front, Graph& graph, const Loss& loss, Derivative which) {
  diff::Outcome derived =
      which == Derivative::gradient  ? diff::gradient(graph, loss.function, 0, loss.parameters)
      : which == Derivative::hessian ? diff::hessian(graph, loss.function, 0, loss.parameters)
                                     : diff::hvp(graph, loss.function, 0, loss.parameters);
  if (!derived) {
    front.diags.report(DiagKind::no_derivative, derived.error().span, derived.error().text);
    return std::nullopt;
  }
  Function f = *derived;
  if (which == Derivative::hessian) // without the value and the gradients
    f.results.erase(f.results.begin(),
                    f.results.begin() + 1 + static_cast<ptrdiff_t>(loss.parameters.size()));
  return f;
}

} // namespace thalweg::driver
