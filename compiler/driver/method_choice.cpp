// Methods and what they are for (see method_choice.h).
#include "driver/method_choice.h"

#include "driver/derivatives.h"
#include "irgen/residuals.h"
#include "parse/parse.h"
#include "passes/diff/diff.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>

namespace thalweg::driver {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> kClasses{"quadratics", "sums of squares",
                                                   "smooth functions"};
constexpr size_t kKinksShown = 3;

bool is_param(const Node& node, const irgen::ProblemUnit& problem) {
  const auto k = node.op == Op::arg ? static_cast<size_t>(node.attr.ints[0]) : 0;
  return node.op == Op::arg && k >= problem.first_parameter() &&
         k < problem.first_parameter() + problem.parameters.size();
}
bool depends_on_params(const Graph& graph, const std::vector<ValueId>& roots,
                       const irgen::ProblemUnit& problem) {
  for (ValueId id : reachable(graph, roots))
    if (is_param(graph.node(id), problem)) return true;
  return false;
}

} // namespace

std::optional<Purpose> parse_purpose(std::string_view text) {
  for (size_t k = 0; k < kClasses.size(); ++k) {
    if (!text.starts_with(kClasses[k])) continue;
    const std::string rest(text.substr(kClasses[k].size()));
    Purpose purpose{static_cast<ProblemClass>(k), -1};
    if (rest == " of any size") return purpose;
    long long most = 0;
    int end = 0;
    if (std::sscanf(rest.c_str(), " of up to %lld params%n", &most, &end) == 1 &&
        static_cast<size_t>(end) == rest.size() && most > 0) {
      purpose.params = most;
      return purpose;
    }
  }
  return std::nullopt;
}

ProblemFacts facts_of(Graph& graph, const irgen::ProblemUnit& problem, const Evaluation& at) {
  ProblemFacts facts;
  for (size_t k = 0; k < problem.parameters.size(); ++k)
    facts.params += at.inputs[problem.first_parameter() + k].size();
  const Loss loss = loss_of(graph, problem);
  facts.sum_of_squares = irgen::residuals_of(graph, problem).has_value();
  if (diff::Outcome product = diff::hvp(graph, loss.function, 0, loss.parameters)) {
    std::vector<ValueId> roots;
    for (const Result& result : product->results)
      roots.push_back(result.value);
    facts.quadratic = !depends_on_params(graph, roots, problem);
  }
  const std::vector<ValueId> roots{problem.objective.results[0].value};
  for (ValueId id : reachable(graph, roots)) {
    const Node& node = graph.node(id);
    const bool kink = node.op == Op::abs || node.op == Op::min || node.op == Op::max ||
                      node.op == Op::reduce_min || node.op == Op::reduce_max;
    if (!kink || !is_real(node.type.dtype) || facts.kinks.size() >= kKinksShown) continue;
    if (depends_on_params(graph, {id}, problem) && graph.origin(id).valid())
      facts.kinks.push_back(graph.origin(id));
  }
  return facts;
}

std::optional<MethodChoice> choose_method(Front& front, const ProblemFacts& facts) {
  struct Candidate {
    std::string name;
    Purpose purpose;
  };
  std::vector<Candidate> candidates;
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(front.library.root()) / "methods", error))
    if (entry.path().extension() == ".tw") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    SourceManager sources;
    Diagnostics unheard;
    ast::Context context;
    const std::optional<FileId> id = sources.load(path.string());
    const ast::File* file = id ? parse_file(sources, *id, context, unheard) : nullptr;
    if (!file || file->decls.empty()) continue;
    std::istringstream doc(file->decls.front()->doc);
    for (std::string line; std::getline(doc, line);)
      if (line.starts_with("Solves: "))
        if (auto purpose = parse_purpose(std::string_view(line).substr(8)))
          candidates.push_back({path.stem().string(), *purpose});
  }
  auto fits = [&](const Candidate& c) {
    return (c.purpose.params < 0 || facts.params <= c.purpose.params) &&
           (c.purpose.of == ProblemClass::quadratics        ? facts.quadratic
            : c.purpose.of == ProblemClass::sums_of_squares ? facts.sum_of_squares
                                                            : true);
  };
  std::erase_if(candidates, [&](const Candidate& c) { return !fits(c); });
  auto narrower = [](const Candidate& a, const Candidate& b) {
    auto size = [](int64_t n) { return n < 0 ? INT64_MAX : n; };
    return std::pair(a.purpose.of, size(a.purpose.params)) <
           std::pair(b.purpose.of, size(b.purpose.params));
  };
  auto best = std::min_element(candidates.begin(), candidates.end(), narrower);
  if (best == candidates.end()) {
    front.diags
        .report(DiagKind::bad_setting, {},
                "no method of the library says that it is for such a problem")
        .help("name one: --method NAME");
    return std::nullopt;
  }
  const char* what = facts.quadratic        ? "the objective is a quadratic"
                     : facts.sum_of_squares ? "the objective is a sum of squares"
                                            : "the objective is a general function";
  std::string bound =
      best->purpose.params < 0 ? "" : fmt::format(" (up to {})", best->purpose.params);
  return MethodChoice{best->name, fmt::format("{} of {} param{}{}", what, facts.params,
                                              facts.params == 1 ? "" : "s", bound)};
}

} // namespace thalweg::driver
