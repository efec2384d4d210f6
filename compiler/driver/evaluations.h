// What a rule hears from its objective, each point evaluated once: the last two points are
// remembered. Private to the racers.
#pragma once

#include "driver/objective.h"

#include <array>
#include <functional>

namespace thalweg::driver {

class Evaluations {
public:
  explicit Evaluations(Objective& objective) : objective_(objective) {}

  // `remembers`: the rule may come back to a point. False if memory can't be had.
  bool start(bool remembers);
  // Other rows, so another function.
  void forget();
  // The value, and the gradient unless that is null.
  int32_t at(const void* point, const DataView& data, double& value, void* gradient);
  int32_t hessian(const void* point, const DataView& data, void* to);
  int32_t product(const void* point, const void* direction, const DataView& data, void* to) {
    ++products_;
    return objective_.product(point, direction, data, to);
  }
  int32_t residuals(const void* point, const DataView& data, void* to);
  int32_t jacobian(const void* point, const DataView& data, void* to);
  int64_t residuals() const { return residuals_said_.asked; }
  int64_t jacobians() const { return jacobians_said_.asked; }
  int64_t hessians() const { return hessians_said_.asked; }
  int64_t products() const { return products_; }
  int64_t values() const { return values_; } // points whose value, or gradient, was computed
  int64_t gradients() const { return gradients_; }

private:
  struct Known {
    Buffer point, gradient;
    double value = 0;
    bool valid = false, has_gradient = false;
  };
  size_t bytes() const {
    return static_cast<size_t>(objective_.total()) * objective_.element_bytes();
  }
  Known* find(const void* point);

  Objective& objective_;
  bool remembers_ = false;
  std::array<Known, 2> known_;
  size_t last_ = 0; // the one that was asked for last
  // What another oracle said at its last points.
  struct Said {
    struct At {
      Buffer point, values;
      bool valid = false;
    };
    std::array<At, 2> at;
    size_t last = 0;
    int64_t asked = 0;
  };
  // `elements` numbers, computed by `compute(to)` if they are not known.
  int32_t remembered(Said& said, int64_t elements, const void* point, void* to,
                     const std::function<int32_t(void*)>& compute);

  Said residuals_said_, jacobians_said_, hessians_said_;
  std::vector<double> metrics_;
  int64_t values_ = 0, gradients_ = 0, products_ = 0;
};

} // namespace thalweg::driver
