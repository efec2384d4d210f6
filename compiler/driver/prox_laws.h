// The laws of proximal operators and projections at random points; for `check --prox`.
#pragma once

#include "driver/evaluation.h"
#include "irgen/proximal.h"

namespace thalweg::driver {

// What was found of one operator.
struct Laws {
  int points = 0;
  bool firm = true;   // |P(y) - P(v)|² ≤ ⟨P(y) - P(v), y - v⟩, so nothing is pushed apart
  std::string broken; // the law that does not hold, with numbers; empty: all do
};

class ProxLaws {
public:
  // `at`: values of the problem's parameters, behind which point and step stand.
  ProxLaws(const Graph& graph, const irgen::Proximal& operators, const Evaluation& at);
  // `convex`: h is known to be, so that the operator is firm and (y - z)/s a subgradient of h at z.
  Laws prox(bool convex, uint64_t seed) const;
  Laws projection(uint64_t seed) const;
  // The operator at one point; nothing where it can't be evaluated.
  std::optional<std::vector<double>> point(const std::vector<double>& y, double s) const;
  int64_t size() const { return count_elements(shape_); }

private:
  std::optional<std::vector<double>> evaluate(const Function& f, const std::vector<double>& y,
                                              double s) const;
  double value(const std::vector<double>& z) const; // h, or the excess; NaN if unknown

  const Graph& graph_;
  const irgen::Proximal& operators_;
  Evaluation at_;
  std::vector<int64_t> shape_;
};

// The problem that a line `Example: param x: [6]; x in Interval(0, 1)` of an item's comment stands
// for; empty without one.
std::string problem_of_example(const ast::Decl& decl);

} // namespace thalweg::driver
