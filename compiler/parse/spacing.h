// spacing: whether a space stands between two tokens on one line.
#pragma once

#include <string>
#include <vector>

#include "parse/tokens.h"

namespace thalweg {

class Spacing {
public:
  /// `flags` as layout_flags gives them; all three must outlive this.
  Spacing(const SourceManager& sources, const std::vector<Token>& tokens,
          const std::vector<uint8_t>& flags);

  bool between(size_t left, size_t right) const;
  std::string text(size_t i) const;

private:
  bool is_keyword(size_t i) const;
  bool gap_in_source(size_t left, size_t right) const;
  bool as_written(size_t op) const;

  const SourceManager& sources_;
  const std::vector<Token>& tokens_;
  const std::vector<uint8_t>& flags_;
  std::vector<bool> unary_;   // a minus before a value
  std::vector<bool> opens_;   // a norm bar that opens
  std::vector<bool> indexes_; // directly inside […]
};

} // namespace thalweg
