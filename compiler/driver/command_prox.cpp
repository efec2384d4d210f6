// `thalweg check --prox`: proximal operators and projections of a file against their laws.
#include "driver/commands.h"
#include "driver/convexity.h"
#include "driver/problem_choice.h"
#include "driver/prox_laws.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace thalweg::driver {

namespace {

using Kind = ast::AttachedClause::Kind;

class LawCheck {
public:
  LawCheck(Front& front, const CommonOptions& options) : front_(front), options_(options) {}

  // Every function and set that the problem uses.
  void problem(const ast::Decl& decl) {
    Graph graph;
    CommonOptions options = options_;
    options.precision = "f64";
    auto chosen = choose_problem(front_, graph, options, ast::name_of(decl).name.str(), {});
    if (!chosen) return;
    auto at = assemble(front_, graph, chosen->problem, chosen->given);
    if (!at) return;
    irgen::Unit unit = front_.unit(graph, DType::f64);
    convex::Analysis analysis(question_of(front_, graph, chosen->problem, *at, true));
    for (size_t k = 0; k < chosen->problem.notes.size(); ++k) {
      const ast::FunctionDecl& function = *chosen->problem.noted[k].function;
      const ast::AttachedClause* clause = ast::clause_of(function.clauses, Kind::prox);
      if (!clause || !seen_.insert(&function).second) continue;
      auto operators = irgen::proximal_of(unit, chosen->problem, k);
      if (!operators) continue;
      const bool convex = is_convex_function(graph, *operators, chosen->problem.notes[k],
                                             analysis.question().known);
      const Laws laws = ProxLaws(graph, *operators, *at).prox(convex, 1);
      told(function.name, clause->span, laws, "prox",
           convex ? "minimal, firmly non-expansive" : "minimal");
    }
    for (size_t k = 0; k < chosen->problem.memberships.size(); ++k) {
      const ast::SetDecl& set = *chosen->problem.memberships[k].set;
      const ast::AttachedClause* clause = ast::clause_of(set.clauses, Kind::project);
      if (!clause || !seen_.insert(&set).second) continue;
      auto operators = irgen::projection_of(unit, chosen->problem, k);
      if (!operators) continue;
      const Laws laws = ProxLaws(graph, *operators, *at).projection(1);
      told(set.name, clause->span, laws, "project",
           std::string(operators->value ? "inside, " : "") + "nearest" +
               (laws.firm ? ", firmly non-expansive" : ", not convex"));
    }
  }

  const std::set<const void*>& seen() const { return seen_; }
  std::string lines;

private:
  // By its formula with the point in the place of the argument, or by declaration.
  bool is_convex_function(Graph& graph, const irgen::Proximal& operators,
                          const convex::CallNote& note,
                          std::function<std::optional<Tensor>(ValueId)> known) {
    if (note.curvature > 0) return true;
    const auto point = static_cast<int64_t>(operators.value->parameters.size()) - 2;
    convex::Question q{graph, point, point + 1, {}, std::move(known), {}, {}};
    q.text = [](ValueId) { return std::string("the factor"); };
    convex::Analysis analysis(std::move(q));
    return convex::is_convex(analysis.of(operators.value->results[0].value).curvature);
  }

  void told(const ast::Ident& name, Span clause, const Laws& laws, std::string_view what,
            const std::string& fine) {
    if (laws.broken.empty()) {
      lines += fmt::format("{} {}: {}, at {} random points\n", what, name.name.view(), fine,
                           laws.points);
      return;
    }
    front_.diags
        .report(DiagKind::broken_law, clause,
                fmt::format("'{}' of '{}' breaks its law: {}", what, name.name.view(), laws.broken))
        .note(what == "prox" ? "prox(y, s) is the minimum over z of h(z) + ‖z - y‖²/(2s)"
                             : "project(y) is the point of the set that is nearest to y");
  }

  Front& front_;
  const CommonOptions& options_;
  std::set<const void*> seen_;
};

} // namespace

// The problem that a line `Example: param x: [6]; x in Interval(0, 1)` of a comment stands for.
std::string problem_of_example(const ast::Decl& decl) {
  const std::string_view word = "Example: ";
  const size_t at = decl.doc.find(word);
  if (at == decl.doc.npos) return "";
  const size_t begin = at + word.size();
  const std::string line = decl.doc.substr(begin, decl.doc.find('\n', begin) - begin);
  const size_t split = line.find("; ");
  if (split == line.npos) return "";
  const std::string param = line.substr(0, split), rest = line.substr(split + 2);
  const std::string name = param.substr(6, param.find(':') - 6);
  return fmt::format("\nproblem Example {{\n  {}\n  {}\n}}\n", param,
                     decl.as<ast::SetDecl>()
                         ? fmt::format("minimize sum({})\n  subject to {{ {} }}", name, rest)
                         : fmt::format("minimize {}", rest));
}

std::string prox_program(Front& front, const CommonOptions& options) {
  LawCheck laws(front, options);
  size_t errors = front.diags.error_count();
  for (const ast::Decl* decl : front.program.own)
    if (decl->as<ast::ProblemDecl>() && !front.program.broken.contains(decl)) laws.problem(*decl);
  std::string lines = laws.lines;
  // What no problem uses, by the example of its comment.
  for (const ast::Decl* decl : front.program.own) {
    const auto* function = decl->as<ast::FunctionDecl>();
    const auto* set = decl->as<ast::SetDecl>();
    const bool brings = function ? ast::clause_of(function->clauses, Kind::prox) != nullptr
                                 : set && ast::clause_of(set->clauses, Kind::project) != nullptr;
    if (!brings || front.program.broken.contains(decl)) continue;
    const void* item = function ? static_cast<const void*>(function) : set;
    if (laws.seen().contains(item)) continue;
    const std::string example = problem_of_example(*decl);
    if (example.empty()) {
      lines += fmt::format("{}: not examined; no problem here uses it, and its comment has no line "
                           "'Example: param x: [6]; …'\n",
                           ast::name_of(*decl).name.view());
      continue;
    }
    Front with(front.library.root());
    with.path = front.path;
    const std::string text =
        std::string(front.sources.text(FileId(ast::name_of(*decl).span.file))) + example;
    sema::Compilation compilation{with.sources, with.context, with.library, with.diags};
    with.program = sema::analyze(compilation, with.sources.add(with.path, text));
    LawCheck own(with, options);
    for (const ast::Decl* other : with.program.own)
      if (other->as<ast::ProblemDecl>() && ast::name_of(*other).name == std::string_view("Example"))
        own.problem(*other);
    if (with.diags.has_errors()) {
      with.report();
      front.diags.report(DiagKind::broken_law, ast::name_of(*decl).span,
                         fmt::format("'{}' failed by the example of its comment",
                                     ast::name_of(*decl).name.view()));
    }
    lines += own.lines;
  }
  if (lines.empty() && front.diags.error_count() == errors)
    front.diags.report(DiagKind::no_such_item, {},
                       fmt::format("{} declares and uses no prox and no projection", front.path));
  return lines;
}

} // namespace thalweg::driver
