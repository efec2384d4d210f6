// What an experiment records and stops on, as one function of what a run knows at the start of a
// step.
#pragma once

#include "irgen/experiment.h"

namespace thalweg::irgen {

// Where an input of the record function comes from.
struct RecordInput {
  enum class Source : uint8_t {
    loss,
    step,
    time,
    epoch, // f64 scalars
    gradient,
    update, // all parameters end to end, [parameters] in the run's precision
    parameter,
    metric,
    hyper,
    report,
    part_loss,
    part_metric, // on a whole part of the data: name is "train." or "validation." + the metric
  };
  Source source;
  std::string name;
};

struct RecordUnit {
  Function function; // parameters follow `inputs`; one f64 result per item that is present
  std::vector<RecordInput> inputs;
  std::vector<bool> present; // by item: false where this racer lacks a name; no result then
  bool has_until = false;    // the last result is the stop condition (boolean)
};

// `items`, and `until` if not null, for one racer. Names that this racer lacks leave the item blank
// and are collected with their place in `unknown`: an error if no racer has them.
struct UnknownName {
  size_t item;
  Span span;
  std::string name;
  std::vector<std::string> known;
};
std::optional<RecordUnit>
elaborate_records(const Unit& unit, const ProblemUnit& problem,
                  const std::vector<const RuleUnit*>& rules, const std::string& racer,
                  const std::vector<std::string>& racers, bool has_validation,
                  const std::vector<RecordItem>& items, const ast::Expr* until,
                  std::vector<UnknownName>& unknown);

} // namespace thalweg::irgen
