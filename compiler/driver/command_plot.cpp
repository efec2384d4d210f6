// `thalweg plot`: schedules as curves in the terminal, or as numbers.
#include "driver/commands.h"
#include "driver/rate_curve.h"
#include "driver/settings.h"
#include "driver/values_text.h"

#include "terminal/plot.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

constexpr int64_t kDefaultSteps = 100;

class PlotCommand {
public:
  PlotCommand(Front& front, const PlotOptions& options) : front_(front), options_(options) {}

  bool run() {
    if (!options_.schedule.empty()) return schedule(options_.schedule);
    bool any = !options_.experiment.empty();
    for (const ast::Decl* decl : front_.program.own)
      any = any || decl->as<ast::ExperimentDecl>();
    if (any) return experiments();
    const ast::Decl* decl = front_.pick<ast::ScheduleDecl>("", "schedule");
    return decl && schedule(ast::name_of(*decl).name.str() + "()");
  }

  std::string text() const {
    std::string out;
    for (const rt::Curve& curve : curves_) {
      auto value = [](const auto& a, const auto& b) { return a.second < b.second; };
      auto [low, high] = std::minmax_element(curve.points.begin(), curve.points.end(), value);
      out += fmt::format("{}: {:.4g} at step 1, {:.4g} at step {}; lowest {:.4g} at step {}, "
                         "highest {:.4g} at step {}\n",
                         curve.name, curve.points.front().second, curve.points.back().second,
                         curve.points.size(), low->second, low->first, high->second, high->first);
    }
    rt::PlotOptions plot;
    plot.terminal = rt::detect_terminal(1, options_.ascii);
    plot.log_y = options_.log;
    std::string picture = rt::plot_curves(curves_, plot);
    return picture.empty() ? out : out + "\n" + picture;
  }
  std::string json() const {
    rt::Json curves = rt::Json::object();
    for (const rt::Curve& curve : curves_) {
      rt::Json values = rt::Json::array();
      for (const auto& point : curve.points)
        values.push_back(point.second);
      curves[curve.name] = std::move(values);
    }
    return rt::print_json_pretty({{"curves", std::move(curves)}});
  }

private:
  bool add(const irgen::Unit& unit, const irgen::Chain& chain,
           const std::vector<irgen::Subject>& subjects, const std::string& prefix,
           const std::string& own_name, RateView view) {
    auto plan = irgen::elaborate_variants(unit, chain, subjects);
    if (!plan) return false;
    view.steps_per_epoch = options_.steps_per_epoch;
    auto rates = rate_curves(front_, graph_, *plan, view);
    if (!rates) return false;
    for (RateCurve& rate : rates->curves) {
      rt::Curve curve{own_name.empty() ? prefix + rate.name : own_name, {}};
      for (size_t k = 0; k < rate.values.size(); ++k)
        curve.points.emplace_back(static_cast<double>(k + 1), rate.values[k]);
      if (!curve.points.empty()) curves_.push_back(std::move(curve));
    }
    return true;
  }

  bool experiments() {
    bool fine = true, found = false;
    for (const ast::Decl* decl : front_.program.own) {
      if (!decl->as<ast::ExperimentDecl>() || front_.program.broken.contains(decl)) continue;
      if (!options_.experiment.empty() && ast::name_of(*decl).name.view() != options_.experiment)
        continue;
      found = true;
      irgen::Unit unit = front_.unit(graph_, DType::f64);
      auto experiment = irgen::elaborate_experiment(unit, *decl);
      auto settings = read_settings(front_, unit, options_.common.sets);
      if (!experiment || !settings || !apply_settings(front_, *settings, *experiment)) {
        fine = false;
        continue;
      }
      auto problem = irgen::elaborate_problem(unit, *experiment->problem);
      if (!problem) {
        fine = false;
        continue;
      }
      RateView view;
      view.steps = options_.steps > 0 ? options_.steps : experiment->steps.value_or(kDefaultSteps);
      view.batch = static_cast<double>(experiment->batch.value_or(1));
      for (const irgen::Racer& racer : experiment->racers)
        fine = add(unit, racer.chain, irgen::subjects_of(*problem), racer.name + ".", "", view) &&
               fine;
    }
    if (!found) front_.pick<ast::ExperimentDecl>(options_.experiment, "experiment");
    return fine && found && (!curves_.empty() || nothing("no rule here has a schedule"));
  }

  // The expression stands in a program of its own that uses the file, as the default of a rule.
  bool schedule(const std::string& expression) {
    std::filesystem::path path(options_.common.file);
    std::string text =
        fmt::format("use \"{}\"\noptimizer plotted(value = {}) on tensor x {{ x' = value*x }}\n",
                    path.filename().string(), expression);
    front_.diags.clear(); // the file is read again, by `use`
    FileId file = front_.sources.add((path.parent_path() / "--schedule").string(), text);
    sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
    front_.program = sema::analyze(compilation, file);
    const ast::Decl* decl = front_.program.find("plotted");
    if (!decl || front_.diags.has_errors()) return false;
    irgen::Unit unit = front_.unit(graph_, DType::f64);
    auto call = irgen::default_call(unit, *decl);
    if (!call) {
      if (!front_.diags.has_errors()) nothing(fmt::format("'{}' is no schedule", expression));
      return false;
    }
    RateView view;
    view.steps = options_.steps > 0 ? options_.steps : kDefaultSteps;
    return add(unit, {{}, std::move(*call)}, {}, "", expression, view) &&
           (!curves_.empty() || nothing(fmt::format("'{}' is a number, not a schedule",
                                                    escape_for_display(expression))));
  }

  bool nothing(const std::string& text) {
    front_.diags.report(DiagKind::no_such_item, {}, text);
    return false;
  }

  Front& front_;
  const PlotOptions& options_;
  Graph graph_;
  std::vector<rt::Curve> curves_;
};

} // namespace

int plot_command(const PlotOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file)) {
    PlotCommand command(front, options);
    if (command.run() && !front.diags.has_errors())
      fmt::print("{}", options.common.json ? command.json() : command.text());
  }
  return front.report();
}

} // namespace thalweg::driver
