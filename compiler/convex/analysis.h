// Curvature, sign, smoothness and bounds of values by composition rules, from the graph as it was
// written (not simplified) and what declarations say of the functions called.
//
// The rules are those of disciplined convex programming, with forms that these miss: sums of
// exponentials under log, sums of squares under √, quadratic forms. What no rule covers is unknown.
#pragma once

#include "convex/facts.h"
#include "convex/notes.h"
#include "ir/builder.h"
#include "ir/tensor.h"

#include <functional>
#include <span>
#include <unordered_map>

namespace thalweg::convex {

struct Question {
  const Graph& graph;
  int64_t first = 0, end = 0; // the params among the arguments of the function
  std::span<const CallNote> notes;
  // The value of what is free of params, where all in it is at hand; else nothing.
  std::function<std::optional<Tensor>(ValueId)> known;
  std::function<std::string(ValueId)> text;               // as a formula, for bounds and reasons
  std::function<std::optional<int64_t>(const Dim&)> size; // where it is known
};

class Analysis {
public:
  explicit Analysis(Question question);
  // Of a value and all that it is made of.
  const Facts& of(ValueId value);
  bool is_free(ValueId value) { return of(value).curvature == Curvature::constant; }
  const CallNote* note(ValueId value) const;
  const Question& question() const { return q_; }
  std::optional<double> number(ValueId free); // of one number, or of one that fills a shape
  // Where a rule asks for the sign of a value that has no params, its elements are looked at.
  Sign sign_of(ValueId value);

private:
  Facts facts(ValueId value);
  Facts free_facts(ValueId value);
  Facts operation(ValueId value);
  // compose.cpp
  Facts atom(ValueId value);
  Facts power(ValueId value, ValueId base, double exponent);
  Facts product(ValueId value, ValueId a, ValueId b);
  Facts quotient(ValueId value, ValueId a, ValueId b);
  Facts sum(ValueId value, ValueId a, ValueId b, bool negative);
  Facts extreme(ValueId value, ValueId a, ValueId b, bool largest);
  Facts chosen(ValueId value);
  Facts declared(const CallNote& note, Facts body);
  struct Form {
    std::string name;
    Curvature whole = Curvature::unknown, above = Curvature::unknown, below = Curvature::unknown;
    int up = 0, down = 0;
    bool smooth = false;
    std::optional<double> bend;
  };
  // φ of an argument: curvature, smoothness, bend; the rest is left.
  Facts composed(const Form& shape, ValueId argument);
  // linear.cpp
  Facts moved(ValueId value, ValueId from, std::string reason);
  Facts spread(ValueId value);
  Facts joined(ValueId value);
  Facts folded(ValueId value);
  Facts contracted(ValueId value);
  Facts times(Facts f, Sign sign, const Bound& size, std::string_view factor);
  Bound size_of(ValueId free);                           // the largest |element|
  Bound norm_of(ValueId free);                           // √Σ squares
  Bound matrix_norm(ValueId free);                       // the largest singular value
  std::optional<Bound> reach(const Facts& affine) const; // Σ over params of gain²
  Bound count_of(const Dim& size);

  Question q_;
  std::unordered_map<uint32_t, const CallNote*> notes_; // by result
  std::map<uint32_t, Facts> done_;
};

Facts negated(Facts f);
// "convex", "affine", "a constant": as it stands in a sentence.
std::string a_value(Curvature curvature);

} // namespace thalweg::convex
