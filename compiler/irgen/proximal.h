// Proximal operators and projections that functions and sets bring, as functions of the graph, with
// what they have to agree with.
#pragma once

#include "irgen/problem.h"

namespace thalweg::irgen {

// Over the parameters of the problem's objective and two more: the point, of type `type`, and the
// step (f64; projections do not look at it).
struct Proximal {
  Type type;
  Function point;                // prox(y, s) or project(y)
  std::optional<Function> value; // h(y); of a set: by how much y is outside, where it has a formula
};

// Of a call that a problem notes; nothing if it brings no prox, or after a message.
std::optional<Proximal> proximal_of(const Unit& unit, const ProblemUnit& problem, size_t note);
// Of a set that a constraint names; nothing if it brings no projection, or after a message.
std::optional<Proximal> projection_of(const Unit& unit, const ProblemUnit& problem,
                                      size_t membership);

} // namespace thalweg::irgen
