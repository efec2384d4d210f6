// A stretch of source text: the position every token, node and message carries through the flow.
#pragma once

#include <cstdint>

namespace thalweg {

/// Byte offsets [begin, end) into file number `file`; file 0 means "no place in any file".
struct Span {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool valid() const { return file != 0; }
  uint32_t size() const { return end - begin; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// The smallest span that covers both; an invalid side gives the other one.
inline Span join(Span a, Span b) {
  if (!a.valid()) return b;
  if (!b.valid() || a.file != b.file) return a;
  return {a.file, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

} // namespace thalweg
