// dump_expr: expressions in prefix form, `(+ a (neg b))`.
#include "ast/dump_expr.h"

#include <fmt/format.h>

#include "ast/dump.h"
#include "support/overloaded.h"

namespace thalweg::ast {
namespace {

const char* sign(ProductOp op) {
  switch (op) {
  case ProductOp::mul: return "*";
  case ProductOp::div: return "/";
  case ProductOp::matmul: return "@";
  case ProductOp::mod: return "mod";
  }
  return "";
}

const char* sign(CompareOp op) {
  switch (op) {
  case CompareOp::lt: return "<";
  case CompareOp::le: return "<=";
  case CompareOp::gt: return ">";
  case CompareOp::ge: return ">=";
  case CompareOp::eq: return "==";
  case CompareOp::ne: return "!=";
  case CompareOp::in: return "in";
  }
  return "";
}

const char* word(IndexedOp op) {
  switch (op) {
  case IndexedOp::sum: return "sum";
  case IndexedOp::prod: return "prod";
  case IndexedOp::mean: return "mean";
  case IndexedOp::min: return "min";
  case IndexedOp::max: return "max";
  case IndexedOp::tensor: return "tensor";
  }
  return "";
}

/// A real shows a point or an exponent, so that 1 and 1.0 differ.
std::string number(const NumberLit& n) {
  if (n.is_integer) return fmt::format("{}", n.integer);
  std::string text = fmt::format("{}", n.value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string text(const Expr* e) { return e ? dump(*e) : ""; }

} // namespace

std::string dump_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out + "\"";
}

std::string dump_list(const std::vector<const Expr*>& list) {
  std::string all;
  for (const Expr* e : list)
    all += (all.empty() ? "" : ", ") + dump(*e);
  return all;
}

std::string dump_index(const std::vector<IndexItem>& items) {
  std::string all;
  for (const IndexItem& item : items) {
    if (!all.empty()) all += ", ";
    switch (item.style) {
    case IndexStyle::value: all += text(item.value); break;
    case IndexStyle::range:
      all += text(item.low) + (item.inclusive ? "..=" : "..") + text(item.high);
      break;
    case IndexStyle::whole: all += ":"; break;
    case IndexStyle::new_axis: all += "new"; break;
    }
  }
  return all;
}

std::string dump(const Expr& expr) {
  return std::visit(
      overloaded{
          [](const NumberLit& n) { return number(n); },
          [](const StringLit& s) { return dump_string(s.value); },
          [](const BoolLit& b) { return std::string(b.value ? "true" : "false"); },
          [](const NameRef& n) { return n.name.str(); },
          [](const PrimeRef& n) { return n.name.str() + "'"; },
          [](const Unary& u) {
            const char* op = u.op == UnaryOp::neg ? "neg" : "not";
            return fmt::format("({} {})", op, dump(*u.operand));
          },
          [](const Sum& s) {
            std::string all = "(+";
            for (const SumTerm& t : s.terms)
              all += (t.negative ? " -" : " ") + dump(*t.value);
            return all + ")";
          },
          [](const Product& p) {
            std::string all = "(* " + dump(*p.first);
            for (const ProductFactor& f : p.rest)
              all += fmt::format(" {} {}", sign(f.op), dump(*f.value));
            return all + ")";
          },
          [](const Power& p) { return fmt::format("(^ {} {})", dump(*p.base), dump(*p.exponent)); },
          [](const Compare& c) {
            std::string all = "(compare " + dump(*c.first);
            for (const CompareStep& s : c.rest)
              all += fmt::format(" {} {}", sign(s.op), dump(*s.value));
            return all + ")";
          },
          [](const Logical& l) {
            std::string all = l.op == LogicalOp::logical_and ? "(and" : "(or";
            for (const Expr* e : l.operands)
              all += " " + dump(*e);
            return all + ")";
          },
          [](const IfExpr& i) {
            std::string all = "(if";
            for (const IfArm& arm : i.arms)
              all += fmt::format(" {} then {} else", dump(*arm.condition), dump(*arm.value));
            return all + " " + dump(*i.otherwise) + ")";
          },
          [](const Call& c) {
            std::string all = "(call " + dump(*c.callee);
            for (const Arg& a : c.args) {
              all += " ";
              if (a.style != ArgStyle::positional)
                all += a.name.name.str() + (a.style == ArgStyle::named ? "=" : "~");
              all += dump(*a.value);
            }
            return all + ")";
          },
          [](const Index& i) {
            return fmt::format("(index {} [{}])", dump(*i.base), dump_index(i.items));
          },
          [](const Field& f) {
            return fmt::format("(field {} {})", dump(*f.base), f.field.name.view());
          },
          [](const Transpose& t) { return fmt::format("(transpose {})", dump(*t.base)); },
          [](const Derivative& d) {
            return fmt::format("({} {})", d.order == 1 ? "grad" : "hess", dump(*d.target));
          },
          [](const Pipe& p) {
            std::string all = "(pipe";
            for (const Expr* e : p.stages)
              all += " " + dump(*e);
            return all + ")";
          },
          [](const AllOf& a) { return fmt::format("(all {})", dump(*a.operand)); },
          [](const Like& l) { return fmt::format("(like {})", dump(*l.operand)); },
          [](const ArrayLit& a) { return fmt::format("[{}]", dump_list(a.elements)); },
          [](const Range& r) {
            return fmt::format("({} {} {})", r.inclusive ? "..=" : "..", text(r.low), text(r.high));
          },
          [](const Indexed& i) {
            std::string all = fmt::format("({}[", word(i.op));
            for (size_t k = 0; k < i.bindings.size(); ++k) {
              const IndexBinding& b = i.bindings[k];
              all += (k ? ", " : "") + b.name.name.str() + (b.range ? " in " + dump(*b.range) : "");
            }
            return all + "] " + dump(*i.body) + ")";
          }},
      expr.node);
}

} // namespace thalweg::ast
