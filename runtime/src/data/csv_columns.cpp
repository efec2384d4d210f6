// Header names and column choice, see csv_columns.h.
#include "data/csv_columns.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace thalweg::runtime {

namespace {

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string name_help(const std::string& wanted, const std::vector<std::string>& names) {
  constexpr size_t kListed = 8, kLongest = 100;
  if (names.size() == 1 && names[0].find_first_of(";\t") != std::string::npos)
    return "fields are separated by ','; this file seems to use another separator";
  size_t best = wanted.size() / 3 + 1;
  const std::string* nearest = nullptr;
  if (wanted.size() <= kLongest) {
    for (const std::string& name : names) {
      if (name.size() > kLongest) continue;
      const size_t distance = edit_distance(wanted, name);
      if (distance < best || (distance == best && nearest == nullptr)) {
        best = distance;
        nearest = &name;
      }
    }
  }
  if (nearest != nullptr) return fmt::format("did you mean '{}'?", shown(*nearest));
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kListed); ++i)
    list += fmt::format("{}'{}'", i == 0 ? "" : ", ", shown(names[i]));
  return "the columns are " + list + (names.size() > kListed ? ", …" : "");
}

Result<size_t> find_column(const ColumnRef& ref, const CsvLayout& layout, const std::string& file,
                           int64_t header_line) {
  const auto width = static_cast<int64_t>(layout.names.size());
  if (const int64_t* number = std::get_if<int64_t>(&ref)) {
    if (*number < -width || *number >= width) {
      return DataError{file,
                       0,
                       0,
                       fmt::format("has no column {}: it has {} column{}", *number, width,
                                   width == 1 ? "" : "s"),
                       "columns are numbered from 0; -1 is the last",
                       DataFault::column};
    }
    return static_cast<size_t>(*number < 0 ? *number + width : *number);
  }
  const std::string& name = std::get<std::string>(ref);
  if (!layout.has_header) {
    return DataError{file,
                     1,
                     0,
                     fmt::format("has no header line, so no column is named '{}'", shown(name)),
                     "the first line holds numbers: give the column by its number (from 0), or say "
                     "header = true",
                     DataFault::column};
  }
  const auto at = std::find(layout.names.begin(), layout.names.end(), name);
  if (at == layout.names.end()) {
    return DataError{file,
                     header_line,
                     0,
                     fmt::format("has no column '{}'", shown(name)),
                     name_help(name, layout.names),
                     DataFault::column};
  }
  return static_cast<size_t>(at - layout.names.begin());
}

std::string header_name(const CsvField& field) {
  std::string_view text = field.text;
  if (!field.quoted) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
      text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
      text.remove_suffix(1);
  }
  return std::string(text);
}

} // namespace

Result<CsvLayout> csv_layout(const CsvRecord& first, bool header, const std::string& file,
                             const CsvOptions& options) {
  CsvLayout layout;
  layout.has_header = header;
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < first.fields.size(); ++i) {
    layout.names.push_back(header ? header_name(first.fields[i]) : std::to_string(i));
    if (layout.names.back().empty()) continue; // an unnamed column can be had by number only
    const auto [entry, fresh] = seen.emplace(layout.names.back(), i);
    if (fresh) continue;
    return DataError{file,
                     first.fields[i].line,
                     static_cast<int64_t>(i) + 1,
                     fmt::format("the column name '{}' stands twice, in columns {} and {}",
                                 shown(layout.names.back()), entry->second + 1, i + 1),
                     "rename one of them",
                     DataFault::column};
  }
  if (options.target) {
    Result<size_t> target = find_column(*options.target, layout, file, first.line);
    if (!target) return target.error();
    layout.target = *target;
  }
  if (!options.want_features) return layout;
  std::vector<bool> used(layout.names.size(), false);
  for (const ColumnRef& ref : options.columns) {
    Result<size_t> column = find_column(ref, layout, file, first.line);
    if (!column) return column.error();
    const char* clash = used[*column]              ? "is asked for twice"
                        : layout.target == *column ? "is the target and cannot be a feature too"
                                                   : nullptr;
    if (clash != nullptr) {
      return DataError{file, 0,
                       0,    fmt::format("column '{}' {}", shown(layout.names[*column]), clash),
                       "",   DataFault::column};
    }
    used[*column] = true;
    layout.features.push_back(*column);
  }
  if (options.columns.empty()) {
    for (size_t i = 0; i < layout.names.size(); ++i)
      if (layout.target != i) layout.features.push_back(i);
  }
  if (layout.features.empty())
    return DataError{file, 0, 0, "has no column beside the target", "", DataFault::column};
  return layout;
}

} // namespace thalweg::runtime
