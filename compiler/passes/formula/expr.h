// The expression tree between graph and text: what a formula looks like, without its spelling.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace thalweg::formula {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  enum class Kind : uint8_t {
    number,    // text
    name,      // text: a parameter, a definition, a dimension
    sum,       // parts with signs
    product,   // parts over below, with one sign
    power,     // parts[0] ^ parts[1]
    call,      // text(parts…, option)
    matmul,    // parts[0] @ parts[1]
    transpose, // parts[0].T
    subscript, // parts[0][text]; in LaTeX with the same text as an index
    compare,   // parts[0] text parts[1]
    logic,     // parts[0] and/or parts[1] (text)
    negation,  // not parts[0]
    choice,    // if parts[0] then parts[1] else parts[2]
    indexed,   // text is the binder, "tensor[i, j] sum[k] "; parts[0] the body
  };
  Kind kind = Kind::name;
  std::string text;
  std::string option; // ", axis = 1"
  std::vector<ExprPtr> parts;
  std::vector<ExprPtr> below; // of a product: its denominators
  std::vector<int> signs;     // of a sum: +1 or -1 each; of a product: one
  size_t rank = 0;            // of the value
  size_t size = 1;            // number of nodes
};

inline bool is_leaf(const Expr& e) {
  return e.kind == Expr::Kind::number || e.kind == Expr::Kind::name;
}
// How many factors of a product make a coefficient with its denominators: scalar leaves in front of
// other factors, over leaves. 0 if the product has no such coefficient.
size_t leading_scalars(const Expr& product);

struct Definition {
  std::string name;
  ExprPtr value;
};

// Printers, one file each.
std::string text_of(const Expr& expr, bool unicode);
std::string latex_of(const Expr& expr);
std::string latex_name(const std::string& name);

} // namespace thalweg::formula
