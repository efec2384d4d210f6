// Mutations of programs, see mutate.h.
#include "mutate.h"

#include "random/random.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace thalweg::fuzz {

struct Mutator::Draws {
  explicit Draws(uint64_t seed)
      : key(runtime::random_key(seed, "mutation")), stream(tw_stream(&key)) {}
  size_t below(size_t bound) {
    return bound == 0 ? 0 : static_cast<size_t>(tw_below(tw_bits(stream, 0, count++), bound));
  }
  template <class List> const auto& pick(const List& list) { return list[below(list.size())]; }

  tw_key key;
  uint64_t stream, count = 0;
};

namespace {

// Numbers at the edges, and words that turn a program into another one.
constexpr std::array<const char*, 36> kHostile = {"0",
                                                  "-1",
                                                  "1e308",
                                                  "1e-320",
                                                  "9223372036854775807",
                                                  "9223372036854775808",
                                                  "1e12",
                                                  "0.5",
                                                  "2147483648",
                                                  "inf",
                                                  "-inf",
                                                  "1/0",
                                                  "0/0",
                                                  "t",
                                                  "x",
                                                  "x'",
                                                  "f(x)",
                                                  "∇f(x)",
                                                  "[]",
                                                  "[1, 2]",
                                                  "()",
                                                  "{}",
                                                  "true",
                                                  "not",
                                                  "if",
                                                  "sum[i]",
                                                  "eye(3)",
                                                  "x[0]",
                                                  "x[-1]",
                                                  "x.T",
                                                  "zeros(1000000000)",
                                                  "all",
                                                  "loss",
                                                  "\"",
                                                  "-",
                                                  "@"};

bool is_word(unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; }

} // namespace

std::vector<std::string> rough_tokens(const std::string& text) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    size_t end = at + 1;
    if (is_word(c))
      while (end < text.size() && is_word(static_cast<unsigned char>(text[end])))
        ++end;
    else if (std::isspace(c))
      while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])))
        ++end;
    tokens.push_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

Mutator::Mutator(std::vector<Sample> samples) : samples_(std::move(samples)) {
  for (const Sample& sample : samples_)
    for (std::string& token : rough_tokens(sample.text))
      if (!std::isspace(static_cast<unsigned char>(token[0]))) pool_.push_back(std::move(token));
}

void Mutator::edit_bytes(std::string& text, Draws& draws) const {
  const size_t at = draws.below(text.size() + 1);
  switch (draws.below(4)) {
  case 0: text.insert(at, 1, static_cast<char>(draws.below(256))); break;
  case 1: text.erase(std::min(at, text.size()), 1 + draws.below(8)); break;
  case 2:
    if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << draws.below(8)));
    break;
  default: text.insert(at, text.substr(draws.below(text.size() + 1), draws.below(40))); break;
  }
}

void Mutator::edit_tokens(std::string& text, Draws& draws) const {
  std::vector<std::string> tokens = rough_tokens(text);
  if (tokens.empty()) return;
  const size_t at = draws.below(tokens.size());
  const auto place = tokens.begin() + static_cast<ptrdiff_t>(at);
  switch (draws.below(6)) {
  case 0: tokens.erase(place); break;
  case 1: tokens.insert(place, tokens[at]); break;
  case 2: std::swap(tokens[at], tokens[draws.below(tokens.size())]); break;
  case 3: tokens[at] = draws.pick(pool_); break;
  case 4: tokens.insert(place, draws.pick(pool_)); break;
  default: tokens[at] = draws.pick(kHostile); break;
  }
  text.clear();
  for (const std::string& token : tokens)
    text += token;
}

// The lines up to one of this program, then those from one of another.
void Mutator::splice(std::string& text, Draws& draws) const {
  const std::string& other = draws.pick(samples_).text;
  const auto cut = [&](const std::string& from) {
    const size_t line = from.find('\n', draws.below(from.size() + 1));
    return line == std::string::npos ? from.size() : line + 1;
  };
  if (draws.below(2) == 0) {
    text = text.substr(0, cut(text)) + other.substr(cut(other));
    return;
  }
  // Or a few lines of the other one in the middle of this one.
  const size_t from = cut(other), to = cut(text);
  text.insert(to, other.substr(from, draws.below(200)));
}

Mutator::Mutant Mutator::make(uint64_t seed) const {
  Draws draws(seed);
  const Sample& sample = draws.pick(samples_);
  Mutant mutant{sample.name, sample.text};
  for (size_t edits = 1 + draws.below(4); edits > 0; --edits) {
    const size_t kind = draws.below(10);
    if (kind == 0)
      splice(mutant.text, draws);
    else if (kind == 1)
      edit_bytes(mutant.text, draws);
    else
      edit_tokens(mutant.text, draws);
  }
  return mutant;
}

} // namespace thalweg::fuzz
