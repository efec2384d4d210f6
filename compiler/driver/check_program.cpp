// Every declaration of a file, down to loops (see check_program.h).
#include "driver/check_program.h"

#include "driver/derivatives.h"
#include "driver/experiment_run.h"
#include "driver/ranges.h"
#include "irgen/residuals.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::driver {

namespace {

class Checker {
public:
  Checker(Front& front, const CommonOptions& options) : front_(front), options_(options) {}

  void run() {
    for (const ast::Decl* decl : front_.program.own) {
      if (front_.program.broken.contains(decl)) continue;
      if (decl->as<ast::ProblemDecl>()) problem(*decl);
      if (decl->as<ast::OptimizerDecl>()) optimizer(*decl);
      if (decl->as<ast::TransformDecl>()) transform(*decl);
      if (decl->as<ast::ScheduleDecl>()) schedule(*decl);
    }
    for (const ast::Decl* decl : front_.program.own)
      if (decl->as<ast::ExperimentDecl>() && !front_.program.broken.contains(decl) &&
          check_experiment(front_, *decl, options_))
        lines_ += fmt::format("experiment {}\n", ast::name_of(*decl).name.view());
  }
  const std::string& lines() const { return lines_; }

private:
  // The objective and its gradient, down to loops: what is not compiled yet is told here.
  void problem(const ast::Decl& decl) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, DType::f64);
    auto problem = irgen::elaborate_problem(unit, decl);
    if (!problem) return;
    std::optional<Function> gradient =
        derive(front_, graph, loss_of(graph, *problem), Derivative::gradient);
    if (!gradient) return;
    Pipeline pipeline(graph, front_.diags, {});
    if (!pipeline.lower(pipeline.finish(*gradient))) return;
    std::string shapes;
    for (const auto& p : problem->parameters)
      shapes += fmt::format("{}{}{}", shapes.empty() ? "" : ", ", p.name,
                            p.type.shape.empty() ? "" : shape_str(p.type.shape));
    lines_ += fmt::format(
        "problem {} offers f, ∇f, ∇²f{}{} of {}\n", ast::name_of(decl).name.view(),
        irgen::residuals_of(graph, *problem) ? ", residuals" : "",
        problem->has_constraints ? ", constraints" : "", shapes.empty() ? "nothing" : shapes);
  }

  static bool complete(const ast::Decl& decl) {
    const auto* transform = decl.as<ast::TransformDecl>();
    const auto& params = transform ? transform->params : decl.as<ast::OptimizerDecl>()->params;
    return std::all_of(params.begin(), params.end(), [](const auto& p) { return p.value; });
  }
  void rule(const ast::Decl& decl, irgen::Chain chain, std::string_view word) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, DType::f64);
    auto rule = irgen::elaborate_rule(unit, chain, 1);
    if (!rule) return;
    Pipeline pipeline(graph, front_.diags, {});
    if (!pipeline.lower(pipeline.finish(rule->step))) return;
    // Of defaults; what has to be given has none.
    if (complete(decl) && !ranges_hold(front_, graph, ast::name_of(decl).name.str(), *rule)) return;
    lines_ +=
        fmt::format("{} {} needs {}\n", word, ast::name_of(decl).name.view(), rule->demands.str());
  }
  // Each line with a parameter that it takes.
  void routing(const ast::Decl& decl, const ast::RoutingBody& routing) {
    std::string lines;
    for (const ast::Route& line : routing.routes) {
      Graph graph;
      irgen::Unit unit = front_.unit(graph, DType::f64);
      auto call = irgen::default_call(unit, decl);
      if (!call) return;
      std::string_view group = line.groups[0].name.view();
      size_t rank = group == "scalars" ? 0 : group == "matrices" ? 2 : group == "tensors" ? 3 : 1;
      irgen::Subject subject{"x", std::string(group), {}, {}};
      for (size_t k = 0; k < rank; ++k)
        subject.shape.push_back(Dim::symbol(fmt::format("size{}", k)));
      irgen::Chain chain{{}, std::move(*call)};
      size_t errors = front_.diags.error_count();
      auto rule = irgen::elaborate_rule(unit, chain, subject, rank);
      if (!rule && front_.diags.error_count() > errors) return;
      if (rule) lines += fmt::format("{}{} to {}", lines.empty() ? "" : ", ", group, rule->name);
    }
    lines_ += fmt::format("optimizer {} routes {}\n", ast::name_of(decl).name.view(), lines);
  }
  void optimizer(const ast::Decl& decl) {
    if (const auto* body = std::get_if<ast::RoutingBody>(&decl.as<ast::OptimizerDecl>()->body))
      return routing(decl, *body);
    Graph graph;
    if (auto call = irgen::default_call(front_.unit(graph, DType::f64), decl))
      rule(decl, {{}, std::move(*call)}, "optimizer");
  }
  void transform(const ast::Decl& decl) {
    Graph graph;
    if (auto call = irgen::default_call(front_.unit(graph, DType::f64), decl))
      rule(decl, {{std::move(*call)}, {}}, "transform");
  }
  void schedule(const ast::Decl& decl) {
    Graph graph;
    if (irgen::check_schedule(front_.unit(graph, DType::f64), decl))
      lines_ += fmt::format("schedule {}\n", ast::name_of(decl).name.view());
  }

  Front& front_;
  const CommonOptions& options_;
  std::string lines_;
};

} // namespace

std::string check_program(Front& front, const CommonOptions& options) {
  Checker checker(front, options);
  checker.run();
  return checker.lines();
}

} // namespace thalweg::driver
