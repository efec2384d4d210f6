// Diagnostics: the table of kinds and the list of messages.
#include "diag/diagnostics.h"

#include "support/check.h"

namespace thalweg {

const std::vector<DiagInfo>& all_diag_kinds() {
  static const std::vector<DiagInfo> kinds = {
#define TW_DIAG(severity, id, name, meaning) {DiagKind::id, Severity::severity, name, meaning},
#include "diag/kinds.def"
#undef TW_DIAG
  };
  return kinds;
}

const DiagInfo& info(DiagKind kind) {
  size_t index = static_cast<size_t>(kind);
  TW_CHECK(index < all_diag_kinds().size());
  return all_diag_kinds()[index];
}

Diagnostic& Diagnostic::label(Span span, std::string text) {
  labels_.push_back({span, std::move(text)});
  return *this;
}

Diagnostic& Diagnostic::caret(Span at) {
  caret_ = at;
  return *this;
}

Diagnostic& Diagnostic::note(std::string text) {
  notes_.push_back(std::move(text));
  return *this;
}

Diagnostic& Diagnostic::help(std::string text) {
  helps_.push_back(std::move(text));
  return *this;
}

Diagnostic& Diagnostics::report(DiagKind kind, Span span, std::string text) {
  list_.emplace_back(kind, span, std::move(text));
  if (list_.back().severity() == Severity::error) ++error_count_;
  return list_.back();
}

void Diagnostics::append(Diagnostic diagnostic) {
  list_.push_back(std::move(diagnostic));
  if (list_.back().severity() == Severity::error) ++error_count_;
}

void Diagnostics::clear() {
  list_.clear();
  error_count_ = 0;
}

} // namespace thalweg
