// JSON as this program prints it: numbers in shortest round-trip form, NaN and infinities as the
// strings "nan", "inf", "-inf", arrays of numbers on one line, always valid UTF-8.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace thalweg::runtime {

using Json = nlohmann::ordered_json;

Json json_number(double value);    // a number, or one of the three strings
Json json_number_f32(float value); // the shortest decimal that reads back to the same float

std::string print_json_line(const Json& json);   // no newline inside or at the end
std::string print_json_pretty(const Json& json); // indented by two, newline at the end

} // namespace thalweg::runtime
