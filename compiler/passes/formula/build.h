// Builds expression trees from values (see expr.h); build*.cpp share this class.
#pragma once

#include "ir/builder.h"
#include "passes/formula/expr.h"
#include "passes/formula/formula.h"

#include <optional>
#include <set>
#include <unordered_map>

namespace thalweg::formula {

class Tree {
public:
  Tree(const Graph& graph, const Function& function, const Options& options);
  void run(std::span<const ValueId> roots);
  // A value asked for, spelled out even if it has a name.
  ExprPtr root(ValueId id) const { return whole_.at(visible(id)); }
  const std::vector<Definition>& definitions() const { return definitions_; }

private:
  ExprPtr of(ValueId id) const { return made_.at(visible(id)); }
  // The value without broadcasts and casts that the language inserts itself.
  ValueId visible(ValueId id) const;
  std::vector<ValueId> visible_operands(ValueId id) const;
  ExprPtr build(ValueId id);
  ExprPtr elementwise(ValueId id);
  ExprPtr fold(ValueId id);     // build_folds.cpp
  ExprPtr contract(ValueId id); // build_folds.cpp
  ExprPtr moving(ValueId id);   // build_moving.cpp
  ExprPtr gather(ValueId id);   // build_moving.cpp
  ExprPtr slice(ValueId id);    // build_moving.cpp
  std::string index_text(ValueId index,
                         const std::vector<std::string>& letters); // build_moving.cpp
  ExprPtr identity(ValueId id);                                    // eye(n), or null
  ExprPtr raw_call(ValueId id);

  // Nodes, with the obvious flattening.
  ExprPtr leaf(Expr::Kind kind, std::string text, size_t rank) const;
  ExprPtr node(Expr::Kind kind, std::string text, std::vector<ExprPtr> parts, size_t rank) const;
  ExprPtr number(double value, DType dtype) const;
  ExprPtr plus(ExprPtr a, ExprPtr b, int sign_b) const;
  ExprPtr negate(ExprPtr a) const;
  ExprPtr times(ExprPtr a, ExprPtr b) const;
  ExprPtr over(ExprPtr a, ExprPtr b) const;
  ExprPtr product(std::vector<ExprPtr> parts, std::vector<ExprPtr> below, int sign,
                  size_t rank) const;
  std::string fresh_name();
  // Letters for indices: i, j, k, … but no name of the function.
  std::string index_letter(size_t k) const;

  const Graph& graph_;
  const Function& function_;
  const Options& options_;
  std::unordered_map<ValueId, ExprPtr> made_, whole_;
  std::unordered_map<const Expr*, Dim> sums_;  // full sums: the count of what is summed
  std::unordered_map<const Expr*, Dim> sizes_; // dimension expressions
  std::vector<Definition> definitions_;
  std::set<std::string> taken_;
  int next_name_ = 1;
};

} // namespace thalweg::formula
