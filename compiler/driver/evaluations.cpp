// The last two points and what the objective said there (see evaluations.h).
#include "driver/evaluations.h"

#include <cstring>

namespace thalweg::driver {

bool Evaluations::start(bool remembers) {
  remembers_ = remembers;
  values_ = gradients_ = products_ = 0;
  for (Said* said : {&residuals_said_, &jacobians_said_, &hessians_said_})
    said->asked = 0;
  forget();
  if (!remembers) return true;
  for (Known& known : known_)
    if (!known.point.get(bytes()) || !known.gradient.get(bytes())) return false;
  return true;
}

void Evaluations::forget() {
  for (Known& known : known_)
    known.valid = false;
  for (Said* said : {&residuals_said_, &jacobians_said_, &hessians_said_})
    for (Said::At& known : said->at)
      known.valid = false;
}

int32_t Evaluations::remembered(Said& said, int64_t elements, const void* point, void* to,
                                const std::function<int32_t(void*)>& compute) {
  const size_t size = static_cast<size_t>(elements) * objective_.element_bytes();
  for (size_t k = 0; k < said.at.size(); ++k) {
    Said::At& known = said.at[k];
    if (!known.valid || std::memcmp(known.point.data(), point, bytes()) != 0) continue;
    said.last = k;
    std::memcpy(to, known.values.data(), size);
    return TW_OK;
  }
  ++said.asked;
  said.last = 1 - said.last;
  Said::At& fresh = said.at[said.last];
  fresh.valid = false;
  if (!fresh.point.get(bytes()) || !fresh.values.get(size)) return TW_OUT_OF_MEMORY;
  if (int32_t status = compute(to)) return status;
  std::memcpy(fresh.point.data(), point, bytes());
  std::memcpy(fresh.values.data(), to, size);
  fresh.valid = true;
  return TW_OK;
}

int32_t Evaluations::residuals(const void* point, const DataView& data, void* to) {
  const std::optional<int64_t> rows = objective_.residual_count(data.rows);
  if (!rows) return TW_SHAPE_MISMATCH;
  return remembered(residuals_said_, *rows, point, to,
                    [&](void* at) { return objective_.residuals(point, data, at); });
}

int32_t Evaluations::jacobian(const void* point, const DataView& data, void* to) {
  const std::optional<int64_t> rows = objective_.residual_count(data.rows);
  if (!rows) return TW_SHAPE_MISMATCH;
  return remembered(jacobians_said_, *rows * objective_.total(), point, to,
                    [&](void* at) { return objective_.jacobian(point, data, at); });
}

int32_t Evaluations::hessian(const void* point, const DataView& data, void* to) {
  const int64_t n = objective_.total();
  return remembered(hessians_said_, n * n, point, to,
                    [&](void* at) { return objective_.hessian(point, data, at); });
}

// By bits: equal numbers of another sign of zero are another point.
Evaluations::Known* Evaluations::find(const void* point) {
  for (size_t k = 0; k < known_.size(); ++k)
    if (known_[k].valid && std::memcmp(known_[k].point.data(), point, bytes()) == 0) {
      last_ = k;
      return &known_[k];
    }
  return nullptr;
}

int32_t Evaluations::at(const void* point, const DataView& data, double& value, void* gradient) {
  if (!remembers_) {
    ++values_;
    ++gradients_;
    return objective_.evaluate(point, data, value, gradient);
  }
  Known* known = find(point);
  if (known && (known->has_gradient || !gradient)) {
    value = known->value;
    if (gradient) std::memcpy(gradient, known->gradient.data(), bytes());
    return TW_OK;
  }
  bool fresh = !known;
  if (fresh) {
    last_ = 1 - last_;
    known = &known_[last_];
    known->valid = false;
    std::memcpy(known->point.data(), point, bytes());
    ++values_;
  }
  int32_t status = TW_OK;
  if (gradient) {
    ++gradients_;
    status = objective_.evaluate(point, data, known->value, known->gradient.data());
    std::memcpy(gradient, known->gradient.data(), bytes());
  } else {
    status = objective_.measure(point, data, known->value, metrics_);
  }
  known->valid = status == TW_OK;
  known->has_gradient = gradient != nullptr;
  value = known->value;
  return status;
}

} // namespace thalweg::driver
