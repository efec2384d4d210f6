// What is known of a value as a function of the params; every verdict with its reason.
//
// A verdict is a certificate: "convex" says that every element is convex wherever the value is
// finite. "Unknown" says nothing.
#pragma once

#include "ir/graph.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::convex {

enum class Curvature : uint8_t { constant, affine, convex, concave, unknown };
enum class Sign : uint8_t { zero, plus, minus, unknown }; // plus: at least 0; minus: at most 0

std::string_view name_of(Curvature curvature);
Curvature turned(Curvature curvature); // of -f
Sign turned(Sign sign);
Curvature sum_of(Curvature a, Curvature b);
Sign sum_of(Sign a, Sign b);
Sign product_of(Sign a, Sign b);
inline bool is_affine(Curvature c) { return c == Curvature::constant || c == Curvature::affine; }
inline bool is_convex(Curvature c) { return is_affine(c) || c == Curvature::convex; }
inline bool is_concave(Curvature c) { return is_affine(c) || c == Curvature::concave; }
inline bool is_plus(Sign s) { return s == Sign::plus || s == Sign::zero; }
inline bool is_minus(Sign s) { return s == Sign::minus || s == Sign::zero; }

// An upper bound as a formula, and as a number where all in it is at hand.
struct Bound {
  std::optional<double> value;
  std::string text;
  static Bound number(double value);
  bool is_zero() const { return value == 0.0; }
};
Bound operator*(const Bound& a, const Bound& b);
Bound operator/(const Bound& a, const Bound& b);
Bound operator+(const Bound& a, const Bound& b);
Bound squared(const Bound& a);

struct Facts {
  Curvature curvature = Curvature::unknown;
  Sign sign = Sign::unknown;
  bool positive = false; // bounded away from 0, above it
  bool smooth = false;   // differentiable wherever it is finite
  // A sum of functions of one element each of the params.
  bool separable = false;
  int element_of = -1; // its elements are functions of those of this param, one by one
  // exp and sums of it: log of the value is convex. Sums of squares: √ of it is.
  bool log_convex = false, root_convex = false;
  // Of an affine value, by param: a bound of the norm of its linear map. Without a bound: none.
  bool bounded = false;
  std::map<int, Bound> gain;
  // With any weights w the Hessian of Σ wᵢ vᵢ has a norm of at most max|w|·bend.
  std::optional<Bound> bend;
  std::string reason;
  std::vector<ValueId> because; // what the reason speaks of
};

// What a sum, or a choice of one, has of two: curvature, smoothness and bounds.
Facts together(const Facts& x, const Facts& y);

} // namespace thalweg::convex
