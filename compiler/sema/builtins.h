// The table of builtin functions, read from builtins.def.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::sema {

enum class BuiltinFamily : uint8_t {
  unary,
  binary,
  fold,
  arg_fold,
  dot,
  transpose,
  reshape,
  concat,
  filled,
  eye,
  diag,
  trace,
  extent,
  about,
  draw,
  linear_algebra,
  oracle,
  ring,
  discretize,
  data_source,
  search,
};

struct Builtin {
  std::string_view name;
  int least, most;        // positional arguments
  std::string_view named; // names, separated by spaces
  BuiltinFamily family;

  std::vector<std::string> named_arguments() const;
  bool takes(std::string_view argument) const;
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view name);
// pi, inf, and their symbols.
std::optional<double> builtin_constant(std::string_view name);

} // namespace thalweg::sema
