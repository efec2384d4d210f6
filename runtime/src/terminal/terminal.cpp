// Detecting what a terminal can do, see terminal.h.
#include "terminal/terminal.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace thalweg::runtime {

namespace {

bool names_utf8(std::string_view locale) {
  std::string lower(locale);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower.find("utf-8") != lower.npos || lower.find("utf8") != lower.npos;
}

} // namespace

Terminal detect_terminal(bool is_terminal, size_t window_width, bool ascii,
                         const Environment& environment) {
  const auto value = [&](const char* name) -> std::string_view {
    const char* text = environment(name);
    return text == nullptr ? std::string_view() : std::string_view(text);
  };
  Terminal terminal;
  terminal.is_terminal = is_terminal;
  terminal.color = is_terminal && value("NO_COLOR").empty() && value("TERM") != "dumb";
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (value(name).empty()) continue;
    terminal.unicode = !ascii && names_utf8(value(name));
    break;
  }
  if (window_width > 0) terminal.width = window_width;
  size_t columns = 0;
  const std::string_view wanted = value("COLUMNS");
  const auto [stop, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), columns);
  if (error == std::errc{} && stop == wanted.data() + wanted.size() && columns > 0)
    terminal.width = columns;
  constexpr size_t kNarrowest = 20, kWidest = 500;
  terminal.width = std::min(std::max(terminal.width, kNarrowest), kWidest);
  return terminal;
}

Terminal detect_terminal(int descriptor, bool ascii) {
  const bool is_terminal = ::isatty(descriptor) == 1;
  struct winsize window{};
  const bool known = is_terminal && ::ioctl(descriptor, TIOCGWINSZ, &window) == 0;
  return detect_terminal(is_terminal, known ? window.ws_col : 0, ascii,
                         [](const char* name) { return std::getenv(name); });
}

std::string painted(const std::string& text, Paint paint, bool color) {
  constexpr std::array<int, 9> kCodes = {0, 1, 2, 31, 32, 33, 34, 35, 36};
  if (!color || paint == Paint::plain || text.empty()) return text;
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<size_t>(paint)], text);
}

} // namespace thalweg::runtime
