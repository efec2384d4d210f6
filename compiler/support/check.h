// Internal check failure: the channel for bugs of the compiler itself, never for errors of a user's
// program.
#pragma once

#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace thalweg {

/// A broken invariant of the compiler; main prints it and exits with code 70.
class InternalError : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void internal_failure(const char* file, int line, const char* condition,
                                          const std::string& text) {
  throw InternalError(
      fmt::format("internal check failed: {} ({}:{}) {}", condition, file, line, text));
}

} // namespace thalweg

/// TW_CHECK(condition) or TW_CHECK(condition, "format {}", args…): always on, in every build.
#define TW_CHECK(condition, ...)                                                                   \
  do {                                                                                             \
    if (!(condition))                                                                              \
      ::thalweg::internal_failure(__FILE__, __LINE__, #condition,                                  \
                                  ::thalweg::check_text(__VA_ARGS__));                             \
  } while (false)

namespace thalweg {

inline std::string check_text() { return {}; }

template <typename... Args>
std::string check_text(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}

} // namespace thalweg
