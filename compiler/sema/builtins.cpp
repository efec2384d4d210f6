// Look-ups in the table of builtins (see builtins.h).
#include "sema/builtins.h"

#include <algorithm>
#include <limits>
#include <numbers>

namespace thalweg::sema {

static constexpr Builtin kBuiltins[] = {
#define TW_BUILTIN(name, least, most, named, family)                                               \
  {#name, least, most, named, BuiltinFamily::family},
#include "sema/builtins.def"
};

std::span<const Builtin> builtins() { return kBuiltins; }

const Builtin* find_builtin(std::string_view name) {
  for (const Builtin& builtin : kBuiltins)
    if (builtin.name == name) return &builtin;
  return nullptr;
}

std::vector<std::string> Builtin::named_arguments() const {
  std::vector<std::string> names;
  std::string_view rest = named;
  while (!rest.empty()) {
    size_t end = rest.find(' ');
    names.emplace_back(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  return names;
}

bool Builtin::takes(std::string_view argument) const {
  std::vector<std::string> names = named_arguments();
  return std::find(names.begin(), names.end(), argument) != names.end();
}

std::optional<double> builtin_constant(std::string_view name) {
  if (name == "pi" || name == "π") return std::numbers::pi;
  if (name == "inf" || name == "∞") return std::numeric_limits<double>::infinity();
  return std::nullopt;
}

} // namespace thalweg::sema
