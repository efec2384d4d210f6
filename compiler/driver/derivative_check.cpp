// Finite differences (see derivative_check.h).
#include "driver/derivative_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace thalweg::driver {

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// Of the sizes of terms inside a value: what cancels in it is rounded too.
constexpr double kRoundings = 64;
constexpr double kRelative = 1e-8; // nothing is asked beyond this

// Standard normal numbers; the same on every machine.
class Draws {
public:
  explicit Draws(uint64_t seed) : bits_(seed * 0x9E3779B97F4A7C15u + 1) {}
  double normal() {
    const double u = uniform(), v = uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * 3.14159265358979323846 * v);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(bits_() % static_cast<uint64_t>(n)); }

private:
  double uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  std::mt19937_64 bits_;
};

} // namespace

void DerivativeCheck::move(uint64_t seed, double spread) {
  Draws draws(seed);
  for (size_t k = 0; k < problem_.parameters.size(); ++k) {
    Tensor& x = at_.inputs[problem_.first_parameter() + k];
    for (int64_t i = 0; i < x.size(); ++i) {
      const double v = x.number(i);
      x.set_number(i, v + spread * std::max(1.0, std::abs(v)) * draws.normal());
    }
  }
}

// One element each, or `whole` vectors of random signs and sizes.
std::vector<DerivativeCheck::Direction> DerivativeCheck::directions(int64_t limit, uint64_t seed,
                                                                    bool whole) const {
  Draws draws(seed);
  std::vector<Tensor> zero;
  int64_t total = 0;
  for (size_t k = 0; k < problem_.parameters.size(); ++k) {
    const Tensor& x = at_.inputs[problem_.first_parameter() + k];
    zero.emplace_back(x.dtype(), x.shape());
    total += x.size();
  }
  std::vector<Direction> out;
  if (whole && total > limit) {
    for (int64_t d = 0; d < limit; ++d) {
      Direction along{{0, -1, 0, 0, 0}, zero, 1};
      for (Tensor& v : along.v)
        for (int64_t i = 0; i < v.size(); ++i)
          v.set_number(i, draws.normal());
      out.push_back(std::move(along));
    }
    return out;
  }
  std::vector<int64_t> chosen;
  for (int64_t d = 0; d < std::min(limit, total); ++d)
    chosen.push_back(total <= limit ? d : draws.below(total));
  for (int64_t flat : chosen) {
    size_t k = 0;
    while (flat >= zero[k].size())
      flat -= zero[k++].size();
    Direction along{{k, flat, 0, 0, 0}, zero, 1};
    along.v[k].set_number(flat, 1);
    along.scale = std::max(1.0, std::abs(at_.inputs[problem_.first_parameter() + k].number(flat)));
    out.push_back(std::move(along));
  }
  return out;
}

// The results from `first_result` on, end to end, at x + step·v; nothing where one is not finite.
std::optional<std::vector<double>> DerivativeCheck::values(const Function& f, size_t first_result,
                                                           const Direction& along,
                                                           double step) const {
  std::vector<Tensor> inputs = at_.inputs;
  for (size_t k = 0; k < along.v.size(); ++k) {
    Tensor& x = inputs[problem_.first_parameter() + k];
    for (int64_t i = 0; i < x.size() && step != 0; ++i)
      if (double v = along.v[k].number(i); v != 0) x.set_number(i, x.number(i) + step * v);
  }
  InterpreterOptions options;
  options.bindings = at_.sizes;
  Evaluated out = Interpreter(graph_, options).evaluate(f, inputs);
  if (!out.ok()) return std::nullopt;
  std::vector<double> flat;
  for (size_t r = first_result; r < out.results.size(); ++r)
    for (int64_t i = 0; i < out.results[r].size(); ++i) {
      flat.push_back(out.results[r].number(i));
      if (!std::isfinite(flat.back())) return std::nullopt;
    }
  return flat;
}

std::vector<double> DerivativeCheck::exact(const Function& f, const Direction& along,
                                           bool product) const {
  std::vector<Tensor> inputs = at_.inputs;
  if (product) inputs.insert(inputs.end(), along.v.begin(), along.v.end());
  InterpreterOptions options;
  options.bindings = at_.sizes;
  Evaluated out = Interpreter(graph_, options).evaluate(f, inputs);
  std::vector<double> flat;
  if (!out.ok()) return flat;
  for (size_t r = product ? 0 : 1; r < out.results.size(); ++r)
    for (int64_t i = 0; i < out.results[r].size(); ++i)
      flat.push_back(out.results[r].number(i));
  if (product) return flat;
  // Of the value: its slope along the direction.
  double slope = 0;
  size_t at = 0;
  for (const Tensor& v : along.v)
    for (int64_t i = 0; i < v.size(); ++i, ++at)
      if (v.number(i) != 0) slope += v.number(i) * flat[at];
  return {slope};
}

void DerivativeCheck::compare(const Function& f, size_t first_result, const Direction& along,
                              const std::vector<double>& symbolic, Compared& out) const {
  const double h = std::cbrt(kEpsilon) * along.scale;
  auto here = values(f, first_result, along, 0), far = values(f, first_result, along, h),
       behind = values(f, first_result, along, -h), near = values(f, first_result, along, h / 2),
       back = values(f, first_result, along, -h / 2);
  if (symbolic.empty() || !here || !far || !behind || !near || !back) {
    ++out.unknown;
    return;
  }
  double scale = 0; // of the whole vector: an element may be next to nothing beside the others
  for (double s : symbolic)
    scale = std::max(scale, std::abs(s));
  for (size_t i = 0; i < symbolic.size(); ++i) {
    const double wide = ((*far)[i] - (*behind)[i]) / (2 * h),
                 narrow = ((*near)[i] - (*back)[i]) / h, estimate = (4 * narrow - wide) / 3;
    const double size =
        std::max({std::abs((*far)[i]), std::abs((*behind)[i]), std::abs((*here)[i])});
    const double rounding = kRoundings * kEpsilon * size / h;
    // Slopes right and left: of a smooth function they approach each other with h.
    const double jump = std::abs((*far)[i] - 2 * (*here)[i] + (*behind)[i]) / h,
                 closer = std::abs((*near)[i] - 2 * (*here)[i] + (*back)[i]) / (h / 2);
    const double magnitude = std::max({std::abs(symbolic[i]), std::abs(estimate), scale});
    if (closer > 0.7 * jump && closer > 4 * rounding && closer > 1e-5 * magnitude) {
      ++out.kinks;
      continue;
    }
    ++out.numbers;
    const double apart = std::abs(symbolic[i] - estimate);
    const double allowed = 2 * std::abs(wide - narrow) + rounding + kRelative * magnitude;
    if (apart <= allowed) {
      if (magnitude > 0) out.worst = std::max(out.worst, apart / magnitude);
      continue;
    }
    if (out.wrong &&
        std::abs(out.wrong->symbolic - out.wrong->estimate) / out.wrong->allowed >= apart / allowed)
      continue;
    out.wrong = along.name;
    out.wrong->symbolic = symbolic[i];
    out.wrong->estimate = estimate;
    out.wrong->allowed = allowed;
  }
}

Compared DerivativeCheck::first(const Derived& f, int64_t limit, uint64_t seed) const {
  Compared out;
  for (const Direction& along : directions(limit, seed, false))
    compare(f.value, 0, along, exact(f.gradient, along, false), out);
  return out;
}

Compared DerivativeCheck::second(const Derived& f, int64_t limit, uint64_t seed) const {
  Compared out;
  for (const Direction& along : directions(limit, seed, true))
    compare(f.gradient, 1, along, exact(f.product, along, true), out);
  return out;
}

} // namespace thalweg::driver
