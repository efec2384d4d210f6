// The run loop around a prepared experiment, without output (see experiment_runner.h).
#include "driver_units/experiment_runner.h"

#include "diag/render.h"
#include "support/check.h"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace thalweg::test {

namespace rt = thalweg::runtime;

std::string source_file(const std::string& path) {
  std::ifstream file(std::string(THALWEG_SOURCE_DIR) + "/" + path);
  TW_CHECK(file, "{}", path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string experiment_text(const std::string& problem, const std::string& use,
                            const std::string& end) {
  return fmt::format(
      "\nexperiment e {{\n  minimize {}()\n  using {}\n  {}\n  record loss every 1000\n}}\n",
      problem, use, end);
}

ExperimentProgram::ExperimentProgram(const std::string& path, const driver::CommonOptions& options,
                                     const std::string& text)
    : front_(std::string(THALWEG_SOURCE_DIR) + "/stdlib") {
  const std::string full = std::string(THALWEG_SOURCE_DIR) + "/" + path;
  if (text.empty()) {
    TW_CHECK(front_.load(full), "{}", full);
  } else {
    front_.path = full;
    sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
    front_.program = sema::analyze(compilation, front_.sources.add(full, text));
  }
  const ast::Decl* decl = front_.pick<ast::ExperimentDecl>("", "experiment");
  if (decl && !front_.diags.has_errors()) run_ = prepare_experiment(front_, *decl, options);
  TW_CHECK(run_, "{}", render_all(front_.diags, front_.sources));
}

RunResult ExperimentProgram::run(size_t racer) {
  driver::RacerRun& stepper = *run_->racers.at(racer);
  const irgen::ExperimentUnit& x = run_->experiment;
  TW_CHECK(stepper.start(run_->initial_point.data()), "start");
  std::optional<rt::BatchSource> batches;
  if (!run_->data.batched.empty()) {
    TW_CHECK(x.order == "shuffled", "tests run shuffled batches");
    rt::Result<rt::BatchPlan> plan =
        rt::BatchPlan::make(run_->data.training_rows, x.batch, rt::Order::shuffled, x.seed);
    TW_CHECK(plan, "batches");
    std::vector<std::shared_ptr<rt::Tensor>> tensors;
    for (size_t k : run_->data.batched)
      tensors.push_back(run_->data.training[k]);
    rt::Result<rt::BatchSource> source =
        rt::BatchSource::make(std::move(tensors), std::move(*plan));
    TW_CHECK(source, "batches");
    batches.emplace(std::move(*source));
  }
  std::vector<std::string> columns;
  for (const irgen::RecordItem& item : x.records)
    columns.push_back(item.name);
  rt::Recorder recorder(stepper.name(), columns);
  rt::LoopOptions loop;
  loop.steps = x.steps;
  loop.epochs = x.epochs;
  loop.until = x.until != nullptr;
  loop.record_every = x.every;
  RunResult result;
  result.outcome = rt::run_loop(stepper, batches ? &*batches : nullptr, loop, recorder, {});
  result.rows = recorder.rows();
  const driver::Objective& objective = *run_->objective;
  size_t count = static_cast<size_t>(objective.total());
  result.bits.resize(count * objective.element_bytes());
  std::memcpy(result.bits.data(), stepper.point(), result.bits.size());
  for (size_t k = 0; k < count; ++k)
    result.params.push_back(objective.precision() == DType::f32
                                ? static_cast<const float*>(stepper.point())[k]
                                : static_cast<const double*>(stepper.point())[k]);
  return result;
}

RunResult run_experiment(const std::string& path, const driver::CommonOptions& options,
                         const std::string& text) {
  return ExperimentProgram(path, options, text).run();
}

} // namespace thalweg::test
