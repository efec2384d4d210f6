// Printing of DataError and of foreign text inside messages.
#include "base/result.h"

#include "base/text.h"

#include <cstring>
#include <fmt/format.h>

namespace thalweg::runtime {

std::string DataError::message() const {
  std::string place = path;
  if (row > 0) place += fmt::format(":{}", row);
  if (row > 0 && column > 0) place += fmt::format(":{}", column);
  return place.empty() ? text : place + ": " + text;
}

std::string system_error_text(int error_number) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
  if (const char* known = ::strerrordesc_np(error_number)) return known;
#endif
  return fmt::format("system error {}", error_number);
}

std::string shown(const std::string& text, size_t limit) {
  std::string out;
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    if (count == limit) return out + "…";
    const Utf8Step step = next_code_point(text, at);
    const bool printable = step.valid && step.code >= 0x20 && step.code != 0x7f &&
                           !(step.code >= 0x80 && step.code < 0xa0) && !is_format_code(step.code);
    if (printable) {
      out += text.substr(at, step.length);
    } else if (!step.valid) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    } else if (step.code == '\n') {
      out += "\\n";
    } else if (step.code == '\t') {
      out += "\\t";
    } else {
      out += fmt::format("\\u{{{:x}}}", static_cast<uint32_t>(step.code));
    }
    at += step.length;
  }
  return out;
}

} // namespace thalweg::runtime
