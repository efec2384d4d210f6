// statement_words: which words start statements in which kind of block, for messages and
// suggestions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

/// `block` is the word of the block (PROBLEM, FUNCTION …), 0 for a file; `types` and `words` agree.
struct BlockWords {
  uint16_t block;
  std::string_view name;
  std::vector<uint16_t> types;
  std::vector<std::string> words;
};

/// Null for blocks without words of their own (routes, constraints).
const BlockWords* words_of(uint16_t block);
/// Whether the word starts statements of the block; blocks without words of their own take any.
bool block_has_statement(uint16_t block, uint16_t word);

} // namespace thalweg
