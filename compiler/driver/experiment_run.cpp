// From an experiment's declaration to racers at their start (see experiment_run.h).
#include "driver/experiment_run.h"

#include "driver/demands.h"

#include "diag/suggest.h"
#include "driver/problem_choice.h"
#include "driver/ranges.h"
#include "driver/rate_curve.h"

#include <fmt/format.h>

namespace thalweg::driver {

constexpr int64_t kLookedAt = 1000; // steps of schedules, where the experiment says no number

// Names in record lines that no racer has.
static void report_unknown(Front& front, const std::vector<irgen::RecordItem>& items, size_t racers,
                           const std::vector<std::vector<irgen::UnknownName>>& unknown) {
  for (size_t item = 0; item <= items.size(); ++item) {
    size_t lacking = 0;
    const irgen::UnknownName* first = nullptr;
    for (const auto& list : unknown)
      for (const irgen::UnknownName& name : list)
        if (name.item == item) {
          ++lacking;
          if (!first) first = &name;
        }
    if (!first || lacking < racers) continue;
    Diagnostic& d =
        front.diags.report(DiagKind::unknown_name, first->span,
                           fmt::format("nothing in this experiment is named '{}'", first->name));
    if (auto near = suggest(first->name, first->known))
      d.help(fmt::format("did you mean '{}'?", *near));
    else
      d.note(fmt::format("to be had: {}", fmt::join(first->known, ", ")));
  }
}

// Everything before data and code.
static std::unique_ptr<ExperimentRun> elaborate(Front& front, const ast::Decl& decl,
                                                const CommonOptions& options,
                                                const Adjust& adjust = {}) {
  auto run = std::make_unique<ExperimentRun>();
  irgen::Unit unit = front.unit(run->graph, DType::f64);
  auto experiment = irgen::elaborate_experiment(unit, decl);
  if (!experiment) return nullptr;
  auto settings = read_settings(front, unit, options.sets);
  if (!settings || !apply_settings(front, *settings, *experiment)) return nullptr;
  if (adjust && !adjust(*experiment)) return nullptr;
  auto precision = chosen_precision(front, options.precision, experiment->precision);
  if (!precision) return nullptr;
  run->precision = *precision;
  unit.precision = *precision;
  auto problem = irgen::elaborate_problem(unit, *experiment->problem);
  if (!problem) return nullptr;
  if (problem->has_constraints) {
    // No method that is compiled yet reads them, and none may ignore them.
    front.diags.report(DiagKind::not_lowered, problem->constraints_span,
                       "constraints in a run are not compiled yet");
    return nullptr;
  }
  run->experiment = std::move(*experiment);
  run->problem = std::move(*problem);
  run->pipeline = std::make_unique<Pipeline>(run->graph, front.diags, options.pipeline);
  run->objective = std::make_unique<Objective>(front, *run->pipeline, run->problem,
                                               run->experiment.problem_hypers, *precision);
  return run;
}

static std::vector<std::string> racer_names(const irgen::ExperimentUnit& experiment) {
  std::vector<std::string> names;
  for (const irgen::Racer& racer : experiment.racers)
    names.push_back(racer.name);
  return names;
}

std::unique_ptr<ExperimentRun> prepare_experiment(Front& front, const ast::Decl& decl,
                                                  const CommonOptions& options, std::string* dumps,
                                                  const Adjust& adjust) {
  std::unique_ptr<ExperimentRun> run = elaborate(front, decl, options, adjust);
  if (!run) return nullptr;
  irgen::Unit unit = front.unit(run->graph, run->precision);
  auto data = load_data(front, run->experiment, run->problem, run->precision);
  bool compiled = run->objective->compile();
  std::vector<std::string> names = racer_names(run->experiment);
  std::vector<std::vector<irgen::UnknownName>> unknown(names.size());
  std::vector<irgen::RecordUnit> records;
  for (size_t k = 0; k < names.size(); ++k) {
    const irgen::Racer& racer = run->experiment.racers[k];
    auto racer_run = std::make_unique<RacerRun>(front, *run->pipeline, *run->objective, run->data,
                                                racer.name, run->experiment.seed);
    if (!racer_run->prepare_rule(unit, racer.chain)) {
      compiled = false;
      continue;
    }
    auto record = irgen::elaborate_records(
        unit, run->problem, racer_run->units(), racer.name, names, run->experiment.holdout > 0,
        run->experiment.records, run->experiment.until, unknown[k]);
    compiled = record && racer_run->prepare_records(std::move(*record)) && compiled;
    run->racers.push_back(std::move(racer_run));
  }
  report_unknown(front, run->experiment.records, names.size(), unknown);
  if (dumps) *dumps = run->pipeline->dumps();
  if (!data || !compiled || front.diags.has_errors()) return nullptr;
  run->data = std::move(*data);
  if (run->experiment.batch && !run->data.batched.empty() &&
      *run->experiment.batch > run->data.training_rows) {
    front.diags.report(DiagKind::bad_experiment, run->experiment.batch_span,
                       fmt::format("a batch of {} is more than the {} rows to train on",
                                   *run->experiment.batch, run->data.training_rows));
    return nullptr;
  }
  if (!run->objective->bind_sizes(run->data.sizes, run->data.batch_dimension)) return nullptr;
  size_t bytes = static_cast<size_t>(run->objective->total()) * run->objective->element_bytes();
  auto no_memory = [&](const std::string& who) {
    front.diags.report(
        DiagKind::run_failed, {},
        fmt::format("{}: the memory for {} parameters can't be had", who, run->objective->total()));
    return nullptr;
  };
  if (!run->initial_point.get(bytes)) return no_memory(run->experiment.name);
  if (!run->objective->initialize(run->initial_point.data(), run->experiment.seed)) return nullptr;
  for (auto& racer : run->racers)
    if (!racer->start(run->initial_point.data())) {
      if (!front.diags.has_errors()) return no_memory(racer->name());
      return nullptr;
    }
  return run;
}

runtime::Result<std::optional<runtime::BatchSource>> batches_of(const ExperimentRun& run) {
  namespace rt = thalweg::runtime;
  if (run.data.batched.empty()) return std::optional<rt::BatchSource>();
  const irgen::ExperimentUnit& x = run.experiment;
  rt::Order order = x.order == "sequential"    ? rt::Order::sequential
                    : x.order == "replacement" ? rt::Order::replacement
                                               : rt::Order::shuffled;
  rt::Result<rt::BatchPlan> plan =
      rt::BatchPlan::make(run.data.training_rows, x.batch, order, x.seed);
  if (!plan) return plan.error();
  std::vector<std::shared_ptr<rt::Tensor>> tensors;
  for (size_t k : run.data.batched)
    tensors.push_back(run.data.training[k]);
  rt::Result<rt::BatchSource> source = rt::BatchSource::make(std::move(tensors), std::move(*plan));
  if (!source) return source.error();
  return std::optional<rt::BatchSource>(std::move(*source));
}

bool check_experiment(Front& front, const ast::Decl& decl, const CommonOptions& options) {
  size_t errors = front.diags.error_count();
  std::unique_ptr<ExperimentRun> run = elaborate(front, decl, options);
  if (!run) return false;
  irgen::Unit unit = front.unit(run->graph, run->precision);
  std::vector<std::string> names = racer_names(run->experiment);
  std::vector<std::vector<irgen::UnknownName>> unknown(names.size());
  ranges_hold(front, run->graph, run->problem, run->experiment.problem_hypers);
  for (size_t k = 0; k < names.size(); ++k) {
    const irgen::Chain& chain = run->experiment.racers[k].chain;
    auto plan = irgen::elaborate_variants(unit, chain, irgen::subjects_of(run->problem));
    if (!plan) continue;
    std::vector<const irgen::RuleUnit*> units;
    for (const irgen::RuleVariant& variant : plan->rules) {
      residuals_offered(front, run->graph, run->problem, variant.rule);
      units.push_back(&variant.rule);
    }
    bool in_range = true;
    for (const irgen::RuleUnit* rule : units)
      in_range = ranges_hold(front, run->graph, names[k], *rule) && in_range;
    RateView view;
    view.steps = run->experiment.steps.value_or(kLookedAt);
    view.batch = static_cast<double>(run->experiment.batch.value_or(1));
    if (in_range) warn_of_rates(front, run->graph, names[k], *plan, view);
    irgen::elaborate_records(unit, run->problem, units, names[k], names,
                             run->experiment.holdout > 0, run->experiment.records,
                             run->experiment.until, unknown[k]);
  }
  report_unknown(front, run->experiment.records, names.size(), unknown);
  return front.diags.error_count() == errors;
}

} // namespace thalweg::driver
