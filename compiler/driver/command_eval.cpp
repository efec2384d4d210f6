// `thalweg eval`: a problem's value, gradient and Hessian at a point.
#include "driver/commands.h"
#include "driver/evaluation.h"
#include "driver/problem_choice.h"

#include "base/text.h"
#include "passes/diff/diff.h"
#include "passes/simplify/simplify.h"

#include <algorithm>
#include <cstdio>
#include <fmt/ranges.h>

namespace thalweg::driver {

namespace rt = thalweg::runtime;
using irgen::ProblemUnit;

namespace {

constexpr int64_t kMaxHessian = 100'000'000; // elements

struct What {
  bool value = false, gradient = false, hessian = false, metrics = false;
};

// Nothing for a word that names none of them.
std::optional<What> parse_what(const std::string& text, std::string& bad) {
  What what;
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    bad = text.substr(at, end - at);
    if (bad == "value")
      what.value = true;
    else if (bad == "gradient")
      what.gradient = true;
    else if (bad == "hessian")
      what.hessian = true;
    else if (bad == "metrics")
      what.metrics = true;
    else
      return std::nullopt;
    at = end + 1;
  }
  return what;
}

// A tensor under a name: "x", or a pair of names for a block of the Hessian.
struct Named {
  std::string name;
  Tensor tensor;
};

class EvalCommand {
public:
  EvalCommand(Front& front, const EvalOptions& options, const What& what)
      : front_(front), options_(options), what_(what) {}

  // False after messages.
  bool run() {
    std::optional<ChosenProblem> chosen =
        choose_problem(front_, graph_, options_.common, options_.problem, options_.at);
    if (!chosen) return false;
    problem_ = std::move(chosen->problem);
    std::optional<Evaluation> at = assemble(front_, graph_, problem_, chosen->given);
    if (!at) return false;
    at_ = std::move(*at);
    if (what_.hessian && !hessian_fits()) return false;
    evaluator_.emplace(front_, graph_, options_.common.pipeline, at_);
    bool fine = compute();
    if (options_.common.time_passes) print_times(evaluator_->pipeline(), 0);
    if (options_.common.pipeline.any() || !options_.common.pipeline.stop_after.empty()) {
      print(evaluator_->pipeline().dumps());
      return !front_.diags.has_errors();
    }
    if (fine) print(options_.common.json ? json() : text());
    if (options_.common.pipeline.profile) print_profile(evaluator_->pipeline(), front_.sources, 0);
    return fine;
  }

private:
  static void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  bool hessian_fits() {
    int64_t total = 0;
    for (size_t k = 0; k < problem_.parameters.size(); ++k)
      total += std::min(at_.inputs[problem_.first_parameter() + k].size(), kMaxHessian);
    if (total <= 0 || total <= kMaxHessian / total) return true;
    front_.diags
        .report(DiagKind::bad_size, {},
                fmt::format("the Hessian of {} parameters has {:.3g} elements; up to {:.3g} are "
                            "computed",
                            total, static_cast<double>(total) * static_cast<double>(total),
                            static_cast<double>(kMaxHessian)))
        .help("ask for the value and the gradient alone: --what value,gradient");
    return false;
  }

  bool compute() {
    // As written: a problem that maximizes is compiled with the sign turned.
    Function objective = problem_.objective;
    if (problem_.maximize) {
      const Node& node = graph_.node(objective.results[0].value);
      TW_CHECK(node.op == Op::neg, "the objective of a maximization");
      objective.results[0].value = node.operands[0];
    }
    Function loss = objective;
    loss.results.resize(1);
    if (what_.metrics || !(what_.gradient || what_.hessian)) {
      std::optional<std::vector<Tensor>> results =
          evaluator_->run(what_.metrics ? objective : loss);
      if (!results) return false;
      value_ = (*results)[0];
      for (size_t k = 1; k < results->size(); ++k)
        metrics_.push_back({problem_.metrics[k - 1], (*results)[k]});
    }
    if (!what_.gradient && !what_.hessian) return true;
    loss = simplify::simplify(graph_, loss);
    std::vector<size_t> wrt;
    for (size_t k = 0; k < problem_.parameters.size(); ++k)
      wrt.push_back(problem_.first_parameter() + k);
    std::optional<Function> gradient =
        derived(diff::gradient(graph_, loss, 0, wrt), loss.name + ".gradient");
    if (!gradient) return false;
    std::optional<std::vector<Tensor>> first = evaluator_->run(*gradient);
    if (!first) return false;
    value_ = (*first)[0];
    for (size_t k = 0; k < wrt.size(); ++k)
      gradient_.push_back({problem_.parameters[k].name, (*first)[k + 1]});
    if (!what_.hessian) return true;
    std::optional<Function> hessian =
        derived(diff::hessian(graph_, loss, 0, wrt), loss.name + ".hessian");
    if (!hessian) return false;
    hessian->results.erase(hessian->results.begin(),
                           hessian->results.begin() + static_cast<int64_t>(1 + wrt.size()));
    std::optional<std::vector<Tensor>> second = evaluator_->run(*hessian);
    if (!second) return false;
    for (Tensor& block : *second)
      hessian_.push_back({"", std::move(block)});
    return true;
  }

  std::optional<Function> derived(const diff::Outcome& outcome, std::string name) {
    if (!outcome) {
      front_.diags.report(DiagKind::no_derivative, outcome.error().span, outcome.error().text);
      return std::nullopt;
    }
    Function f = *outcome;
    f.name = std::move(name);
    return f;
  }

  std::string json() const {
    rt::Json out = rt::Json::object();
    if (what_.value) out["value"] = tensor_json(value_);
    if (what_.metrics) {
      out["metrics"] = rt::Json::object();
      for (const Named& metric : metrics_)
        out["metrics"][metric.name] = tensor_json(metric.tensor);
    }
    if (what_.gradient) {
      out["gradient"] = rt::Json::object();
      for (const Named& part : gradient_)
        out["gradient"][part.name] = tensor_json(part.tensor);
    }
    if (what_.hessian) {
      out["hessian"] = rt::Json::object();
      size_t block = 0;
      for (const auto& p : problem_.parameters) {
        rt::Json row = rt::Json::object();
        for (const auto& q : problem_.parameters)
          row[q.name] = tensor_json(hessian_[block++].tensor);
        out["hessian"][p.name] = std::move(row);
      }
    }
    return rt::print_json_pretty(out);
  }

  std::string text() const {
    std::string out = problem_.objective.name + " at\n";
    for (size_t k = 0; k < problem_.objective.parameters.size(); ++k)
      out += line(problem_.objective.parameters[k].name, at_.inputs[k], 8);
    if (what_.value) out += "value\n" + line("f", value_, kShown);
    if (what_.metrics) {
      out += "metrics\n";
      for (const Named& metric : metrics_)
        out += line(metric.name, metric.tensor, kShown);
    }
    if (what_.gradient) {
      out += "gradient\n";
      for (const Named& part : gradient_)
        out += line(part.name, part.tensor, kShown);
    }
    if (what_.hessian) {
      out += "hessian\n";
      size_t block = 0;
      for (const auto& p : problem_.parameters)
        for (const auto& q : problem_.parameters)
          out += line(p.name + ", " + q.name, hessian_[block++].tensor, kShown);
    }
    return out;
  }
  static constexpr int64_t kShown = 100;
  static std::string line(const std::string& name, const Tensor& tensor, int64_t limit) {
    return fmt::format("  {}{} = {}\n", name, shape_label(tensor.shape()),
                       tensor_text(tensor, limit));
  }

  Front& front_;
  const EvalOptions& options_;
  What what_;
  Graph graph_;
  ProblemUnit problem_;
  Evaluation at_;
  std::optional<Evaluator> evaluator_;
  Tensor value_;
  std::vector<Named> metrics_, gradient_, hessian_;
};

} // namespace

int eval_command(const EvalOptions& options) {
  std::string bad;
  std::optional<What> what = parse_what(options.what, bad);
  if (!what) {
    fmt::print(stderr, "--what: '{}' is not one of value, gradient, hessian, metrics\n",
               escape_for_display(bad));
    return kExitUsage;
  }
  Front front(options.common.library);
  if (front.load(options.common.file))
    front.focus(front.pick<ast::ProblemDecl>(options.problem, "problem"),
                [&] { return EvalCommand(front, options, *what).run(); });
  return front.report();
}

} // namespace thalweg::driver
