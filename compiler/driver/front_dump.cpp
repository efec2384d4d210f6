// Texts of --dump=ast,types (see front_dump.h).
#include "driver/front_dump.h"

#include "ast/dump.h"
#include "irgen/problem.h"
#include "irgen/rule.h"

#include <cstdio>

namespace thalweg::driver {

std::string dump_ast(const Front& front) {
  std::string text;
  for (const ast::Decl* decl : front.program.own)
    text += ast::dump(*decl);
  return text;
}

static std::string line(std::string_view word, std::string_view name, const Type& type) {
  return fmt::format("  {} {}: {}\n", word, name, type.str());
}

static std::string problem_types(const irgen::ProblemUnit& problem, const Graph& graph) {
  std::string text = fmt::format("problem {}\n", problem.decl->name.name.view());
  for (const auto& hyper : problem.hypers)
    text += hyper.is_size ? fmt::format("  size {}\n", hyper.name)
                          : line("hyper", hyper.name, Type::scalar(DType::f64));
  for (const auto& data : problem.data)
    text += line("data", data.name, data.type);
  for (const auto& parameter : problem.parameters)
    text += line("param", parameter.name, parameter.type);
  for (const auto& [id, name] : problem.names)
    text += line("let", name, graph.type(ValueId(id)));
  for (const Result& result : problem.objective.results)
    text += line(&result == &problem.objective.results.front() ? "objective" : "metric",
                 result.name, graph.type(result.value));
  return text;
}

static std::string rule_types(const irgen::RuleUnit& rule, const Graph& graph) {
  std::string text = fmt::format("optimizer {} needs {}\n", rule.name, rule.demands.str());
  for (const Parameter& parameter : rule.step.parameters)
    text += line(parameter.per_tensor ? "per tensor" : "shared", parameter.name, parameter.type);
  for (const Result& result : rule.step.results)
    text += line("result", result.name, graph.type(result.value));
  return text;
}

std::string dump_types(Front& front, DType precision) {
  std::string text;
  for (const ast::Decl* decl : front.program.own) {
    Graph graph;
    irgen::Unit unit = front.unit(graph, precision);
    if (decl->as<ast::ProblemDecl>())
      if (auto problem = irgen::elaborate_problem(unit, *decl))
        text += problem_types(*problem, graph);
    if (!decl->as<ast::OptimizerDecl>() || front.program.broken.contains(decl)) continue;
    auto call = irgen::default_call(unit, *decl);
    if (!call) continue;
    if (auto rule = irgen::elaborate_rule(unit, {{}, std::move(*call)}, 1))
      text += rule_types(*rule, graph);
  }
  return text;
}

bool dump_front(Front& front, const CommonOptions& options) {
  const PipelineOptions& wanted = options.pipeline;
  DType precision = options.precision == "f32" ? DType::f32 : DType::f64;
  std::string text;
  if (wanted.dump_ast) text += dump_ast(front);
  if (wanted.dump_types && wanted.stop_after != "ast") text += dump_types(front, precision);
  std::fputs(text.c_str(), stdout);
  bool more = wanted.dump_ir || wanted.dump_loops || wanted.code.want_llvm || wanted.code.want_asm;
  bool ends = wanted.stop_after == "ast" || wanted.stop_after == "types";
  return ends || (!more && (wanted.dump_ast || wanted.dump_types));
}

} // namespace thalweg::driver
