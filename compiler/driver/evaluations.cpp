// The last two points and what the objective said there (see evaluations.h).
#include "driver/evaluations.h"

#include <cstring>

namespace thalweg::driver {

bool Evaluations::start(bool remembers) {
  remembers_ = remembers;
  values_ = gradients_ = hessians_ = products_ = residuals_ = jacobians_ = 0;
  forget();
  if (!remembers) return true;
  for (Known& known : known_)
    if (!known.point.get(bytes()) || !known.gradient.get(bytes())) return false;
  return true;
}

void Evaluations::forget() {
  for (Known& known : known_)
    known.valid = false;
  for (Residuals& known : known_residuals_)
    known.valid = false;
}

int32_t Evaluations::residuals(const void* point, const DataView& data, void* to) {
  const std::optional<int64_t> count = objective_.residual_count(data.rows);
  if (!count) return TW_SHAPE_MISMATCH;
  const size_t size = static_cast<size_t>(*count) * objective_.element_bytes();
  for (size_t k = 0; k < 2; ++k) {
    Residuals& known = known_residuals_[k];
    if (!known.valid || std::memcmp(known.point.data(), point, bytes()) != 0) continue;
    last_residuals_ = k;
    std::memcpy(to, known.values.data(), size);
    return TW_OK;
  }
  ++residuals_;
  last_residuals_ = 1 - last_residuals_;
  Residuals& fresh = known_residuals_[last_residuals_];
  fresh.valid = false;
  if (!fresh.point.get(bytes()) || !fresh.values.get(size)) return TW_OUT_OF_MEMORY;
  std::memcpy(fresh.point.data(), point, bytes());
  if (int32_t status = objective_.residuals(point, data, fresh.values.data())) return status;
  fresh.valid = true;
  std::memcpy(to, fresh.values.data(), size);
  return TW_OK;
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
