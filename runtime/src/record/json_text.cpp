// Printing JSON, see json_text.h.
#include "record/json_text.h"

#include "base/text.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace thalweg::runtime {

Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(number_text(value));
}

Json json_number_f32(float value) {
  if (!std::isfinite(value)) return json_number(value);
  const std::string text = fmt::format("{}", value);
  double widened = value;
  std::from_chars(text.data(), text.data() + text.size(), widened);
  return Json(widened);
}

namespace {

void put_string(const std::string& text, std::string& out) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = next_code_point(text, at);
    if (!step.valid) {
      out += "\xef\xbf\xbd"; // the replacement character
    } else if (step.code == '"' || step.code == '\\') {
      out += '\\';
      out += text[at];
    } else if (step.code == '\n') {
      out += "\\n";
    } else if (step.code < 0x20 || step.code == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(step.code));
    } else {
      out += text.substr(at, step.length);
    }
    at += step.length;
  }
  out += '"';
}

void put_scalar(const Json& json, std::string& out) {
  switch (json.type()) {
  case Json::value_t::string: put_string(json.get_ref<const std::string&>(), out); break;
  case Json::value_t::boolean: out += json.get<bool>() ? "true" : "false"; break;
  case Json::value_t::number_integer: out += fmt::format("{}", json.get<int64_t>()); break;
  case Json::value_t::number_unsigned: out += fmt::format("{}", json.get<uint64_t>()); break;
  case Json::value_t::number_float: {
    const double value = json.get<double>();
    if (std::isfinite(value)) {
      const std::string text = fmt::format("{}", value);
      out += text;
      // A real number stays one for readers that tell integers apart, and -0.0 keeps its sign.
      if (text.find_first_of(".e") == text.npos) out += ".0";
    } else {
      put_string(number_text(value), out);
    }
    break;
  }
  default: out += "null";
  }
}

// An array without objects inside stays on one line.
bool is_flat(const Json& json) {
  if (json.is_object()) return json.empty();
  if (!json.is_array()) return true;
  for (const Json& item : json)
    if (!is_flat(item)) return false;
  return true;
}

// Depth is that of the documents built here (run, params, tensor rank), not of user input.
void put(const Json& json, int indent, bool pretty, std::string& out) {
  if (!json.is_structured()) return put_scalar(json, out);
  const bool open = pretty && !json.empty() && !is_flat(json);
  const bool object = json.is_object();
  out += object ? '{' : '[';
  bool first = true;
  for (auto item = json.begin(); item != json.end(); ++item) {
    if (!first) out += open || !pretty ? "," : ", ";
    first = false;
    if (open) out += '\n' + std::string(static_cast<size_t>(indent) + 2, ' ');
    if (object) {
      put_string(item.key(), out);
      out += pretty ? ": " : ":";
    }
    put(*item, indent + 2, pretty, out);
  }
  if (open) out += '\n' + std::string(static_cast<size_t>(indent), ' ');
  out += object ? '}' : ']';
}

} // namespace

std::string print_json_line(const Json& json) {
  std::string out;
  put(json, 0, false, out);
  return out;
}

std::string print_json_pretty(const Json& json) {
  std::string out;
  put(json, 0, true, out);
  return out + '\n';
}

} // namespace thalweg::runtime
