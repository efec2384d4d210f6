// Diagnostics: the sink that every phase is handed for messages about the user's program.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/span.h"

namespace thalweg {

enum class Severity : uint8_t { error, warning, note };

enum class DiagKind : uint16_t {
#define TW_DIAG(severity, id, name, meaning) id,
#include "diag/kinds.def"
#undef TW_DIAG
};

struct DiagInfo {
  DiagKind kind;
  Severity severity;
  std::string_view name;    // as printed in brackets, kebab-case
  std::string_view meaning; // one line, for lists of all kinds
};

const DiagInfo& info(DiagKind kind);
const std::vector<DiagInfo>& all_diag_kinds();

/// One message. The builder calls return *this, so that a report reads as one sentence.
class Diagnostic {
public:
  struct Label {
    Span span;
    std::string text; // may be empty: underline only
  };

  Diagnostic(DiagKind kind, Span span, std::string text)
      : kind_(kind), span_(span), text_(std::move(text)) {}

  /// Marks a second place; on the primary's line it adds tildes, elsewhere it shows that line too.
  Diagnostic& label(Span span, std::string text = {});
  /// Where the caret stands inside the primary span (an operator inside its expression).
  Diagnostic& caret(Span at);
  Diagnostic& note(std::string text);
  Diagnostic& help(std::string text);

  DiagKind kind() const { return kind_; }
  Severity severity() const { return info(kind_).severity; }
  Span span() const { return span_; }
  Span caret() const { return caret_; }
  const std::string& text() const { return text_; }
  const std::vector<Label>& labels() const { return labels_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<std::string>& helps() const { return helps_; }

private:
  DiagKind kind_;
  Span span_;
  Span caret_;
  std::string text_;
  std::vector<Label> labels_;
  std::vector<std::string> notes_;
  std::vector<std::string> helps_;
};

/// Owns the messages of one run, in the order reported. Equal messages at one place are kept once
/// when shown.
class Diagnostics {
public:
  /// `span` may be invalid for messages about no place (a missing file, a command-line value).
  Diagnostic& report(DiagKind kind, Span span, std::string text);

  /// Takes over a message of another list.
  void append(Diagnostic diagnostic);

  bool has_errors() const { return error_count_ > 0; }
  size_t error_count() const { return error_count_; }
  const std::deque<Diagnostic>& all() const { return list_; }
  bool empty() const { return list_.empty(); }
  void clear();

private:
  std::deque<Diagnostic> list_; // a deque, so that references handed out stay valid
  size_t error_count_ = 0;
};

} // namespace thalweg
