// Curvatures, signs and bounds put together (see facts.h).
#include "convex/facts.h"

#include <fmt/format.h>

namespace thalweg::convex {

std::string_view name_of(Curvature curvature) {
  switch (curvature) {
  case Curvature::constant: return "constant";
  case Curvature::affine: return "affine";
  case Curvature::convex: return "convex";
  case Curvature::concave: return "concave";
  case Curvature::unknown: break;
  }
  return "unknown";
}

Curvature turned(Curvature curvature) {
  if (curvature == Curvature::convex) return Curvature::concave;
  if (curvature == Curvature::concave) return Curvature::convex;
  return curvature;
}

Sign turned(Sign sign) {
  if (sign == Sign::plus) return Sign::minus;
  if (sign == Sign::minus) return Sign::plus;
  return sign;
}

Curvature sum_of(Curvature a, Curvature b) {
  if (a == Curvature::constant) return b;
  if (b == Curvature::constant || a == b) return a;
  if (a == Curvature::affine) return b;
  if (b == Curvature::affine) return a;
  return Curvature::unknown;
}

Sign sum_of(Sign a, Sign b) {
  if (a == Sign::zero) return b;
  return b == Sign::zero || a == b ? a : Sign::unknown;
}

Sign product_of(Sign a, Sign b) {
  if (a == Sign::zero || b == Sign::zero) return Sign::zero;
  if (a == Sign::unknown || b == Sign::unknown) return Sign::unknown;
  return a == b ? Sign::plus : Sign::minus;
}

// ── bounds ───────────────────────────────────────────────────────────────────────────────────────

Bound Bound::number(double value) { return {value, fmt::format("{:g}", value)}; }

static bool is_one(const Bound& b) { return b.text == "1"; }
// As a factor.
static std::string factor(const Bound& b) {
  return b.text.find(" + ") == b.text.npos ? b.text : "(" + b.text + ")";
}

Bound operator*(const Bound& a, const Bound& b) {
  if (is_one(a) || b.is_zero()) return b;
  if (is_one(b) || a.is_zero()) return a;
  Bound out{std::nullopt, factor(a) + "·" + factor(b)};
  if (a.value && b.value) out.value = *a.value * *b.value;
  return out;
}

Bound operator/(const Bound& a, const Bound& b) {
  if (is_one(b) || a.is_zero()) return a;
  const bool simple = b.text.find_first_of(" */") == b.text.npos && b.text.find("·") == b.text.npos;
  Bound out{std::nullopt, factor(a) + "/" + (simple ? b.text : "(" + b.text + ")")};
  if (a.value && b.value) out.value = *a.value / *b.value;
  return out;
}

Bound operator+(const Bound& a, const Bound& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  Bound out{std::nullopt, a.text + " + " + b.text};
  if (a.value && b.value) out.value = *a.value + *b.value;
  return out;
}

Bound squared(const Bound& a) {
  if (is_one(a)) return a;
  const bool simple = a.text.find(" ") == a.text.npos && a.text.find("·") == a.text.npos &&
                      a.text.find("/") == a.text.npos;
  Bound out{std::nullopt, simple ? a.text + "²" : "(" + a.text + ")²"};
  if (a.text.starts_with("√") && simple) out.text = a.text.substr(std::string_view("√").size());
  if (a.value) out.value = *a.value * *a.value;
  return out;
}

Facts together(const Facts& x, const Facts& y) {
  Facts f;
  f.curvature = sum_of(x.curvature, y.curvature);
  f.smooth = x.smooth && y.smooth;
  f.bounded = x.bounded && y.bounded;
  f.gain = x.gain;
  for (const auto& [param, gain] : y.gain) {
    auto [at, fresh] = f.gain.emplace(param, gain);
    if (!fresh) at->second = at->second + gain;
  }
  if (x.bend && y.bend) f.bend = *x.bend + *y.bend;
  return f;
}

} // namespace thalweg::convex
