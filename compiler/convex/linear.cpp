// Moving, adding up and weighing elements; bounds of linear maps.
#include "convex/analysis.h"
#include "convex/spectral.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::convex {

// Weights at least 0 keep a curvature, weights at most 0 turn it.
Facts Analysis::times(Facts f, Sign sign, const Bound& size, std::string_view factor) {
  const Curvature inside = f.curvature;
  const bool affine = is_affine(inside);
  if (is_plus(sign)) {
    f.reason = affine ? "a multiple of an affine value" : fmt::format("times or by {} ≥ 0", factor);
  } else if (is_minus(sign)) {
    f.curvature = turned(f.curvature);
    f.reason = affine ? "a multiple of an affine value"
                      : fmt::format("times or by {} ≤ 0, which turns it", factor);
    f.log_convex = f.root_convex = false;
  } else {
    if (!affine) f.curvature = Curvature::unknown;
    f.reason = affine ? "a multiple of an affine value"
                      : fmt::format("the sign of {} is not known", factor);
    f.log_convex = f.root_convex = false;
  }
  if (inside == Curvature::unknown) f.reason = "a multiple of a value of unknown curvature";
  f.sign = product_of(f.sign, sign);
  f.positive = false;
  for (auto& [param, gain] : f.gain)
    gain = size * gain;
  if (f.bend) f.bend = size * *f.bend;
  return f;
}

// The same elements elsewhere, perhaps not all of them.
Facts Analysis::moved(ValueId value, ValueId from, std::string reason) {
  const Node& node = q_.graph.node(value);
  Facts f = of(from);
  f.reason = reason.empty() ? fmt::format("elements of {}", a_value(f.curvature)) : reason;
  f.because = {from};
  switch (node.op) {
  case Op::cast:
  case Op::reshape: return f;
  case Op::gather:
  case Op::scatter_add: { // an element may occur more than once
    for (ValueId operand : node.operands)
      if (operand != from && !is_free(operand)) {
        Facts unknown;
        unknown.because = {operand};
        unknown.reason = "positions that depend on params";
        return unknown;
      }
    f.bounded = false;
    if (!is_affine(f.curvature)) f.bend.reset();
    break;
  }
  case Op::pad: f.positive = f.log_convex = false; break;
  default: break;
  }
  if (node.op == Op::pad && !is_plus(f.sign) && !is_minus(f.sign)) f.sign = Sign::unknown;
  // Which element of a param is where is lost.
  f.element_of = -1;
  f.separable = is_affine(f.curvature) || (node.op == Op::transpose && of(from).element_of >= 0);
  return f;
}

Bound Analysis::count_of(const Dim& size) {
  Bound out{std::nullopt, size.str()};
  if (size.is_constant())
    out.value = static_cast<double>(size.constant());
  else if (std::optional<int64_t> known = q_.size ? q_.size(size) : std::nullopt)
    out.value = static_cast<double>(*known);
  return out;
}

static Bound root(const Bound& b) {
  if (b.text == "1") return b;
  Bound out{std::nullopt,
            "√" + (b.text.find_first_of(" *") == b.text.npos ? b.text : "(" + b.text + ")")};
  if (b.value) out.value = std::sqrt(*b.value);
  return out;
}

Facts Analysis::spread(ValueId value) {
  const Node& node = q_.graph.node(value);
  const ValueId from = node.operands[0];
  Facts f = of(from);
  f.reason = "the same value in several places";
  f.because = {from};
  Dim copies(1);
  for (size_t k = 0; k < node.type.shape.size(); ++k) {
    auto at = std::find(node.attr.ints.begin(), node.attr.ints.end(), static_cast<int64_t>(k));
    if (at == node.attr.ints.end() ||
        q_.graph.type(from).shape[static_cast<size_t>(at - node.attr.ints.begin())] !=
            node.type.shape[k])
      copies = copies * node.type.shape[k];
  }
  if (copies.is_constant(1)) return f;
  const Bound count = count_of(copies);
  for (auto& [param, gain] : f.gain)
    gain = root(count) * gain;
  if (f.bend && !f.bend->is_zero()) f.bend = count * *f.bend;
  f.element_of = -1;
  f.separable = false;
  return f;
}

Facts Analysis::joined(ValueId value) {
  const Node& node = q_.graph.node(value);
  Facts f = of(node.operands[0]);
  f.sign = sign_of(node.operands[0]);
  f.element_of = -1;
  f.separable = false;
  f.because.clear();
  for (size_t k = 0; k < node.operands.size(); ++k) {
    const Facts& part = of(node.operands[k]);
    if (!is_free(node.operands[k])) f.because.push_back(node.operands[k]);
    if (k == 0) continue;
    f.curvature = sum_of(f.curvature, part.curvature);
    f.sign = sum_of(f.sign, sign_of(node.operands[k]));
    f.positive = f.positive && part.positive;
    f.smooth = f.smooth && part.smooth;
    f.log_convex = f.log_convex && part.log_convex;
    f.root_convex = f.root_convex && part.root_convex;
    f.bounded = f.bounded && part.bounded;
    for (const auto& [param, gain] : part.gain) {
      auto [at, fresh] = f.gain.emplace(param, gain);
      if (!fresh) at->second = at->second + gain;
    }
    if (f.bend && part.bend)
      f.bend = *f.bend + *part.bend;
    else
      f.bend.reset();
  }
  f.reason = f.curvature == Curvature::unknown ? "parts that do not bend the same way"
                                               : "parts side by side";
  return f;
}

Facts Analysis::folded(ValueId value) {
  const Node& node = q_.graph.node(value);
  const ValueId from = node.operands[0];
  Facts f = of(from);
  f.because = {from};
  f.sign = sign_of(from);
  if (node.op != Op::reduce_sum) {
    const bool largest = node.op == Op::reduce_max;
    const bool kept = largest ? is_convex(f.curvature) : is_concave(f.curvature);
    Facts out;
    if (kept) out.curvature = largest ? Curvature::convex : Curvature::concave;
    out.sign = f.sign;
    out.positive = f.positive;
    out.log_convex = largest && f.log_convex;
    out.root_convex = largest && f.root_convex;
    out.because = {from};
    out.reason = fmt::format(
        "the {} of {}", largest ? "largest" : "smallest",
        kept ? fmt::format("{} elements", is_affine(f.curvature) ? "affine" : name_of(f.curvature))
             : a_value(f.curvature));
    return out;
  }
  const Shape& shape = q_.graph.type(from).shape;
  Dim count(1);
  for (size_t k = 1; k < node.attr.ints.size(); ++k)
    count = count * shape[static_cast<size_t>(node.attr.ints[k])];
  const Bound terms = root(count_of(count));
  for (auto& [param, gain] : f.gain)
    gain = terms * gain;
  f.positive = false; // it may have no terms
  f.separable = node.type.is_scalar() && (f.element_of >= 0 || f.separable);
  f.element_of = -1;
  f.reason = is_affine(f.curvature) ? "a sum of affine elements"
             : f.curvature == Curvature::unknown
                 ? "a sum of elements of unknown curvature"
                 : fmt::format("a sum of {} elements", name_of(f.curvature));
  return f;
}

std::optional<Bound> Analysis::reach(const Facts& affine) const {
  if (!is_affine(affine.curvature) || !affine.bounded) return std::nullopt;
  Bound total = Bound::number(0);
  for (const auto& [param, gain] : affine.gain)
    total = total + squared(gain);
  return total;
}

// ── values without params ────────────────────────────────────────────────────────────────────────

// What fills a shape or changes its type is left out.
static ValueId bare(const Graph& graph, ValueId id) {
  while (graph.node(id).op == Op::cast || graph.node(id).op == Op::broadcast ||
         graph.node(id).op == Op::reshape)
    id = graph.node(id).operands[0];
  return id;
}

Bound Analysis::size_of(ValueId free) {
  if (auto v = number(free)) {
    const ValueId shown = bare(q_.graph, free);
    if (scalar_constant(q_.graph, shown)) return Bound::number(std::abs(*v));
    return {std::abs(*v), q_.text(shown)};
  }
  const ValueId shown = bare(q_.graph, free);
  if (q_.graph.type(shown).is_scalar()) return {std::nullopt, q_.text(shown)};
  Bound out{std::nullopt, "max|" + q_.text(shown) + "|"};
  if (std::optional<Tensor> t = q_.known ? q_.known(shown) : std::nullopt) {
    double largest = 0;
    for (int64_t i = 0; i < t->size(); ++i)
      largest = std::max(largest, std::abs(t->number(i)));
    out.value = largest;
  }
  return out;
}

Bound Analysis::norm_of(ValueId free) {
  Bound out{std::nullopt, "‖" + q_.text(free) + "‖"};
  if (std::optional<Tensor> t = q_.known ? q_.known(free) : std::nullopt) {
    double sum = 0;
    for (int64_t i = 0; i < t->size(); ++i)
      sum += t->number(i) * t->number(i);
    out.value = std::sqrt(sum) * (1 + 1e-15 * static_cast<double>(t->size()));
  }
  return out;
}

// The largest singular value.
Bound Analysis::matrix_norm(ValueId free) {
  Bound out = norm_of(free);
  if (std::optional<Tensor> t = q_.known ? q_.known(free) : std::nullopt; t && t->rank() == 2)
    if (std::optional<double> exact = spectral_norm(*t)) out.value = *exact;
  return out;
}

// ── contractions ─────────────────────────────────────────────────────────────────────────────────

Facts Analysis::contracted(ValueId value) {
  const Node& node = q_.graph.node(value);
  const ValueId a = node.operands[0], b = node.operands[1];
  const ContractLabels labels = contract_labels(node.attr);
  for (bool first : {true, false}) {
    const ValueId weights = first ? a : b, other = first ? b : a;
    if (!is_free(weights)) continue;
    // A matrix acts on columns by its largest singular value, anything else at most by its norm.
    const std::vector<int64_t>& own = first ? labels.a : labels.b;
    const std::vector<int64_t>& others = first ? labels.b : labels.a;
    size_t summed = 0, shared = 0;
    bool alone = false; // a label that one of the two sums by itself
    for (const auto* list : {&own, &others})
      for (int64_t label : *list) {
        const auto& opposite = list == &own ? others : own;
        alone =
            alone || (std::find(labels.out.begin(), labels.out.end(), label) == labels.out.end() &&
                      std::find(opposite.begin(), opposite.end(), label) == opposite.end());
      }
    for (int64_t label : own) {
      const bool kept = std::find(labels.out.begin(), labels.out.end(), label) != labels.out.end();
      const bool both = std::find(others.begin(), others.end(), label) != others.end();
      summed += !kept && both;
      shared += kept && both;
    }
    const bool matrix = own.size() == 2 && summed == 1 && shared == 0;
    Facts f = times(of(other), sign_of(weights), matrix ? matrix_norm(weights) : norm_of(weights),
                    q_.text(weights));
    if (!is_affine(f.curvature) && f.bend) {
      // As weights of elements they count by the sum of their sizes.
      f.bend.reset();
      if (labels.out.empty() && of(other).bend) f.bend = size_of(weights) * *of(other).bend;
    }
    if (alone) {
      f.bounded = false;
      f.bend.reset();
    }
    if (is_affine(f.curvature)) f.reason = "a linear map of an affine value";
    f.because = {other};
    f.element_of = -1;
    f.separable = labels.out.empty() && of(other).element_of >= 0;
    return f;
  }
  Facts f;
  f.smooth = of(a).smooth && of(b).smooth;
  f.because = {a, b};
  f.reason = "a product of two values that depend on params";
  if (!labels.out.empty() || labels.a.size() != labels.b.size()) return f;
  // zᵀz, then zᵀPz.
  if (a == b && labels.a == labels.b) {
    Facts square = power(value, a, 2);
    square.reason = square.curvature == Curvature::convex ? "a sum of squares" : square.reason;
    square.separable = of(a).element_of >= 0;
    square.element_of = -1;
    square.positive = false;
    return square;
  }
  for (bool first : {true, false}) {
    const ValueId z = first ? a : b, product = first ? b : a;
    const Node& inner = q_.graph.node(product);
    if (inner.op != Op::contract || !is_affine(of(z).curvature)) continue;
    for (size_t k = 0; k < 2; ++k) {
      const ValueId matrix = inner.operands[k];
      if (inner.operands[1 - k] != z || !is_free(matrix) || q_.graph.type(matrix).rank() != 2 ||
          q_.graph.type(z).rank() != 1)
        continue;
      const ContractLabels within = contract_labels(inner.attr);
      const int64_t along = (k == 0 ? within.b : within.a)[0];
      const std::vector<int64_t>& of_matrix = k == 0 ? within.a : within.b;
      if (within.out.size() != 1 || within.out[0] == along || of_matrix[0] == of_matrix[1] ||
          std::find(of_matrix.begin(), of_matrix.end(), along) == of_matrix.end() ||
          std::find(of_matrix.begin(), of_matrix.end(), within.out[0]) == of_matrix.end())
        continue;
      f.because = {z};
      const std::string text = q_.text(matrix);
      f.bend.reset();
      std::optional<Tensor> at_hand = q_.known ? q_.known(matrix) : std::nullopt;
      std::optional<Spectrum> s = at_hand ? spectrum(*at_hand) : std::nullopt;
      if (!s) {
        f.reason = fmt::format("a quadratic form, convex if {} is positive semidefinite, which its "
                               "data will tell",
                               text);
        return f;
      }
      const double size = std::max(std::abs(s->least), std::abs(s->greatest));
      const double slack =
          1e-14 * size * static_cast<double>(std::max<int64_t>(at_hand->shape()[0], 1));
      if (std::optional<Bound> reach = this->reach(of(z)))
        f.bend = Bound{2 * (size + slack), "2·‖" + text + "‖"} * *reach;
      if (s->least >= -slack) {
        f.curvature = Curvature::convex;
        f.sign = Sign::plus;
        f.root_convex = true;
        f.reason = fmt::format("a quadratic form, {} being positive semidefinite", text);
      } else if (s->greatest <= slack) {
        f.curvature = Curvature::concave;
        f.sign = Sign::minus;
        f.reason = fmt::format("a quadratic form, {} being negative semidefinite", text);
      } else {
        f.reason = fmt::format("a quadratic form of {}, which has eigenvalues of both signs", text);
      }
      return f;
    }
  }
  return f;
}

} // namespace thalweg::convex
