// lexical_errors: reports what is wrong with single tokens and repairs the stream, so that one slip
// gives one message.
#pragma once

#include <optional>
#include <vector>

#include "parse/tokens.h"

namespace thalweg {

class LexicalErrors {
public:
  LexicalErrors(const SourceManager& sources, Diagnostics& diagnostics)
      : sources_(sources), diagnostics_(diagnostics) {}

  /// Appends the token, possibly changed, possibly with repairs before it, or leaves it out.
  void add(Token token, std::vector<Token>& tokens);
  /// Comments may hold any text but characters that change how the file reads.
  void check_comment(Span comment);
  void finish() { flush_stray(); }
  /// A binary file: enough errors to stop reading.
  bool hopeless() const { return diagnostics_.error_count() > kMaxLexicalErrors; }

private:
  static constexpr size_t kMaxLexicalErrors = 1000;

  void add_stray(Span at);
  void flush_stray();
  void report_invisible(Span at, uint32_t code);
  void check_word(Span word);
  void check_string(Span text);
  bool absorbed_by_number(const Token& token, std::vector<Token>& tokens);

  const SourceManager& sources_;
  Diagnostics& diagnostics_;
  std::optional<Span> stray_; // a run of stray characters, reported as one
};

/// Characters that are not seen or that change the direction of reading.
bool is_invisible(uint32_t code);

} // namespace thalweg
