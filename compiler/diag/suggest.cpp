// suggest: optimal string alignment distance over code points.
#include "diag/suggest.h"

#include <algorithm>
#include <cstdint>

#include <utf8proc.h>

namespace thalweg {
namespace {

std::vector<int32_t> code_points(std::string_view text) {
  std::vector<int32_t> list;
  size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = 0;
    utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (size <= 0) code = static_cast<unsigned char>(text[at]), size = 1;
    list.push_back(code);
    at += static_cast<size_t>(size);
  }
  return list;
}

bool same_but_case(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](int32_t x, int32_t y) {
           return utf8proc_tolower(x) == utf8proc_tolower(y);
         });
}

size_t distance(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  std::vector<size_t> older(b.size() + 1), old(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    old[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], older[j - 2] + 1);
    }
    std::swap(older, old);
    std::swap(old, row);
  }
  return old[b.size()];
}

// Where `word` stands in `name` as one of the words that underscores part; npos if it does not.
size_t place_among_words(std::string_view word, std::string_view name) {
  for (size_t at = name.find(word); at != name.npos; at = name.find(word, at + 1)) {
    size_t end = at + word.size();
    if ((at == 0 || name[at - 1] == '_') && (end == name.size() || name[end] == '_')) return at;
  }
  return name.npos;
}

} // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  return distance(code_points(a), code_points(b));
}

std::optional<std::string> suggest(std::string_view wrong, std::span<const std::string> known) {
  constexpr size_t kLongestName = 100; // longer ones are no misspellings, and cost the square
  constexpr size_t kShortestWord = 4;
  std::vector<int32_t> given = code_points(wrong);
  if (given.empty() || given.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  size_t best_distance = SIZE_MAX;
  for (const std::string& name : known) {
    std::vector<int32_t> candidate = code_points(name);
    if (candidate.size() > kLongestName || name == wrong) continue;
    size_t d = same_but_case(given, candidate) ? 0 : distance(given, candidate);
    size_t allowed = std::max(given.size(), candidate.size()) / 3;
    // One edit turns any one-letter name into any other: that is no likeness.
    if (d > allowed || d >= best_distance) continue;
    best = name;
    best_distance = d;
  }
  if (best || given.size() < kShortestWord) return best;
  // Part of a longer name: those that begin with it first, of these the shortest.
  std::pair<size_t, size_t> best_place{SIZE_MAX, SIZE_MAX};
  for (const std::string& name : known) {
    std::pair<size_t, size_t> place{place_among_words(wrong, name), name.size()};
    if (place.first == name.npos || place >= best_place) continue;
    best = name;
    best_place = place;
  }
  return best;
}

} // namespace thalweg
