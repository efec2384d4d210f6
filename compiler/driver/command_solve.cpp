// `thalweg solve`: a minimum of a problem by a method that fits it, and what is known of the point.
#include "driver/commands.h"
#include "driver/experiment_run.h"
#include "driver/method_choice.h"
#include "driver/problem_choice.h"

#include "ir/builder.h"
#include "loop/interrupt.h"
#include "loop/run_loop.h"
#include "record/json_text.h"
#include "terminal/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

constexpr int64_t kEigenvalues = 500; // params up to which the Hessian is looked at
// Eigenvalues are in error by some roundings of the largest.
constexpr double kFlat = 1e-10;
constexpr double kHolds = 0.75;   // of the lowest eigenvalue, after one more step
constexpr double kRoundings = 64; // that a sum of many terms may be off by
constexpr int64_t kShown = 12;    // elements of a param, in text

class Solve {
public:
  Solve(Front& front, const SolveOptions& options) : front_(front), options_(options) {}

  bool run() {
    const ast::Decl* decl = front_.pick<ast::ProblemDecl>(options_.problem, "problem");
    if (!decl) return false;
    const std::string name = ast::name_of(*decl).name.str();
    CommonOptions common = options_.common;
    Graph graph;
    auto chosen = choose_problem(front_, graph, common, name, {});
    if (!chosen) return false;
    auto at = assemble(front_, graph, chosen->problem, chosen->given);
    if (!at) return false;
    const ProblemFacts facts = facts_of(graph, chosen->problem, *at);
    method_ = {options_.method, "by --method"};
    if (method_.name.empty()) {
      auto method = choose_method(front_, facts);
      if (!method) return false;
      method_ = *method;
    }
    for (Span kink : facts.kinks)
      kinks_.push_back(std::string(front_.sources.text(kink)));
    if (!prepare(name, chosen->data != nullptr)) return false;
    return go();
  }

  bool ready() const { return run_ != nullptr; }
  bool found() const { return found_; }
  std::string text() const;
  std::string json() const;

private:
  // The experiment beside the program: its method and its end.
  bool prepare(const std::string& problem, bool has_data) {
    const std::string call = method_.name.ends_with(')') ? method_.name : method_.name + "()";
    std::filesystem::path path(options_.common.file);
    // With data the problem is minimized by the experiment that has them; then only method and end
    // are taken from this one.
    const std::string stand_in =
        has_data ? "problem solve_stand_in {\n  param x = 0\n  minimize x^2\n}\n" : "";
    const std::string text =
        fmt::format("use \"{}\"\n{}experiment solve_this {{\n  minimize {}()\n  using {} as "
                    "method\n  until norminf(grad) <= {}\n  steps {}\n  record norminf(grad) every "
                    "{}\n}}\n",
                    path.filename().string(), stand_in, has_data ? "solve_stand_in" : problem, call,
                    rt::json_number(options_.tolerance).dump(), options_.steps, options_.steps);
    std::string own; // the experiment that knows the data
    if (has_data)
      for (const ast::Decl* decl : front_.program.own)
        if (decl->as<ast::ExperimentDecl>() && minimizes(*decl, problem))
          own = ast::name_of(*decl).name.str();
    front_.diags.clear(); // the file is read again, by `use`
    FileId file = front_.sources.add((path.parent_path() / "solve").string(), text);
    sema::Compilation compilation{front_.sources, front_.context, front_.library, front_.diags};
    front_.program = sema::analyze(compilation, file);
    const ast::Decl* mine = front_.program.find("solve_this");
    const ast::Decl* decl = own.empty() ? mine : front_.program.find(own);
    if (!mine || !decl || front_.diags.has_errors()) return false;
    run_ =
        prepare_experiment(front_, *decl, options_.common, nullptr, [&](irgen::ExperimentUnit& x) {
          if (decl != mine) return borrow(x, *mine);
          return true;
        });
    return run_ != nullptr;
  }
  bool minimizes(const ast::Decl& decl, const std::string& problem) const {
    for (const ast::Clause& clause : decl.as<ast::ExperimentDecl>()->clauses)
      if (const auto* minimize = std::get_if<ast::MinimizeClause>(&clause.node)) {
        const auto* call = minimize->problem->as<ast::Call>();
        sema::SymbolId id = front_.program.symbol_of(call ? *call->callee : *minimize->problem);
        if (id.valid() && front_.program.symbol(id).item &&
            ast::name_of(*front_.program.symbol(id).item).name.view() == problem)
          return true;
      }
    return false;
  }
  // Data, hyperparameters, seed and precision are the experiment's; all rows are used at once.
  bool borrow(irgen::ExperimentUnit& x, const ast::Decl& mine) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, DType::f64);
    auto solve = irgen::elaborate_experiment(unit, mine);
    if (!solve) return false;
    x.racers = std::move(solve->racers);
    x.steps = solve->steps;
    x.until = solve->until;
    x.records = std::move(solve->records);
    x.every = solve->every;
    x.epochs.reset();
    x.batch.reset();
    x.holdout = 0;
    return true;
  }

  bool go() {
    RacerRun& racer = *run_->racers[0];
    auto batches = batches_of(*run_);
    if (!batches) {
      front_.diags.report(DiagKind::run_failed, {}, batches.error().message());
      return false;
    }
    rt::Recorder recorder(racer.name(), {"norminf(grad)"}, nullptr);
    rt::LoopOptions loop;
    loop.steps = options_.steps;
    loop.until = true;
    rt::LoopHooks hooks;
    hooks.interrupted = [] { return rt::interrupted(); };
    rt::Terminal err = rt::detect_terminal(2, options_.ascii);
    rt::Progress progress(method_.name, err, [](const std::string& line) {
      std::fputs(line.c_str(), stderr);
      std::fflush(stderr);
    });
    const bool shows = !options_.quiet && err.is_terminal;
    if (shows) hooks.progress = [&](const rt::ProgressState& s) { progress.update(s); };
    outcome_ = rt::run_loop(racer, *batches ? &**batches : nullptr, loop, recorder, hooks);
    if (shows) progress.finish({outcome_.steps, options_.steps, outcome_.loss, outcome_.seconds});
    look_at_the_end();
    if (found_) return true;
    if (outcome_.stopped_by == rt::StoppedBy::interrupted) return false;
    Diagnostic& d = front_.diags.report(DiagKind::run_failed, racer.fault_place(), why());
    if (!std::isnan(gradient_))
      d.note(
          fmt::format("after {} step{}: f = {:.9g}, the largest element of the gradient is {:.3g}",
                      outcome_.steps, outcome_.steps == 1 ? "" : "s", value_, gradient_));
    if (const std::string help = what_to_try(); !help.empty()) d.help(help);
    return false;
  }

  // Value, gradient and, of few params, the Hessian's eigenvalues at the last point.
  void look_at_the_end() {
    Objective& objective = *run_->objective;
    const DataView data = run_->data.view(false);
    const void* point = run_->racers[0]->result();
    Buffer gradient;
    const auto n = objective.total();
    void* g = gradient.get(static_cast<size_t>(n) * objective.element_bytes());
    if (!g || objective.evaluate(point, data, value_, g) != TW_OK) return;
    gradient_ = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double v = std::abs(number(g, i));
      gradient_ = v > gradient_ || std::isnan(v) ? v : gradient_;
    }
    found_ = level_ = gradient_ <= options_.tolerance;
    const double rounding = std::abs(value_) * (run_->precision == DType::f32 ? 0x1p-24 : 0x1p-53);
    if (objective.problem().maximize) value_ = -value_;
    // What ended without a lower point may stand where rounding hides all lower ones.
    const bool ended =
        outcome_.stopped_by == rt::StoppedBy::done || outcome_.stopped_by == rt::StoppedBy::failed;
    if (!level_ && !ended) return;
    if (n > kEigenvalues || !objective.compile_second(true, false)) return;
    std::optional<Tensor> matrix = hessian(point);
    if (!matrix) return;
    Tensor slope(DType::f64, {n});
    for (int64_t i = 0; i < n; ++i)
      slope.set_number(i, number(g, i));
    const std::optional<Tensor> values = eigenvalues(*matrix);
    if (!values) return;
    const double lowest = values->number(0), highest = values->number(n - 1);
    const double flat = kFlat * std::max(std::abs(lowest), std::abs(highest));
    const std::optional<Tensor> step =
        lowest > flat ? solution(*matrix, slope) : std::optional<Tensor>();
    if (!level_) { // the fall of f that its quadratic model has left
      double fall = 0;
      for (int64_t i = 0; step && i < n; ++i)
        fall += slope.number(i) * step->number(i) / 2;
      if (!step || !(fall <= kRoundings * rounding)) return;
    }
    lowest_ = lowest;
    highest_ = highest;
    found_ = lowest >= -flat;
    flat_ = found_ && lowest <= flat;
    firm_ = step && holds_nearby(point, *step);
  }
  std::string where() const {
    return level_ ? "the gradient is 0 to the tolerance"
                  : "what f can still fall is within its rounding";
  }
  // Where the step to the model's minimum leaves the Hessian as it is, up to a quarter, there is a
  // minimum close by. At an inflection such as that of x³ the step goes half the way, and with each
  // the Hessian is halved.
  bool holds_nearby(const void* point, const Tensor& step) {
    Buffer memory;
    const auto bytes = static_cast<size_t>(step.size()) * run_->objective->element_bytes();
    void* moved = memory.get(bytes);
    if (!moved) return false;
    for (int64_t i = 0; i < step.size(); ++i)
      if (const double v = number(point, i) - step.number(i); run_->precision == DType::f32)
        static_cast<float*>(moved)[i] = static_cast<float>(v);
      else
        static_cast<double*>(moved)[i] = v;
    std::optional<Tensor> matrix = hessian(moved);
    if (!matrix) return false;
    const std::optional<Tensor> values = eigenvalues(*matrix);
    return values && values->number(0) >= kHolds * *lowest_;
  }
  std::optional<Tensor> hessian(const void* point) {
    Objective& objective = *run_->objective;
    const auto n = objective.total();
    Buffer memory;
    void* h = memory.get(static_cast<size_t>(n * n) * objective.element_bytes());
    if (!h || objective.hessian(point, run_->data.view(false), h) != TW_OK) return std::nullopt;
    Tensor matrix(DType::f64, {n, n});
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        matrix.set_number(i * n + j, (number(h, i * n + j) + number(h, j * n + i)) / 2);
    return matrix;
  }
  // By the interpreter: the eigenvalues of a matrix, rising, and the solution of matrix·step =
  // slope.
  static std::optional<Tensor> eigenvalues(const Tensor& matrix) {
    return applied({matrix},
                   [](Builder& b, ValueId h, ValueId) { return b.get(b.make(Op::eigh, {h}), 0); });
  }
  static std::optional<Tensor> solution(const Tensor& matrix, const Tensor& slope) {
    return applied({matrix, slope},
                   [](Builder& b, ValueId h, ValueId g) { return b.make(Op::solve, {h, g}); });
  }
  static std::optional<Tensor>
  applied(const std::vector<Tensor>& arguments,
          const std::function<ValueId(Builder&, ValueId, ValueId)>& formula) {
    Graph graph;
    Builder b(graph);
    Function f;
    f.name = "applied";
    std::vector<ValueId> values(2);
    for (size_t k = 0; k < arguments.size(); ++k) {
      Type type{DType::f64, {}};
      for (int64_t extent : arguments[k].shape())
        type.shape.push_back(Dim(extent));
      f.parameters.push_back({k == 0 ? "H" : "g", type, false});
      values[k] = b.arg(static_cast<int>(k), type);
    }
    f.results.push_back({"result", formula(b, values[0], values[1]), false, -1});
    Evaluated out = Interpreter(graph).evaluate(f, arguments);
    return out.ok() ? std::optional(out.results[0]) : std::nullopt;
  }
  double number(const void* memory, int64_t i) const {
    return run_->precision == DType::f32 ? static_cast<const float*>(memory)[i]
                                         : static_cast<const double*>(memory)[i];
  }

  std::string why() const {
    if (lowest_ && !found_)
      return fmt::format("the gradient is 0 here, but this is no minimum: the Hessian has the "
                         "eigenvalue {:.6g}, so f falls along its vector",
                         *lowest_);
    switch (outcome_.stopped_by) {
    case rt::StoppedBy::steps: return fmt::format("no minimum within {} steps", options_.steps);
    case rt::StoppedBy::done:
      return fmt::format("the method ended without a minimum: {}", outcome_.message);
    default: return outcome_.message.empty() ? "no minimum was found" : outcome_.message;
    }
  }
  std::string what_to_try() const {
    if (lowest_ && !found_)
      return "start from another point: change the params' initial values a little";
    if (outcome_.stopped_by == rt::StoppedBy::not_finite)
      return outcome_.steps == 0 ? "start where the objective is finite" : "";
    if (!kinks_.empty())
      return fmt::format("'{}' has a kink, where f may be lowest without a gradient of 0",
                         kinks_.front());
    if (outcome_.stopped_by == rt::StoppedBy::steps)
      return "allow more steps (--steps), or another method (--method)";
    if (outcome_.stopped_by == rt::StoppedBy::failed)
      return "if the gradient is as small as rounding allows, a larger --tolerance takes the "
             "point; "
             "else try another method (--method) or scale the params";
    return "";
  }

  Front& front_;
  const SolveOptions& options_;
  MethodChoice method_;
  std::vector<std::string> kinks_;
  std::unique_ptr<ExperimentRun> run_;
  rt::LoopOutcome outcome_;
  double value_ = std::nan(""), gradient_ = std::nan("");
  std::optional<double> lowest_, highest_; // eigenvalues of the Hessian
  bool found_ = false, level_ = false, flat_ = false, firm_ = false;
};

std::string Solve::text() const {
  std::string out =
      fmt::format("{} by {}: {}\n", run_->problem.objective.name, method_.name, method_.reason);
  const char* what = run_->problem.maximize ? "maximum" : "minimum";
  if (found_ && lowest_ && !flat_ && !firm_)
    out += fmt::format(
        "{}; whether this is a {} is not known: within one more step the Hessian changes as much "
        "as it is large (eigenvalues {:.4g} to {:.4g}); a smaller --tolerance tells more\n",
        where(), what, *lowest_, *highest_);
  else if (found_ && lowest_ && !flat_)
    out += fmt::format("a {}: {} and the Hessian positive definite, eigenvalues {:.4g} to {:.4g}\n",
                       what, where(), *lowest_, *highest_);
  else if (found_ && lowest_)
    out += fmt::format("a {} as far as derivatives tell: {}, the Hessian has flat directions "
                       "(eigenvalues {:.3g} to {:.4g})\n",
                       what, where(), *lowest_, *highest_);
  else if (found_)
    out += fmt::format(
        "{}; whether this is a {} is not known: the Hessian is looked at for up to {} params\n",
        where(), what, kEigenvalues);
  else
    out += fmt::format("no {} found\n", what);
  for (const std::string& kink : kinks_)
    out += fmt::format("it has a kink in '{}'\n", kink);
  out += fmt::format("\nvalue     {:.12g}\n‖∇f‖∞     {:.3g}\nsteps     {}\n", value_, gradient_,
                     outcome_.steps);
  for (const auto& [name, count] : run_->racers[0]->evaluations())
    out += fmt::format("{:<10}{}\n", name, count);
  out += fmt::format("time      {:.3g} s\n", outcome_.seconds);
  for (const Objective::Piece& piece : run_->objective->pieces()) {
    out += fmt::format("{:<10}", piece.name);
    for (int64_t i = 0; i < std::min(piece.count, kShown); ++i)
      out += fmt::format("{}{:.9g}", i ? ", " : "",
                         number(run_->racers[0]->result(), piece.offset + i));
    out += piece.count > kShown ? fmt::format(", … ({} in all)\n", piece.count) : "\n";
  }
  return out;
}

std::string Solve::json() const {
  rt::Json out = {{"problem", run_->problem.objective.name},
                  {"method", method_.name},
                  {"reason", method_.reason},
                  {"found", found_},
                  {"stopped_by", rt::stopped_by_name(outcome_.stopped_by)},
                  {"value", rt::json_number(value_)},
                  {"gradient", rt::json_number(gradient_)}};
  if (lowest_)
    out["eigenvalues"] = rt::Json::array({rt::json_number(*lowest_), rt::json_number(*highest_)});
  if (lowest_) out["certain"] = firm_;
  out["steps"] = outcome_.steps;
  for (const auto& [name, count] : run_->racers[0]->evaluations())
    out["evaluations"][name] = count;
  out["seconds"] = outcome_.seconds;
  for (const Objective::Piece& piece : run_->objective->pieces()) {
    rt::Json values = rt::Json::array();
    for (int64_t i = 0; i < piece.count; ++i)
      values.push_back(rt::json_number(number(run_->racers[0]->result(), piece.offset + i)));
    out["params"][piece.name] = piece.shape.empty() ? values[0] : values;
  }
  return rt::print_json_pretty(out);
}

} // namespace

int solve_command(const SolveOptions& options) {
  Front front(options.common.library);
  rt::InterruptGuard guard;
  if (front.load(options.common.file)) {
    Solve command(front, options);
    command.run();
    if (command.ready()) fmt::print("{}", options.common.json ? command.json() : command.text());
    if (command.ready() && rt::interrupted()) {
      front.report();
      return kExitInterrupted;
    }
  }
  return front.report();
}

} // namespace thalweg::driver
