// UTF-8 and number text, see text.h.
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

Utf8Step next_code_point(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint32_t { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(at);
  if (first < 0x80) return {first, 1, true};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return {first, 1, false};
  uint32_t code = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return {first, 1, false};
    code = code << 6 | (byte(at + i) & 0x3f);
  }
  constexpr std::array<uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kSmallest[length] || code > 0x10ffff || surrogate) return {first, 1, false};
  return {code, length, true};
}

bool is_format_code(char32_t code) {
  return code == 0xad || code == 0xfeff || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
         (code >= 0xe0000 && code <= 0xe007f);
}

bool is_combining(char32_t code) {
  return (code >= 0x300 && code <= 0x36f) || (code >= 0x1ab0 && code <= 0x1aff) ||
         (code >= 0x1dc0 && code <= 0x1dff) || (code >= 0x20d0 && code <= 0x20ff) ||
         (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xfe20 && code <= 0xfe2f);
}

namespace {

bool is_wide(char32_t code) {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
         (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
         (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
         (code >= 0x20000 && code <= 0x3fffd);
}

size_t width_of(const Utf8Step& step) {
  if (!step.valid) return 1;
  if (step.code < 0x20 || is_combining(step.code) || is_format_code(step.code)) return 0;
  return is_wide(step.code) ? 2 : 1;
}

} // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_code_point(text, at);
    width += width_of(step);
    at += step.length;
  }
  return width;
}

std::string cut_to_width(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_code_point(text, at);
    if (used + width_of(step) > width - 1) break;
    used += width_of(step);
    out += text.substr(at, step.length);
    at += step.length;
  }
  return out + "…";
}

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return fmt::format("{}", value);
}

std::string short_number(double value, int digits) {
  if (!std::isfinite(value)) return number_text(value);
  return fmt::format("{:.{}g}", value, digits);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0)) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  if (seconds > 3.6e9) return "> 1000000 h";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

namespace {

// About log10 of a decimal literal: where its first non-zero digit stands, plus the exponent.
int64_t decimal_magnitude(std::string_view text) {
  constexpr int64_t kHuge = 1'000'000'000;
  const size_t mark = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, mark);
  const size_t first = digits.find_first_of("123456789");
  if (first == digits.npos) return -kHuge;
  const size_t point = std::min(digits.find('.'), digits.size());
  const auto place = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  if (mark == text.npos) return place;
  std::string_view tail = text.substr(mark + 1);
  const bool negative = !tail.empty() && tail.front() == '-';
  if (!tail.empty() && (tail.front() == '-' || tail.front() == '+')) tail.remove_prefix(1);
  int64_t exponent = 0;
  for (const char c : tail)
    exponent = std::min(exponent * 10 + (c - '0'), kHuge);
  return place + (negative ? -exponent : exponent);
}

} // namespace

ParsedNumber parse_number(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument) return {NumberShape::not_a_number_text, 0};
  // "nano" and "information" begin like nan and inf: they are words.
  if (stop != end && !std::isfinite(value)) return {NumberShape::not_a_number_text, 0};
  if (stop != end) return {NumberShape::trailing_text, value};
  // from_chars reports underflow and overflow alike; a tiny number reads as 0.
  if (error == std::errc::result_out_of_range) {
    if (decimal_magnitude(text) > 0) return {NumberShape::out_of_range, 0};
    return {NumberShape::number, text.front() == '-' ? -0.0 : 0.0};
  }
  if (!std::isfinite(value)) return {NumberShape::not_finite, value};
  return {NumberShape::number, value};
}

} // namespace thalweg::runtime
