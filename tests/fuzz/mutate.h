// Mutations of programs: bytes, tokens and splices, all of it decided by a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thalweg::fuzz {

struct Sample {
  std::string name, text;
};

class Mutator {
public:
  explicit Mutator(std::vector<Sample> samples);

  struct Mutant {
    std::string origin; // the sample it began as
    std::string text;
  };
  Mutant make(uint64_t seed) const;

private:
  struct Draws;
  void edit_bytes(std::string& text, Draws& draws) const;
  void edit_tokens(std::string& text, Draws& draws) const;
  void splice(std::string& text, Draws& draws) const;

  std::vector<Sample> samples_;
  std::vector<std::string> pool_; // tokens of all samples, as often as they occur
};

// Words, numbers, signs and blanks; together they are the text.
std::vector<std::string> rough_tokens(const std::string& text);

} // namespace thalweg::fuzz
