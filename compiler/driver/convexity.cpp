// Verdicts about an objective, as a tree (see convexity.h).
#include "driver/convexity.h"

#include "passes/formula/formula.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

constexpr size_t kWidth = 60; // of a value's text
constexpr int kDepth = 12;    // of the tree

std::string shortened(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  if (text.size() <= kWidth) return text;
  size_t end = kWidth - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

// Values as formulas: lets and calls by their names and as they were written.
class Texts {
public:
  Texts(const Front& front, const Graph& graph, const irgen::ProblemUnit& problem)
      : graph_(graph), problem_(problem) {
    options_.style = formula::Style::unicode;
    options_.share_above = 1000;
    for (const auto& [id, name] : problem.names)
      options_.names.emplace(ValueId(id), name);
    for (const convex::CallNote& note : problem.notes)
      options_.names[note.result] = shortened(std::string(front.sources.text(note.span)));
  }
  std::string of(ValueId id) const {
    if (auto named = options_.names.find(id); named != options_.names.end()) return named->second;
    const ValueId ids[] = {id};
    return formula::formulas(graph_, problem_.objective, ids, options_).expressions[0];
  }

private:
  const Graph& graph_;
  const irgen::ProblemUnit& problem_;
  formula::Options options_;
};

std::string sign_text(const convex::Facts& f) {
  switch (f.sign) {
  case convex::Sign::plus: return f.positive ? ", > 0" : ", ≥ 0";
  case convex::Sign::minus: return ", ≤ 0";
  case convex::Sign::zero: return ", 0";
  case convex::Sign::unknown: break;
  }
  return "";
}

std::string bound_text(const convex::Bound& b) {
  if (!b.value) return fmt::format("L ≤ {}", b.text);
  const std::string number = fmt::format("{:.6g}", *b.value);
  return number == b.text ? fmt::format("L ≤ {}", number)
                          : fmt::format("L ≤ {} = {}", number, b.text);
}

class Tree {
public:
  Tree(convex::Analysis& analysis, const Texts& texts) : analysis_(analysis), texts_(texts) {}

  void node(ValueId value, const convex::Facts& f, const std::string& text,
            const std::string& first, const std::string& rest, const std::string& properties,
            int depth) {
    out += fmt::format("{}{}  {}{}{}: {}\n", first, text, convex::name_of(f.curvature),
                       sign_text(f), properties, f.reason);
    if (depth >= kDepth || std::find(shown_.begin(), shown_.end(), value) != shown_.end()) return;
    if (depth > 0) shown_.push_back(value);
    std::vector<ValueId> parts;
    for (ValueId part : f.because)
      collect(part, parts);
    for (size_t k = 0; k < parts.size(); ++k) {
      const bool last = k + 1 == parts.size();
      const convex::Facts& of = analysis_.of(parts[k]);
      node(parts[k], of, shortened(texts_.of(parts[k])), rest + (last ? "└─ " : "├─ "),
           rest + (last ? "   " : "│  "), "", depth + 1);
    }
  }
  std::string out;

private:
  const Graph& graph() const { return analysis_.question().graph; }
  // Steps that say nothing of their own are passed over; params are not told of.
  void collect(ValueId id, std::vector<ValueId>& parts) {
    const Node* node = &graph().node(id);
    while (!analysis_.note(id) &&
           (node->op == Op::cast || node->op == Op::broadcast || node->op == Op::reshape)) {
      id = node->operands[0];
      node = &graph().node(id);
    }
    if (node->op == Op::arg || analysis_.is_free(id)) return;
    if (std::find(parts.begin(), parts.end(), id) == parts.end()) parts.push_back(id);
  }

  convex::Analysis& analysis_;
  const Texts& texts_;
  std::vector<ValueId> shown_;
};

std::string properties_of(const convex::Term& term, const irgen::ProblemUnit& problem) {
  const convex::Facts& f = term.facts;
  std::string text;
  if (f.curvature == convex::Curvature::constant) return text;
  text += f.smooth ? ", smooth" : ", not smooth";
  if (f.smooth && f.bend && !convex::is_affine(f.curvature)) text += ", " + bound_text(*f.bend);
  if (f.separable && !convex::is_affine(f.curvature)) text += ", separable";
  if (term.prox)
    text += fmt::format(", prox of {} in {}", term.prox->function,
                        problem.parameters[static_cast<size_t>(term.param)].name);
  return text;
}

} // namespace

convex::Question question_of(Front& front, Graph& graph, const irgen::ProblemUnit& problem,
                             const Evaluation& at, bool with_data) {
  convex::Question q{graph, 0, 0, problem.notes, {}, {}, {}};
  q.first = static_cast<int64_t>(problem.first_parameter());
  q.end = q.first + static_cast<int64_t>(problem.parameters.size());
  q.text = [texts = std::make_shared<Texts>(front, graph, problem)](ValueId id) {
    return shortened(texts->of(id));
  };
  q.size = [sizes = at.sizes](const Dim& size) { return evaluate_dim(size, sizes); };
  auto memory = std::make_shared<std::map<uint32_t, std::optional<Tensor>>>();
  q.known = [&graph, &problem, at, with_data, memory,
             first = q.first](ValueId id) -> std::optional<Tensor> {
    if (auto done = memory->find(id.value); done != memory->end()) return done->second;
    std::optional<Tensor>& out = (*memory)[id.value];
    for (ValueId v : reachable(graph, std::span(&id, 1))) {
      const Node& node = graph.node(v);
      if (node.op == Op::arg && node.attr.ints[0] >= first && !with_data) return out;
      if (node.op == Op::random) return out;
    }
    Function f = problem.objective;
    f.results = {{"value", id, false, -1}};
    f.checks.clear();
    InterpreterOptions options;
    options.bindings = at.sizes;
    // Without data the hyperparameters alone: the types of the others have sizes that are not
    // known.
    if (!with_data) f.parameters.resize(static_cast<size_t>(first));
    Evaluated value = Interpreter(graph, options).evaluate(f, at.inputs);
    if (value.ok()) out = std::move(value.results[0]);
    return out;
  };
  return q;
}

Explained explain(Front& front, convex::Analysis& analysis, const irgen::ProblemUnit& problem) {
  const Graph& graph = analysis.question().graph;
  std::vector<convex::Term> terms = convex::terms_of(analysis, problem.objective.results[0].value);
  const convex::Verdict verdict = convex::verdict_of(terms);
  const Texts texts(front, graph, problem);
  Tree tree(analysis, texts);
  const bool turned = problem.maximize;
  tree.out += fmt::format("problem {}: {}f is {}", problem.objective.name, turned ? "-" : "",
                          convex::name_of(verdict.curvature));
  size_t smooth = 0;
  for (const convex::Term& term : terms)
    smooth += term.facts.smooth;
  if (verdict.smooth)
    tree.out += ", smooth";
  else if (smooth > 0)
    tree.out += ", in part smooth";
  if (smooth > 0 && verdict.bend && !verdict.bend->is_zero())
    tree.out += fmt::format("; {}{}", verdict.smooth ? "" : "its smooth part has ",
                            bound_text(*verdict.bend));
  tree.out += "\n";
  rt::Json json = rt::Json::array();
  for (size_t k = 0; k < terms.size(); ++k) {
    const convex::Term& term = terms[k];
    const bool last = k + 1 == terms.size();
    const std::string text = (term.negative ? "-" : "") + texts.of(term.value);
    tree.node(term.value, term.facts, shortened(text), last ? "└─ " : "├─ ", last ? "   " : "│  ",
              properties_of(term, problem), 0);
    rt::Json one = {{"term", text},
                    {"curvature", convex::name_of(term.facts.curvature)},
                    {"smooth", term.facts.smooth},
                    {"separable", term.facts.separable},
                    {"reason", term.facts.reason}};
    if (term.facts.smooth && term.facts.bend) {
      one["lipschitz"] = term.facts.bend->text;
      if (term.facts.bend->value) one["lipschitz_value"] = *term.facts.bend->value;
    }
    if (term.prox) one["prox"] = term.prox->function;
    json.push_back(std::move(one));
  }
  rt::Json whole = {{"problem", problem.objective.name},
                    {"curvature", convex::name_of(verdict.curvature)},
                    {"smooth", verdict.smooth},
                    {"terms", json}};
  if (verdict.bend && verdict.bend->value) whole["lipschitz_value"] = *verdict.bend->value;
  return {tree.out, std::move(whole)};
}

} // namespace thalweg::driver
