// An experiment as plain data: what to minimize, on what, with what, until when, what to record.
#pragma once

#include "irgen/given.h"
#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::irgen {

struct Racer {
  std::string name;
  Chain chain;
  Span span;
};

struct RecordItem {
  std::string name;
  const ast::Expr* value;
};

struct ExperimentUnit {
  std::string name;
  const ast::ExperimentDecl* decl = nullptr;
  const ast::Decl* problem = nullptr;
  std::vector<std::pair<std::string, double>> problem_hypers; // a value for each hyperparameter
  std::vector<DataSource> sources;
  std::vector<Racer> racers;
  double holdout = 0;
  std::optional<int64_t> batch;
  std::string batch_dimension;
  Span batch_span, holdout_span; // of the clauses; invalid without them
  std::string order = "shuffled";
  std::optional<int64_t> steps, epochs;
  const ast::Expr* until = nullptr;
  std::vector<RecordItem> records;
  int64_t every = 0; // 0: a default interval
  uint64_t seed = 0;
  std::string precision = "f64";
};

std::optional<ExperimentUnit> elaborate_experiment(const Unit& unit, const ast::Decl& decl);
// Values of a problem's hyperparameters in a call such as `Lasso(lambda = 0.1)`, or its defaults.
std::optional<std::vector<std::pair<std::string, double>>>
problem_values(const Unit& unit, const ast::ProblemDecl& decl, const ast::Call* call);

} // namespace thalweg::irgen
