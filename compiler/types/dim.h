// Symbolic dimensions: integer polynomials over named sizes, in one canonical form.
//
// A Dim is a value. Two Dims are the same size for every binding of the names exactly when they
// compare equal, since the form is canonical: terms sorted by their factors, no zero coefficient.
// A name that happens to be 1 at run time is not the literal 1.
// Arithmetic that leaves 63 bits, or a polynomial of unreasonable length, gives Dim::overflow(): a
// size that no binding evaluates, so it ends in a located failure and never in a wrong size.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

class Dim {
public:
  struct Term {
    std::vector<std::string> factors; // sorted names, repeated for powers; empty for the constant
    int64_t coefficient = 0;
    auto operator<=>(const Term&) const = default;
  };
  using Lookup = std::function<std::optional<int64_t>(std::string_view)>;

  Dim() = default; // 0
  Dim(int64_t constant);
  static Dim symbol(std::string name);
  static const Dim& overflow();
  bool is_overflow() const { return *this == overflow(); }

  bool is_constant() const {
    return terms_.empty() || (terms_.size() == 1 && terms_[0].factors.empty());
  }
  bool is_constant(int64_t value) const { return is_constant() && constant() == value; }
  // The constant term (the whole value if is_constant()).
  int64_t constant() const;
  // A single bare name, if the Dim is nothing else.
  std::optional<std::string> as_symbol() const;
  const std::vector<Term>& terms() const { return terms_; }

  // Value under a binding; nothing if a name is unbound or the result leaves 63 bits.
  std::optional<int64_t> evaluate(const Lookup& lookup) const;
  Dim substitute(const std::function<std::optional<Dim>(std::string_view)>& lookup) const;
  void collect_symbols(std::vector<std::string>& out) const; // appends names not yet in `out`
  std::string str() const;                                   // "n", "n - 1", "2*n*k + 3"
  // Reads what str() wrote. A name starts with a letter, `_`, or a byte above 127.
  static std::optional<Dim> parse(std::string_view text);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  bool operator==(const Dim&) const = default;
  auto operator<=>(const Dim&) const = default;
  size_t hash() const;

private:
  explicit Dim(std::vector<Term> terms); // sorts, merges, drops zeros
  std::vector<Term> terms_;
};

} // namespace thalweg
