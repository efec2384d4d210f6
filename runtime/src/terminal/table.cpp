// Tables, see table.h.
#include "terminal/table.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

constexpr size_t kGap = 2;

std::string cell_of(const std::vector<std::string>& row, size_t column) {
  return column < row.size() ? row[column] : "";
}

void put_row(const std::vector<std::string>& row, const std::vector<size_t>& widths,
             const Table& table, std::string& out) {
  std::string line;
  for (size_t k = 0; k < widths.size(); ++k) {
    const std::string cell = cut_to_width(cell_of(row, k), widths[k]);
    const std::string pad(widths[k] - display_width(cell), ' ');
    const bool left = k < table.left.size() && table.left[k];
    if (k > 0) line.append(kGap, ' ');
    line += left ? cell + pad : pad + cell;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

} // namespace

std::string format_table(const Table& table, const Terminal& terminal) {
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t k = 0; k < table.header.size(); ++k) {
    size_t width = display_width(table.header[k]);
    for (const auto& row : table.rows)
      width = std::max(width, display_width(cell_of(row, k)));
    widths.push_back(width);
    total += width + (k > 0 ? kGap : 0);
  }
  constexpr size_t kNarrowest = 8; // a name is not cut below this
  size_t widest = widths.size();
  for (size_t k = 0; k < widths.size(); ++k)
    if (k < table.left.size() && table.left[k] &&
        (widest == widths.size() || widths[k] > widths[widest]))
      widest = k;
  if (total > terminal.width && widest < widths.size()) {
    const size_t over = total - terminal.width;
    const size_t least = std::min(widths[widest], kNarrowest);
    widths[widest] = std::max(widths[widest] > over ? widths[widest] - over : 0, least);
  }
  std::string out;
  put_row(table.header, widths, table, out);
  std::vector<std::string> rule;
  for (const size_t width : widths) {
    std::string line;
    for (size_t i = 0; i < width; ++i)
      line += terminal.unicode ? "─" : "-";
    rule.push_back(line);
  }
  put_row(rule, widths, table, out);
  for (const auto& row : table.rows)
    put_row(row, widths, table, out);
  return out;
}

Table summary_table(const ExperimentSummary& summary) {
  Table table;
  // Columns in the order in which the runs name them first.
  std::vector<std::string> names;
  const auto note = [&](const NamedValues& values) {
    for (const auto& [name, value] : values)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const RunSummary& run : summary.runs)
    note(run.metrics);
  for (const RunSummary& run : summary.runs)
    note(run.reports);
  table.header = {"name", "loss"};
  table.header.insert(table.header.end(), names.begin(), names.end());
  std::vector<std::string> counted;
  for (const RunSummary& run : summary.runs)
    for (const auto& [name, count] : run.evaluations)
      if (std::find(counted.begin(), counted.end(), name) == counted.end()) counted.push_back(name);
  table.header.push_back("steps");
  table.header.insert(table.header.end(), counted.begin(), counted.end());
  table.header.insert(table.header.end(), {"time", "stopped by"});
  table.left.assign(table.header.size(), false);
  table.left.front() = table.left.back() = true;
  constexpr int kDigits = 6;
  const auto text = [](const RecordValue& value) {
    return value ? short_number(*value, kDigits) : std::string();
  };
  for (const RunSummary& run : summary.runs) {
    std::vector<std::string> row = {run.name, text(run.loss)};
    for (const std::string& name : names) {
      RecordValue found;
      for (const NamedValues* values : {&run.metrics, &run.reports})
        for (const auto& [key, value] : *values)
          if (key == name && !found) found = value;
      row.push_back(text(found));
    }
    row.push_back(fmt::format("{}", run.steps));
    for (const std::string& name : counted) {
      std::string cell;
      for (const auto& [key, count] : run.evaluations)
        if (key == name) cell = fmt::format("{}", count);
      row.push_back(std::move(cell));
    }
    row.push_back(duration_text(run.seconds));
    row.push_back(run.stopped_by == "not_finite" ? "not finite" : run.stopped_by);
    table.rows.push_back(std::move(row));
  }
  return table;
}

} // namespace thalweg::runtime
