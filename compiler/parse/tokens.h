// tokens: the text cut into tokens, lexical errors reported and repaired; first step of parse.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "diag/diagnostics.h"
#include "support/source.h"
#include "token_types.h"

namespace thalweg {

struct Token {
  uint16_t type = tok::END_OF_FILE;
  bool line_start = false; // first token of its line
  bool inserted = false;   // put in by a repair: no text of its own
  Span span;
};

struct Comment {
  Span span;       // from the first # to the end of the line, without trailing white space
  bool doc;        // starts with ##
  bool line_start; // stands alone on its line
};

struct TokenList {
  std::vector<Token> tokens; // always ends with one END_OF_FILE
  std::vector<Comment> comments;
};

/// Never fails: what is not a token is reported, and left out or repaired.
TokenList read_tokens(const SourceManager& sources, FileId file, Diagnostics& diagnostics);
/// The same for a part of a file (an expression in a string).
TokenList read_tokens(const SourceManager& sources, Span part, Diagnostics& diagnostics);

} // namespace thalweg
