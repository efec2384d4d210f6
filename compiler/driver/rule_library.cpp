// From a rule to what its library is made of (see rule_library.h).
#include "driver/rule_library.h"

#include "ir/rewrite.h"
#include "support/check.h"
#include "thalweg/abi.h"

#include <algorithm>
#include <array>
#include <limits>

namespace thalweg::driver {

using aot::Binding;
using irgen::RuleUnit;

namespace {

using Kind = Binding::Kind;

// Words that can't name a field in C or C++.
constexpr std::array kReserved{
    "alignas",   "alignof",  "and",    "asm",      "auto",     "bool",     "break",     "case",
    "catch",     "char",     "class",  "const",    "continue", "default",  "delete",    "do",
    "double",    "else",     "enum",   "explicit", "export",   "extern",   "false",     "float",
    "for",       "friend",   "goto",   "if",       "inline",   "int",      "long",      "mutable",
    "namespace", "new",      "not",    "operator", "or",       "private",  "protected", "public",
    "register",  "restrict", "return", "short",    "signed",   "sizeof",   "static",    "struct",
    "switch",    "template", "this",   "throw",    "true",     "try",      "typedef",   "typename",
    "union",     "unsigned", "using",  "virtual",  "void",     "volatile", "while",     "xor"};

bool is_c_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// The arguments that values read, as indices of parameters.
std::vector<bool> arguments_of(const Graph& graph, const Function& f,
                               const std::vector<ValueId>& roots) {
  std::vector<bool> used(f.parameters.size(), false);
  for (ValueId id : reachable(graph, roots))
    if (graph.node(id).op == Op::arg) used[static_cast<size_t>(graph.node(id).attr.ints[0])] = true;
  return used;
}

// Without the parameters that nothing reads and that nothing is stored to.
Function without_unused(Graph& graph, const Function& f) {
  std::vector<ValueId> roots = roots_of(f);
  std::vector<bool> used = arguments_of(graph, f, roots);
  for (const Result& result : f.results)
    if (result.updates >= 0) used[static_cast<size_t>(result.updates)] = true;
  Function out = f;
  out.parameters.clear();
  Builder b(graph);
  std::vector<ValueId> arguments;
  std::vector<int> place(f.parameters.size(), -1);
  for (size_t k = 0; k < f.parameters.size(); ++k) {
    const Parameter& p = f.parameters[k];
    if (!used[k]) {
      arguments.push_back(b.full(0, p.type));
      continue;
    }
    place[k] = static_cast<int>(out.parameters.size());
    arguments.push_back(b.arg(place[k], p.type));
    out.parameters.push_back(p);
  }
  std::vector<ValueId> values = substitute_arguments(b, roots, arguments);
  for (size_t k = 0; k < out.results.size(); ++k) {
    out.results[k].value = values[k];
    if (out.results[k].updates >= 0)
      out.results[k].updates = place[static_cast<size_t>(out.results[k].updates)];
  }
  for (size_t k = 0; k < out.checks.size(); ++k)
    out.checks[k].condition = values[out.results.size() + k];
  return out;
}

class SpecBuilder {
public:
  SpecBuilder(Front& front, const irgen::Chain& chain, const PipelineOptions& options)
      : front_(front), chain_(chain), options_(options) {}

  std::optional<aot::LibrarySpec> run(std::string& dumps, std::vector<PassTime>& times) {
    const ast::Decl& decl = *chain_.rule.decl;
    name_ = ast::name_of(decl);
    if (!is_c_name(name_.name.view())) {
      refuse("its name is no name in C").help("give it a name of ASCII letters and digits");
      return std::nullopt;
    }
    if (!std::holds_alternative<ast::RuleBody>(decl.as<ast::OptimizerDecl>()->body)) {
      refuse("it has no rule of its own").help("build the rules that it routes to");
      return std::nullopt;
    }
    spec_.prefix = lower_case(name_.name.str());
    spec_.title = decl.doc.substr(0, decl.doc.find('\n'));
    for (DType dtype : {DType::f64, DType::f32})
      if (!variant(dtype, dumps, times)) return std::nullopt;
    return std::move(spec_);
  }

private:
  Diagnostic& refuse(const std::string& why) {
    return front_.diags.report(DiagKind::not_lowered, name_.span,
                               fmt::format("'{}' can't be a library: {}", name_.name.view(), why));
  }

  // Only ∇f at x can be handed in, and x comes without a shape.
  bool offered(const Graph& graph, const RuleUnit& unit) {
    irgen::Demands beyond = unit.demands;
    beyond.gradient_at_x = beyond.vector = false;
    if (beyond.vector || unit.demands.vector) beyond.across = false; // one vector is all of them
    if (beyond.str() != irgen::Demands{}.str()) {
      refuse(fmt::format("it asks for {}", beyond.str()))
          .note("the caller of a library hands in ∇f at x, and one tensor at a time");
      return false;
    }
    if (!unit.questions.empty() || !unit.choices.empty()) {
      refuse("it asks for the name or the role of its parameter")
          .note("a library sees a parameter as one row of numbers");
      return false;
    }
    if (unit.shape_sensitive && !unit.demands.vector) {
      refuse("it looks at the shape of its parameter")
          .note("a library sees a parameter as one row of numbers");
      return false;
    }
    std::vector<bool> used = arguments_of(graph, unit.initial, roots_of(unit.initial));
    if (used[unit.index_of("gradient")] || used[unit.index_of("value")]) {
      refuse("its states start from what f or ∇f is at x before step 1")
          .note("the caller of a library hands in ∇f at x in each step, not before");
      return false;
    }
    return true;
  }

  bool field(std::string field, double value, DType dtype, const std::string& of,
             const std::string& doc) {
    std::replace(field.begin(), field.end(), '.', '_');
    if (std::find(kReserved.begin(), kReserved.end(), field) != kReserved.end()) field += "_";
    bool twice = std::any_of(spec_.hyperparameters.begin(), spec_.hyperparameters.end(),
                             [&](const auto& h) { return h.name == field; });
    if (!is_c_name(field) || twice) {
      refuse(
          fmt::format("its hyperparameter '{}' has no name in C{}", of, twice ? " of its own" : ""))
          .help("give it another name, of ASCII letters and digits");
      return false;
    }
    spec_.hyperparameters.push_back({field, value, dtype, doc});
    return true;
  }

  bool hyperparameters(const Graph& graph, const RuleUnit& unit) {
    for (const RuleUnit::Hyper& hyper : unit.hypers)
      if (!field(hyper.name, hyper.value, DType::f64, hyper.name, "")) return false;
    // What a run knows by itself, the caller says.
    std::vector<bool> used = arguments_of(graph, unit.step, roots_of(unit.step));
    std::vector<bool> before = arguments_of(graph, unit.initial, roots_of(unit.initial));
    auto handed = [&](const char* parameter, const char* name, double value, DType dtype,
                      const char* doc) {
      size_t k = unit.index_of(parameter);
      if (!used[k] && !before[k]) return true;
      handed_.emplace_back(parameter);
      return field(name, value, dtype, name, doc);
    };
    return handed("loss", "loss", std::numeric_limits<double>::infinity(), DType::f64,
                  "f at the step before, infinity at the first") &&
           handed("epoch", "epoch", 0, DType::f64, "passes over the data so far") &&
           handed("batch", "batch", 1, DType::f64, "rows that the gradient is of") &&
           handed("seed", "seed", 0, DType::i64, "of random draws") &&
           handed("name", "stream", 0, DType::i64,
                  "of random draws: a number of the tensor's own (a run takes the FNV-1a hash of "
                  "the param's name)");
  }

  // What stands behind a parameter of the rule's functions.
  Binding binding(const RuleUnit& unit, const Parameter& p, bool init) const {
    if (p.name == "t") return init ? Binding{Kind::constant, 0, 1} : Binding{Kind::step_number};
    if (p.name == "x") return {Kind::x};
    if (p.name == "gradient") return {Kind::gradient};
    for (size_t k = 0; k < handed_.size(); ++k)
      if (p.name == handed_[k]) return {Kind::hyper, static_cast<int>(unit.hypers.size() + k)};
    if (p.name.starts_with("hyper "))
      for (size_t k = 0; k < unit.hypers.size(); ++k)
        if (p.name.substr(6) == unit.hypers[k].name) return {Kind::hyper, static_cast<int>(k)};
    if (p.name.starts_with("state "))
      for (size_t k = 0; k < unit.states.size(); ++k)
        if (p.name.substr(6) == unit.states[k].name) return {Kind::state, static_cast<int>(k)};
    TW_CHECK(false, "a library's rule reads '{}'", p.name);
    return {};
  }

  std::optional<aot::BoundProgram> lower(Graph& graph, Pipeline& pipeline, const RuleUnit& unit,
                                         Function f, Kind result) {
    bool init = result == Kind::state;
    for (Check& check : f.checks) {
      int status = TW_REQUIRE_VIOLATED;
      for (const RuleUnit::Stop& stop : unit.stops)
        if (stop.status == check.status) status = stop.done ? TW_DONE_STATEMENT : TW_FAIL_STATEMENT;
      check.status = status;
    }
    Function finished = pipeline.finish(without_unused(graph, f));
    if (options_.stop_after == "ir") return std::nullopt;
    std::optional<loops::Lowered> lowered = pipeline.lower(finished);
    if (!lowered) return std::nullopt;
    std::vector<Binding> parameters, results;
    for (const Parameter& p : finished.parameters)
      parameters.push_back(binding(unit, p, init));
    for (size_t k = 0; k < finished.results.size(); ++k)
      results.push_back({result, static_cast<int>(k)});
    return aot::bind(*lowered, parameters, results);
  }

  bool variant(DType dtype, std::string& dumps, std::vector<PassTime>& times) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, dtype);
    std::optional<RuleUnit> rule = irgen::elaborate_rule(unit, chain_, 1);
    if (!rule || !offered(graph, *rule)) return false;
    if (spec_.variants.empty() && !hyperparameters(graph, *rule)) return false;
    Pipeline pipeline(graph, front_.diags, options_);
    aot::Variant out;
    out.dtype = dtype;
    for (const RuleUnit::State& state : rule->states) {
      Dim count = element_count(state.type.shape).substitute([](std::string_view name) {
        return name == "size" ? std::optional(Dim::symbol("n")) : std::nullopt;
      });
      out.states.push_back({state.type.dtype, count});
    }
    std::string suffix = dtype == DType::f32 ? "_f32" : "";
    // Ranges that hyperparameters alone decide are looked at before the first step too.
    Function initial = rule->initial;
    initial.name = fmt::format("{}.init{}", spec_.prefix, suffix);
    for (const Check& check : rule->step.checks) {
      std::vector<bool> used = arguments_of(graph, rule->step, {check.condition});
      bool early = true;
      for (size_t k = 0; k < used.size(); ++k)
        if (used[k]) {
          const std::string& name = rule->step.parameters[k].name;
          early = early && (name == "t" || name.starts_with("hyper "));
        }
      early = early && std::none_of(rule->stops.begin(), rule->stops.end(),
                                    [&](const auto& stop) { return stop.status == check.status; });
      if (early) initial.checks.push_back(check);
    }
    Function step = rule->step;
    step.name = fmt::format("{}.step{}", spec_.prefix, suffix);
    step.results.resize(1 + rule->states.size()); // rates and reports have no reader
    auto init_program = lower(graph, pipeline, *rule, initial, Kind::state);
    auto step_program = lower(graph, pipeline, *rule, step, Kind::scratch);
    if (rule->answer) {
      Function answer = *rule->answer;
      answer.name = fmt::format("{}.answer{}", spec_.prefix, suffix);
      out.answer = lower(graph, pipeline, *rule, answer, Kind::answer);
      if (!out.answer && options_.stop_after.empty()) return false;
    }
    dumps += pipeline.dumps();
    for (const PassTime& time : pipeline.times())
      times.push_back(time);
    if (!init_program || !step_program) return false;
    out.init = std::move(init_program);
    out.step = std::move(*step_program);
    spec_.variants.push_back(std::move(out));
    return true;
  }

  Front& front_;
  const irgen::Chain& chain_;
  const PipelineOptions& options_;
  ast::Ident name_;
  std::vector<std::string> handed_; // what the caller knows beside hyperparameters
  aot::LibrarySpec spec_;
};

} // namespace

std::optional<aot::LibrarySpec> library_spec(Front& front, const irgen::Chain& chain,
                                             const PipelineOptions& options, std::string& dumps,
                                             std::vector<PassTime>& times) {
  return SpecBuilder(front, chain, options).run(dumps, times);
}

} // namespace thalweg::driver
