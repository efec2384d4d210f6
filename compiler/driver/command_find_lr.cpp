// `thalweg find-lr`: the range test, a short run whose rate grows from step to step.
#include "driver/commands.h"
#include "driver/experiment_run.h"

#include "loop/interrupt.h"
#include "loop/run_loop.h"
#include "record/json_text.h"
#include "terminal/plot.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace thalweg::driver {

namespace rt = thalweg::runtime;
using irgen::Argument;

namespace {

// The rate of step t; it stands beside the program as a file of its own.
constexpr const char* kGrowth =
    "schedule growing_rate(low, high, steps) = low*(high/low)^((t - 1)/(steps - 1))\n";

class FindLr {
public:
  FindLr(Front& front, const FindLrOptions& options) : front_(front), options_(options) {}

  bool run() {
    if (!(options_.low > 0 && options_.low < options_.high && std::isfinite(options_.high)))
      return fault("the rates run from --low to --high: 0 < low < high");
    const ast::Decl* decl = front_.pick<ast::ExperimentDecl>(options_.experiment, "experiment");
    if (!decl) return false;
    std::string name = ast::name_of(*decl).name.str();
    std::filesystem::path path(options_.common.file);
    std::string text = fmt::format("use \"{}\"\n{}", path.filename().string(), kGrowth);
    front_.diags.clear(); // the file is read again, by `use`
    FileId file = front_.sources.add((path.parent_path() / "find-lr").string(), text);
    sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
    front_.program = sema::analyze(compilation, file);
    decl = front_.program.find(name);
    if (!decl || front_.diags.has_errors()) return false;
    run_ = prepare_experiment(front_, *decl, options_.common, nullptr,
                              [this](irgen::ExperimentUnit& x) { return adjust(x); });
    return run_ && race();
  }

  std::string text() const {
    std::string out = fmt::format("{}, {} of {}: {} steps from {:.3g} to {:.3g}\n\n",
                                  run_->experiment.name, options_.hyper, run_->racers[0]->name(),
                                  rates_.size(), rates_.front(), rates_.back());
    out += fmt::format("steepest fall of the loss at {:.3g}\nlowest loss at {:.3g}; a tenth of it: "
                       "{:.3g}\n",
                       rates_[steepest_], rates_[lowest_], rates_[lowest_] / 10);
    rt::Curve curve{"loss", {}};
    for (size_t k = 0; k < rates_.size(); ++k)
      curve.points.emplace_back(std::log10(rates_[k]), smooth_[k]);
    rt::PlotOptions plot;
    plot.terminal = rt::detect_terminal(1, options_.ascii);
    plot.title = "loss, smoothed";
    plot.x_label = fmt::format("log10({})", options_.hyper);
    std::string picture = rt::plot_curves({curve}, plot);
    return picture.empty() ? out : out + "\n" + picture;
  }
  std::string json() const {
    rt::Json rates = rt::Json::array(), losses = rt::Json::array(), smooth = rt::Json::array();
    for (size_t k = 0; k < rates_.size(); ++k) {
      rates.push_back(rates_[k]);
      losses.push_back(losses_[k]);
      smooth.push_back(smooth_[k]);
    }
    return rt::print_json_pretty({{"steepest", rates_[steepest_]},
                                  {"lowest", rates_[lowest_]},
                                  {"rates", rates},
                                  {"losses", losses},
                                  {"smooth", smooth}});
  }

private:
  bool fault(const std::string& text) {
    front_.diags.report(DiagKind::bad_setting, {}, text);
    return false;
  }

  // One racer, its rate growing, for so many steps and nothing else.
  bool adjust(irgen::ExperimentUnit& x) {
    auto racer = x.racers.begin();
    if (!options_.racer.empty())
      racer = std::find_if(x.racers.begin(), x.racers.end(),
                           [&](const irgen::Racer& r) { return r.name == options_.racer; });
    if (racer == x.racers.end())
      return fault(fmt::format("no optimizer of the experiment is named '{}'",
                               escape_for_display(options_.racer)));
    irgen::Racer chosen = *racer;
    x.racers = {std::move(chosen)};
    irgen::RuleCall& rule = x.racers[0].chain.rule;
    const std::vector<ast::Param>& params = rule.decl->as<ast::OptimizerDecl>()->params;
    size_t k = 0;
    while (k < params.size() && params[k].name.name.view() != options_.hyper)
      ++k;
    if (k == params.size() || rule.arguments[k].kind == Argument::Kind::boolean)
      return fault(fmt::format("'{}' has no number '{}'; say --hyper NAME", x.racers[0].name,
                               escape_for_display(options_.hyper)));
    Argument growth;
    growth.kind = Argument::Kind::schedule;
    growth.schedule = front_.program.find("growing_rate")->as<ast::ScheduleDecl>();
    growth.span = rule.arguments[k].span;
    for (double value : {options_.low, options_.high, static_cast<double>(options_.steps)}) {
      Argument number;
      number.number = value;
      number.span = growth.span;
      growth.arguments.push_back(number);
    }
    rule.arguments[k] = std::move(growth);
    x.steps = options_.steps;
    x.epochs.reset();
    x.until = nullptr;
    x.records.clear();
    return true;
  }

  bool race() {
    auto batches = batches_of(*run_);
    if (!batches) return fault(batches.error().message());
    rt::Recorder recorder(run_->racers[0]->name(), {}, nullptr);
    rt::LoopOptions loop;
    loop.steps = options_.steps;
    rt::LoopHooks hooks;
    hooks.progress = [&](const rt::ProgressState& state) { add(state); };
    hooks.interrupted = [&] { return diverged_ || rt::interrupted(); };
    rt::run_loop(*run_->racers[0], *batches ? &**batches : nullptr, loop, recorder, hooks);
    if (rates_.size() < 3)
      return fault(fmt::format("the loss is lost within {} steps from {} = {:.3g}; begin with a "
                               "smaller --low",
                               rates_.size() + 1, options_.hyper, options_.low));
    lowest_ =
        static_cast<size_t>(std::min_element(smooth_.begin(), smooth_.end()) - smooth_.begin());
    for (size_t k = 1; k + 1 < smooth_.size() && k <= std::max<size_t>(lowest_, 1); ++k)
      if (smooth_[k + 1] - smooth_[k - 1] < smooth_[steepest_ + 1] - smooth_[steepest_ - 1])
        steepest_ = k;
    return true;
  }

  // The loss of step `done` is that before it was taken.
  void add(const rt::ProgressState& state) {
    if (diverged_ || !state.loss || state.done < 1 || state.done > options_.steps ||
        static_cast<size_t>(state.done) <= losses_.size())
      return;
    double loss = *state.loss;
    if (!std::isfinite(loss)) {
      diverged_ = true;
      return;
    }
    mean_ = options_.smooth * mean_ + (1 - options_.smooth) * loss;
    double value = mean_ / (1 - std::pow(options_.smooth, static_cast<double>(losses_.size() + 1)));
    best_ = losses_.empty() ? value : std::min(best_, value);
    double part = static_cast<double>(state.done - 1) / static_cast<double>(options_.steps - 1);
    rates_.push_back(options_.low * std::pow(options_.high / options_.low, part));
    losses_.push_back(loss);
    smooth_.push_back(value);
    // Four times the best, counted from it in proportion to what has been seen of the loss.
    diverged_ = losses_.size() > 10 && value > best_ + 3 * std::abs(best_);
  }

  Front& front_;
  const FindLrOptions& options_;
  std::unique_ptr<ExperimentRun> run_;
  std::vector<double> rates_, losses_, smooth_;
  double mean_ = 0, best_ = 0;
  bool diverged_ = false;
  size_t steepest_ = 1, lowest_ = 0;
};

} // namespace

int find_lr_command(const FindLrOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file)) {
    FindLr command(front, options);
    if (command.run() && !front.diags.has_errors())
      fmt::print("{}", options.common.json ? command.json() : command.text());
  }
  return front.report();
}

} // namespace thalweg::driver
