// Expression trees in LaTeX (math mode, amsmath).
#include "passes/formula/expr.h"

#include <array>
#include <string_view>

namespace thalweg::formula {
namespace {

using Kind = Expr::Kind;

enum Level { kLoose, kSum, kProduct, kFactor, kAtom };

constexpr std::array kGreek = {"alpha", "beta",  "gamma", "delta",  "epsilon", "zeta",   "eta",
                               "theta", "iota",  "kappa", "lambda", "mu",      "nu",     "xi",
                               "pi",    "rho",   "sigma", "tau",    "upsilon", "phi",    "chi",
                               "psi",   "omega", "Gamma", "Delta",  "Theta",   "Lambda", "Xi",
                               "Pi",    "Sigma", "Phi",   "Psi",    "Omega"};
constexpr std::array kFunctions = {"exp",  "log",  "sin",  "cos", "tan",
                                   "sinh", "cosh", "tanh", "min", "max"};

template <size_t n> bool among(const std::array<const char*, n>& list, std::string_view text) {
  for (const char* item : list)
    if (text == item) return true;
  return false;
}

std::string wrapped(const std::string& text) { return "\\left(" + text + "\\right)"; }

Level level(const Expr& e) {
  switch (e.kind) {
  case Kind::choice:
  case Kind::indexed:
  case Kind::logic:
  case Kind::negation:
  case Kind::compare: return kLoose;
  case Kind::sum: return kSum;
  case Kind::product: return kProduct;
  case Kind::matmul: return kFactor;
  case Kind::power: return kFactor;
  case Kind::transpose: return kFactor;
  default: return kAtom;
  }
}

std::string plain(const Expr& e);
std::string print(const Expr& e, Level needed) {
  std::string text = plain(e);
  return level(e) < needed ? wrapped(text) : text;
}

// Scalars stand side by side, tensors multiply elementwise with ⊙.
std::string joined(const std::vector<ExprPtr>& parts) {
  std::string out;
  bool tensor = false, number = false;
  for (const ExprPtr& part : parts) {
    bool is_tensor = part->rank > 0, is_number = part->kind == Kind::number;
    if (!out.empty())
      out += tensor && is_tensor ? " \\odot " : number && is_number ? " \\cdot " : " \\, ";
    // Matrix products inside ⊙ need parentheses, alone they do not.
    bool bare = part->kind == Kind::matmul && !tensor && part == parts.back();
    out += print(*part, part->kind == Kind::matmul && !bare ? kAtom : kFactor);
    tensor |= is_tensor;
    number = is_number;
  }
  return out;
}

std::string product(const Expr& e) {
  std::string sign = e.signs[0] < 0 ? "-" : "";
  if (e.below.empty()) return sign + joined(e.parts);
  // A scalar denominator under the scalar factors: \frac{1}{n} X^\top r.
  bool scalar_below = true;
  for (const ExprPtr& part : e.below)
    scalar_below &= part->rank == 0;
  size_t lead = leading_scalars(e);
  auto first = e.parts.begin() + static_cast<std::ptrdiff_t>(lead);
  std::vector<ExprPtr> scalars(e.parts.begin(), first), rest(first, e.parts.end());
  auto alone = [](const std::vector<ExprPtr>& parts) {
    return parts.size() == 1 ? print(*parts[0], kLoose) : joined(parts);
  };
  bool tensor = e.rank > 0 && scalar_below;
  if (lead == 0 && !tensor) return sign + "\\frac{" + alone(e.parts) + "}{" + alone(e.below) + "}";
  std::string above = scalars.empty() ? "1" : alone(scalars);
  return sign + "\\frac{" + above + "}{" + alone(e.below) + "} \\, " + joined(rest);
}

// In braces if it has such a script already: TeX takes one.
std::string base_of(const std::string& text, char script) {
  return text.find(script) == std::string::npos ? text : "{" + text + "}";
}

std::string call(const Expr& e) {
  std::string inside;
  for (const ExprPtr& part : e.parts)
    inside += (inside.empty() ? "" : ", ") + print(*part, kLoose);
  if (e.text == "sqrt") return "\\sqrt{" + inside + "}";
  if (e.text == "abs") return "\\left|" + inside + "\\right|";
  if (e.text == "eye") return "I_{" + inside + "}";
  if (e.text == "dot")
    return base_of(print(*e.parts[0], kAtom), '^') + "^\\top " + print(*e.parts[1], kFactor);
  if (e.text == "exp" && e.parts[0]->size <= 4) return "e^{" + inside + "}";
  // sum(x^2): the squared norm.
  const Expr* square = e.parts.size() == 1 && e.option.empty() ? e.parts[0].get() : nullptr;
  if (e.text == "sum" && square && square->kind == Kind::power && square->parts[1]->text == "2")
    return "\\left\\lVert " + print(*square->parts[0], kLoose) + " \\right\\rVert^{2}";
  std::string name = e.text == "sigmoid"         ? "\\sigma"
                     : among(kFunctions, e.text) ? "\\" + e.text
                     : e.text.empty()            ? ""
                                                 : "\\operatorname{" + latex_name(e.text) + "}";
  if (e.text == "softplus" || e.text == "scatter_add" ||
      (e.text.size() > 1 && name.starts_with("\\operatorname"))) {
    std::string escaped;
    for (char c : e.text)
      escaped += c == '_' ? std::string("\\_") : std::string(1, c);
    name = "\\operatorname{" + escaped + "}";
  }
  if (!e.option.empty()) name += "_{\\text{" + e.option.substr(2) + "}}";
  return name + wrapped(inside);
}

std::string sum(const Expr& e) {
  std::string out;
  for (size_t k = 0; k < e.parts.size(); ++k) {
    if (k == 0)
      out = e.signs[k] < 0 ? "-" : "";
    else
      out += e.signs[k] < 0 ? " - " : " + ";
    out += print(*e.parts[k], kProduct);
  }
  return out;
}

std::string number(const std::string& text) {
  if (text == "pi") return "\\pi";
  if (text == "inf") return "\\infty";
  size_t at = text.find('e');
  if (at == std::string::npos || text == "true" || text == "false") return text;
  return text.substr(0, at) + " \\cdot 10^{" + std::to_string(std::stoi(text.substr(at + 1))) + "}";
}

std::string plain(const Expr& e) {
  auto part = [&](size_t k, Level needed) { return print(*e.parts[k], needed); };
  switch (e.kind) {
  case Kind::number: return number(e.text);
  case Kind::name: return latex_name(e.text);
  case Kind::sum: return sum(e);
  case Kind::product: return product(e);
  case Kind::power: {
    bool function = e.parts[0]->kind == Kind::call;
    return base_of(function ? wrapped(part(0, kLoose)) : part(0, kAtom), '^') + "^{" +
           part(1, kLoose) + "}";
  }
  case Kind::call: return call(e);
  case Kind::matmul: {
    auto side = [&](size_t k) { return part(k, kFactor); };
    return side(0) + " " + side(1);
  }
  case Kind::transpose: return base_of(part(0, kAtom), '^') + "^\\top";
  case Kind::subscript: return base_of(part(0, kAtom), '_') + "_{" + e.text + "}";
  case Kind::compare: {
    std::string relation = e.text == "<="   ? "\\le"
                           : e.text == "!=" ? "\\ne"
                           : e.text == "==" ? "="
                                            : e.text;
    return part(0, kSum) + " " + relation + " " + part(1, kSum);
  }
  case Kind::logic:
    return part(0, kSum) + (e.text == "or" ? " \\lor " : " \\land ") + part(1, kSum);
  case Kind::negation: return "\\lnot " + part(0, kSum);
  case Kind::choice:
    return "\\begin{cases} " + part(1, kLoose) + " & \\text{if } " + part(0, kLoose) + " \\\\ " +
           part(2, kLoose) + " & \\text{otherwise} \\end{cases}";
  case Kind::indexed: {
    // "tensor[i, j] sum[k] ": the result's indices are those left free.
    std::string out;
    size_t at = e.text.find("sum[");
    if (at != std::string::npos)
      out = "\\sum_{" + e.text.substr(at + 4, e.text.find(']', at) - at - 4) + "} ";
    std::string body = out + part(0, kProduct);
    if (!e.text.starts_with("tensor[")) return body;
    return "\\left[" + body + "\\right]_{" + e.text.substr(7, e.text.find(']') - 7) + "}";
  }
  }
  return {};
}

} // namespace

std::string latex_name(const std::string& name) {
  // "beta1" → \beta_{1}, "x_next" → x_{\mathrm{next}}, "margin" → \mathrm{margin}
  size_t cut = name.size();
  while (cut > 0 && name[cut - 1] >= '0' && name[cut - 1] <= '9')
    --cut;
  std::string base = name.substr(0, cut), index = name.substr(cut);
  if (size_t under = base.find('_');
      under != std::string::npos && under > 0 && under + 1 < name.size()) {
    std::string rest = name.substr(under + 1);
    for (size_t k = 0; (k = rest.find('_', k)) != std::string::npos; k += 2)
      rest.replace(k, 1, "\\_");
    return latex_name(base.substr(0, under)) + "_{\\mathrm{" + rest + "}}";
  }
  if (base.empty()) return name;
  bool plain = base.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               std::string::npos;
  std::string out = among(kGreek, base)        ? "\\" + base
                    : base.size() > 1 && plain ? "\\mathrm{" + base + "}"
                                               : base;
  return index.empty() ? out : out + "_{" + index + "}";
}

std::string latex_of(const Expr& expr) { return print(expr, kLoose); }

} // namespace thalweg::formula
