// Canonical polynomials of named sizes (see dim.h).
#include "types/dim.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace thalweg {

static constexpr size_t kMaxTerms = 1000, kMaxFactors = 60;
static constexpr const char* kOverflowName = "!overflow"; // not a name that parse accepts

const Dim& Dim::overflow() {
  static const Dim dim = symbol(kOverflowName);
  return dim;
}

Dim::Dim(int64_t constant) {
  if (constant == std::numeric_limits<int64_t>::min())
    *this = overflow();
  else if (constant != 0)
    terms_.push_back({{}, constant});
}

Dim::Dim(std::vector<Term> terms) {
  for (Term& term : terms)
    std::sort(term.factors.begin(), term.factors.end());
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return a.factors < b.factors; });
  bool fits = true;
  for (Term& term : terms) {
    if (!terms_.empty() && terms_.back().factors == term.factors) {
      int64_t& sum = terms_.back().coefficient;
      fits &= !__builtin_add_overflow(sum, term.coefficient, &sum);
    } else {
      terms_.push_back(std::move(term));
    }
  }
  std::erase_if(terms_, [](const Term& term) { return term.coefficient == 0; });
  for (const Term& term : terms_) {
    fits &= term.coefficient != std::numeric_limits<int64_t>::min(); // its sign could not change
    fits &= term.factors.size() <= kMaxFactors;
    fits &= terms_.size() == 1 || term.factors != std::vector<std::string>{kOverflowName};
  }
  if (!fits || terms_.size() > kMaxTerms) terms_ = {{{kOverflowName}, 1}};
}

Dim Dim::symbol(std::string name) { return Dim(std::vector<Term>{{{std::move(name)}, 1}}); }

int64_t Dim::constant() const {
  return !terms_.empty() && terms_[0].factors.empty() ? terms_[0].coefficient : 0;
}

std::optional<std::string> Dim::as_symbol() const {
  if (terms_.size() != 1 || terms_[0].coefficient != 1 || terms_[0].factors.size() != 1)
    return std::nullopt;
  return terms_[0].factors[0];
}

std::optional<int64_t> Dim::evaluate(const Lookup& lookup) const {
  int64_t total = 0;
  for (const Term& term : terms_) {
    int64_t product = term.coefficient;
    for (const std::string& name : term.factors) {
      std::optional<int64_t> value = lookup(name);
      if (!value || __builtin_mul_overflow(product, *value, &product)) return std::nullopt;
    }
    if (__builtin_add_overflow(total, product, &total)) return std::nullopt;
  }
  return total;
}

Dim Dim::substitute(const std::function<std::optional<Dim>(std::string_view)>& lookup) const {
  Dim total;
  for (const Term& term : terms_) {
    Dim product(term.coefficient);
    for (const std::string& name : term.factors) {
      std::optional<Dim> value = lookup(name);
      product = product * (value ? *value : symbol(name));
    }
    total = total + product;
  }
  return total;
}

void Dim::collect_symbols(std::vector<std::string>& out) const {
  for (const Term& term : terms_)
    for (const std::string& name : term.factors)
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
}

std::string Dim::str() const {
  if (terms_.empty()) return "0";
  std::string text;
  // The constant comes last, as people write it: "n - 1".
  std::vector<const Term*> order;
  for (const Term& term : terms_)
    if (!term.factors.empty()) order.push_back(&term);
  if (terms_[0].factors.empty()) order.push_back(&terms_[0]);
  for (const Term* term : order) {
    int64_t c = term->coefficient;
    if (!text.empty()) {
      text += c < 0 ? " - " : " + ";
      if (c < 0) c = -c;
    }
    std::string product;
    if (term->factors.empty() || c != 1)
      product = c == -1 && !term->factors.empty() ? "-" : std::to_string(c);
    for (const std::string& name : term->factors) {
      if (!product.empty() && product != "-") product += "*";
      product += name;
    }
    text += product;
  }
  return text;
}

std::optional<Dim> Dim::parse(std::string_view text) {
  Dim total;
  size_t i = 0;
  auto skip = [&] {
    while (i < text.size() && text[i] == ' ')
      ++i;
  };
  bool first = true;
  while (skip(), i < text.size()) {
    int64_t sign = 1;
    if (text[i] == '+' || text[i] == '-') {
      sign = text[i] == '-' ? -1 : 1;
      ++i;
      skip();
    } else if (!first) {
      return std::nullopt;
    }
    first = false;
    Dim product(sign);
    while (true) {
      size_t end = std::min(text.find_first_of(" *+-,:=%()[]{}\"\n", i), text.size());
      std::string_view atom = text.substr(i, end - i);
      if (atom.empty()) return std::nullopt;
      if (atom[0] >= '0' && atom[0] <= '9') {
        int64_t number = 0;
        auto [rest, error] = std::from_chars(atom.data(), atom.data() + atom.size(), number);
        if (error != std::errc() || rest != atom.data() + atom.size()) return std::nullopt;
        product = product * Dim(number);
      } else {
        bool letter = (atom[0] | 0x20) >= 'a' && (atom[0] | 0x20) <= 'z';
        if (!letter && atom[0] != '_' && static_cast<unsigned char>(atom[0]) < 128)
          return std::nullopt;
        product = product * symbol(std::string(atom));
      }
      i = end;
      if (i >= text.size() || text[i] != '*') break;
      ++i;
    }
    total = total + product;
  }
  return first || total.is_overflow() ? std::nullopt : std::optional(total);
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_overflow() || b.is_overflow()) return Dim::overflow();
  std::vector<Dim::Term> terms = a.terms_;
  terms.insert(terms.end(), b.terms_.begin(), b.terms_.end());
  return Dim(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) { return a.is_overflow() ? a : a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_overflow() || b.is_overflow()) return Dim::overflow();
  if (a.terms_.size() * b.terms_.size() > 10 * kMaxTerms) return Dim::overflow();
  std::vector<Dim::Term> terms;
  for (const Dim::Term& x : a.terms_)
    for (const Dim::Term& y : b.terms_) {
      Dim::Term term{x.factors, 0};
      if (__builtin_mul_overflow(x.coefficient, y.coefficient, &term.coefficient))
        return Dim::overflow();
      term.factors.insert(term.factors.end(), y.factors.begin(), y.factors.end());
      terms.push_back(std::move(term));
    }
  return Dim(std::move(terms));
}

size_t Dim::hash() const {
  size_t seed = terms_.size();
  auto mix = [&](size_t h) { seed ^= h + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2); };
  for (const Term& term : terms_) {
    mix(std::hash<int64_t>{}(term.coefficient));
    for (const std::string& name : term.factors)
      mix(std::hash<std::string>{}(name));
  }
  return seed;
}

} // namespace thalweg
