// Expression trees in the language's own syntax, ASCII or Unicode.
#include "passes/formula/expr.h"

namespace thalweg::formula {
namespace {

using Kind = Expr::Kind;

// How tightly an expression binds, after the language's table.
enum Level { kIf, kOr, kAnd, kNot, kCompare, kSum, kProduct, kUnary, kPower, kAtom };

class Text {
public:
  explicit Text(bool unicode) : unicode_(unicode) {}

  std::string print(const Expr& e, Level needed) const {
    std::string text = plain(e);
    return level(e) < needed ? "(" + text + ")" : text;
  }

private:
  static Level level(const Expr& e) {
    switch (e.kind) {
    case Kind::choice:
    case Kind::indexed: return kIf;
    case Kind::logic: return e.text == "or" ? kOr : kAnd;
    case Kind::negation: return kNot;
    case Kind::compare: return kCompare;
    case Kind::sum: return kSum;
    case Kind::product: return e.parts.size() == 1 && e.below.empty() ? kUnary : kProduct;
    case Kind::matmul: return kProduct;
    case Kind::power: return kPower;
    default: return kAtom;
    }
  }

  std::string plain(const Expr& e) const {
    switch (e.kind) {
    case Kind::number:
      return e.text == "pi" && unicode_ ? "π" : e.text == "inf" && unicode_ ? "∞" : e.text;
    case Kind::name: return e.text;
    case Kind::sum: return sum(e);
    case Kind::product: return product(e);
    case Kind::power: return power(e);
    case Kind::call: return call(e);
    case Kind::matmul: {
      // A product on the left would mean the same without parentheses; with them it is readable.
      Level left = e.parts[0]->kind == Kind::matmul ? kProduct : kUnary;
      return print(*e.parts[0], left) + " @ " + print(*e.parts[1], kUnary);
    }
    case Kind::transpose: return print(*e.parts[0], kAtom) + (unicode_ ? "ᵀ" : ".T");
    case Kind::subscript: return print(*e.parts[0], kAtom) + "[" + e.text + "]";
    case Kind::compare:
      return print(*e.parts[0], kSum) + " " + relation(e.text) + " " + print(*e.parts[1], kSum);
    case Kind::logic: {
      Level inner = e.text == "or" ? kOr : kAnd;
      return print(*e.parts[0], inner) + " " + e.text + " " + print(*e.parts[1], inner);
    }
    case Kind::negation: return "not " + print(*e.parts[0], kNot);
    case Kind::choice:
      return "if " + print(*e.parts[0], kOr) + " then " + print(*e.parts[1], kOr) + " else " +
             print(*e.parts[2], kIf);
    case Kind::indexed: return e.text + print(*e.parts[0], kProduct);
    }
    return {};
  }

  std::string relation(const std::string& text) const {
    if (!unicode_) return text;
    return text == "<=" ? "≤" : text == "!=" ? "≠" : text;
  }

  std::string sum(const Expr& e) const {
    std::string out;
    for (size_t k = 0; k < e.parts.size(); ++k) {
      // A conditional or index sum at the end would swallow what follows.
      std::string part = print(*e.parts[k], kProduct);
      if (k == 0)
        out = e.signs[k] < 0 ? "-" + print(*e.parts[k], kPower) : part;
      else
        out += (e.signs[k] < 0 ? " - " : " + ") + part;
    }
    return out;
  }

  std::string product(const Expr& e) const {
    bool tight = true; // leaves and powers of leaves stand close: lambda/2, 2*x
    for (const auto* list : {&e.parts, &e.below})
      for (const ExprPtr& part : *list)
        tight &= is_leaf(*part) || (part->kind == Kind::power && is_leaf(*part->parts[0]));
    std::string out = e.signs[0] < 0 ? "-" : "";
    // A coefficient of leaves keeps its own fraction: lambda/2 * sum(w^2).
    size_t lead = leading_scalars(e);
    if (lead > 0) {
      for (size_t k = 0; k < lead; ++k)
        out += (k ? "*" : "") + print(*e.parts[k], kPower);
      out += "/" + under(e.below, kPower);
      for (size_t k = lead; k < e.parts.size(); ++k)
        out += " * " + print(*e.parts[k], kPower);
      return out;
    }
    for (size_t k = 0; k < e.parts.size(); ++k) {
      if (k > 0) out += tight ? "*" : " * ";
      // A matrix product may stand first without parentheses: X @ w / n.
      bool open = k == 0 && e.parts[k]->kind == Kind::matmul;
      out += print(*e.parts[k], open ? kProduct : kPower);
    }
    if (e.below.empty()) return out;
    return out + (tight ? "/" : " / ") + under(e.below, kPower);
  }

  std::string under(const std::vector<ExprPtr>& below, Level needed) const {
    if (below.size() == 1) return print(*below[0], needed);
    std::string text;
    for (const ExprPtr& part : below)
      text += (text.empty() ? "" : "*") + print(*part, needed);
    return "(" + text + ")";
  }

  std::string power(const Expr& e) const {
    const Expr &base = *e.parts[0], &exponent = *e.parts[1];
    std::string text = print(base, kAtom);
    if (unicode_ && exponent.kind == Kind::number && (exponent.text == "2" || exponent.text == "3"))
      return text + (exponent.text == "2" ? "²" : "³");
    return text + "^" + print(exponent, kPower);
  }

  std::string call(const Expr& e) const {
    if (unicode_ && e.text == "sqrt") return "√" + print(*e.parts[0], kAtom);
    std::string out = e.text + "(";
    for (size_t k = 0; k < e.parts.size(); ++k)
      out += (k ? ", " : "") + print(*e.parts[k], kIf);
    return out + e.option + ")";
  }

  bool unicode_;
};

} // namespace

std::string text_of(const Expr& expr, bool unicode) { return Text(unicode).print(expr, kIf); }

} // namespace thalweg::formula
