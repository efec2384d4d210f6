// suggest: the known name a misspelled one most likely meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

/// Edits (insert, delete, replace, swap neighbours) between two names, counted in code points.
size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known` if it is near enough to be worth a guess (at most a third of the length
/// is edited, a pure change of case always); ties go to the one listed first. If none is, the
/// shortest of which it is a word: decay of weight_decay.
std::optional<std::string> suggest(std::string_view wrong, std::span<const std::string> known);
inline std::optional<std::string> suggest(std::string_view wrong,
                                          const std::vector<std::string>& known) {
  return suggest(wrong, std::span<const std::string>(known));
}

} // namespace thalweg
