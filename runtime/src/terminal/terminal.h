// What the stream at the other end can show: width, colours, Unicode.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace thalweg::runtime {

struct Terminal {
  bool is_terminal = false;
  bool color = false;
  bool unicode = false;
  size_t width = 80;
};

using Environment = std::function<const char*(const char*)>; // like getenv; null when unset

// NO_COLOR and TERM=dumb switch colours off; LC_ALL, LC_CTYPE, LANG (the first that is set) decide
// on Unicode; COLUMNS overrides the width. `ascii` is the command line's wish.
Terminal detect_terminal(int descriptor, bool ascii = false);
Terminal detect_terminal(bool is_terminal, size_t window_width, bool ascii,
                         const Environment& environment); // the rules alone, for tests

enum class Paint { plain, bold, dim, red, green, yellow, blue, magenta, cyan };
// The text in that colour, or as it is when colours are off.
std::string painted(const std::string& text, Paint paint, bool color);

} // namespace thalweg::runtime
