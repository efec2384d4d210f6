// Values to expression trees: naming, flattening, elementwise operators (see build.h).
#include "passes/formula/build.h"

#include "support/check.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace thalweg::formula {
namespace {

using Kind = Expr::Kind;

bool is_number(const ExprPtr& e, std::string_view text) {
  return e->kind == Kind::number && e->text == text;
}

// The same formula; for powers out of repeated factors.
bool same(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.text != b.text || a.option != b.option || a.signs != b.signs ||
      a.size != b.size || a.parts.size() != b.parts.size() || a.below.size() != b.below.size() ||
      a.size > 50)
    return false;
  for (size_t k = 0; k < a.parts.size(); ++k)
    if (!same(*a.parts[k], *b.parts[k])) return false;
  for (size_t k = 0; k < a.below.size(); ++k)
    if (!same(*a.below[k], *b.below[k])) return false;
  return true;
}

} // namespace

size_t leading_scalars(const Expr& e) {
  for (const ExprPtr& part : e.below)
    if (!is_leaf(*part) || part->rank > 0) return 0;
  size_t lead = 0;
  while (lead < e.parts.size() && is_leaf(*e.parts[lead]) && e.parts[lead]->rank == 0)
    ++lead;
  return e.below.empty() || lead == e.parts.size() ? 0 : lead;
}

Tree::Tree(const Graph& graph, const Function& function, const Options& options)
    : graph_(graph), function_(function), options_(options) {
  for (const Parameter& p : function.parameters)
    taken_.insert(p.name);
  for (const auto& [id, name] : options.names)
    taken_.insert(name);
}

// A broadcast along missing leading axes, or of literal ones, is what the language does by itself.
ValueId Tree::visible(ValueId id) const {
  for (;;) {
    const Node& n = graph_.node(id);
    if (options_.names.contains(id)) return id;
    bool skip = n.op == Op::cast &&
                (is_real(n.type.dtype) || n.type.dtype == graph_.type(n.operands[0]).dtype);
    if (n.op == Op::broadcast) {
      skip = true;
      size_t lead = n.type.rank() - n.attr.ints.size();
      for (size_t k = 0; k < n.attr.ints.size(); ++k)
        skip &= n.attr.ints[k] == static_cast<int64_t>(lead + k);
    }
    if (!skip) return id;
    id = n.operands[0];
  }
}

std::vector<ValueId> Tree::visible_operands(ValueId id) const {
  std::vector<ValueId> out;
  for (ValueId operand : graph_.node(id).operands)
    out.push_back(visible(operand));
  return out;
}

std::string Tree::fresh_name() {
  for (;;) {
    std::string name = "s" + std::to_string(next_name_++);
    if (taken_.insert(name).second) return name;
  }
}

void Tree::run(std::span<const ValueId> roots) {
  std::vector<ValueId> starts;
  for (ValueId root : roots)
    starts.push_back(visible(root));
  // What is printed, and how often: edges between visible values, reached from the roots down.
  std::unordered_map<ValueId, size_t> uses;
  std::set<ValueId> open(starts.begin(), starts.end()), seen(starts.begin(), starts.end());
  while (!open.empty()) {
    ValueId id = *open.rbegin(); // largest first: all its users are done
    open.erase(id);
    std::vector<ValueId> operands = visible_operands(id);
    if (identity(id)) operands.clear();
    std::set<ValueId> once(operands.begin(), operands.end()); // x*x uses x once, as a power
    for (ValueId operand : once) {
      ++uses[operand];
      if (seen.insert(operand).second) open.insert(operand);
    }
  }
  for (ValueId id : seen) {
    ExprPtr expr = build(id);
    auto named = options_.names.find(id);
    bool is_root = std::find(starts.begin(), starts.end(), id) != starts.end();
    if (is_root) whole_[id] = expr;
    bool leaf = expr->kind == Kind::name || expr->kind == Kind::number;
    bool shared = uses[id] + (is_root ? 1 : 0) > 1 && expr->size > options_.share_above;
    if (!leaf && uses[id] > 0 && (named != options_.names.end() || shared)) {
      std::string name = named != options_.names.end() ? named->second : fresh_name();
      definitions_.push_back({name, expr});
      expr = this->leaf(Kind::name, name, graph_.type(id).rank());
    }
    made_[id] = expr;
  }
}

ExprPtr Tree::leaf(Kind kind, std::string text, size_t rank) const {
  auto e = std::make_shared<Expr>();
  e->kind = kind;
  e->text = std::move(text);
  e->rank = rank;
  return e;
}

ExprPtr Tree::node(Kind kind, std::string text, std::vector<ExprPtr> parts, size_t rank) const {
  auto e = std::make_shared<Expr>();
  e->kind = kind;
  e->text = std::move(text);
  e->rank = rank;
  for (const ExprPtr& part : parts)
    e->size += part->size;
  e->parts = std::move(parts);
  return e;
}

ExprPtr Tree::number(double value, DType dtype) const {
  std::string text = value == std::numbers::pi ? "pi"
                     : std::isinf(value)       ? "inf"
                     : std::isnan(value)       ? "nan"
                     : dtype == DType::boolean ? (value != 0 ? "true" : "false")
                     : dtype == DType::f32 ? fmt::format("{}", static_cast<float>(std::abs(value)))
                                           : fmt::format("{}", std::abs(value));
  ExprPtr positive = leaf(Kind::number, text, 0);
  return std::signbit(value) && !std::isnan(value) ? negate(positive) : positive;
}

ExprPtr Tree::plus(ExprPtr a, ExprPtr b, int sign_b) const {
  auto e = std::make_shared<Expr>();
  e->kind = Kind::sum;
  e->rank = std::max(a->rank, b->rank);
  e->size = 1;
  auto take = [&](const ExprPtr& x, int sign) {
    if (x->kind == Kind::sum) {
      for (size_t k = 0; k < x->parts.size(); ++k) {
        e->parts.push_back(x->parts[k]);
        e->signs.push_back(sign * x->signs[k]);
      }
    } else if (x->kind == Kind::product && x->signs[0] < 0) {
      e->parts.push_back(negate(x));
      e->signs.push_back(-sign);
    } else {
      e->parts.push_back(x);
      e->signs.push_back(sign);
    }
  };
  // Subtracting a sum keeps its parentheses: a - (b + c).
  take(a, 1);
  if (sign_b < 0 && b->kind == Kind::sum) {
    e->parts.push_back(b);
    e->signs.push_back(-1);
  } else {
    take(b, sign_b);
  }
  // A formula does not begin with a minus if it can be helped.
  auto first = std::find(e->signs.begin(), e->signs.end(), 1);
  if (e->signs[0] < 0 && first != e->signs.end()) {
    auto at = first - e->signs.begin();
    std::rotate(e->parts.begin(), e->parts.begin() + at, e->parts.begin() + at + 1);
    std::rotate(e->signs.begin(), e->signs.begin() + at, e->signs.begin() + at + 1);
  }
  for (const ExprPtr& part : e->parts)
    e->size += part->size;
  return e;
}

ExprPtr Tree::product(std::vector<ExprPtr> parts, std::vector<ExprPtr> below, int sign,
                      size_t rank) const {
  auto e = std::make_shared<Expr>();
  std::erase_if(parts, [](const ExprPtr& p) { return is_number(p, "1"); });
  std::erase_if(below, [](const ExprPtr& p) { return is_number(p, "1"); });
  // Numbers, then scalars, then tensors, each in the order they came.
  auto order = [](const ExprPtr& p) { return p->kind == Kind::number ? 0 : p->rank == 0 ? 1 : 2; };
  std::stable_sort(parts.begin(), parts.end(),
                   [&](const ExprPtr& a, const ExprPtr& b) { return order(a) < order(b); });
  // A sum of everything over its count is a mean.
  for (ExprPtr& part : parts) {
    auto sum = sums_.find(part.get());
    if (sum == sums_.end()) continue;
    auto size = std::find_if(below.begin(), below.end(), [&](const ExprPtr& b) {
      auto it = sizes_.find(b.get());
      return it != sizes_.end() && it->second == sum->second;
    });
    if (size == below.end()) continue;
    below.erase(size);
    part = node(Kind::call, "mean", part->parts, 0);
  }
  if (sign > 0 && parts.size() == 1 && below.empty()) return parts[0];
  if (parts.empty()) parts.push_back(leaf(Kind::number, "1", 0));
  if (sign > 0 && parts.size() == 1 && below.empty()) return parts[0];
  e->kind = Kind::product;
  e->rank = rank;
  e->signs = {sign};
  for (const ExprPtr& part : parts)
    e->size += part->size;
  for (const ExprPtr& part : below)
    e->size += part->size;
  e->parts = std::move(parts);
  e->below = std::move(below);
  return e;
}

ExprPtr Tree::negate(ExprPtr a) const {
  if (a->kind == Kind::product) return product(a->parts, a->below, -a->signs[0], a->rank);
  return product({a}, {}, -1, a->rank);
}

ExprPtr Tree::times(ExprPtr a, ExprPtr b) const {
  std::vector<ExprPtr> parts, below;
  int sign = 1;
  for (const ExprPtr& x : {a, b}) {
    if (x->kind != Kind::product) {
      parts.push_back(x);
      continue;
    }
    sign *= x->signs[0];
    parts.insert(parts.end(), x->parts.begin(), x->parts.end());
    below.insert(below.end(), x->below.begin(), x->below.end());
  }
  // x*x is a power.
  std::vector<ExprPtr> merged;
  for (const ExprPtr& part : parts) {
    const ExprPtr& base = part->kind == Kind::power ? part->parts[0] : part;
    bool whole = part->kind != Kind::power || part->parts[1]->kind == Kind::number;
    auto it = std::find_if(merged.begin(), merged.end(), [&](const ExprPtr& m) {
      if (m->kind == Kind::power)
        return m->parts[1]->kind == Kind::number && same(*m->parts[0], *base);
      return same(*m, *base);
    });
    if (!whole || base->kind == Kind::number || it == merged.end()) {
      merged.push_back(part);
      continue;
    }
    auto exponent = [](const ExprPtr& p) {
      return p->kind == Kind::power ? std::stod(p->parts[1]->text) : 1.0;
    };
    ExprPtr sum = leaf(Kind::number, fmt::format("{}", exponent(*it) + exponent(part)), 0);
    *it = node(Kind::power, "", {base, sum}, base->rank);
  }
  return product(std::move(merged), std::move(below), sign, std::max(a->rank, b->rank));
}

ExprPtr Tree::over(ExprPtr a, ExprPtr b) const {
  std::vector<ExprPtr> parts{a}, below;
  int sign = 1;
  if (a->kind == Kind::product) {
    parts = a->parts;
    below = a->below;
    sign = a->signs[0];
  }
  if (b->kind == Kind::product && b->below.empty()) {
    sign *= b->signs[0];
    below.insert(below.end(), b->parts.begin(), b->parts.end());
  } else {
    below.push_back(b);
  }
  return product(std::move(parts), std::move(below), sign, std::max(a->rank, b->rank));
}

ExprPtr Tree::identity(ValueId id) {
  const Node& n = graph_.node(id);
  if (n.op != Op::select || n.type.rank() != 2 || scalar_constant(graph_, n.operands[1]) != 1.0 ||
      scalar_constant(graph_, n.operands[2]) != 0.0)
    return nullptr;
  const Node& test = graph_.node(n.operands[0]);
  if (test.op != Op::eq) return nullptr;
  for (ValueId side : test.operands)
    if (graph_.node(side).op != Op::iota) return nullptr;
  if (test.operands[0] == test.operands[1]) return nullptr;
  return node(Kind::call, "eye", {leaf(Kind::name, n.type.shape[0].str(), 0)}, 2);
}

ExprPtr Tree::raw_call(ValueId id) {
  std::vector<ExprPtr> parts;
  for (ValueId operand : graph_.node(id).operands)
    parts.push_back(of(operand));
  return node(Kind::call, std::string(op_info(graph_.node(id).op).name), std::move(parts),
              graph_.type(id).rank());
}

ExprPtr Tree::build(ValueId id) {
  const Node& n = graph_.node(id);
  if (ExprPtr eye = identity(id)) return eye;
  switch (n.op) {
  case Op::arg:
    return leaf(Kind::name, function_.parameters.at(n.attr.ints[0]).name, n.type.rank());
  case Op::constant:
    if (n.type.dtype == DType::i64) return leaf(Kind::number, std::to_string(n.attr.ints[0]), 0);
    return number(constant_value(n), n.type.dtype);
  case Op::dim: {
    const Dim& size = n.attr.dims[0];
    ExprPtr e = leaf(Kind::name, size.str(), 0);
    if (!size.as_symbol()) e = node(Kind::call, "", {e}, 0); // a polynomial keeps its parentheses
    sizes_[e.get()] = size;
    return e;
  }
  case Op::reduce_sum:
  case Op::reduce_prod:
  case Op::reduce_min:
  case Op::reduce_max:
  case Op::argmin:
  case Op::argmax: return fold(id);
  case Op::contract: return contract(id);
  default: break;
  }
  if (is_elementwise(n.op)) return elementwise(id);
  return moving(id);
}

ExprPtr Tree::elementwise(ValueId id) {
  const Node& n = graph_.node(id);
  size_t rank = n.type.rank();
  auto x = [&](size_t k) { return of(n.operands[k]); };
  auto compare = [&](const char* text) { return node(Kind::compare, text, {x(0), x(1)}, rank); };
  switch (n.op) {
  case Op::neg: return negate(x(0));
  case Op::add: return plus(x(0), x(1), 1);
  case Op::sub: return plus(x(0), x(1), -1);
  case Op::mul: return times(x(0), x(1));
  case Op::div: return over(x(0), x(1));
  case Op::fma: return plus(times(x(0), x(1)), x(2), 1);
  case Op::pow: return node(Kind::power, "", {x(0), x(1)}, rank);
  case Op::mod: return node(Kind::call, "mod", {x(0), x(1)}, rank);
  case Op::eq: return compare("==");
  case Op::ne: return compare("!=");
  case Op::lt: return compare("<");
  case Op::le: return compare("<=");
  case Op::logical_and: return node(Kind::logic, "and", {x(0), x(1)}, rank);
  case Op::logical_or: return node(Kind::logic, "or", {x(0), x(1)}, rank);
  case Op::logical_not: return node(Kind::negation, "not", {x(0)}, rank);
  case Op::select: return node(Kind::choice, "", {x(0), x(1), x(2)}, rank);
  case Op::stop_gradient: return x(0);
  case Op::is_finite: return node(Kind::call, "isfinite", {x(0)}, rank);
  default: return raw_call(id);
  }
}

} // namespace thalweg::formula
