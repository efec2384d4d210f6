// See children.h.
#include "ast/children.h"

#include "support/overloaded.h"

#include <algorithm>

namespace thalweg::ast {

std::vector<const Expr*> children(const Expr& e) {
  std::vector<const Expr*> out;
  auto add = [&](const Expr* child) {
    if (child) out.push_back(child);
  };
  std::visit(overloaded{
                 [](const NumberLit&) {},
                 [](const StringLit&) {},
                 [](const BoolLit&) {},
                 [](const NameRef&) {},
                 [](const PrimeRef&) {},
                 [&](const Unary& n) { add(n.operand); },
                 [&](const Sum& n) {
                   for (const SumTerm& t : n.terms)
                     add(t.value);
                 },
                 [&](const Product& n) {
                   add(n.first);
                   for (const ProductFactor& f : n.rest)
                     add(f.value);
                 },
                 [&](const Power& n) {
                   add(n.base);
                   add(n.exponent);
                 },
                 [&](const Compare& n) {
                   add(n.first);
                   for (const CompareStep& s : n.rest)
                     add(s.value);
                 },
                 [&](const Logical& n) {
                   for (const Expr* o : n.operands)
                     add(o);
                 },
                 [&](const IfExpr& n) {
                   for (const IfArm& a : n.arms) {
                     add(a.condition);
                     add(a.value);
                   }
                   add(n.otherwise);
                 },
                 [&](const Call& n) {
                   add(n.callee);
                   for (const Arg& a : n.args)
                     add(a.value);
                 },
                 [&](const Index& n) {
                   add(n.base);
                   for (const IndexItem& item : n.items) {
                     add(item.value);
                     add(item.low);
                     add(item.high);
                   }
                 },
                 [&](const Field& n) { add(n.base); },
                 [&](const Transpose& n) { add(n.base); },
                 [&](const Derivative& n) { add(n.target); },
                 [&](const Pipe& n) {
                   for (const Expr* s : n.stages)
                     add(s);
                 },
                 [&](const AllOf& n) { add(n.operand); },
                 [&](const Like& n) { add(n.operand); },
                 [&](const ArrayLit& n) {
                   for (const Expr* element : n.elements)
                     add(element);
                 },
                 [&](const Range& n) {
                   add(n.low);
                   add(n.high);
                 },
                 [&](const Indexed& n) {
                   for (const IndexBinding& b : n.bindings)
                     add(b.range);
                   add(n.body);
                 },
             },
             e.node);
  return out;
}

std::vector<const Expr*> within(const Expr& e) {
  std::vector<const Expr*> all{&e};
  for (size_t k = 0; k < all.size(); ++k)
    for (const Expr* child : children(*all[k]))
      all.push_back(child);
  return all;
}

} // namespace thalweg::ast
