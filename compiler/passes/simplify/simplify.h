// Simplification: named rewrite rules to a fixed point, then (apart) the contraction to fma.
//
// A rule never turns a safe form into an unsafe one. `exact` rules keep every bit (NaN payloads
// apart); `rounding` rules keep the real function but may round differently, may change the sign of
// a zero, and may gain or lose a finite result only where a product or quotient of scalars leaves
// the range of the format. What is not done because NaN, infinities or domains differ:
// x*0 → 0, x - x → 0, x/x → 1, sqrt(x)^2 → x, exp(log(x)) → x.
// Rules see a value and its operands, never its users, so the same value simplifies to the same
// value everywhere. Why it ends: measure.h.
#pragma once

#include "ir/graph.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace thalweg::simplify {

enum class Exactness : uint8_t { exact, rounding };

// One rewrite, for the pass log and the tests.
struct Applied {
  std::string_view rule;
  Exactness exactness;
  ValueId before;
  ValueId after;
};

struct SimplifyOptions {
  bool rounding = true;                // also apply rules that round differently
  std::vector<Applied>* log = nullptr; // filled in order of application if given
};

// Keeps what it has simplified: values shared by several functions are simplified once, and names
// that belong to old values can be carried over to the new ones.
class Simplifier {
public:
  explicit Simplifier(Graph& graph, SimplifyOptions options = {});
  Function run(const Function& function);
  ValueId value(ValueId id); // the simplified form of any value of the graph

private:
  ValueId rebuilt(ValueId id); // on simplified operands and lambdas
  LambdaId region(LambdaId id);
  bool rewrite(ValueId id); // applies the first rule that fits
  Graph& graph_;
  SimplifyOptions options_;
  std::unordered_map<ValueId, ValueId> normal_; // value → its normal form
  std::unordered_map<ValueId, ValueId> next_;   // value → the value that replaces it
  std::unordered_map<LambdaId, LambdaId> regions_;
};

Function simplify(Graph& graph, const Function& function, const SimplifyOptions& options = {});

// The last step before fusion: a*b + c becomes fma(a, b, c) where the product has no other use, and
// likewise a*b - c and c - a*b, with the negation put on the cheapest operand. It defines the
// arithmetic: interpreter and compiled code both run its result. Of two products, the left one.
Function contract_fma(Graph& graph, const Function& function);

// "rule: before -> after" with values in one line each, for --dump and bug reports.
std::string log_text(const Graph& graph, const std::vector<Applied>& log);

} // namespace thalweg::simplify
