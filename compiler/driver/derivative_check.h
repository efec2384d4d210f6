// Symbolic derivatives beside finite differences at one point; for `gradcheck`.
#pragma once

#include "driver/evaluation.h"

namespace thalweg::driver {

// The largest disagreement between a derivative and its estimate.
struct Disagreement {
  size_t parameter = 0; // which of the problem's, and which of its elements, was moved
  int64_t element = 0;  // -1: all of them, along a random direction
  double symbolic = 0, estimate = 0;
  double allowed = 0; // how far apart rounding and the step can take them
};

struct Compared {
  int64_t numbers = 0; // that were compared
  int64_t kinks = 0;   // left out: slopes left and right differ however close
  int64_t unknown = 0; // left out: a value nearby is not finite
  double worst = 0;    // largest relative distance of those that agree
  std::optional<Disagreement> wrong;
};

// One function of a problem's parameters with its derivatives, as they were derived.
struct Derived {
  Function value;    // results: the value alone
  Function gradient; // results: the value, then one for each param
  Function product; // one more parameter for each param, the direction; results: one for each param
};

// Compares at points and along directions that are drawn by a seed. Central differences with two
// steps h and h/2, h = ε^(1/3)·max(1, |x|): their extrapolation is off by some h⁴, what they differ
// by bounds their error, and rounding adds ε·|f|/h. What is further apart than that is wrong.
class DerivativeCheck {
public:
  DerivativeCheck(const Graph& graph, const irgen::ProblemUnit& problem, const Evaluation& at)
      : graph_(graph), problem_(problem), at_(at) {}

  // The params at their values plus `spread`·max(1, |x|)·(a normal draw).
  void move(uint64_t seed, double spread);
  // At most `limit` elements, drawn by `seed` if there are more.
  Compared first(const Derived& f, int64_t limit, uint64_t seed) const;
  // Of the Hessian: its products with directions beside differences of the gradient.
  Compared second(const Derived& f, int64_t limit, uint64_t seed) const;

private:
  struct Direction {
    Disagreement name;
    std::vector<Tensor> v; // one for each param
    double scale = 1;      // of x along it
  };
  std::vector<Direction> directions(int64_t limit, uint64_t seed, bool whole) const;
  std::optional<std::vector<double>> values(const Function& f, size_t first_result,
                                            const Direction& along, double step) const;
  std::vector<double> exact(const Function& f, const Direction& along, bool product) const;
  void compare(const Function& f, size_t first_result, const Direction& along,
               const std::vector<double>& symbolic, Compared& out) const;

  const Graph& graph_;
  const irgen::ProblemUnit& problem_;
  Evaluation at_;
};

} // namespace thalweg::driver
