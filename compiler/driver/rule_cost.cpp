// Costs of rules (see rule_cost.h).
#include "driver/rule_cost.h"

#include "codegen/flops.h"
#include "driver/machine_limits.h"
#include "driver/problem_choice.h"
#include "irgen/experiment.h"
#include "irgen/variants.h"
#include "record/json_text.h"
#include "terminal/table.h"

#include <algorithm>
#include <cmath>

namespace thalweg::driver {

namespace rt = thalweg::runtime;
using irgen::RuleUnit;

namespace {

constexpr int64_t kSide[] = {1, 1 << 20, 1 << 10, 1 << 7, 1 << 5}; // of a tensor of that rank

// A formula of the sizes for a large tensor, by its elements.
double each(const Dim& dim, size_t rank) {
  const int64_t side = kSide[std::min<size_t>(rank, 4)];
  auto value = dim.evaluate([&](std::string_view) { return side; });
  double elements = std::pow(static_cast<double>(side), static_cast<double>(rank));
  return value ? static_cast<double>(*value) / elements : NAN;
}

} // namespace

std::optional<RuleCost> rule_cost(Pipeline& pipeline, const RuleUnit& rule) {
  // What a rule does in the loops of its step depends on the run.
  if (rule.demands.in_step()) return std::nullopt;
  RuleCost cost;
  std::vector<const Function*> functions{&rule.step};
  for (const RuleUnit::Query& query : rule.queries)
    functions.push_back(&query.point);
  for (const Function& round : rule.fold_rounds)
    if (!round.results.empty()) functions.push_back(&round);
  for (const Function* function : functions) {
    std::optional<loops::Lowered> lowered = pipeline.lower(pipeline.finish(*function));
    if (!lowered) return std::nullopt;
    loops::Traffic traffic = loops::traffic(lowered->program);
    cost.passes += traffic.passes;
    cost.read += each(traffic.bytes_read, rule.rank);
    cost.written += each(traffic.bytes_written, rule.rank);
    cost.flops += each(loops::flops(lowered->program), rule.rank);
  }
  for (const RuleUnit::State& state : rule.states)
    if (state.per_tensor && !state.type.shape.empty())
      cost.state +=
          each(element_count(state.type.shape) * Dim(dtype_size(state.type.dtype)), rule.rank);
  cost.gradients = rule.demands.gradients_elsewhere + rule.demands.values_elsewhere +
                   (rule.demands.gradient_at_x || rule.demands.value) +
                   static_cast<int>(std::count_if(
                       rule.queries.begin(), rule.queries.end(),
                       [](const RuleUnit::Query& query) { return query.order == 2; }));
  return cost;
}

namespace {

std::string number(double value) {
  return std::isnan(value) ? "?" : fmt::format("{:.4g}", std::round(value * 1000) / 1000);
}

class CostTable {
public:
  CostTable(Front& front, const CommonOptions& options) : front_(front), options_(options) {}

  bool run() {
    auto precision = chosen_precision(front_, options_.precision, "f32");
    if (!precision) return false;
    precision_ = *precision;
    for (const ast::Decl* decl : front_.program.own) {
      if (front_.program.broken.contains(decl)) continue;
      if (decl->as<ast::OptimizerDecl>() || decl->as<ast::TransformDecl>()) rule(*decl);
      if (decl->as<ast::ExperimentDecl>()) experiment(*decl);
    }
    if (front_.diags.has_errors()) return false;
    print();
    return true;
  }

private:
  void rule(const ast::Decl& decl) {
    const auto* optimizer = decl.as<ast::OptimizerDecl>();
    // Where routing sends depends on the params: an experiment has them.
    if (optimizer && !std::holds_alternative<ast::RuleBody>(optimizer->body)) return;
    Graph graph;
    irgen::Unit unit = front_.unit(graph, precision_);
    auto call = irgen::default_call(unit, decl);
    if (!call) return;
    irgen::Chain chain;
    if (optimizer)
      chain.rule = std::move(*call);
    else
      chain.transforms.push_back(std::move(*call));
    if (auto unit_rule = irgen::elaborate_rule(unit, chain, 1))
      add(graph, ast::name_of(decl).name.str(), *unit_rule);
  }

  void experiment(const ast::Decl& decl) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, precision_);
    auto experiment = irgen::elaborate_experiment(unit, decl);
    if (!experiment) return;
    auto problem = irgen::elaborate_problem(unit, *experiment->problem);
    if (!problem) return;
    for (const irgen::Racer& racer : experiment->racers) {
      auto plan = irgen::elaborate_variants(unit, racer.chain, irgen::subjects_of(*problem));
      if (!plan) continue;
      for (const irgen::RuleVariant& variant : plan->rules) {
        std::string name = racer.name;
        std::vector<std::string> params;
        for (size_t k : variant.parameters)
          params.push_back(problem->parameters[k].name);
        if (plan->rules.size() > 1)
          name += fmt::format(", {}: {}", variant.rule.name, fmt::join(params, ", "));
        add(graph, name, variant.rule);
      }
    }
  }

  void add(Graph& graph, const std::string& name, const RuleUnit& rule) {
    PipelineOptions options;
    Pipeline pipeline(graph, front_.diags, options);
    if (auto cost = rule_cost(pipeline, rule)) costs_.emplace_back(name, *cost);
  }

  void print() {
    if (options_.json) return print_json();
    double memory = memory_limit(options_.pipeline);
    double arithmetic = flop_limit(options_.pipeline, precision_);
    rt::Table table;
    table.header = {"a step of", "grads", "passes", "read",    "written",
                    "flops",     "state", "ns",     "bound by"};
    table.left = {true, false, false, false, false, false, false, false, true};
    for (const auto& [name, cost] : costs_) {
      double moving = memory > 0 ? (cost.read + cost.written) / memory * 1e9 : 0;
      double computing = arithmetic > 0 ? cost.flops / arithmetic * 1e9 : 0;
      table.rows.push_back({name, std::to_string(cost.gradients), std::to_string(cost.passes),
                            number(cost.read), number(cost.written), number(cost.flops),
                            number(cost.state), fmt::format("{:.3f}", std::max(moving, computing)),
                            moving >= computing ? "memory" : "arithmetic"});
    }
    fmt::print("{}", rt::format_table(table, rt::detect_terminal(1)));
    fmt::print(
        "for one parameter in {}; ns are the least on this machine: {:.1f} GB/s from memory, "
        "{:.0f} Gflop/s, measured now\n",
        dtype_name(precision_), memory * 1e-9, arithmetic * 1e-9);
  }
  void print_json() {
    rt::Json all = rt::Json::object();
    for (const auto& [name, cost] : costs_)
      all[name] = {{"gradients", cost.gradients}, {"passes", cost.passes}, {"read", cost.read},
                   {"written", cost.written},     {"flops", cost.flops},   {"state", cost.state}};
    fmt::print("{}", rt::print_json_pretty(all));
  }

  Front& front_;
  const CommonOptions& options_;
  DType precision_ = DType::f32;
  std::vector<std::pair<std::string, RuleCost>> costs_;
};

} // namespace

bool print_costs(Front& front, const CommonOptions& options) {
  return CostTable(front, options).run();
}

} // namespace thalweg::driver
