// Reading CSV, see csv.h: header and columns first, then one pass over the rows.
#include "data/csv.h"

#include "base/file.h"
#include "base/text.h"
#include "data/csv_columns.h"
#include "data/csv_records.h"
#include "data/csv_target.h"

#include <fmt/format.h>
#include <limits>

namespace thalweg::runtime {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool is_missing(const CsvField& field) {
  const std::string_view text = trimmed(field.text);
  if (text.empty()) return true;
  if (field.quoted || text.size() > 4) return false;
  if (text == "?") return true;
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower == "na" || lower == "n/a" || lower == "nan" || lower == "null" || lower == "none";
}

bool looks_like_header(const CsvRecord& record) {
  bool word = false;
  for (const CsvField& field : record.fields) {
    if (is_missing(field)) continue;
    if (parse_number(field.text).shape == NumberShape::number) return false;
    word = true;
  }
  return word;
}

// One read of a file: the state that the rows share.
class Reading {
public:
  Reading(std::string_view text, const std::string& name, const CsvOptions& options)
      : name_(name), options_(options), records_(text, name, options.separator) {}

  Result<CsvData> run();

private:
  Outcome add_row(const CsvRecord& record);
  Outcome add_feature(const CsvField& field, size_t column);
  // Says that a value is missing; fine for the policies that live with it.
  Outcome missing_value(const CsvField& field, size_t column, bool is_target);
  std::string column_text(size_t column) const;
  DataError ragged(const CsvRecord& record) const;

  const std::string& name_;
  const CsvOptions& options_;
  CsvRecordReader records_;
  CsvLayout layout_;
  CsvData data_;
  std::optional<TargetCollector> target_;
  bool row_dropped_ = false;
};

std::string Reading::column_text(size_t column) const {
  return layout_.has_header ? fmt::format("column '{}'", shown(layout_.names[column]))
                            : fmt::format("column {}", column);
}

DataError Reading::ragged(const CsvRecord& record) const {
  std::string help;
  if (record.fields.size() > layout_.names.size())
    help = "a field that holds the separator needs quotes";
  return {name_, record.line, 0,
          fmt::format("has {} field{}, the first line has {}", record.fields.size(),
                      record.fields.size() == 1 ? "" : "s", layout_.names.size()),
          help};
}

Outcome Reading::missing_value(const CsvField& field, size_t column, bool is_target) {
  if (options_.missing == Missing::drop) {
    row_dropped_ = true;
    return Unit{};
  }
  if (options_.missing == Missing::mean && !is_target) return Unit{};
  return DataError{name_, field.line, static_cast<int64_t>(column) + 1,
                   fmt::format("{} has no value here", column_text(column)),
                   is_target ? "leave such rows out with missing = \"drop\""
                             : "leave such rows out with missing = \"drop\", or use the column's "
                               "mean with missing = \"mean\""};
}

Outcome Reading::add_feature(const CsvField& field, size_t column) {
  if (is_missing(field)) {
    if (Outcome fine = missing_value(field, column, false); !fine) return fine;
    data_.values.push_back(std::numeric_limits<double>::quiet_NaN());
    return Unit{};
  }
  const ParsedNumber number = parse_number(field.text);
  if (number.shape == NumberShape::number) {
    data_.values.push_back(number.value);
    return Unit{};
  }
  const bool is_text =
      number.shape == NumberShape::not_a_number_text || number.shape == NumberShape::trailing_text;
  return DataError{name_, field.line, static_cast<int64_t>(column) + 1,
                   fmt::format("{} holds \"{}\", which is {}", column_text(column),
                               shown(std::string(field.text)),
                               is_text ? "not a number" : "no finite number"),
                   "choose the columns to use with columns = [\"…\", …], or name it as the target"};
}

Outcome Reading::add_row(const CsvRecord& record) {
  if (record.fields.size() != layout_.names.size()) return ragged(record);
  const size_t before = data_.values.size();
  row_dropped_ = false;
  for (const size_t column : layout_.features) {
    if (Outcome added = add_feature(record.fields[column], column); !added) return added;
  }
  if (layout_.target) {
    const CsvField& field = record.fields[*layout_.target];
    if (is_missing(field)) {
      if (Outcome fine = missing_value(field, *layout_.target, true); !fine) return fine;
    } else if (!row_dropped_) {
      const auto column = static_cast<int64_t>(*layout_.target) + 1;
      if (Outcome added = target_->add(field.text, field.quoted, field.line, column); !added)
        return added;
    }
  }
  if (row_dropped_) {
    data_.values.resize(before);
    ++data_.dropped;
  } else {
    ++data_.rows;
  }
  return Unit{};
}

Result<CsvData> Reading::run() {
  if (Outcome begun = records_.begin(); !begun) return begun.error();
  CsvRecord record;
  Result<bool> more = records_.next(record);
  if (!more) return more.error();
  if (!*more) return DataError{name_, 0, 0, "is empty", ""};
  const bool header = options_.header.value_or(looks_like_header(record));
  Result<CsvLayout> layout = csv_layout(record, header, name_, options_);
  if (!layout) return layout.error();
  layout_ = std::move(*layout);
  for (const size_t column : layout_.features)
    data_.names.push_back(layout_.names[column]);
  data_.width = static_cast<int64_t>(layout_.features.size());
  if (layout_.target) target_.emplace(name_, layout_.names[*layout_.target], options_.class_target);
  if (header) more = records_.next(record);
  while (more.ok() && *more) {
    if (Outcome added = add_row(record); !added) return added.error();
    more = records_.next(record);
  }
  if (!more) return more.error();
  if (data_.rows == 0) {
    return DataError{name_, 0, 0,
                     data_.dropped > 0 ? "has no complete row: every row misses a value"
                                       : "has a header line and no rows",
                     data_.dropped > 0 ? "" : "if the first line is data, say header = false"};
  }
  if (target_) {
    Result<CsvTarget> target = target_->finish();
    if (!target) return target.error();
    data_.target = std::move(*target);
  }
  return std::move(data_);
}

} // namespace

Result<CsvData> parse_csv(std::string_view text, const std::string& name,
                          const CsvOptions& options) {
  return Reading(text, name, options).run();
}

Result<CsvData> read_csv(const std::string& path, const std::string& name,
                         const CsvOptions& options) {
  Result<std::string> text = read_file(path, name);
  if (!text) return text.error();
  return parse_csv(*text, name, options);
}

} // namespace thalweg::runtime
