// `thalweg gradcheck`: symbolic derivatives of a problem beside finite differences, term by term.
#include "driver/commands.h"
#include "driver/derivative_check.h"
#include "driver/derivatives.h"
#include "driver/problem_choice.h"

#include "record/json_text.h"
#include "terminal/table.h"

#include <algorithm>
#include <cstdio>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

constexpr int64_t kElements = 200;  // of the params that are moved at a point, by term
constexpr int64_t kDirections = 20; // of the Hessian, by term and point
constexpr double kSpread = 0.1;     // of random points around the start
constexpr size_t kWidth = 44;       // of a term's text

// What the objective adds up, with the text that it stands as.
struct Term {
  std::string text;
  Span span;
  Derived functions;
  Compared first, second;
};

class GradCheck {
public:
  GradCheck(Front& front, const GradCheckOptions& options) : front_(front), options_(options) {}

  bool run() {
    CommonOptions common = options_.common;
    common.precision = "f64";
    chosen_ = choose_problem(front_, graph_, common, options_.problem, options_.at);
    if (!chosen_) return false;
    auto at = assemble(front_, graph_, chosen_->problem, chosen_->given);
    if (!at || !find_terms()) return false;
    for (int64_t point = 0; point < options_.points; ++point) {
      DerivativeCheck check(graph_, chosen_->problem, *at);
      const uint64_t seed = options_.seed * 1000003 + static_cast<uint64_t>(point);
      // The start may be special (all elements equal, on a kink): every point is drawn.
      check.move(seed, kSpread);
      for (Term& term : terms_) {
        add(term.first, check.first(term.functions, kElements, seed));
        add(term.second, check.second(term.functions, kDirections, seed));
      }
    }
    bool fine = true;
    for (const Term& term : terms_)
      fine = told(term) && fine;
    return fine;
  }

  bool ready() const {
    return !terms_.empty() &&
           terms_[0].second.numbers + terms_[0].second.kinks + terms_[0].second.unknown > 0;
  } // something was compared
  std::string text() const {
    rt::Table table;
    table.header = {"term", "gradient", "Hessian"};
    table.left = {true, true, true};
    for (const Term& term : terms_)
      table.rows.push_back({shortened(term.text), verdict(term.first), verdict(term.second)});
    std::string out = fmt::format("{}: {} random points around the start\n\n",
                                  chosen_->problem.objective.name, options_.points);
    out += rt::format_table(table, rt::detect_terminal(1, options_.ascii));
    out += "\nlargest distance of a derivative from its finite difference, relative\n";
    return out;
  }
  std::string json() const {
    rt::Json terms = rt::Json::array();
    for (const Term& term : terms_)
      terms.push_back(
          {{"term", term.text}, {"gradient", of(term.first)}, {"hessian", of(term.second)}});
    return rt::print_json_pretty({{"problem", chosen_->problem.objective.name},
                                  {"points", options_.points},
                                  {"terms", terms}});
  }

private:
  // Through sums and differences of numbers, from the objective as it is written.
  bool find_terms() {
    const irgen::ProblemUnit& problem = chosen_->problem;
    std::vector<ValueId> todo{problem.objective.results[0].value}, values;
    while (!todo.empty()) {
      const ValueId id = todo.back();
      todo.pop_back();
      const Node& node = graph_.node(id);
      if (node.op == Op::add || node.op == Op::sub || node.op == Op::neg)
        todo.insert(todo.end(), node.operands.rbegin(), node.operands.rend());
      else if (std::find(values.begin(), values.end(), id) == values.end())
        values.push_back(id);
    }
    const std::vector<Span> written = written_terms();
    for (ValueId id : values) {
      const size_t place = terms_.size();
      irgen::ProblemUnit part = problem;
      part.objective.results[0].value = id;
      part.objective.checks.clear();
      const Loss loss = loss_of(graph_, part);
      auto gradient = derive(front_, graph_, loss, Derivative::gradient);
      auto product = derive(front_, graph_, loss, Derivative::product);
      if (!gradient || !product) return false;
      Term term;
      // A value may come from inside a function; as many terms as the text has are those.
      term.span = written.size() == values.size() ? written[place] : graph_.origin(id);
      term.text = term.span.valid() ? std::string(front_.sources.text(term.span)) : "the objective";
      term.functions = {part.objective, *gradient, *product};
      term.functions.value.results.resize(1);
      terms_.push_back(std::move(term));
    }
    // A constant has nothing to compare, unless it is all there is.
    auto constant = [&](const Term& term) {
      for (ValueId v : reachable(graph_, roots_of(term.functions.value)))
        if (const Node& node = graph_.node(v);
            node.op == Op::arg &&
            static_cast<size_t>(node.attr.ints[0]) >= problem.first_parameter() &&
            static_cast<size_t>(node.attr.ints[0]) <
                problem.first_parameter() + problem.parameters.size())
          return false;
      return true;
    };
    std::erase_if(terms_, constant);
    if (terms_.empty())
      front_.diags.report(DiagKind::bad_setting, {}, "the objective depends on no param");
    return !terms_.empty();
  }

  // The terms of the objective as they stand in the text, in its order.
  std::vector<Span> written_terms() const {
    std::vector<Span> spans;
    for (const ast::ProblemItem& item : chosen_->problem.decl->items) {
      const auto* objective = std::get_if<ast::ObjectiveItem>(&item.node);
      if (!objective) continue;
      if (const auto* sum = objective->value->as<ast::Sum>())
        for (const ast::SumTerm& term : sum->terms)
          spans.push_back(term.value->span);
      else
        spans.push_back(objective->value->span);
    }
    return spans;
  }

  static void add(Compared& all, const Compared& one) {
    all.numbers += one.numbers;
    all.kinks += one.kinks;
    all.unknown += one.unknown;
    all.worst = std::max(all.worst, one.worst);
    if (!all.wrong) all.wrong = one.wrong;
  }

  // Messages about a term that disagrees, or that nothing could be said of.
  bool told(const Term& term) {
    bool fine = true;
    for (bool second : {false, true}) {
      const Compared& c = second ? term.second : term.first;
      const char* what = second ? "second derivative" : "derivative";
      if (c.wrong) {
        fine = false;
        const Disagreement& d = *c.wrong;
        const auto& p = chosen_->problem.parameters[d.parameter];
        const std::string by = d.element < 0 ? "along a random direction"
                               : second      ? fmt::format("along {}", element(p, d.element))
                                             : fmt::format("by {}", element(p, d.element));
        Diagnostic& message = front_.diags.report(
            DiagKind::no_derivative, term.span,
            fmt::format("the {} of this term {} is {:.6g}, finite differences give {:.6g}", what,
                        by, d.symbolic, d.estimate));
        message.note(fmt::format("rounding and the step explain up to {:.2g}", d.allowed));
        if (stops(term))
          message.note("'stop_gradient' in it makes its argument a constant to derivatives");
      } else if (c.numbers == 0 && c.kinks == 0) {
        fine = false;
        front_.diags
            .report(DiagKind::no_derivative, term.span,
                    fmt::format("the {} of this term can't be checked: it is not finite at any of "
                                "the {} points",
                                what, options_.points))
            .help("give a point inside its domain: --at NAME=VALUE");
      }
    }
    return fine;
  }
  std::string element(const irgen::ProblemUnit::Parameter& p, int64_t flat) const {
    return p.type.shape.empty() ? p.name : fmt::format("{}, element {},", p.name, flat);
  }
  bool stops(const Term& term) const {
    for (ValueId v : reachable(graph_, roots_of(term.functions.value)))
      if (graph_.node(v).op == Op::stop_gradient) return true;
    return false;
  }

  static std::string verdict(const Compared& c) {
    std::string text = c.wrong ? "WRONG" : c.numbers == 0 ? "-" : fmt::format("{:.1e}", c.worst);
    if (c.kinks) text += fmt::format(", {} at kinks", c.kinks);
    if (c.unknown) text += fmt::format(", {} not finite", c.unknown);
    return text;
  }
  static rt::Json of(const Compared& c) {
    rt::Json json = {{"compared", c.numbers},
                     {"kinks", c.kinks},
                     {"not_finite", c.unknown},
                     {"worst", c.worst},
                     {"agrees", !c.wrong}};
    return json;
  }
  static std::string shortened(const std::string& text) {
    std::string line;
    for (char c : text)
      if (c != '\n' || !line.ends_with(' ')) line += c == '\n' ? ' ' : c;
    return line.size() <= kWidth ? line : line.substr(0, kWidth - 3) + "...";
  }

  Front& front_;
  const GradCheckOptions& options_;
  Graph graph_;
  std::optional<ChosenProblem> chosen_;
  std::vector<Term> terms_;
};

} // namespace

int gradcheck_command(const GradCheckOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file)) {
    GradCheck command(front, options);
    command.run();
    // The table stands beside the messages, where there is one.
    if (command.ready()) fmt::print("{}", options.common.json ? command.json() : command.text());
  }
  return front.report();
}

} // namespace thalweg::driver
