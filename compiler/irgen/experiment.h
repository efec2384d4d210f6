// An experiment as plain data: what to minimize, on what, with what, until when, what to record.
#pragma once

#include "irgen/problem.h"
#include "irgen/rule.h"

namespace thalweg::irgen {

struct DataSource {
  std::vector<std::string> names; // of the problem's data; the last is the target if one is named
  std::string path;               // as written; relative to the experiment's file
  std::optional<std::string> target;    // the column's name
  std::optional<int64_t> target_number; // or its number, from 0
  std::vector<std::string> columns;     // empty: all but the target
  std::string missing = "error";
  std::optional<bool> header;
  bool standardize = false;
  double scale = 1;
  Span span, path_span, target_span;

  bool has_target() const { return target || target_number; }
};

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
