// Sums and differences taken apart (see terms.h).
#include "convex/terms.h"

namespace thalweg::convex {

// Through what changes no element.
static ValueId plain(const Graph& graph, ValueId id) {
  while (graph.node(id).op == Op::cast || graph.node(id).op == Op::reshape)
    id = graph.node(id).operands[0];
  return id;
}

static void find_prox(Analysis& analysis, Term& term) {
  const Question& q = analysis.question();
  ValueId id = term.value;
  bool turned = term.negative;
  while (!analysis.note(id) || !analysis.note(id)->has_prox) {
    const Node& node = q.graph.node(id);
    ValueId next;
    if (node.op == Op::cast)
      next = node.operands[0];
    else if (node.op == Op::neg) {
      next = node.operands[0];
      turned = !turned;
    } else if (node.op == Op::mul || node.op == Op::div)
      for (size_t k = 0; k < (node.op == Op::mul ? 2u : 1u); ++k)
        if (const ValueId factor = node.operands[1 - k]; analysis.is_free(factor)) {
          const Sign sign = analysis.sign_of(factor);
          if (is_plus(sign))
            next = node.operands[k];
          else if (is_minus(sign)) {
            next = node.operands[k];
            turned = !turned;
          }
        }
    if (!next.valid()) return;
    id = next;
  }
  const CallNote& note = *analysis.note(id);
  if (turned || note.arguments.empty() || !note.arguments[0].valid()) return;
  const Node& argument = q.graph.node(plain(q.graph, note.arguments[0]));
  if (argument.op != Op::arg || argument.attr.ints[0] < q.first || argument.attr.ints[0] >= q.end)
    return;
  for (size_t k = 1; k < note.arguments.size(); ++k)
    if (note.arguments[k].valid() && !analysis.is_free(note.arguments[k])) return;
  term.prox = &note;
  term.param = static_cast<int>(argument.attr.ints[0] - q.first);
}

std::vector<Term> terms_of(Analysis& analysis, ValueId objective) {
  const Graph& graph = analysis.question().graph;
  std::vector<Term> terms;
  std::vector<std::pair<ValueId, bool>> todo{{objective, false}};
  while (!todo.empty()) {
    auto [id, negative] = todo.back();
    todo.pop_back();
    const Node& node = graph.node(id);
    const bool called = analysis.note(id) != nullptr;
    if (!called && (node.op == Op::add || node.op == Op::sub)) {
      todo.emplace_back(node.operands[1], negative != (node.op == Op::sub));
      todo.emplace_back(node.operands[0], negative);
    } else if (!called && (node.op == Op::neg || node.op == Op::cast)) {
      todo.emplace_back(node.operands[0], negative != (node.op == Op::neg));
    } else {
      Term term{id, negative, analysis.of(id)};
      if (negative) {
        term.facts = negated(term.facts);
        term.facts.reason =
            "minus " + a_value(analysis.of(id).curvature) + ": " + analysis.of(id).reason;
      }
      find_prox(analysis, term);
      terms.push_back(std::move(term));
    }
  }
  return terms;
}

Verdict verdict_of(const std::vector<Term>& terms) {
  Verdict v;
  v.bend = Bound::number(0);
  for (const Term& term : terms) {
    v.curvature = sum_of(v.curvature, term.facts.curvature);
    if (!term.facts.smooth) {
      v.smooth = false;
      continue;
    }
    if (v.bend && term.facts.bend)
      v.bend = *v.bend + *term.facts.bend;
    else
      v.bend.reset();
  }
  return v;
}

} // namespace thalweg::convex
