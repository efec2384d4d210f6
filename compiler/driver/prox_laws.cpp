// Random points, and what holds there (see prox_laws.h).
#include "driver/prox_laws.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>

namespace thalweg::driver {

namespace {

using Vector = std::vector<double>;

constexpr int kPoints = 30;
constexpr double kTolerance = 1e-8; // relative to the sizes of what is compared

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}
Vector minus(const Vector& a, const Vector& b) {
  Vector out = a;
  for (size_t i = 0; i < a.size(); ++i)
    out[i] -= b[i];
  return out;
}
bool finite(const Vector& v) {
  return std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
}

// The same on every machine.
class Points {
public:
  explicit Points(uint64_t seed) : bits_(seed * 0x9E3779B97F4A7C15u + 1) {}
  Vector next(int64_t size, double spread) {
    Vector v(static_cast<size_t>(size));
    for (double& x : v)
      x = spread * (static_cast<double>(bits_() >> 11) * 0x1p-52 - 1);
    return v;
  }

private:
  std::mt19937_64 bits_;
};

constexpr double kSpreads[] = {0.3, 1, 4};
constexpr double kSteps[] = {1, 0.25, 3};

} // namespace

ProxLaws::ProxLaws(const Graph& graph, const irgen::Proximal& operators, const Evaluation& at)
    : graph_(graph), operators_(operators), at_(at) {
  shape_ = evaluate_shape(operators.type.shape, at.sizes).value_or(std::vector<int64_t>{0});
}

std::optional<Vector> ProxLaws::evaluate(const Function& f, const Vector& y, double s) const {
  std::vector<Tensor> inputs = at_.inputs;
  inputs.push_back(Tensor::of(y, shape_, operators_.type.dtype));
  inputs.push_back(Tensor::scalar(s));
  InterpreterOptions options;
  options.bindings = at_.sizes;
  Evaluated out = Interpreter(graph_, options).evaluate(f, inputs);
  if (!out.ok()) return std::nullopt;
  Vector v;
  for (int64_t i = 0; i < out.results[0].size(); ++i)
    v.push_back(out.results[0].number(i));
  return v;
}

std::optional<Vector> ProxLaws::point(const Vector& y, double s) const {
  return evaluate(operators_.point, y, s);
}

double ProxLaws::value(const Vector& z) const {
  if (!operators_.value) return std::nan("");
  std::optional<Vector> v = evaluate(*operators_.value, z, 1);
  return v ? (*v)[0] : std::nan("");
}

Laws ProxLaws::prox(bool convex, uint64_t seed) const {
  Laws laws;
  Points points(seed);
  for (int k = 0; k < kPoints; ++k) {
    const double spread = kSpreads[k % 3], s = kSteps[(k / 3) % 3];
    const Vector y = points.next(size(), spread), v = points.next(size(), spread);
    const std::optional<Vector> z = point(y, s), other = point(v, s);
    if (!z || !other || !finite(*z) || !finite(*other)) {
      laws.broken =
          fmt::format("it has no finite value at y = [{:.6g}], s = {:g}", fmt::join(y, ", "), s);
      return laws;
    }
    ++laws.points;
    const double h = value(*z), distance = dot(minus(*z, y), minus(*z, y)) / (2 * s);
    if (!std::isfinite(h)) {
      laws.broken = fmt::format("at y = [{:.6g}], s = {:g} it gives a point where the function is "
                                "not finite",
                                fmt::join(y, ", "), s);
      return laws;
    }
    // No point is better: not one nearby, not one far off, not where another one is taken.
    for (int j = 0; j < 7; ++j) {
      Vector w = j == 0 ? *other : points.next(size(), j < 4 ? spread : 0.03 * spread);
      if (j >= 4)
        for (size_t i = 0; i < w.size(); ++i)
          w[i] += (*z)[i];
      const double there = value(w);
      if (!std::isfinite(there)) continue;
      const double apart = dot(minus(w, y), minus(w, y)) / (2 * s);
      // Of a convex h the sum bends upward by 1/s at least.
      const Vector change = minus(w, *z);
      const double gain = convex ? dot(change, change) / (2 * s) : 0;
      const double scale = 1 + std::abs(h) + std::abs(there) + distance + apart;
      if (h + distance + gain <= there + apart + kTolerance * scale) continue;
      laws.broken = fmt::format(
          "it is not the minimum: at y = [{:.6g}], s = {:g} it gives h(z) + ‖z - y‖²/(2s) = "
          "{:.9g}{}, and another point has {:.9g}",
          fmt::join(y, ", "), s, h + distance,
          convex ? fmt::format(", with the {:.3g} that a convex h rises on the way {:.9g}", gain,
                               h + distance + gain)
                 : "",
          there + apart);
      return laws;
    }
    const Vector moved = minus(*z, *other);
    const double left = dot(moved, moved), right = dot(moved, minus(y, v));
    if (left > right + kTolerance * (1 + left)) {
      laws.firm = false;
      if (!convex) continue;
      laws.broken = fmt::format("it is not firmly non-expansive: ‖z - z'‖² = {:.9g}, "
                                "⟨z - z', y - y'⟩ = {:.9g}",
                                left, right);
      return laws;
    }
  }
  return laws;
}

Laws ProxLaws::projection(uint64_t seed) const {
  Laws laws;
  Points points(seed);
  for (int k = 0; k < kPoints; ++k) {
    const double spread = kSpreads[k % 3];
    const Vector y = points.next(size(), spread), v = points.next(size(), spread);
    const std::optional<Vector> z = point(y, 1), other = point(v, 1),
                                again = z ? point(*z, 1) : std::nullopt;
    if (!z || !other || !again || !finite(*z) || !finite(*other)) {
      laws.broken = fmt::format("it has no finite value at y = [{:.6g}]", fmt::join(y, ", "));
      return laws;
    }
    ++laws.points;
    const double size = 1 + std::sqrt(dot(*z, *z)) + std::sqrt(dot(y, y));
    if (const double outside = value(*z); outside > kTolerance * size) {
      laws.broken = fmt::format("at y = [{:.6g}] it gives a point that is outside by {:.3g}",
                                fmt::join(y, ", "), outside);
      return laws;
    }
    const Vector twice = minus(*again, *z);
    if (std::sqrt(dot(twice, twice)) > kTolerance * size) {
      laws.broken =
          fmt::format("at y = [{:.6g}] its point is projected to another one", fmt::join(y, ", "));
      return laws;
    }
    // No point of the set is nearer: not one that it gives elsewhere, nor, where the formula of the
    // set tells them, one on the way to y or any other.
    std::vector<Vector> members{*other};
    for (double share : {1.0, 0.5, 0.1, 0.01}) {
      Vector w = *z;
      for (size_t i = 0; i < w.size(); ++i)
        w[i] += share * (y[i] - w[i]);
      members.push_back(std::move(w));
    }
    members.push_back(points.next(this->size(), spread));
    const double own = dot(minus(*z, y), minus(*z, y));
    for (size_t j = 0; j < members.size(); ++j) {
      if (j > 0 && !(value(members[j]) <= 0)) continue;
      const double theirs = dot(minus(members[j], y), minus(members[j], y));
      if (own <= theirs + kTolerance * size * size) continue;
      laws.broken =
          fmt::format("at y = [{:.6g}] it gives a point at {:.9g}, and the set has one at "
                      "{:.9g}",
                      fmt::join(y, ", "), std::sqrt(own), std::sqrt(theirs));
      return laws;
    }
    const Vector moved = minus(*z, *other);
    laws.firm = laws.firm &&
                dot(moved, moved) <= dot(moved, minus(y, v)) + kTolerance * (1 + dot(moved, moved));
  }
  return laws;
}

} // namespace thalweg::driver
