// `thalweg diff`: gradient and Hessian of a problem as formulas, as text and as LaTeX.
#include "driver/commands.h"

#include "irgen/problem.h"
#include "passes/diff/diff.h"
#include "passes/formula/expr.h"
#include "passes/formula/formula.h"
#include "passes/simplify/simplify.h"
#include "support/check.h"

#include <cstdio>

namespace thalweg::driver {

using formula::Style;
using irgen::ProblemUnit;

namespace {

class DiffCommand {
public:
  DiffCommand(Front& front, const DiffOptions& options)
      : front_(front), options_(options), simplifier_(graph_) {}

  bool run() {
    const ast::Decl* decl = front_.pick<ast::ProblemDecl>(options_.problem, "problem");
    if (!decl) return false;
    auto problem = irgen::elaborate_problem(front_.unit(graph_, DType::f64), *decl);
    if (!problem) return false;
    problem_ = std::move(*problem);
    if (!derive()) return false;
    std::string out;
    if (!options_.latex) out += section(options_.ascii ? Style::ascii : Style::unicode);
    if (!options_.latex && !options_.ascii) out += "\nLaTeX\n\n";
    if (options_.latex || !options_.ascii) out += section(Style::latex);
    std::fwrite(out.data(), 1, out.size(), stdout);
    return true;
  }

private:
  // As written: a problem that maximizes is compiled with the sign turned.
  Function objective() {
    Function loss = problem_.objective;
    loss.results.resize(1);
    if (!problem_.maximize) return loss;
    const Node& node = graph_.node(loss.results[0].value);
    TW_CHECK(node.op == Op::neg, "the objective of a maximization");
    loss.results[0].value = node.operands[0];
    return loss;
  }

  bool derive() {
    Function loss = simplifier_.run(objective());
    std::vector<size_t> wrt;
    for (size_t k = 0; k < problem_.parameters.size(); ++k)
      wrt.push_back(problem_.first_parameter() + k);
    diff::Outcome hessian = diff::hessian(graph_, loss, 0, wrt);
    if (!hessian) {
      front_.diags.report(DiagKind::no_derivative, hessian.error().span, hessian.error().text);
      return false;
    }
    derived_ = simplifier_.run(*hessian);
    for (const auto& [id, name] : problem_.names) {
      ValueId value = simplifier_.value(ValueId(id));
      Op op = graph_.node(value).op;
      if (op != Op::arg && op != Op::constant && op != Op::dim) names_.emplace(value, name);
    }
    return true;
  }

  // "∂f/∂w", "∂²f/∂w∂b", …
  std::string gradient_name(const std::string& p, Style style) const {
    if (style == Style::ascii) return "df/d" + p;
    if (style == Style::latex) return fmt::format("\\nabla_{{{}}} f", formula::latex_name(p));
    return "∂f/∂" + p;
  }
  std::string hessian_name(const std::string& p, const std::string& q, Style style) const {
    if (style == Style::ascii) return fmt::format("d2f/d{}d{}", p, q);
    if (style == Style::latex)
      return fmt::format("\\nabla^2_{{{}, {}}} f", formula::latex_name(p), formula::latex_name(q));
    return fmt::format("∂²f/∂{}∂{}", p, q);
  }

  std::string section(Style style) const {
    formula::Options options;
    options.style = style;
    options.names = names_;
    std::vector<std::string> left{"f"};
    std::vector<ValueId> values{derived_.results[0].value};
    for (const auto& p : problem_.parameters)
      left.push_back(gradient_name(p.name, style));
    for (const auto& p : problem_.parameters)
      for (const auto& q : problem_.parameters)
        left.push_back(hessian_name(p.name, q.name, style));
    for (size_t k = 1; k < derived_.results.size(); ++k)
      values.push_back(derived_.results[k].value);
    formula::Formulas formulas = formula::formulas(graph_, derived_, values, options);
    std::string out = style == Style::latex ? "" : signature();
    for (size_t k = 0; k < left.size(); ++k)
      out += equation(left[k] + shape(values[k], style), formulas.expressions[k], style);
    if (!formulas.where.empty() && style != Style::latex) out += "where\n";
    for (const auto& [name, expression] : formulas.where)
      out += equation((style == Style::latex ? "" : "  ") + name, expression, style);
    return out;
  }
  // LaTeX lines fit into an align environment.
  static std::string equation(const std::string& left, const std::string& right, Style style) {
    if (style == Style::latex) return fmt::format("{} &= {} \\\\\n", left, right);
    return fmt::format("{} = {}\n", left, right);
  }
  std::string shape(ValueId value, Style style) const {
    const Type& type = graph_.type(value);
    return style == Style::latex || type.shape.empty() ? "" : shape_str(type.shape);
  }
  std::string signature() const {
    std::string out = problem_.objective.name + ": params";
    for (const auto& p : problem_.parameters)
      out += fmt::format(" {}{}", p.name, p.type.shape.empty() ? "" : shape_str(p.type.shape));
    if (!problem_.data.empty()) out += "; data";
    for (const auto& d : problem_.data)
      out += fmt::format(" {}{}", d.name, d.type.shape.empty() ? "" : shape_str(d.type.shape));
    return out + "\n\n";
  }

  Front& front_;
  const DiffOptions& options_;
  Graph graph_;
  simplify::Simplifier simplifier_;
  ProblemUnit problem_;
  Function derived_;
  std::map<ValueId, std::string> names_;
};

} // namespace

int diff_command(const DiffOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file))
    front.focus(front.pick<ast::ProblemDecl>(options.problem, "problem"),
                [&] { return DiffCommand(front, options).run(); });
  return front.report();
}

} // namespace thalweg::driver
