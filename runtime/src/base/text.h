// UTF-8 walking, widths on a terminal and number text, without any locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg::runtime {

struct Utf8Step {
  char32_t code = 0;
  size_t length = 1; // bytes to advance, 1 for an invalid byte
  bool valid = false;
};
Utf8Step next_code_point(std::string_view text, size_t at);

// Characters that change how their neighbours are shown (bidirectional overrides, zero width).
bool is_format_code(char32_t code);
bool is_combining(char32_t code);

// Columns that the text takes on a terminal (combining marks 0, East Asian wide ones 2).
size_t display_width(std::string_view text);
// The longest beginning that fits `width` columns, with an ellipsis when something was cut.
std::string cut_to_width(std::string_view text, size_t width);

// Shortest text that reads back to the same double; "nan", "inf", "-inf" for the others.
std::string number_text(double value);
// For people: `digits` significant digits, no trailing zeros: 0.0123, 1.5e-07.
std::string short_number(double value, int digits = 4);
// 0.42 s, 12.3 s, 4:07, 2:03:15.
std::string duration_text(double seconds);

// What a cell of a data file holds when it is read as a number.
enum class NumberShape { number, not_a_number_text, trailing_text, out_of_range, not_finite };
struct ParsedNumber {
  NumberShape shape = NumberShape::not_a_number_text;
  double value = 0;
};
// The whole text must be one decimal number (blanks around it and a leading + are fine).
ParsedNumber parse_number(std::string_view text);

} // namespace thalweg::runtime
