// `thalweg run`: every racer of an experiment, one after another, then the table and the curves.
#include "driver/experiment_run.h"
#include "driver/front_dump.h"

#include "loop/interrupt.h"
#include "loop/run_loop.h"
#include "record/summary.h"
#include "terminal/plot.h"
#include "terminal/progress.h"
#include "terminal/table.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

class ExperimentRunner {
public:
  ExperimentRunner(Front& front, ExperimentRun& run, const RunOptions& options)
      : front_(front), run_(run), options_(options), err_(rt::detect_terminal(2, options.ascii)),
        out_(rt::detect_terminal(1, options.ascii)) {}

  int execute(const std::string& folder_name) {
    std::optional<rt::OutputFolder> folder;
    std::optional<rt::LogFile> log;
    if (!folder_name.empty()) {
      rt::Result<rt::OutputFolder> opened = rt::OutputFolder::open(folder_name, options_.force);
      if (!opened) return fail(opened.error());
      folder.emplace(std::move(*opened));
      rt::Result<rt::LogFile> created = folder->create_log();
      if (!created) return fail(created.error());
      log.emplace(std::move(*created));
    }
    rt::ExperimentSummary summary;
    summary.experiment = run_.experiment.name;
    std::vector<rt::Curve> curves;
    int code = kExitOk;
    for (auto& racer : run_.racers) {
      if (rt::interrupted()) break;
      code = std::max(code, race(*racer, log ? &*log : nullptr, summary, curves));
    }
    if (log)
      if (rt::Outcome closed = log->close(); !closed) return fail(closed.error());
    if (folder)
      if (rt::Outcome written = folder->write_summary(summary); !written)
        return fail(written.error());
    if (options_.common.json)
      json_ = rt::summary_json(summary);
    else
      show(summary, curves);
    return rt::interrupted() ? kExitInterrupted : code;
  }

private:
  int fail(const rt::DataError& error) {
    Diagnostic& d = front_.diags.report(DiagKind::bad_output, {}, error.message());
    if (!error.help.empty()) d.help(error.help);
    return kExitProgram;
  }

  void print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      output_lost_ = true;
  }

  int race(RacerRun& racer, rt::LogFile* log, rt::ExperimentSummary& summary,
           std::vector<rt::Curve>& curves) {
    const irgen::ExperimentUnit& x = run_.experiment;
    rt::Result<std::optional<rt::BatchSource>> drawn = batches_of(run_);
    if (!drawn) return fail(drawn.error());
    std::optional<rt::BatchSource>& batches = *drawn;
    std::vector<std::string> columns;
    for (const irgen::RecordItem& item : x.records)
      columns.push_back(item.name);
    rt::Recorder recorder(racer.name(), columns, log);
    rt::LoopOptions loop;
    loop.steps = x.steps;
    loop.epochs = x.epochs;
    loop.until = x.until != nullptr;
    loop.record_every = x.every > 0 ? x.every : default_interval();
    rt::Progress progress(racer.name(), err_, [](const std::string& text) {
      std::fputs(text.c_str(), stderr);
      std::fflush(stderr);
    });
    rt::LoopHooks hooks;
    hooks.interrupted = [] { return rt::interrupted(); };
    bool show_progress = !options_.quiet && !(options_.common.json && !err_.is_terminal);
    if (show_progress)
      hooks.progress = [&](const rt::ProgressState& state) { progress.update(state); };
    rt::LoopOutcome outcome =
        rt::run_loop(racer, batches ? &*batches : nullptr, loop, recorder, hooks);
    if (show_progress) progress.finish({outcome.steps, x.steps, outcome.loss, outcome.seconds});
    if (outcome.record_error) return fail(*outcome.record_error);
    summary.runs.push_back(run_summary(racer, outcome));
    // The curve is the recorded loss, or whatever is recorded first.
    if (!columns.empty() && outcome.steps > 0) {
      std::string column =
          std::find(columns.begin(), columns.end(), "loss") != columns.end() ? "loss" : columns[0];
      curves.push_back({racer.name(), recorder.series(column)});
      curve_name_ = column;
    }
    bool bad = outcome.stopped_by == rt::StoppedBy::not_finite ||
               outcome.stopped_by == rt::StoppedBy::failed;
    if (bad) {
      Diagnostic& said = front_.diags.report(DiagKind::run_failed, racer.fault_place(),
                                             fmt::format("{}: {}", racer.name(), outcome.message));
      if (!racer.fault_help().empty()) said.help(racer.fault_help());
    }
    return bad ? kExitProgram : kExitOk;
  }

  int64_t default_interval() const {
    int64_t steps = run_.experiment.steps.value_or(1000);
    return std::max<int64_t>(1, steps / 100);
  }

  rt::RunSummary run_summary(RacerRun& racer, const rt::LoopOutcome& outcome) {
    rt::RunSummary s;
    s.name = racer.name();
    s.steps = outcome.steps;
    s.epochs = outcome.epochs;
    s.stopped_by = rt::stopped_by_name(outcome.stopped_by);
    s.message = outcome.message;
    s.seconds = outcome.seconds;
    seconds_ += outcome.seconds;
    s.loss = racer.final_loss();
    std::vector<double> metrics = racer.metrics();
    for (size_t k = 0; k < metrics.size(); ++k)
      s.metrics.emplace_back(run_.problem.metrics[k], metrics[k]);
    s.evaluations = racer.evaluations();
    for (const auto& [name, value] : racer.reports())
      s.reports.emplace_back(name, value);
    for (const Objective::Piece& piece : run_.objective->pieces()) {
      rt::Scalar scalar = run_.precision == DType::f32 ? rt::Scalar::f32 : rt::Scalar::f64;
      rt::Result<rt::Tensor> tensor = rt::Tensor::make(scalar, piece.shape);
      if (!tensor) continue;
      std::memcpy(tensor->data(),
                  static_cast<const char*>(racer.result()) +
                      static_cast<size_t>(piece.offset) * run_.objective->element_bytes(),
                  tensor->bytes());
      s.params.push_back({piece.name, std::make_shared<rt::Tensor>(std::move(*tensor))});
    }
    return s;
  }

  void show(const rt::ExperimentSummary& summary, const std::vector<rt::Curve>& curves) {
    std::string text = fmt::format("{}{}\n\n", run_.experiment.name, where());
    text += rt::format_table(rt::summary_table(summary), out_);
    for (const rt::RunSummary& run : summary.runs)
      if (run.stopped_by == rt::stopped_by_name(rt::StoppedBy::done))
        text += fmt::format("\n{}: {}\n", run.name, run.message);
    rt::PlotOptions plot;
    plot.terminal = out_;
    plot.title = curve_name_;
    std::string picture = rt::plot_curves(curves, plot);
    if (!picture.empty()) text += "\n" + picture;
    print(text);
  }
  std::string where() const {
    if (run_.data.training_rows == 0) return "";
    if (run_.data.validation_rows == 0) return fmt::format(": {} rows", run_.data.training_rows);
    return fmt::format(": {} rows to train, {} held out; metrics on the held-out rows",
                       run_.data.training_rows, run_.data.validation_rows);
  }

  Front& front_;
  ExperimentRun& run_;
  const RunOptions& options_;
  rt::Terminal err_, out_;
  std::string curve_name_;

public:
  bool output_lost_ = false;
  double seconds_ = 0; // of all runs
  rt::Json json_;
};

} // namespace

void print_times(const Pipeline& pipeline, double front_seconds) {
  double total = front_seconds;
  std::string text = fmt::format("{:<16} {:>9.3f} ms\n", "parse, resolve", front_seconds * 1e3);
  for (const PassTime& time : pipeline.times()) {
    text += fmt::format("{:<16} {:>9.3f} ms\n", time.name, time.seconds * 1e3);
    total += time.seconds;
  }
  text += fmt::format("{:<16} {:>9.3f} ms, {} compilation{}\n", "all", total * 1e3,
                      pipeline.compilations(), pipeline.compilations() == 1 ? "" : "s");
  std::fputs(text.c_str(), stderr);
}

int run_command(const RunOptions& options) {
  Front front(options.common.library);
  auto start = std::chrono::steady_clock::now();
  if (!front.load(options.common.file)) return front.report();
  double front_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<const ast::Decl*> experiments;
  if (options.experiment.empty()) {
    for (const ast::Decl* decl : front.program.own)
      if (decl->as<ast::ExperimentDecl>()) experiments.push_back(decl);
    if (experiments.empty() && !front.diags.has_errors())
      front.diags
          .report(DiagKind::no_such_item, {},
                  fmt::format("{} declares no experiment, so there is nothing to run", front.path))
          .help("'thalweg check' looks at the rest; 'thalweg eval' evaluates a problem");
  } else if (const ast::Decl* decl =
                 front.pick<ast::ExperimentDecl>(options.experiment, "experiment")) {
    experiments.push_back(decl);
  }
  if (front.diags.has_errors() || dump_front(front, options.common)) return front.report();
  rt::InterruptGuard guard;
  int code = kExitOk;
  bool lost = false; // of what goes to standard output
  std::vector<rt::Json> summaries;
  for (const ast::Decl* decl : experiments) {
    std::string dumps;
    std::unique_ptr<ExperimentRun> run = prepare_experiment(front, *decl, options.common, &dumps);
    std::fputs(dumps.c_str(), stdout);
    if (front.diags.has_errors()) code = kExitProgram;
    if (!run) continue;
    if (options.common.time_passes) print_times(*run->pipeline, front_seconds);
    // A dump is printed instead of running.
    if (options.common.pipeline.any()) continue;
    ExperimentRunner runner(front, *run, options);
    std::string folder = options.out.empty() || experiments.size() == 1
                             ? options.out
                             : options.out + "/" + run->experiment.name;
    code = std::max(code, runner.execute(folder));
    if (options.common.pipeline.profile)
      print_profile(*run->pipeline, front.sources, runner.seconds_);
    summaries.push_back(std::move(runner.json_));
    lost = lost || runner.output_lost_;
    if (rt::interrupted()) break;
  }
  // One experiment is an object, several are a list.
  if (options.common.json && !summaries.empty()) {
    std::string text =
        rt::print_json_pretty(summaries.size() == 1 ? summaries[0] : rt::Json(summaries));
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      lost = true;
  }
  if (lost) {
    code = kExitProgram;
    front.diags.report(DiagKind::bad_output, {},
                       "what stood here can't be written to standard output");
  }
  front.report();
  return code;
}

} // namespace thalweg::driver
