// layout: what the formatter must know of the grammar, a flag word for every token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "parse/tokens.h"

namespace thalweg {

namespace layout {
constexpr uint8_t kItem = 1;       // starts a declaration
constexpr uint8_t kStatement = 2;  // starts a statement of a block
constexpr uint8_t kAttached = 4;   // starts a prox or project clause
constexpr uint8_t kName = 8;       // a word used as a name, not as a keyword
constexpr uint8_t kClause = 16;    // the statement is an experiment's clause
constexpr uint8_t kDeclares = 32;  // the statement is a problem's data or param
constexpr uint8_t kSeparated = 64; // needs the separator that stands before it
} // namespace layout

/// Flags by token index; nothing if the tokens do not parse.
std::optional<std::vector<uint8_t>> layout_flags(const SourceManager& sources,
                                                 const std::vector<Token>& tokens);

} // namespace thalweg
