// token_class: what kinds of token can do — begin a value, end one, stand between two — for limits,
// recovery, messages and layout.
#pragma once

#include <string_view>

#include "parse/tokens.h"

namespace thalweg {

/// Names and words, reserved ones too.
inline bool is_word(uint16_t type) { return type >= tok::ALL && type <= tok::ID; }
/// Words that can never be names.
inline bool is_reserved(uint16_t type) { return type >= tok::ALL && type <= tok::THEN; }
/// Anything that `ident` of the grammar accepts.
inline bool is_name(uint16_t type) {
  return is_word(type) && !is_reserved(type) && type != tok::REDUCE_OPEN &&
         type != tok::TENSOR_OPEN;
}

/// Operators that need a value on both sides (a minus can also stand before a value).
bool is_binary_operator(uint16_t type);
/// Operators and words that stand before a value.
bool is_prefix_operator(uint16_t type);
bool starts_operand(uint16_t type);
bool ends_operand(uint16_t type);
/// After this token a value must follow.
bool wants_operand(uint16_t type);

inline bool is_open_paren(uint16_t type) {
  return type == tok::LPAREN || type == tok::LBRACK || type == tok::REDUCE_OPEN ||
         type == tok::TENSOR_OPEN;
}
inline bool is_close_paren(uint16_t type) { return type == tok::RPAREN || type == tok::RBRACK; }

/// The words that begin a declaration of a file.
bool is_item_word(uint16_t type);
/// The words that begin a statement of a problem, a rule, a function or an experiment.
bool is_statement_word(uint16_t type);
/// Statement words that a new name follows: let, var, data, …
bool declares_name(uint16_t type);

/// The token's spelling in messages: `')'`, `'let'`, "a name", "a number".
std::string_view spelling(uint16_t type);

} // namespace thalweg
