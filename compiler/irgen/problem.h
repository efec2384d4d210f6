// A problem as functions of the graph: objective with metrics, and initial values of its params.
#pragma once

#include "irgen/elaborator.h"

namespace thalweg::irgen {

struct ProblemUnit {
  struct Hyper {
    std::string name;
    bool is_size = false; // names a size: bound as a dimension, not passed as a number
    const ast::Expr* fallback = nullptr;
    Span span;
  };
  struct Parameter {
    std::string name, role;
    Type type;
    Span span;
  };
  struct Data {
    std::string name;
    Type type;
    bool is_class = false;
    Dim classes;
    Span span;
  };
  const ast::ProblemDecl* decl = nullptr;
  std::vector<Hyper> hypers;
  std::vector<Parameter> parameters;
  std::vector<Data> data;
  std::vector<std::string> metrics;
  bool maximize = false;
  bool has_constraints = false;
  Span constraints_span;
  // Parameters: the hypers that are numbers (f64), then the params, then the data.
  // objective: results "loss" (negated if `maximize`), then the metrics.
  Function objective;
  // initial: parameters are the numeric hypers and the seed (i64); one result per param.
  Function initial;
  std::map<uint32_t, std::string> names; // values that `let` lines named
  std::vector<convex::CallNote> notes;   // calls of functions that declare something
  std::vector<Elaborator::Noted> noted;  // what they call
  // `element in Set(arguments)`, of the constraints.
  struct Membership {
    const ast::SetDecl* set;
    std::vector<Value> arguments;
    ValueId element;
    Span span;
  };
  std::vector<Membership> memberships;
  size_t first_parameter() const; // index in objective.parameters
};

// Nothing if the problem has errors, which were reported.
std::optional<ProblemUnit> elaborate_problem(const Unit& unit, const ast::Decl& decl);

} // namespace thalweg::irgen
