// Reading CSV, see csv.h: a first pass for header, columns, rows and labels, then a pass over the
// values for each visit.
#include "data/csv.h"

#include "base/memory.h"
#include "base/text.h"
#include "data/csv_columns.h"
#include "data/csv_records.h"
#include "data/csv_target.h"

#include <charconv>
#include <cmath>
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

class CsvFile : public DataFile {
public:
  CsvFile(std::unique_ptr<ByteSource> bytes, std::string file, CsvOptions options)
      : bytes_(std::move(bytes)), file_(std::move(file)), options_(std::move(options)),
        records_(*bytes_, file_, options_.separator) {}

  Outcome survey(const std::vector<DataName>& names);
  Outcome visit(ValueSink& sink) override { return told_unless_changed(visit_rows(sink)); }

private:
  Outcome read_header(CsvRecord& record);
  Outcome count_rows();
  Outcome check_memory() const;
  Outcome make_blocks(const std::vector<DataName>& names, std::vector<std::string> classes);
  Outcome visit_rows(ValueSink& sink);
  // What is wrong with a file that changes is that it changes.
  Outcome told_unless_changed(Outcome outcome) const {
    if (Outcome same = bytes_->unchanged(); !same) return same;
    return outcome;
  }
  // Whether the row stays; fails where a value is missing that may not be.
  Result<bool> complete(const CsvRecord& record) const;
  Outcome missing_value(const CsvField& field, size_t column, bool is_target) const;
  Result<double> feature(const CsvField& field, size_t column) const;
  std::string column_text(size_t column) const;
  DataError ragged(const CsvRecord& record) const;

  std::unique_ptr<ByteSource> bytes_;
  std::string file_;
  CsvOptions options_;
  CsvRecordReader records_;
  CsvLayout layout_;
  TargetValues target_;
  int64_t rows_ = 0, dropped_ = 0;
};

std::string CsvFile::column_text(size_t column) const {
  return layout_.has_header ? fmt::format("column '{}'", shown(layout_.names[column]))
                            : fmt::format("column {}", column);
}

DataError CsvFile::ragged(const CsvRecord& record) const {
  std::string help;
  if (record.fields.size() > layout_.names.size())
    help = "a field that holds the separator needs quotes";
  return {file_, record.line, 0,
          fmt::format("has {} field{}, the first line has {}", record.fields.size(),
                      record.fields.size() == 1 ? "" : "s", layout_.names.size()),
          help};
}

Outcome CsvFile::missing_value(const CsvField& field, size_t column, bool is_target) const {
  if (options_.missing == Missing::mean && !is_target) return Unit{};
  return DataError{file_,
                   field.line,
                   static_cast<int64_t>(column) + 1,
                   fmt::format("{} has no value here", column_text(column)),
                   is_target ? "leave such rows out with missing = \"drop\""
                             : "leave such rows out with missing = \"drop\", or use the column's "
                               "mean with missing = \"mean\"",
                   DataFault::missing};
}

Result<bool> CsvFile::complete(const CsvRecord& record) const {
  if (record.fields.size() != layout_.names.size()) return ragged(record);
  if (options_.missing != Missing::drop) return true;
  for (const size_t column : layout_.features)
    if (is_missing(record.fields[column])) return false;
  return !layout_.target || !is_missing(record.fields[*layout_.target]);
}

Result<double> CsvFile::feature(const CsvField& field, size_t column) const {
  // Nearly all fields are plain numbers.
  double value = 0;
  const char* const end = field.text.data() + field.text.size();
  const auto [stop, error] = std::from_chars(field.text.data(), end, value);
  if (error == std::errc{} && stop == end && std::isfinite(value)) return value;
  if (is_missing(field)) {
    if (Outcome fine = missing_value(field, column, false); !fine) return fine.error();
    return std::numeric_limits<double>::quiet_NaN();
  }
  const ParsedNumber number = parse_number(field.text);
  if (number.shape == NumberShape::number) return number.value;
  const bool is_text =
      number.shape == NumberShape::not_a_number_text || number.shape == NumberShape::trailing_text;
  return DataError{file_, field.line, static_cast<int64_t>(column) + 1,
                   fmt::format("{} holds \"{}\", which is {}", column_text(column),
                               shown(std::string(field.text)),
                               is_text ? "not a number" : "no finite number"),
                   "choose the columns to use with columns = [\"…\", …], or name it as the target"};
}

Outcome CsvFile::read_header(CsvRecord& record) {
  if (Outcome begun = records_.begin(); !begun) return begun;
  Result<bool> more = records_.next(record);
  if (!more) return more.error();
  if (!*more) return DataError{file_, 0, 0, "is empty", ""};
  // Later passes know: the layout stands.
  if (!layout_.names.empty()) return Unit{};
  const bool header = options_.header.value_or(looks_like_header(record));
  Result<CsvLayout> layout = csv_layout(record, header, file_, options_);
  if (!layout) return layout.error();
  layout_ = std::move(*layout);
  return Unit{};
}

// A rough guess after a part of the file, so that nobody waits for a refusal.
Outcome CsvFile::check_memory() const {
  const double part =
      static_cast<double>(records_.consumed()) / static_cast<double>(bytes_->size());
  const double rows = static_cast<double>(rows_) / part;
  const auto width = static_cast<double>(layout_.features.size() + (layout_.target ? 1 : 0));
  constexpr double kNarrowest = sizeof(float), kDoubt = 1.5;
  const double least = rows * width * kNarrowest;
  if (least < kDoubt * static_cast<double>(options_.memory)) return Unit{};
  return DataError{file_,
                   0,
                   0,
                   fmt::format("holds about {:.2g} rows of {} numbers, at least {}: more than the "
                               "{} of memory that can be had",
                               rows, width, byte_text(least),
                               byte_text(static_cast<double>(options_.memory))),
                   "use fewer columns with columns = [\"…\", …], or a part of the file",
                   DataFault::memory};
}

Outcome CsvFile::count_rows() {
  constexpr int64_t kProbe = 10'000;
  CsvRecord record;
  bool learning = layout_.target.has_value();
  // The line that decided about the header is data when it is none: it is cut again.
  if (!layout_.has_header)
    if (Outcome begun = records_.begin(); !begun) return begun;
  for (;;) {
    const bool fields = learning || options_.missing == Missing::drop;
    Result<bool> more = fields ? records_.next(record) : records_.skip();
    if (!more) return more.error();
    if (!*more) return Unit{};
    if (fields) {
      Result<bool> stays = complete(record);
      if (!stays) return stays.error();
      if (!*stays) {
        ++dropped_;
        continue;
      }
    }
    if (learning) {
      const CsvField& field = record.fields[*layout_.target];
      if (is_missing(field)) return missing_value(field, *layout_.target, true);
      if (Outcome known = target_.learn(field.text, field.quoted, field.line,
                                        static_cast<int64_t>(*layout_.target) + 1);
          !known)
        return known;
      learning = !target_.settled();
    }
    if (++rows_ % kProbe == 0)
      if (Outcome fits = check_memory(); !fits) return fits;
  }
}

Outcome CsvFile::survey(const std::vector<DataName>& names) {
  CsvRecord record;
  if (Outcome header = read_header(record); !header) return header;
  if (layout_.target)
    target_ = TargetValues(file_, layout_.names[*layout_.target], options_.class_target);
  if (Outcome counted = count_rows(); !counted) return told_unless_changed(counted);
  if (rows_ == 0) {
    return DataError{file_, 0, 0,
                     dropped_ > 0 ? "has no complete row: every row misses a value"
                                  : "has a header line and no rows",
                     dropped_ > 0 ? "" : "if the first line is data, say header = false"};
  }
  Result<std::vector<std::string>> classes = target_.finish();
  if (!classes) return classes.error();
  return told_unless_changed(make_blocks(names, std::move(*classes)));
}

Outcome CsvFile::make_blocks(const std::vector<DataName>& names, std::vector<std::string> classes) {
  if (options_.want_features) {
    const DataName& name = names.front();
    const auto width = static_cast<int64_t>(layout_.features.size());
    Block block;
    block.name = name.name;
    block.source = file_;
    block.fill_missing = options_.missing == Missing::mean;
    for (const size_t column : layout_.features)
      block.column_names.push_back(layout_.names[column]);
    if (name.rank == 2) {
      block.shape = {rows_, width};
    } else if (name.rank == 1 && (width == 1 || rows_ == 1)) {
      block.shape = {width == 1 ? rows_ : width};
    } else if (name.rank != 0 || rows_ != 1 || width != 1) {
      return DataError{file_,
                       0,
                       0,
                       fmt::format("has {} rows and {} columns, but data '{}' has rank {}", rows_,
                                   width, name.name, name.rank),
                       name.rank == 1   ? "choose one column with columns = [\"…\"]"
                       : name.rank == 0 ? "a scalar needs a file with a single number"
                                        : "a CSV file holds vectors and matrices",
                       DataFault::shape};
    }
    blocks.push_back(std::move(block));
  }
  if (layout_.target) {
    const DataName& name = names.back();
    Block block;
    block.name = name.name;
    block.source = file_;
    block.shape = {rows_};
    block.is_class = name.is_class;
    block.class_names = std::move(classes);
    block.column_names = {layout_.names[*layout_.target]};
    blocks.push_back(std::move(block));
  }
  return Unit{};
}

Outcome CsvFile::visit_rows(ValueSink& sink) {
  CsvRecord record;
  if (Outcome header = read_header(record); !header) return header;
  Result<bool> more = true;
  if (layout_.has_header) more = records_.next(record);
  const size_t width = layout_.features.size(), target_block = options_.want_features ? 1 : 0;
  std::vector<double> row(width);
  for (int64_t number = 0; more.ok() && *more; more = records_.next(record)) {
    Result<bool> stays = complete(record);
    if (!stays) return stays.error();
    if (!*stays) continue;
    if (number == rows_) break; // only a file that changes
    for (size_t k = 0; k < width; ++k) {
      Result<double> value = feature(record.fields[layout_.features[k]], layout_.features[k]);
      if (!value) return value.error();
      row[k] = *value;
    }
    if (width > 0) {
      const Values values{0, number * static_cast<int64_t>(width), false, row.data(), width};
      if (Outcome taken = sink.take(values); !taken) return taken;
    }
    if (layout_.target) {
      const CsvField& field = record.fields[*layout_.target];
      if (is_missing(field)) return missing_value(field, *layout_.target, true);
      Result<double> value = target_.value(field.text, field.quoted, field.line,
                                           static_cast<int64_t>(*layout_.target) + 1);
      if (!value) return value.error();
      if (Outcome taken = sink.take({target_block, number, false, &*value, 1}); !taken)
        return taken;
    }
    ++number;
  }
  return more ? Outcome(Unit{}) : Outcome(more.error());
}

} // namespace

Result<std::unique_ptr<DataFile>> open_csv(std::unique_ptr<ByteSource> bytes,
                                           const std::string& file, CsvOptions options,
                                           const std::vector<DataName>& names) {
  const bool alone = names.size() == 1;
  if (names.empty() || names.size() > 2 || (names.size() == 2 && !options.target)) {
    return DataError{file, 0, 0,
                     fmt::format("gives one value, or two with a target, not {}", names.size()),
                     names.size() == 2 ? "name the label column: csv(\"…\", target = \"…\")"
                                       : "read the file once for each name"};
  }
  // Labels that stand alone in their file are read as a target too.
  const DataName& last = names.back();
  if (alone && last.is_class && !options.target)
    options.target = options.columns.size() == 1 ? options.columns[0] : ColumnRef(int64_t{0});
  options.want_features = !(alone && options.target);
  options.class_target = last.is_class;
  if (options.target && last.rank != 1) {
    return DataError{
        file,
        0,
        0,
        fmt::format("gives '{}' one value per row, but it has rank {}", last.name, last.rank),
        fmt::format("declare data {}: [n]", last.name),
        DataFault::shape};
  }
  auto csv = std::make_unique<CsvFile>(std::move(bytes), file, std::move(options));
  if (Outcome surveyed = csv->survey(names); !surveyed) return surveyed.error();
  return std::unique_ptr<DataFile>(std::move(csv));
}

} // namespace thalweg::runtime
